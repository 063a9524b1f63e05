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
        Document, Length, Mistake, PartlyRead, When,
        document::{
            Block, Board, Cap, CapPer, Free, FreeKind, MaximumStay, Offer, Package, Percent, Price, Prices,
            Rate, Rounding, Row, Steps, Tax, Window,
        },
    },
    vehicle::VehicleClass,
};
use serde_json::{Map, Value};

use self::words::{ACROSS, CHOICES, COUNTS, FREE_KINDS, MODES, STACKING, parse_per, parse_period};
use super::spelling::{meant, unknown};

/// Reads a document, or names everything that is wrong with it.
pub(crate) fn read(value: &Value) -> Result<Document, Vec<Mistake>> {
    let (partly, mut mistakes) = partly(value);
    mistakes.extend(partly.mistakes());
    if mistakes.is_empty() { Ok(partly.document) } else { Err(mistakes) }
}

/// A document as far as it can be read, and what cannot be.
pub(crate) fn partly(value: &Value) -> (PartlyRead, Vec<Mistake>) {
    let mut reader = Reader { mistakes: Vec::new(), unread: Vec::new(), misnamed: Vec::new() };
    let document = reader.document(value);
    let Reader { mistakes, unread, misnamed } = reader;
    (PartlyRead { document, unread, misnamed }, mistakes)
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

/// Whatever cannot be read is named, and something stands for it, so that the rest keeps its place.
struct Reader {
    mistakes: Vec<Mistake>,
    unread: Vec<String>,
    misnamed: Vec<(String, Board)>,
}

/// A JSON object and where it is.
#[derive(Clone, Copy)]
struct Object<'v> {
    at: &'v str,
    fields: &'v Map<String, Value>,
}

impl Object<'_> {
    /// Whether a field is there and not null, which means the same as missing.
    fn has(&self, key: &str) -> bool {
        self.fields.get(key).is_some_and(|value| !value.is_null())
    }

    fn place(&self, key: &str) -> String {
        format!("{}/{}", self.at, key.replace('~', "~0").replace('/', "~1"))
    }
}

impl Reader {
    /// Something that cannot be read.
    fn wrong(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        let mistake = Mistake::new(pointer, code, detail);
        self.unread.push(mistake.pointer.clone());
        self.mistakes.push(mistake);
    }

