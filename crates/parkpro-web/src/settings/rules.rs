//! What each setting takes: one rule per key, in the order of `config/default.toml`.

use std::net::IpAddr;

use config::{Value, ValueKind};
use parkpro_domain::{
    invalid::Invalid,
    lot::{LotId, LotName, Priorities},
    money::Currency,
    slot::SlotLabel,
    time::Zone,
    vehicle::VehicleClass,
};
use toml::de::DeValue;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::address::{QueueUrl, StoreUrl};

/// Every setting.
pub(super) const RULES: &[Rule] = &[
    Rule::text("server.host", host),
    Rule::whole("server.port", 0, 65_535),
    Rule::whole("server.workers", 0, 1024),
    Rule::whole("server.shutdown_seconds", 0, 600),
    Rule::text("store.url", |text| StoreUrl::parse(text).map(drop)),
    Rule::whole("store.queue_length", 1, 1_000_000),
    Rule::whole("store.batch", 1, 256),
    Rule::whole("store.sqlite.page_cache_mb", 1, 65_536),
    Rule::whole("store.sqlite.readers", 1, 64),
    Rule::whole("store.postgres.connections", 1, 1000),
    Rule::whole("store.postgres.write_connections", 1, 2),
    Rule { key: "store.postgres.transaction_pooler", takes: Takes::Switch },
    Rule::whole("store.postgres.connect_timeout_seconds", 1, 300),
    Rule::text("queue.redis_url", |text| QueueUrl::parse(text).map(drop)),
    Rule::text("queue.key_prefix", key_prefix),
    Rule::text("first_run.lot", |text| LotId::parse(text).map(drop)),
    Rule::text("first_run.name", |text| LotName::parse(text).map(drop)),
    Rule::text("first_run.time_zone", |text| Zone::parse(text).map(drop)),
    Rule::text("first_run.currency", |text| Currency::parse(text).map(drop)),
    Rule::whole("first_run.slots", 0, 10_000),
    Rule::text("first_run.label_prefix", label_prefix),
    Rule::names("first_run.accepts", "car,van", |names| {
        names.iter().try_for_each(|name| VehicleClass::parse(name).map(drop))
    }),
    Rule::names("first_run.priorities", "vip,standard", |names| {
        Priorities::parse(&names.join(",")).map(drop)
    }),
    Rule::text("tariff.default", |_path| Ok(())),
    Rule::text("log.format", log_format),
    Rule::text("log.filter", log_filter),
    Rule::whole("idempotency.keep_days", 1, 365),
];

/// What one setting takes.
pub(super) struct Rule {
    /// Its sections and its name: `store.sqlite.readers`.
    pub(super) key: &'static str,
    pub(super) takes: Takes,
}

/// Whether a text is a value of the setting, and if not, what to write instead.
type Check = fn(&str) -> Result<(), Invalid>;

/// The kind of a value, and which values of that kind.
pub(super) enum Takes {
    /// A whole number between two, both included.
    Whole { low: i64, high: i64 },
    /// True or false.
    Switch,
    /// A text that passes.
    Text(Check),
    /// 1 to 16 names that pass together.
    Names {
        /// Some that do, with commas between them.
        example: &'static str,
        passes: fn(&[&str]) -> Result<(), Invalid>,
    },
}

impl Rule {
    const fn whole(key: &'static str, low: i64, high: i64) -> Self {
        Self { key, takes: Takes::Whole { low, high } }
    }

    const fn text(key: &'static str, passes: Check) -> Self {
        Self { key, takes: Takes::Text(passes) }
    }

    const fn names(
        key: &'static str,
        example: &'static str,
        passes: fn(&[&str]) -> Result<(), Invalid>,
    ) -> Self {
        Self { key, takes: Takes::Names { example, passes } }
    }

