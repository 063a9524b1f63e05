//! Reads a settings file strictly: every key is one, every value is of its kind, and a mistake names line and column.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    address::mask,
    excerpt::Excerpt,
    load::Entry,
    mistake::Mistake,
    rules::{RULES, Rule, meant, meant_section},
};

/// Reads the text of a file that messages call `name`. The values that are right are returned even if others are wrong.
pub(super) fn read(name: &str, text: &str) -> (Vec<Entry>, Vec<Mistake>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { name, text, entries: Vec::new(), mistakes: Vec::new() };
    match DeTable::parse(text) {
        Ok(document) => reader.table("", document.get_ref()),
        Err(error) => {
            let excerpt = Excerpt::of(text, error.span().unwrap_or(0..0));
            let sentence = format!("{} is not TOML: {}.", reader.place(&excerpt), error.message());
            reader.mistakes.push(Mistake::at(excerpt, sentence));
        }
    }
    (reader.entries, reader.mistakes)
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    entries: Vec<Entry>,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn table(&mut self, section: &str, table: &DeTable<'_>) {
        let mut items: Vec<_> = table.iter().collect();
        items.sort_by_key(|(key, _value)| key.span().start);
        for (key, value) in items {
            let dot = if section.is_empty() { "" } else { "." };
            self.item(&format!("{section}{dot}{}", key.get_ref()), key.span(), value);
        }
    }

    fn item(&mut self, key: &str, at: Range<usize>, value: &Spanned<DeValue<'_>>) {
        if let Some(rule) = Rule::of(key) {
            return self.setting(rule, at, value);
        }
        let is_section =
            RULES.iter().any(|rule| rule.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')));
        match value.get_ref() {
            DeValue::Table(table) if is_section => self.table(key, table),
            DeValue::Table(_) => {
                let excerpt = Excerpt::of(self.text, at);
                let hint =
                    meant_section(key).map_or_else(sections, |section| format!("did you mean [{section}]?"));
                let sentence = format!("`{key}` ({}) is not a section; {hint}", self.place(&excerpt));
                self.mistakes.push(Mistake::at(excerpt, sentence));
            }
            _ if is_section => {
                let excerpt = Excerpt::of(self.text, at);
                let sentence = format!(
                    "`{key}` ({}) is a section; write [{key}] above its settings.",
                    self.place(&excerpt)
                );
                self.mistakes.push(Mistake::at(excerpt, sentence));
            }
            _ => {
                let excerpt = Excerpt::of(self.text, at);
                let sentence = format!("`{key}` ({}) is not a setting; {}", self.place(&excerpt), hint(key));
                self.mistakes.push(Mistake::at(excerpt, sentence));
            }
        }
    }

    fn setting(&mut self, rule: &'static Rule, key_at: Range<usize>, value: &Spanned<DeValue<'_>>) {
        match rule.take_typed(value.get_ref()) {
            Ok(kind) => {
                let line = Excerpt::of(self.text, key_at).line;
                self.entries.push(Entry { rule, kind, origin: format!("{}:{line}", self.name) });
            }
            Err(advice) => {
                // The text of a table reaches from its first brace or header to nowhere in particular.
                let is_table = matches!(value.get_ref(), DeValue::Table(_));
                let excerpt = Excerpt::of(self.text, if is_table { key_at } else { value.span() });
                let shown =
                    if is_table { "a section".to_owned() } else { one_line(&self.text[value.span()]) };
                let sentence = format!(
                    "`{}` = {shown} (from {}) cannot be used: {advice}.",
                    rule.key,
                    self.place(&excerpt)
                );
                self.mistakes.push(Mistake::at(excerpt, sentence));
            }
        }
    }

    fn place(&self, excerpt: &Excerpt) -> String {
        format!("{}:{}:{}", self.name, excerpt.line, excerpt.column)
    }
}

/// A value as it is written, or how it begins; passwords are masked.
fn one_line(value: &str) -> String {
    match value.split_once(['\n', '\r']) {
        Some((first, _more)) => format!("{}…", mask(first)),
        None => mask(value),
    }
}

/// What to write instead of a key that is none.
fn hint(key: &str) -> String {
    let section = key.rsplit_once('.').map_or("", |(section, _name)| section);
    if let Some(rule) = meant(key) {
        if rule.section() == section {
            return format!("did you mean `{}`?", rule.name());
        }
        return format!("did you mean `{}` in [{}]?", rule.name(), rule.section());
    }
    let names: Vec<_> = RULES.iter().filter(|rule| rule.section() == section).map(Rule::name).collect();
    if names.is_empty() { sections() } else { format!("[{section}] has {}.", names.join(", ")) }
}

fn sections() -> String {
    let mut names: Vec<_> = RULES.iter().map(Rule::section).collect();
    names.dedup();
    format!("the sections are {}.", names.join(", "))
}
