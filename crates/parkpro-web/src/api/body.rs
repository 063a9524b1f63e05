//! Reading what a client sent, field by field, and remembering every mistake instead of the first.

use std::{borrow::Cow, fmt::Display, ops::RangeInclusive};

use parkpro_domain::{
    demand::{Feature, Features},
    invalid::Invalid,
    slot::{Accepts, Level, SlotLabel},
    tariff,
    ticket::Reason,
    time::Timestamp,
    vehicle::VehicleClass,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{json::Json, spelling::unknown};

/// One mistake in what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Mistake {
    /// Where: a JSON pointer into the body (`/slots/3/label`; empty is the body itself), or `?name` for a parameter of
    /// the query.
    pub(crate) pointer: String,
    /// Stable, kebab-case; explained at `/docs/errors#code`.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) detail: String,
}

/// What is wrong with a value: at least one mistake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mistakes {
    told: Vec<Mistake>,
    /// How many there are besides.
    more: usize,
}

/// A value, or everything that is wrong with it.
pub(crate) type Read<T> = Result<T, Mistakes>;

/// More are not told of one request.
const MOST_MISTAKES: usize = 100;

impl Mistakes {
    /// One mistake, in the value itself.
    pub(crate) fn of(code: &'static str, detail: impl Into<String>) -> Self {
        let mistake = Mistake { pointer: String::new(), code, detail: detail.into() };
        Self { told: vec![mistake], more: 0 }
    }

    /// The same mistakes, seen from the object or list that holds the value.
    pub(crate) fn under(mut self, mark: char, step: impl Display) -> Self {
        let step = step.to_string().replace('~', "~0").replace('/', "~1");
        for mistake in &mut self.told {
            mistake.pointer.insert_str(0, &format!("{mark}{step}"));
        }
        self
    }

    fn add(&mut self, others: Self) {
        self.told.extend(others.told);
        self.more += others.more + self.told.len().saturating_sub(MOST_MISTAKES);
        self.told.truncate(MOST_MISTAKES);
    }

    /// Those told, and how many there are besides.
    pub(crate) fn into_parts(self) -> (Vec<Mistake>, usize) {
        (self.told, self.more)
    }
}

impl From<Invalid> for Mistakes {
    fn from(invalid: Invalid) -> Self {
        Self::of(invalid.code, invalid.detail)
    }
}

/// What is wrong with the document of a tariff, or with earlier stays.
impl From<Vec<tariff::Mistake>> for Mistakes {
    fn from(mistakes: Vec<tariff::Mistake>) -> Self {
        let mistake =
            |one: tariff::Mistake| Mistake { pointer: one.pointer, code: one.code, detail: one.detail };
        let more = mistakes.len().saturating_sub(MOST_MISTAKES);
        Self { told: mistakes.into_iter().take(MOST_MISTAKES).map(mistake).collect(), more }
    }
}

/// The fields of an object, or the parameters of a query, while they are read. Every field must be asked for before
/// [`Fields::finish`], which refuses those that were not.
pub(crate) struct Fields<'a> {
    given: &'a [(Cow<'a, str>, Json<'a>)],
    mark: char,
    known: Vec<&'static str>,
    mistakes: Mistakes,
}

impl<'a> Fields<'a> {
    /// The fields of an object.
    pub(crate) fn of(json: &'a Json<'a>) -> Read<Self> {
        match json {
            Json::Object(given) => Ok(Self::marked('/', given)),
            other => Err(wrong_type("an object", other)),
        }
    }

    /// The parameters of a query.
    pub(crate) fn of_query(given: &'a [(Cow<'a, str>, Json<'a>)]) -> Self {
        let mut fields = Self::marked('?', given);
        for (at, (name, _)) in given.iter().enumerate() {
            if given[..at].iter().any(|(earlier, _)| earlier == name) {
                fields.mistakes.add(Mistakes::of("given-twice", "give it once").under('?', name));
            }
        }
        fields
    }

    fn marked(mark: char, given: &'a [(Cow<'a, str>, Json<'a>)]) -> Self {
        Self { given, mark, known: Vec::with_capacity(8), mistakes: Mistakes::default() }
    }

