//! Tariff documents as JSON. Reading names every mistake with its JSON pointer; writing gives one canonical form.
//!
//! Amounts, lengths of time and times are text (`"0.035"`, `"1h30min"`, `"Mo-Fr 09:00-18:00"`), never numbers: a float
//! is no price. Unknown fields are mistakes, so that a misspelt cap is not a missing one.

mod words;
mod write;

pub(crate) use write::write;

use std::collections::BTreeMap;

use parkpro_domain::{
    invalid::Invalid,
    money::{Currency, MajorAmount},
    tariff::{
        Document, Length, Mistake, When,
        document::{
            Block, Board, Cap, CapPer, Free, MaximumStay, Offer, Package, Percent, Price, Prices, Rate,
            Rounding, Row, Steps, Tax, Window,
        },
    },
    vehicle::VehicleClass,
};
use serde_json::{Map, Value};

use self::words::{ACROSS, CHOICES, COUNTS, FREE_KINDS, MODES, STACKING, is_within, parse_per, parse_period};

/// Reads a document, or names everything that is wrong with it.
pub(crate) fn read(value: &Value) -> Result<Document, Vec<Mistake>> {
    let mut reader = Reader { mistakes: Vec::new(), unread: Vec::new() };
    let document = reader.document(value);
    let Reader { mut mistakes, mut unread } = reader;
    unread.extend(mistakes.iter().map(|mistake| mistake.pointer.clone()));
    // What follows from a part that could not be read is not another mistake.
    let follows = |mistake: &Mistake| {
        unread.iter().any(|part| is_within(&mistake.pointer, part) || is_within(part, &mistake.pointer))
    };
    mistakes.extend(document.mistakes().into_iter().filter(|mistake| !follows(mistake)));
    if mistakes.is_empty() { Ok(document) } else { Err(mistakes) }
}

const PRICES: [&str; 11] = [
    "free",
    "rate",
    "windows",
    "caps",
    "packages",
    "packages_choice",
    "restart",
    "steps",
    "accumulate",
    "minimum",
    "maximum_stay",
];
const BOARD: [&str; 3] = ["offers", "offers_choice", "lost_ticket"];
const DOCUMENT: [&str; 7] = ["name", "currency", "holidays", "classes", "tax", "rounding", "discounts"];
const OFFER: [&str; 6] = ["name", "enter", "leave", "during", "longer_than", "up_to"];

struct Reader {
    mistakes: Vec<Mistake>,
    /// Lists of which an element could not be read: the places of the others are not known any more.
    unread: Vec<String>,
}

/// A JSON object and where it is.
#[derive(Clone, Copy)]
struct Object<'v> {
    at: &'v str,
    fields: &'v Map<String, Value>,
}

impl Object<'_> {
    fn place(&self, key: &str) -> String {
        format!("{}/{key}", self.at)
    }
}

impl Reader {
    fn wrong(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.mistakes.push(Mistake::new(pointer, code, detail));
    }