    /// The rule of a key, if it is one.
    pub(super) fn of(key: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.key == key)
    }

    /// The section that its key stands in: `store.sqlite`.
    pub(super) fn section(&self) -> &'static str {
        self.key.rsplit_once('.').map_or("", |(section, _name)| section)
    }

    /// The last part of its key: `readers`.
    pub(super) fn name(&self) -> &'static str {
        self.key.rsplit_once('.').map_or(self.key, |(_section, name)| name)
    }

    /// The environment variable that sets it: `PARKPRO__STORE__SQLITE__READERS`.
    pub(super) fn variable(&self) -> String {
        format!("PARKPRO__{}", self.key.replace('.', "__").to_uppercase())
    }

    /// Takes a value from a settings file, where it has a type. The error says what to write instead.
    pub(super) fn take_typed(&self, value: &DeValue<'_>) -> Result<ValueKind, String> {
        match (&self.takes, value) {
            (Takes::Whole { low, high }, DeValue::Integer(number)) => {
                let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
                whole(number, *low, *high)
            }
            (Takes::Switch, DeValue::Boolean(on)) => Ok((*on).into()),
            (Takes::Text(passes), DeValue::String(text)) => take_text(text, *passes),
            (Takes::Names { passes, .. }, DeValue::Array(items)) => {
                let names: Option<Vec<&str>> = items.iter().map(|item| item.get_ref().as_str()).collect();
                take_names(&names.ok_or_else(|| self.takes.in_file())?, *passes)
            }
            _ => Err(self.takes.in_file()),
        }
    }

    /// Takes a value from a variable or the command line, where everything is text. The error says what to write instead.
    pub(super) fn take_text(&self, text: &str) -> Result<ValueKind, String> {
        match &self.takes {
            Takes::Whole { low, high } => whole(text.trim().parse().ok(), *low, *high),
            Takes::Switch => text
                .trim()
                .parse::<bool>()
                .map(Into::into)
                .map_err(|_neither| "write true or false".to_owned()),
            Takes::Text(passes) => take_text(text, *passes),
            Takes::Names { example, .. } if text.trim_start().starts_with('[') => {
                match DeValue::parse(text.trim()) {
                    Ok(list) if list.get_ref().is_array() => self.take_typed(list.get_ref()),
                    _ => Err(format!("write names with commas between them, such as {example}")),
                }
            }
            Takes::Names { passes, .. } => {
                take_names(&text.split(',').map(str::trim).collect::<Vec<_>>(), *passes)
            }
        }
    }
}

impl Takes {
    /// What to write into a settings file when the value there is of another kind.
    fn in_file(&self) -> String {
        match self {
            Self::Whole { low, high } => format!("write a whole number from {low} to {high}, without quotes"),
            Self::Switch => "write true or false, without quotes".to_owned(),
            Self::Text(_) => "write it in quotes".to_owned(),
            Self::Names { example, .. } => {
                let example = example.replace(',', "\", \"");
                format!("write a list of names in quotes, such as [\"{example}\"]")
            }
        }
    }
}

fn whole(number: Option<i64>, low: i64, high: i64) -> Result<ValueKind, String> {
    number
        .filter(|number| (low..=high).contains(number))
        .map(Into::into)
        .ok_or_else(|| format!("write a whole number from {low} to {high}"))
}

fn take_text(text: &str, passes: Check) -> Result<ValueKind, String> {
    passes(text).map(|()| text.into()).map_err(|invalid| invalid.detail)
}

fn take_names(names: &[&str], passes: fn(&[&str]) -> Result<(), Invalid>) -> Result<ValueKind, String> {
    if !(1..=16).contains(&names.len()) {
        return Err("write 1 to 16 names".to_owned());
    }
    passes(names).map_err(|invalid| invalid.detail)?;
    Ok(names.iter().map(|&name| Value::from(name)).collect::<Vec<_>>().into())
}

fn host(text: &str) -> Result<(), Invalid> {
    let is_name = text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    if text.parse::<IpAddr>().is_ok() || is_name {
        return Ok(());
    }
    Err(wrong(
        "write an IP address or a host name alone, such as 127.0.0.1, ::1 or 0.0.0.0 for every interface",
    ))
}

fn key_prefix(text: &str) -> Result<(), Invalid> {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if (1..=64).contains(&text.len()) && letters {
        return Ok(());
    }
    Err(wrong("write 1 to 64 characters of A-Z, a-z, 0-9, -, _ and ."))
}

/// The longest label that the prefix can give must be one.
fn label_prefix(text: &str) -> Result<(), Invalid> {
    SlotLabel::parse(&format!("{text}10000"))
        .map(drop)
        .map_err(|_invalid| wrong("write 0 to 27 characters of A-Z, a-z, 0-9, -, _, . and #"))
}