    /// A field as it was sent.
    pub(crate) fn given(&self, name: &str) -> Option<&'a Json<'a>> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }

    /// Whether a field is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given(name).is_some_and(|value| *value != Json::Null)
    }

    /// A field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Json<'a>) -> Read<T>,
    ) -> Option<T> {
        match self.get(name) {
            Some(value) => self.keep(name, read(value)),
            None => self.keep(name, Err(Mistakes::of("missing-field", format!("{name} is missing")))),
        }
    }

    /// A field that may be missing; null means the same.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Json<'a>) -> Read<T>,
    ) -> Option<T> {
        let value = self.get(name).filter(|value| **value != Json::Null)?;
        self.keep(name, read(value))
    }

    /// A field of a change: missing means that it stays, and null is refused.
    pub(crate) fn changed<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Json<'a>) -> Read<T>,
    ) -> Option<T> {
        let value = self.get(name)?;
        self.keep(name, read(value))
    }

    /// A field of a change: missing means that it stays, and null that there is none any more.
    #[expect(clippy::option_option, reason = "not given, taken away, or given")]
    pub(crate) fn cleared<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Json<'a>) -> Read<T>,
    ) -> Option<Option<T>> {
        match self.get(name)? {
            Json::Null => Some(None),
            value => self.keep(name, read(value)).map(Some),
        }
    }

    /// The objects of a list that may be missing, each in its place: of one with mistakes, whatever could be read.
    pub(crate) fn parts<T: Default>(&mut self, name: &'static str, read: impl Fn(&mut Self) -> T) -> Vec<T> {
        let Some(given) = self.get(name).filter(|value| **value != Json::Null) else { return Vec::new() };
        let Json::List(items) = given else {
            self.wrong_in(name, wrong_type("a list", given));
            return Vec::new();
        };
        let mut mistakes = Mistakes::default();
        let mut part = |(at, item): (usize, &'a Json<'a>)| {
            let mut part = T::default();
            let wrong = Self::of(item).and_then(|mut fields| {
                part = read(&mut fields);
                fields.finish(|| Some(()))
            });
            if let Err(wrong) = wrong {
                mistakes.add(wrong.under('/', at));
            }
            part
        };
        let parts = items.iter().enumerate().map(&mut part).collect();
        self.wrong_in(name, mistakes);
        parts
    }

    /// A mistake that concerns the fields together.
    pub(crate) fn wrong(&mut self, code: &'static str, detail: impl Into<String>) {
        self.mistakes.add(Mistakes::of(code, detail));
    }

    /// Mistakes of a field.
    pub(crate) fn wrong_in(&mut self, name: &'static str, mistakes: Mistakes) {
        self.mistakes.add(mistakes.under(self.mark, name));
    }

    /// What was made of the fields, or everything that is wrong with them. `make` may expect every field to be there
    /// that was required.
    pub(crate) fn finish<T>(mut self, make: impl FnOnce() -> Option<T>) -> Read<T> {
        for (name, _) in self.given {
            if !self.known.iter().any(|known| known == name) {
                let mistake = Mistakes::of("unknown-field", unknown(name, &self.known));
                self.mistakes.add(mistake.under(self.mark, name));
            }
        }
        if !self.mistakes.told.is_empty() {
            return Err(self.mistakes);
        }
        make().ok_or_else(|| Mistakes::of("invalid-input", "a field is missing"))
    }

    fn get(&mut self, name: &'static str) -> Option<&'a Json<'a>> {
        self.known.push(name);
        self.given(name)
    }

    fn keep<T>(&mut self, name: &'static str, read: Read<T>) -> Option<T> {
        read.map_err(|mistakes| self.wrong_in(name, mistakes)).ok()
    }
}

/// A value of another type than wanted.
pub(crate) fn wrong_type(wanted: &str, given: &Json<'_>) -> Mistakes {
    Mistakes::of("wrong-type", format!("must be {wanted}, not {}", given.kind()))
}

/// Text, as the car park reads it.
pub(crate) fn text<T>(parse: impl Fn(&str) -> Result<T, Invalid>) -> impl Fn(&Json<'_>) -> Read<T> {
    move |json| match json {
        Json::Text(text) => Ok(parse(text)?),
        other => Err(wrong_type("text", other)),
    }
}