    fn wrong_type(&mut self, at: &str, wanted: &str, given: &Value) {
        let given = match given {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.wrong(at, "wrong-type", format!("must be {wanted}, not {given}"));
    }

    /// Reads an object whose fields are all known.
    fn object<T>(
        &mut self,
        at: &str,
        value: &Value,
        known: &[&[&str]],
        read: impl FnOnce(&mut Self, Object) -> T,
    ) -> Option<T> {
        let Some(fields) = value.as_object() else {
            self.wrong_type(at, "an object", value);
            return None;
        };
        for key in fields.keys().filter(|key| !known.iter().any(|names| names.contains(&key.as_str()))) {
            let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            let known = known.concat().join(", ");
            self.wrong(place, "unknown-field", format!("there is no {key}; there are {known}"));
        }
        Some(read(self, Object { at, fields }))
    }

    fn field<T>(
        &mut self,
        of: Object,
        key: &str,
        read: impl FnOnce(&mut Self, &str, &Value) -> Option<T>,
    ) -> Option<T> {
        let value = of.fields.get(key).filter(|value| !value.is_null())?;
        read(self, &of.place(key), value)
    }

    fn needed<T>(
        &mut self,
        of: Object,
        key: &str,
        read: impl FnOnce(&mut Self, &str, &Value) -> Option<T>,
    ) -> Option<T> {
        if of.fields.get(key).is_none_or(Value::is_null) {
            self.wrong(of.place(key), "missing", format!("`{key}` is needed here"));
        }
        self.field(of, key, read)
    }

    /// Every element that can be read.
    fn list<T>(
        &mut self,
        of: Object,
        key: &str,
        mut read: impl FnMut(&mut Self, &str, &Value) -> Option<T>,
    ) -> Vec<T> {
        let elements = self.field(of, key, |reader, at, value| {
            let Some(elements) = value.as_array() else {
                reader.wrong_type(at, "a list", value);
                return None;
            };
            let read = elements.iter().enumerate().filter_map(|(number, value)| {
                let element = read(reader, &format!("{at}/{number}"), value);
                if element.is_none() {
                    reader.unread.push(at.to_owned());
                }
                element
            });
            Some(read.collect())
        });
        elements.unwrap_or_default()
    }

    fn flag(&mut self, of: Object, key: &str) -> bool {
        let flag = self.field(of, key, |reader, at, value| {
            let flag = value.as_bool();
            if flag.is_none() {
                reader.wrong_type(at, "true or false", value);
            }
            flag
        });
        flag.unwrap_or(false)
    }

    /// Whether it is a good name is for validation to say.
    fn name(&mut self, at: &str, value: &Value) -> Option<String> {
        if !value.is_string() {
            self.wrong_type(at, "text, in quotes", value);
        }
        value.as_str().map(str::to_owned)
    }

    fn document(&mut self, value: &Value) -> Document {
        let read = |reader: &mut Self, of: Object| Document {
            name: reader.needed(of, "name", Self::name).unwrap_or_default(),
            currency: reader.field(of, "currency", text(Currency::parse)),
            holidays: reader.list(of, "holidays", text(Document::holiday)),
            board: reader.board(of),
            classes: reader.classes(of),
            tax: reader.field(of, "tax", Self::tax),
            rounding: reader.field(of, "rounding", Self::rounding).unwrap_or_default(),
            discounts: reader.field(of, "discounts", word(&STACKING)).unwrap_or_default(),
        };
        let document = self.object("", value, &[&DOCUMENT, &BOARD, &PRICES], read);
        document.unwrap_or_else(|| Document::of_rate("", Rate::Free))
    }

    fn classes(&mut self, of: Object) -> BTreeMap<VehicleClass, Board> {
        let Some(classes) = of.fields.get("classes").filter(|value| !value.is_null()) else {
            return BTreeMap::new();
        };
        let Some(classes) = classes.as_object() else {
            self.wrong_type(&of.place("classes"), "an object", classes);
            return BTreeMap::new();
        };
        let mut boards = BTreeMap::new();
        for (name, value) in classes {
            let at = format!("{}/{}", of.place("classes"), name.replace('~', "~0").replace('/', "~1"));
            let board = self.object(&at, value, &[&BOARD, &PRICES], Self::board);
            match (VehicleClass::parse(name), board) {
                (Ok(class), Some(board)) => drop(boards.insert(class, board)),
                (Err(invalid), _) => self.wrong(at, invalid.code, invalid.detail),
                (Ok(_), None) => {}
            }
        }
        boards
    }

    fn board(&mut self, of: Object) -> Board {
        Board {
            prices: self.prices(of),
            offers: self.list(of, "offers", Self::offer),
            offers_choice: self.field(of, "offers_choice", word(&CHOICES)).unwrap_or_default(),
            lost_ticket: self.field(of, "lost_ticket", text(MajorAmount::parse)),
        }
    }

    fn prices(&mut self, of: Object) -> Prices {
        Prices {
            free: self.field(of, "free", Self::free),
            rate: self.needed(of, "rate", Self::rate).unwrap_or_default(),
            windows: self.list(of, "windows", Self::window),
            caps: self.list(of, "caps", Self::cap),
            packages: self.list(of, "packages", Self::package),
            packages_choice: self.field(of, "packages_choice", word(&CHOICES)).unwrap_or_default(),
            restart: self.field(of, "restart", text(parse_period)),
            steps: self.field(of, "steps", Self::steps).unwrap_or_default(),
            accumulate: self.flag(of, "accumulate"),
            minimum: self.field(of, "minimum", text(MajorAmount::parse)),
            maximum_stay: self.field(of, "maximum_stay", Self::maximum_stay),
        }
    }

    fn free(&mut self, at: &str, value: &Value) -> Option<Free> {
        self.object(at, value, &[&["first", "kind"]], |reader, of| {
            let first = reader.needed(of, "first", text(Length::parse));
            let kind = reader.needed(of, "kind", word(&FREE_KINDS));
            Some(Free { first: first?, kind: kind? })
        })?
    }

    fn rate(&mut self, at: &str, value: &Value) -> Option<Rate> {
        if value == "free" {
            return Some(Rate::Free);
        }
        self.object(at, value, &[&["price", "blocks", "table", "then"]], |reader, of| {
            let given =
                ["price", "blocks", "table"].iter().filter(|key| of.fields.contains_key(**key)).count();
            if given != 1 {
                reader.wrong(
                    at,
                    "one-of",
                    "a rate is \"free\", or an object with only one of price, blocks and table",
                );
            }
            if of.fields.contains_key("then") && !of.fields.contains_key("table") {
                reader.wrong(
                    of.place("then"),
                    "unknown-field",
                    "only a table has a last row for something to follow",
                );
            }
            // All that is given is read, also if it is too much, so that every mistake in it is named.
            let price = reader.field(of, "price", text(MajorAmount::parse));
            let (blocks, rows) =
                (reader.list(of, "blocks", Self::block), reader.list(of, "table", Self::row));
            let then = reader.field(of, "then", Self::block);
            if given != 1 {
                return None;
            }
            if of.fields.contains_key("price") {
                return Some(Rate::Blocks(vec![Block { to: None, step: None, price: Price::Each(price?) }]));
            }
            Some(if of.fields.contains_key("table") {
                Rate::Table { rows, then }
            } else {
                Rate::Blocks(blocks)
            })
        })?
    }

    fn block(&mut self, at: &str, value: &Value) -> Option<Block> {
        self.object(at, value, &[&["to", "step", "price", "per_hour"]], |reader, of| {
            let to = reader.field(of, "to", text(Length::parse));
            let step = reader.field(of, "step", text(parse_period));
            let price = reader.field(of, "price", text(MajorAmount::parse)).map(Price::Each);
            let per_hour = reader.field(of, "per_hour", text(MajorAmount::parse)).map(Price::PerHour);
            if of.fields.contains_key("price") == of.fields.contains_key("per_hour") {
                reader.wrong(at, "one-of", "a block has one of price and per_hour");
            }
            Some(Block { to, step, price: price.or(per_hour)? })
        })?
    }

    fn row(&mut self, at: &str, value: &Value) -> Option<Row> {
        self.object(at, value, &[&["up_to", "total"]], |reader, of| {
            let up_to = reader.needed(of, "up_to", text(Length::parse));
            let total = reader.needed(of, "total", text(MajorAmount::parse));
            Some(Row { up_to: up_to?, total: total? })
        })?
    }

    fn window(&mut self, at: &str, value: &Value) -> Option<Window> {
        self.object(at, value, &[&["name", "when", "rate", "continues"]], |reader, of| {
            let name = reader.needed(of, "name", Self::name).unwrap_or_default();
            let when = reader.needed(of, "when", text(When::parse));
            let rate = reader.needed(of, "rate", Self::rate);
            let continues = reader.flag(of, "continues");
            Some(Window { name, when: when?, rate: rate?, continues })
        })?
    }

    fn cap(&mut self, at: &str, value: &Value) -> Option<Cap> {
        self.object(at, value, &[&["name", "max", "per", "when", "entered", "first"]], |reader, of| {
            let name = reader.field(of, "name", Self::name).unwrap_or_default();
            let max = reader.needed(of, "max", text(MajorAmount::parse));
            let when = reader.field(of, "when", text(When::parse));
            let usual = if when.is_some() { CapPer::Window } else { CapPer::Entry };
            let per = reader.field(of, "per", text(parse_per)).unwrap_or(usual);
            let entered = reader.field(of, "entered", text(When::parse));
            let first = reader.field(of, "first", text(Length::parse));
            Some(Cap { name, max: max?, per, when, entered, first })
        })?
    }

    fn package(&mut self, at: &str, value: &Value) -> Option<Package> {
        self.object(at, value, &[&["length", "price"]], |reader, of| {
            let length = reader.needed(of, "length", text(Length::parse));
            let price = reader.needed(of, "price", text(MajorAmount::parse));
            Some(Package { length: length?, price: price? })
        })?
    }

    fn steps(&mut self, at: &str, value: &Value) -> Option<Steps> {
        self.object(at, value, &[&["count", "across", "end_begins_next"]], |reader, of| Steps {
            count: reader.field(of, "count", word(&COUNTS)).unwrap_or_default(),
            across: reader.field(of, "across", word(&ACROSS)).unwrap_or_default(),
            end_begins_next: reader.flag(of, "end_begins_next"),
        })
    }

    fn maximum_stay(&mut self, at: &str, value: &Value) -> Option<MaximumStay> {
        self.object(at, value, &[&["length", "overstay"]], |reader, of| {
            let length = reader.needed(of, "length", text(Length::parse));
            let overstay = reader.needed(of, "overstay", Self::rate);
            Some(MaximumStay { length: length?, overstay: overstay? })
        })?
    }

    fn offer(&mut self, at: &str, value: &Value) -> Option<Offer> {
        self.object(at, value, &[&OFFER, &PRICES], |reader, of| Offer {
            name: reader.needed(of, "name", Self::name).unwrap_or_default(),
            enter: reader.field(of, "enter", text(When::parse)),
            leave: reader.field(of, "leave", text(When::parse)),
            during: reader.field(of, "during", text(When::parse)),
            longer_than: reader.field(of, "longer_than", text(Length::parse)),
            up_to: reader.field(of, "up_to", text(Length::parse)),
            prices: reader.prices(of),
        })
    }

    fn tax(&mut self, at: &str, value: &Value) -> Option<Tax> {
        self.object(at, value, &[&["percent", "included"]], |reader, of| {
            let percent = reader.needed(of, "percent", text(Percent::parse));
            if !of.fields.contains_key("included") {
                reader.wrong(
                    of.place("included"),
                    "missing",
                    "say whether the prices contain the tax: true or false",
                );
            }
            let included = reader.flag(of, "included");
            Some(Tax { percent: percent?, included })
        })?
    }

    fn rounding(&mut self, at: &str, value: &Value) -> Option<Rounding> {
        self.object(at, value, &[&["mode", "cash"]], |reader, of| Rounding {
            mode: reader.field(of, "mode", word(&MODES)).unwrap_or_default(),
            cash: reader.field(of, "cash", text(MajorAmount::parse)),
        })
    }
}

/// Reads text by its own parser.
fn text<T>(parse: impl Fn(&str) -> Result<T, Invalid>) -> impl Fn(&mut Reader, &str, &Value) -> Option<T> {
    move |reader, at, value| {
        let Some(text) = value.as_str() else {
            reader.wrong_type(at, "text, in quotes", value);
            return None;
        };
        parse(text).map_err(|invalid| reader.wrong(at, invalid.code, invalid.detail)).ok()
    }
}

/// Reads one of a few words.
fn word<T: Copy>(words: &'static [(&str, T)]) -> impl Fn(&mut Reader, &str, &Value) -> Option<T> {
    move |reader, at, value| {
        let found = words.iter().find(|(name, _)| value == *name).map(|(_, word)| *word);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
            reader.wrong(at, "unknown-word", format!("must be one of {}", names.join(", ")));
        }
        found
    }
}