fn log_format(text: &str) -> Result<(), Invalid> {
    if ["auto", "pretty", "json"].contains(&text) { Ok(()) } else { Err(wrong("write auto, pretty or json")) }
}

/// A lone word that is no level would be taken for the name of a module and silence everything else.
fn log_filter(text: &str) -> Result<(), Invalid> {
    let known = |part: &str| part.contains('=') || part.trim().parse::<LevelFilter>().is_ok();
    let plain = text.contains('[') || text.split(',').all(known);
    if plain && !text.trim().is_empty() && EnvFilter::builder().parse(text).is_ok() {
        return Ok(());
    }
    Err(wrong("write off, error, warn, info, debug or trace, or add modules, such as info,parkpro_web=debug"))
}

fn wrong(detail: &str) -> Invalid {
    Invalid::new("invalid-setting", detail)
}

/// The key of the setting that was probably meant by an unknown one: the nearest in its own section, else the one of the
/// same name elsewhere, else the nearest of all.
pub(super) fn meant(key: &str) -> Option<&'static Rule> {
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let slips = forgiven(name);
    let siblings = RULES.iter().filter(|rule| rule.section() == section);
    nearest(name, slips, siblings.map(|rule| (rule.name(), rule)))
        .or_else(|| RULES.iter().find(|rule| rule.name() == name))
        .or_else(|| nearest(key, slips, RULES.iter().map(|rule| (rule.key, rule))))
}

/// The section that was probably meant by an unknown one.
pub(super) fn meant_section(section: &str) -> Option<&'static str> {
    nearest(section, forgiven(section), RULES.iter().map(|rule| (rule.section(), rule.section())))
}

/// How many slips of the finger a word of that length may have and still be recognised.
fn forgiven(word: &str) -> usize {
    (word.chars().count() / 3).clamp(1, 4)
}

/// The candidate with the fewest slips between, if these are few enough.
fn nearest<T>(word: &str, most: usize, candidates: impl Iterator<Item = (&'static str, T)>) -> Option<T> {
    candidates
        .map(|(candidate, value)| (strsim::damerau_levenshtein(word, candidate), value))
        .filter(|(slips, _value)| *slips <= most)
        .min_by_key(|(slips, _value)| *slips)
        .map(|(_slips, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_pass_or_do_not() {
        let table: [(Check, &[&str], &[&str]); 5] = [
            (
                host,
                &["127.0.0.1", "0.0.0.0", "::", "::1", "localhost", "gate-1.example.org"],
                &["", " ", "127.0.0.1:8000", "[::1]", "http://localhost", "a b", "-x", "*"],
            ),
            (key_prefix, &["parkpro", "p-1_2.x"], &["", "a:b", "{x}", "a b"]),
            (label_prefix, &["", "A-", "P1."], &["Ä", "A ", "A/", "1234567890123456789012345678"]),
            (log_format, &["auto", "pretty", "json"], &["", "JSON", "text"]),
            (
                log_filter,
                &["info", "WARN", "off", "info,parkpro_web=debug", "parkpro_web::http=trace"],
                &["", " ", "verbose", "info,debgu", "parkpro_web=loud", "info;debug"],
            ),
        ];
        for (passes, right, wrong) in table {
            for text in right {
                assert_eq!(passes(text), Ok(()), "{text:?}");
            }
            for text in wrong {
                assert!(passes(text).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        for (key, intended) in [
            ("server.prot", Some("server.port")),
            ("server.shutdown_second", Some("server.shutdown_seconds")),
            ("port", Some("server.port")),
            ("server.redis_url", Some("queue.redis_url")),
            ("stor.url", Some("store.url")),
            ("store.postgres.max_connections", Some("store.postgres.connections")),
            ("server.tls", None),
        ] {
            assert_eq!(meant(key).map(|rule| rule.key), intended, "{key}");
        }
        assert_eq!(meant_section("sever"), Some("server"));
        assert_eq!(meant_section("store.sqlit"), Some("store.sqlite"));
        assert_eq!(meant_section("tls"), None);
    }
}
