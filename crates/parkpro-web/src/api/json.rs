//! JSON as a client wrote it, kept whole, so that every mistake in it can be named at once.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;

/// One value of a body. Text without escapes is borrowed from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Flag(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// No object of this API has more fields; it keeps the search for repeated ones cheap.
const MOST_FIELDS: usize = 64;

impl<'a> Json<'a> {
    /// Reads a whole body. Repeated fields are refused, and so is nesting of more than 127 levels.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// What kind of value it is, for a person.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Writes the value so that equal values give equal bytes: fields in alphabetical order, no white space.
    pub(crate) fn write_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend(b"null"),
            Self::Flag(flag) => out.extend(flag.to_string().bytes()),
            Self::Number(number) => out.extend(number.to_string().bytes()),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push(b'[');
                for item in items {
                    item.write_canonical(out);
                    out.push(b',');
                }
                out.push(b']');
            }
            Self::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| name);
                out.push(b'{');
                for (name, value) in fields {
                    write_text(name, out);
                    out.push(b':');
                    value.write_canonical(out);
                    out.push(b',');
                }
                out.push(b'}');
            }
        }
    }
}

impl From<&Json<'_>> for serde_json::Value {
    fn from(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Flag(flag) => Self::Bool(*flag),
            Json::Number(number) => Self::Number(number.clone()),
            Json::Text(text) => Self::String(text.as_ref().to_owned()),
            Json::List(items) => Self::Array(items.iter().map(Self::from).collect()),
            Json::Object(fields) => Self::Object(
                fields.iter().map(|(name, value)| (name.as_ref().to_owned(), value.into())).collect(),
            ),
        }
    }
}

/// Length first, then the bytes: no escapes needed, and no two texts give the same bytes.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend(text.len().to_string().bytes());
    out.push(b'"');
    out.extend(text.bytes());
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Whole)
    }
}

struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Number::from_f64(number).map(Json::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut fields: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(name) = from.next_key::<Json<'de>>()? {
            let Json::Text(name) = name else { return Err(A::Error::custom("a field has no name")) };
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format_args!("the field {name:?} is given twice")));
            }
            if fields.len() == MOST_FIELDS {
                return Err(A::Error::custom(format_args!("an object has at most {MOST_FIELDS} fields")));
            }
            fields.push((name, from.next_value()?));
        }
        Ok(Json::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(body: &str) -> String {
        let mut out = Vec::new();
        Json::parse(body.as_bytes()).unwrap().write_canonical(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_order_of_fields_white_space_and_escapes_do_not_count() {
        assert_eq!(
            canonical(r#"{ "b": [1, null, true], "a": "\u0041/" }"#),
            canonical(r#"{"a":"A\/","b":[1,null,true]}"#)
        );
        for other in [r#"{"a":"A"}"#, r#"{"a":"a"}"#, r#"{"a":1}"#, r#"{"a":1.0}"#, r#"{"a":["1"]}"#, "{}"] {
            assert_eq!(canonical(other), canonical(other));
            assert_ne!(canonical(other), canonical(r#"{"a":["A"]}"#), "{other}");
        }
        assert_ne!(canonical(r#"["a","b"]"#), canonical(r#"["a,b"]"#));
    }

    #[test]
    fn what_is_not_json_says_where() {
        for (body, says) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{\n \"a\": 1,}", "trailing comma at line 2 column 9"),
            (r#"{"a":1,"a":2}"#, "the field \"a\" is given twice"),
            (r#"{"a":1} x"#, "trailing characters at line 1 column 9"),
            ("{\"a\":\"\u{1}\"}", "control character"),
            (r#"{"a":1e999}"#, "number out of range"),
        ] {
            let said = Json::parse(body.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(says), "{body}: {said}");
        }
        assert!(Json::parse(b"\"\xff\"").is_err(), "not UTF-8");
        assert!(Json::parse("[".repeat(100_000).as_bytes()).unwrap_err().to_string().contains("recursion"));
        let wide: Vec<String> = (0..65).map(|n| format!("\"f{n}\":0")).collect();
        assert!(Json::parse(format!("{{{}}}", wide.join(",")).as_bytes()).is_err());
    }
}
