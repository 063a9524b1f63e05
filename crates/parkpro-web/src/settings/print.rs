//! Writes the settings in force as TOML, each with its origin: `parkpro --print-config`.

use std::fmt::Write;

use config::{Value, ValueKind};

use super::{Loaded, address::mask, rules::RULES};

impl Loaded {
    /// The settings in force as a settings file, in the order of `default.toml`, with the origin of each as a comment.
    /// Passwords are masked, so an address with one has to be written again.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        for (rule, setting) in RULES.iter().filter_map(|rule| Some((rule, self.effective.get(rule.key)?))) {
            if rule.section() != section {
                let blank = if section.is_empty() { "" } else { "\n" };
                section = rule.section();
                // Writing to a String does not fail.
                let _ = writeln!(text, "{blank}[{section}]");
            }
            let _ = writeln!(text, "{} = {} # {}", rule.name(), setting.shown, setting.origin);
        }
        text
    }
}

/// A value as it is written in TOML, with passwords masked.
pub(super) fn value(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(items) => {
            let items: Vec<_> = items.iter().map(self::value).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::String(text) => toml::Value::String(mask(text)).to_string(),
        other => other.to_string(),
    }
}