/// `true` or `false`.
pub(crate) fn flag(json: &Json<'_>) -> Read<bool> {
    match json {
        Json::Flag(flag) => Ok(*flag),
        other => Err(wrong_type("true or false", other)),
    }
}

/// A whole number.
pub(crate) fn whole<N: TryFrom<i64> + Display + PartialOrd>(
    range: RangeInclusive<N>,
) -> impl Fn(&Json<'_>) -> Read<N> {
    move |json| {
        let number = match json {
            Json::Number(number) => number.as_i64(),
            other => return Err(wrong_type("a whole number", other)),
        };
        in_range(number, &range)
    }
}

/// A whole number of a query.
pub(crate) fn whole_text<N: TryFrom<i64> + Display + PartialOrd>(
    range: RangeInclusive<N>,
) -> impl Fn(&Json<'_>) -> Read<N> {
    move |json| match json {
        Json::Text(text) => in_range(text.parse().ok(), &range),
        other => Err(wrong_type("a whole number", other)),
    }
}

fn in_range<N: TryFrom<i64> + Display + PartialOrd>(
    number: Option<i64>,
    range: &RangeInclusive<N>,
) -> Read<N> {
    number.and_then(|number| N::try_from(number).ok()).filter(|number| range.contains(number)).ok_or_else(
        || {
            let (least, most) = (range.start(), range.end());
            Mistakes::of("out-of-range", format!("must be a whole number from {least} to {most}"))
        },
    )
}