    /// Either both are given or none, so neither is known.
    fn one_of(&mut self, of: Object, fields: [&str; 2], detail: &str) {
        self.mistakes.push(Mistake::new(of.at, "one-of", detail));
        self.unread.extend(fields.map(|field| of.place(field)));
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

    /// Reads an object. What is none is one mistake, not an object without fields.
    fn any_object<T>(&mut self, at: &str, value: &Value, read: impl FnOnce(&mut Self, Object) -> T) -> T {
        if let Some(fields) = value.as_object() {
            return read(self, Object { at, fields });
        }
        self.wrong_type(at, "an object", value);
        let (told, unread) = (self.mistakes.len(), self.unread.len());
        let empty = read(self, Object { at, fields: &Map::new() });
        self.mistakes.truncate(told);
        self.unread.truncate(unread);
        empty
    }

    /// Reads an object whose fields are all known.
    fn object<T>(
        &mut self,
        at: &str,
        value: &Value,
        known: &[&[&str]],
        read: impl FnOnce(&mut Self, Object) -> T,
    ) -> T {
        self.any_object(at, value, |reader, of| {
            let known = known.concat();
            for key in of.fields.keys().filter(|key| !known.contains(&key.as_str())) {
                reader.wrong(of.place(key), "unknown-field", unknown(key, &known));
                // What is not there may be what was misspelt, so it is not known.
                let absent = meant(key, known.iter().copied()).filter(|meant| !of.has(meant));
                reader.unread.extend(absent.map(|absent| of.place(absent)));
            }
            read(reader, of)
        })
    }

    fn field<T>(
        &mut self,
        of: Object,
        key: &str,
        read: impl FnOnce(&mut Self, &str, &Value) -> Option<T>,
    ) -> Option<T> {
        let value = of.fields.get(key).filter(|_| of.has(key))?;
        read(self, &of.place(key), value)
    }

    fn needed<T>(
        &mut self,
        of: Object,
        key: &str,
        read: impl FnOnce(&mut Self, &str, &Value) -> Option<T>,
    ) -> Option<T> {
        if !of.has(key) {
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
            let read = |(number, value)| read(reader, &format!("{at}/{number}"), value);
            Some(elements.iter().enumerate().filter_map(read).collect())
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
            tax: reader.field(of, "tax", always(Self::tax)),
            rounding: reader.field(of, "rounding", always(Self::rounding)).unwrap_or_default(),
            discounts: reader.field(of, "discounts", word(&STACKING)).unwrap_or_default(),
        };
        self.object("", value, &[&DOCUMENT, &BOARD, &PRICES], read)
    }

    fn classes(&mut self, of: Object) -> BTreeMap<VehicleClass, Board> {
        let read = |reader: &mut Self, classes: Object| {
            let mut boards = BTreeMap::new();
            for (name, value) in classes.fields {
                let at = classes.place(name);
                let board = reader.object(&at, value, &[&BOARD, &PRICES], Self::board);
                match VehicleClass::parse(name) {
                    Ok(class) => drop(boards.insert(class, board)),
                    Err(invalid) => {
                        reader.mistakes.push(Mistake::new(&at, invalid.code, invalid.detail));
                        reader.misnamed.push((at, board));
                    }
                }
            }
            Some(boards)
        };
        let classes = self.field(of, "classes", |reader, at, value| reader.any_object(at, value, read));
        classes.unwrap_or_default()
    }

    fn board(&mut self, of: Object) -> Board {
        Board {
            prices: self.prices(of),
            offers: self.list(of, "offers", always(Self::offer)),
            offers_choice: self.field(of, "offers_choice", word(&CHOICES)).unwrap_or_default(),
            lost_ticket: self.field(of, "lost_ticket", text(MajorAmount::parse)),
        }
    }

    fn prices(&mut self, of: Object) -> Prices {
        Prices {
            free: self.field(of, "free", always(Self::free)),
            rate: self.needed(of, "rate", Self::rate).unwrap_or_default(),
            windows: self.list(of, "windows", always(Self::window)),
            caps: self.list(of, "caps", always(Self::cap)),
            packages: self.list(of, "packages", always(Self::package)),
            packages_choice: self.field(of, "packages_choice", word(&CHOICES)).unwrap_or_default(),
            restart: self.field(of, "restart", text(parse_period)),
            steps: self.field(of, "steps", always(Self::steps)).unwrap_or_default(),
            accumulate: self.flag(of, "accumulate"),
            minimum: self.field(of, "minimum", text(MajorAmount::parse)),
            maximum_stay: self.field(of, "maximum_stay", always(Self::maximum_stay)),
        }
    }

    fn free(&mut self, at: &str, value: &Value) -> Free {
        self.object(at, value, &[&["first", "kind"]], |reader, of| Free {
            first: reader.length(of, "first"),
            kind: reader.needed(of, "kind", word(&FREE_KINDS)).unwrap_or(FreeKind::Deducted),
        })
    }

    fn length(&mut self, of: Object, key: &str) -> Length {
        self.needed(of, key, text(Length::parse)).unwrap_or(Length::SHORTEST)
    }

    fn amount(&mut self, of: Object, key: &str) -> MajorAmount {
        self.needed(of, key, text(MajorAmount::parse)).unwrap_or(MajorAmount::ZERO)
    }

    fn rate(&mut self, at: &str, value: &Value) -> Option<Rate> {
        if value == "free" {
            return Some(Rate::Free);
        }
        if !value.is_object() {
            self.wrong_type(at, "\"free\" or an object", value);
            return None;
        }
        Some(self.object(at, value, &[&["price", "blocks", "table", "then"]], |reader, of| {
            let given = ["price", "blocks", "table"].iter().filter(|key| of.has(key)).count();
            if given != 1 {
                reader.wrong(
                    at,
                    "one-of",
                    "a rate is \"free\", or an object with only one of price, blocks and table",
                );
            }
            if of.has("then") && !of.has("table") {
                reader.wrong(
                    of.place("then"),
                    "unknown-field",
                    "only a table has a last row for something to follow",
                );
            }
            // All that is given is read, also if it is too much, so that what cannot be read in it is named.
            let price = reader.field(of, "price", text(MajorAmount::parse));
            let (blocks, rows) =
                (reader.list(of, "blocks", always(Self::block)), reader.list(of, "table", always(Self::row)));
            let then = reader.field(of, "then", always(Self::block));
            if of.has("price") {
                let price = Price::Each(price.unwrap_or(MajorAmount::ZERO));
                Rate::Blocks(vec![Block { to: None, step: None, price }])
            } else if of.has("table") {
                Rate::Table { rows, then }
            } else {
                Rate::Blocks(blocks)
            }
        }))
    }

    fn block(&mut self, at: &str, value: &Value) -> Block {
        self.object(at, value, &[&["to", "step", "price", "per_hour"]], |reader, of| {
            let to = reader.field(of, "to", text(Length::parse));
            let step = reader.field(of, "step", text(parse_period));
            let each = reader.field(of, "price", text(MajorAmount::parse));
            let per_hour = reader.field(of, "per_hour", text(MajorAmount::parse));
            let hourly = of.has("per_hour");
            if of.has("price") == hourly {
                reader.one_of(of, ["price", "per_hour"], "a block has one of price and per_hour");
            }
            let price = match each {
                // A step has its share of it; nothing is known of that if the step is not.
                None if hourly && (step.is_some() || !of.has("step")) => {
                    Price::PerHour(per_hour.unwrap_or(MajorAmount::ZERO))
                }
                each => Price::Each(each.unwrap_or(MajorAmount::ZERO)),
            };
            Block { to, step, price }
        })
    }

    fn row(&mut self, at: &str, value: &Value) -> Row {
        self.object(at, value, &[&["up_to", "total"]], |reader, of| Row {
            up_to: reader.length(of, "up_to"),
            total: reader.amount(of, "total"),
        })
    }

    fn window(&mut self, at: &str, value: &Value) -> Window {
        self.object(at, value, &[&["name", "when", "rate", "continues"]], |reader, of| Window {
            name: reader.needed(of, "name", Self::name).unwrap_or_default(),
            when: reader.needed(of, "when", text(When::parse)).unwrap_or(When::NEVER),
            rate: reader.needed(of, "rate", Self::rate).unwrap_or_default(),
            continues: reader.flag(of, "continues"),
        })
    }

    fn cap(&mut self, at: &str, value: &Value) -> Cap {
        self.object(at, value, &[&["name", "max", "per", "when", "entered", "first"]], |reader, of| {
            let name = reader.field(of, "name", Self::name).unwrap_or_default();
            let max = reader.amount(of, "max");
            let when = reader.field(of, "when", text(When::parse));
            let usual = if when.is_some() { CapPer::Window } else { CapPer::Entry };
            let per = reader.field(of, "per", text(parse_per)).unwrap_or(usual);
            let entered = reader.field(of, "entered", text(When::parse));
            let first = reader.field(of, "first", text(Length::parse));
            Cap { name, max, per, when, entered, first }
        })
    }

    fn package(&mut self, at: &str, value: &Value) -> Package {
        self.object(at, value, &[&["length", "price"]], |reader, of| Package {
            length: reader.length(of, "length"),
            price: reader.amount(of, "price"),
        })
    }

    fn steps(&mut self, at: &str, value: &Value) -> Steps {
        self.object(at, value, &[&["count", "across", "end_begins_next"]], |reader, of| Steps {
            count: reader.field(of, "count", word(&COUNTS)).unwrap_or_default(),
            across: reader.field(of, "across", word(&ACROSS)).unwrap_or_default(),
            end_begins_next: reader.flag(of, "end_begins_next"),
        })
    }

    fn maximum_stay(&mut self, at: &str, value: &Value) -> MaximumStay {
        self.object(at, value, &[&["length", "overstay"]], |reader, of| MaximumStay {
            length: reader.length(of, "length"),
            overstay: reader.needed(of, "overstay", Self::rate).unwrap_or_default(),
        })
    }

    fn offer(&mut self, at: &str, value: &Value) -> Offer {
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

    fn tax(&mut self, at: &str, value: &Value) -> Tax {
        self.object(at, value, &[&["percent", "included"]], |reader, of| {
            let percent = reader.needed(of, "percent", text(Percent::parse)).unwrap_or(Percent::ZERO);
            if !of.has("included") {
                reader.wrong(
                    of.place("included"),
                    "missing",
                    "say whether the prices contain the tax: true or false",
                );
            }
            Tax { percent, included: reader.flag(of, "included") }
        })
    }

    fn rounding(&mut self, at: &str, value: &Value) -> Rounding {
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

/// Reads something of which parts may not be readable, but never nothing.
fn always<T>(
    read: impl Fn(&mut Reader, &str, &Value) -> T,
) -> impl Fn(&mut Reader, &str, &Value) -> Option<T> {
    move |reader, at, value| Some(read(reader, at, value))
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
