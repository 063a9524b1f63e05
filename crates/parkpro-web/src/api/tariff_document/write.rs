//! Documents written as JSON.

use parkpro_domain::{
    money::Currency,
    tariff::{
        Document,
        document::{
            Block, Board, Cap, CapPer, Free, MaximumStay, Offer, Package, Period, Price, Prices, Rate, Row,
            Tax, Window,
        },
    },
    vehicle::VehicleClass,
};
use serde_json::{Map, Value, json};

use super::words::{ACROSS, CALENDAR, CHOICES, COUNTS, FREE_KINDS, MODES, STACKING};

/// Writes the canonical form: what is usual is left out.
pub(crate) fn write(document: &Document) -> Value {
    let mut fields = Fields::default();
    fields.put("name", document.name.as_str());
    fields.maybe("currency", document.currency.map(Currency::code));
    fields.many("holidays", document.holidays.iter().map(ToString::to_string));
    fields.board(&document.board);
    if !document.classes.is_empty() {
        let board = |(class, board): (&VehicleClass, &Board)| {
            let mut fields = Fields::default();
            fields.board(board);
            (class.to_string(), Value::Object(fields.0))
        };
        fields.put("classes", document.classes.iter().map(board).collect::<Map<_, _>>());
    }
    let tax = |tax: Tax| json!({ "percent": tax.percent.to_string(), "included": tax.included });
    fields.maybe("tax", document.tax.map(tax));
    let mut rounding = Fields::default();
    rounding.unusual("mode", &MODES, document.rounding.mode);
    rounding.maybe("cash", document.rounding.cash.map(|coin| coin.to_string()));
    fields.nested("rounding", rounding);
    fields.unusual("discounts", &STACKING, document.discounts);
    Value::Object(fields.0)
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn maybe(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn many<T: Into<Value>>(&mut self, key: &str, values: impl Iterator<Item = T>) {
        let values: Vec<Value> = values.map(Into::into).collect();
        self.maybe(key, (!values.is_empty()).then_some(values));
    }

    fn nested(&mut self, key: &str, fields: Self) {
        self.maybe(key, (!fields.0.is_empty()).then_some(fields.0));
    }

    fn unusual<T: Copy + Default + PartialEq>(&mut self, key: &str, words: &[(&'static str, T)], value: T) {
        self.maybe(key, (value != T::default()).then(|| name_of(words, value)));
    }

    fn board(&mut self, board: &Board) {
        self.prices(&board.prices);
        self.many("offers", board.offers.iter().map(offer));
        self.unusual("offers_choice", &CHOICES, board.offers_choice);
        self.maybe("lost_ticket", board.lost_ticket.map(|price| price.to_string()));
    }

    fn prices(&mut self, prices: &Prices) {
        let free =
            |free: Free| json!({ "first": free.first.to_string(), "kind": name_of(&FREE_KINDS, free.kind) });
        self.maybe("free", prices.free.map(free));
        self.put("rate", rate(&prices.rate));
        self.many("windows", prices.windows.iter().map(window));
        self.many("caps", prices.caps.iter().map(cap));
        let package = |package: &Package| json!({ "length": package.length.to_string(), "price": package.price.to_string() });
        self.many("packages", prices.packages.iter().map(package));
        self.unusual("packages_choice", &CHOICES, prices.packages_choice);
        self.maybe("restart", prices.restart.map(period));
        let mut steps = Self::default();
        steps.unusual("count", &COUNTS, prices.steps.count);
        steps.unusual("across", &ACROSS, prices.steps.across);
        steps.maybe("end_begins_next", prices.steps.end_begins_next.then_some(true));
        self.nested("steps", steps);
        self.maybe("accumulate", prices.accumulate.then_some(true));
        self.maybe("minimum", prices.minimum.map(|minimum| minimum.to_string()));
        let maximum = |maximum: &MaximumStay| json!({ "length": maximum.length.to_string(), "overstay": rate(&maximum.overstay) });
        self.maybe("maximum_stay", prices.maximum_stay.as_ref().map(maximum));
    }
}

fn name_of<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, word)| *word == value).map_or("", |(name, _)| *name)
}

fn period(period: Period) -> String {
    match period {
        Period::Every(length) => length.to_string(),
        calendar => name_of(&CALENDAR, calendar).to_owned(),
    }
}

fn rate(rate: &Rate) -> Value {
    match rate {
        Rate::Free => json!("free"),
        Rate::Blocks(blocks) => match blocks.as_slice() {
            [Block { to: None, step: None, price: Price::Each(price) }] => {
                json!({ "price": price.to_string() })
            }
            blocks => json!({ "blocks": blocks.iter().map(block).collect::<Vec<_>>() }),
        },
        Rate::Table { rows, then } => {
            let row = |row: &Row| json!({ "up_to": row.up_to.to_string(), "total": row.total.to_string() });
            let mut fields = Fields::default();
            fields.put("table", rows.iter().map(row).collect::<Vec<_>>());
            fields.maybe("then", then.as_ref().map(block));
            Value::Object(fields.0)
        }
    }
}

fn block(block: &Block) -> Value {
    let mut fields = Fields::default();
    fields.maybe("to", block.to.map(|to| to.to_string()));
    fields.maybe("step", block.step.map(period));
    match block.price {
        Price::Each(price) => fields.put("price", price.to_string()),
        Price::PerHour(price) => fields.put("per_hour", price.to_string()),
    }
    Value::Object(fields.0)
}

fn window(window: &Window) -> Value {
    let mut fields = Fields::default();
    fields.put("name", window.name.as_str());
    fields.put("when", window.when.to_string());
    fields.put("rate", rate(&window.rate));
    fields.maybe("continues", window.continues.then_some(true));
    Value::Object(fields.0)
}

fn cap(cap: &Cap) -> Value {
    let mut fields = Fields::default();
    fields.maybe("name", (!cap.name.is_empty()).then_some(cap.name.as_str()));
    fields.put("max", cap.max.to_string());
    let usual = if cap.when.is_some() { CapPer::Window } else { CapPer::Entry };
    let per = match cap.per {
        CapPer::Entry => "entry".to_owned(),
        CapPer::Window => "window".to_owned(),
        CapPer::Period(every) => period(every),
    };
    fields.maybe("per", (cap.per != usual).then_some(per));
    fields.maybe("when", cap.when.as_ref().map(ToString::to_string));
    fields.maybe("entered", cap.entered.as_ref().map(ToString::to_string));
    fields.maybe("first", cap.first.map(|first| first.to_string()));
    Value::Object(fields.0)
}

fn offer(offer: &Offer) -> Value {
    let mut fields = Fields::default();
    fields.put("name", offer.name.as_str());
    fields.maybe("enter", offer.enter.as_ref().map(ToString::to_string));
    fields.maybe("leave", offer.leave.as_ref().map(ToString::to_string));
    fields.maybe("during", offer.during.as_ref().map(ToString::to_string));
    fields.maybe("longer_than", offer.longer_than.map(|length| length.to_string()));
    fields.maybe("up_to", offer.up_to.map(|length| length.to_string()));
    fields.prices(&offer.prices);
    Value::Object(fields.0)
}