/// A list, each item read alike.
pub(crate) fn list<T>(read: impl Fn(&Json<'_>) -> Read<T>) -> impl Fn(&Json<'_>) -> Read<Vec<T>> {
    move |json| {
        let Json::List(items) = json else { return Err(wrong_type("a list", json)) };
        let (mut values, mut mistakes) = (Vec::with_capacity(items.len()), Mistakes::default());
        for (at, item) in items.iter().enumerate() {
            match read(item) {
                Ok(value) => values.push(value),
                Err(wrong) => mistakes.add(wrong.under('/', at)),
            }
        }
        if mistakes.told.is_empty() { Ok(values) } else { Err(mistakes) }
    }
}

/// A list that may have only so many items.
pub(crate) fn few<T>(
    most: usize,
    items: &'static str,
    read: impl Fn(&Json<'_>) -> Read<T>,
) -> impl Fn(&Json<'_>) -> Read<Vec<T>> {
    let list = list(read);
    move |json| match json {
        Json::List(given) if given.len() > most => {
            let mut mistakes =
                Mistakes::of("out-of-range", format!("at most {most} {items}, not {}", given.len()));
            if let Err(others) = list(json) {
                mistakes.add(others);
            }
            Err(mistakes)
        }
        json => list(json),
    }
}

/// What a slot accepts: a list of classes.
pub(crate) fn accepts(json: &Json<'_>) -> Read<Accepts> {
    Ok(Accepts::of(list(text(VehicleClass::parse))(json)?)?)
}

/// What a slot has, or a vehicle needs: a list of features.
pub(crate) fn features(json: &Json<'_>) -> Read<Features> {
    Ok(Features::of(list(text(Feature::parse))(json)?)?)
}

/// A label of a slot.
pub(crate) fn label(json: &Json<'_>) -> Read<SlotLabel> {
    text(SlotLabel::parse)(json)
}

/// A level of a lot.
pub(crate) fn level(json: &Json<'_>) -> Read<Level> {
    text(Level::parse)(json)
}

/// A reason.
pub(crate) fn reason(json: &Json<'_>) -> Read<Reason> {
    text(Reason::parse)(json)
}

/// An instant.
pub(crate) fn instant(json: &Json<'_>) -> Read<Timestamp> {
    text(Timestamp::parse)(json)
}

const MINUTE: i64 = 60_000_000;

/// When a gate saw something by its own clock: from 24 hours ago to 2 minutes ahead of ours.
pub(crate) fn seen_at(now: Timestamp) -> impl Fn(&Json<'_>) -> Read<Timestamp> {
    move |json| {
        let at = instant(json)?;
        if now.micros_since(at) > 24 * 60 * MINUTE || at.micros_since(now) > 2 * MINUTE {
            return Err(Mistakes::of(
                "occurred-at-out-of-range",
                format!("occurred_at is from 24 hours ago to 2 minutes ahead of the server's clock, {now}"),
            ));
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(read: Read<()>) -> Vec<(String, &'static str)> {
        read.unwrap_err().told.into_iter().map(|mistake| (mistake.pointer, mistake.code)).collect()
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let body = br#"{"slots":[{"label":"A-1"},{"label":"A 1"},{"lable":"x/y"},7],"rnak":1,"a/b":0}"#;
        let json = Json::parse(body).unwrap();
        let mut fields = Fields::of(&json).unwrap();
        let slots = fields.required(
            "slots",
            list(|item| {
                let mut fields = Fields::of(item)?;
                let label = fields.required("label", label);
                fields.finish(|| label)
            }),
        );
        let rank = fields.optional("rank", whole(0..=9_i64));
        let count = fields.required("count", whole(1..=9_i64));
        let parts = fields.parts("slots", |fields| fields.required("label", label));
        let known: Vec<_> = parts.iter().map(Option::is_some).collect();
        assert_eq!((&slots, rank, count), (&None, None, None));
        assert_eq!(known, [true, false, false, false], "each in its place");
        assert_eq!(
            mistakes(fields.finish(|| None)),
            [
                ("/slots/1/label".to_owned(), "invalid-label"),
                ("/slots/2/label".to_owned(), "missing-field"),
                ("/slots/2/lable".to_owned(), "unknown-field"),
                ("/slots/3".to_owned(), "wrong-type"),
                ("/count".to_owned(), "missing-field"),
                ("/slots/1/label".to_owned(), "invalid-label"),
                ("/slots/2/label".to_owned(), "missing-field"),
                ("/slots/2/lable".to_owned(), "unknown-field"),
                ("/slots/3".to_owned(), "wrong-type"),
                ("/rnak".to_owned(), "unknown-field"),
                ("/a~1b".to_owned(), "unknown-field"),
            ]
        );
    }

    #[test]
    fn an_unknown_field_is_told_what_it_may_have_meant() {
        assert_eq!(unknown("plat", &["plate", "ticket"]), "there is no plat; did you mean plate?");
        assert_eq!(unknown("tciket_", &["plate", "ticket"]), "there is no tciket_; did you mean ticket?");
        assert_eq!(unknown("foo", &["from", "to"]), "there is no foo; there are from, to");
        assert_eq!(unknown("colour", &["plate", "ticket"]), "there is no colour; there are plate, ticket");
        assert_eq!(unknown(&"x".repeat(65), &["plate"]), "there is no such field");
        assert_eq!(unknown("x", &[]), "there are no fields here");
    }

    #[test]
    fn null_is_nothing_in_a_new_thing_and_a_removal_in_a_change() {
        let json = Json::parse(br#"{"a":null,"b":null,"c":null}"#).unwrap();
        let mut fields = Fields::of(&json).unwrap();
        assert_eq!(fields.optional("a", flag), None);
        assert_eq!(fields.cleared("b", flag), Some(None));
        assert_eq!(fields.cleared("d", flag), None);
        assert_eq!(fields.changed("c", flag), None);
        assert_eq!(mistakes(fields.finish(|| None)), [("/c".to_owned(), "wrong-type")]);
    }

    #[test]
    fn a_gate_may_be_a_day_late_and_two_minutes_early() {
        let now = Timestamp::parse("2026-11-22T08:00:00Z").unwrap();
        for (at, fits) in [
            ("2026-11-21T08:00:00Z", true),
            ("2026-11-21T07:59:59.999999Z", false),
            ("2026-11-22T08:02:00Z", true),
            ("2026-11-22T08:02:00.000001Z", false),
        ] {
            assert_eq!(seen_at(now)(&Json::Text(at.into())).is_ok(), fits, "{at}");
        }
    }

    #[test]
    fn no_more_than_a_hundred_mistakes_are_told() {
        let items: Vec<Json<'_>> = (0..500).map(|_| Json::Null).collect();
        let Err(Mistakes { told, more }) = list(flag)(&Json::List(items)) else { panic!("none is a flag") };
        assert_eq!((told.len(), more), (100, 400));
    }
}
