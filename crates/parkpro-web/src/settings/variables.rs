//! Reads settings from environment variables, and from a file `.env` that stands in for them.

use std::{
    cell::Cell,
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Read},
};

use super::{
    address::mask,
    load::Entry,
    mistake::Mistake,
    rules::{RULES, Rule, meant},
};

const PREFIX: &str = "PARKPRO__";

/// Short names that other programs know too, weaker than the full name of the same setting.
const PLAIN: [(&str, &str); 2] = [("DATABASE_URL", "store.url"), ("REDIS_URL", "queue.redis_url")];

/// What the variables say.
#[derive(Default)]
pub(super) struct Variables {
    /// From plain names, weaker than `full`.
    pub(super) plain: Vec<Entry>,
    /// From names that begin with `PARKPRO__`.
    pub(super) full: Vec<Entry>,
    /// What the operator may have meant otherwise.
    pub(super) warnings: Vec<String>,
}

/// Variables by name, each with its value and a phrase that says where it was set.
type Found = BTreeMap<String, (String, String)>;

/// Reads the variables. One of `environment` replaces one of the same name in the text of `.env`.
pub(super) fn read(environment: &BTreeMap<OsString, OsString>, dot_env: &str) -> (Variables, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let mut found = from_dot_env(dot_env, &mut mistakes);
    let mut variables = Variables::default();
    for (name, value) in environment {
        let Some(name) = name.to_str() else { continue };
        if is_ours(name) {
            let origin = format!("environment variable {name}");
            match value.to_str() {
                Some(value) => drop(found.insert(name.to_owned(), (value.to_owned(), origin))),
                None => mistakes.push(Mistake::new(format!("{origin} is not UTF-8 text; set it again."))),
            }
        }
        variables.warnings.extend(one_underscore(name));
    }
    for (name, (value, origin)) in &found {
        if name.to_ascii_uppercase().starts_with(PREFIX) {
            match RULES.iter().find(|rule| rule.variable() == *name) {
                Some(rule) => take(rule, value, origin, &mut variables.full, &mut mistakes),
                None => mistakes.push(unknown(name, origin)),
            }
        }
    }
    plain(&found, &mut variables, &mut mistakes);
    (variables, mistakes)
}

fn is_ours(name: &str) -> bool {
    name.to_ascii_uppercase().starts_with(PREFIX) || PLAIN.iter().any(|(plain, _key)| *plain == name)
}

/// Adds the value of a variable or a flag to one list, or why it cannot be used to the other.
pub(super) fn take(
    rule: &'static Rule,
    value: &str,
    origin: &str,
    into: &mut Vec<Entry>,
    mistakes: &mut Vec<Mistake>,
) {
    match rule.take_text(value) {
        Ok(kind) => into.push(Entry { rule, kind, origin: origin.to_owned() }),
        Err(advice) => mistakes.push(Mistake::new(format!(
            "`{}` = {:?} (from {origin}) cannot be used: {advice}.",
            rule.key,
            mask(value)
        ))),
    }
}

/// A plain variable that its full name overrules may belong to another program, so what it holds is not judged.
fn plain(found: &Found, variables: &mut Variables, mistakes: &mut Vec<Mistake>) {
    for (name, key) in PLAIN {
        let (Some((value, origin)), Some(rule)) = (found.get(name), Rule::of(key)) else { continue };
        match found.get(&rule.variable()) {
            Some((stronger, winner)) if stronger != value => variables.warnings.push(format!(
                "{origin} is not used, because {winner} is set as well and says the same more precisely"
            )),
            Some(_same) => {}
            // Compose files and CI pass an unset variable on as an empty one. No record has an empty address; no queue has.
            None if value.is_empty() && name == "DATABASE_URL" => {}
            None => take(rule, value, origin, &mut variables.plain, mistakes),
        }
    }
}

fn unknown(name: &str, origin: &str) -> Mistake {
    let upper = name.to_ascii_uppercase();
    let key = upper.trim_start_matches(PREFIX).replace("__", ".").to_ascii_lowercase();
    let hint = match Rule::of(&key).or_else(|| meant(&key)) {
        Some(rule) => format!("did you mean {}?", rule.variable()),
        None => "remove it, or see `parkpro --print-config` for the settings there are.".to_owned(),
    };
    Mistake::new(format!("`{key}` (from {origin}) is not a setting; {hint}"))
}

/// `PARKPRO_SERVER_PORT` is an easy slip, but also what Kubernetes sets for a service of that name: no error.
fn one_underscore(name: &str) -> Option<String> {
    if !name.starts_with("PARKPRO_") || name.starts_with(PREFIX) {
        return None;
    }
    let single = name.replace("__", "_");
    let rule = RULES.iter().find(|rule| rule.variable().replace("__", "_") == single)?;
    Some(format!(
        "environment variable {name} is not used; the setting is {}, with two underscores",
        rule.variable()
    ))
}

fn from_dot_env(text: &str, mistakes: &mut Vec<Mistake>) -> Found {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = Cell::new(0);
    let mut found = Found::new();
    // A last line without an end is an error to dotenvy if it has a space behind its value.
    for item in
        dotenvy::from_read_iter(LineByLine { rest: text.as_bytes(), line: &line }.chain("\n".as_bytes()))
    {
        let at = line.get();
        match item {
            Ok((name, value)) if is_ours(&name) => {
                if let Some((_value, first)) = found.get(&name) {
                    let sentence = format!("{name} is set twice, {first} and .env:{at}; remove one of the two.");
                    mistakes.push(Mistake::new(sentence));
                    continue;
                }
                let origin = format!("{name} in .env:{at}");
                found.insert(name, (value, origin));
            }
            Ok(_foreign) => {}
            // The error holds the line, which may hold a password.
            Err(_error) => mistakes.push(Mistake::new(format!(
                ".env:{at} cannot be read; write NAME=value, with the value in single quotes if it has spaces or a $."
            ))),
        }
    }
    found
}

/// Gives one line at a time and counts them, because dotenvy does not say which line it has read.
struct LineByLine<'a> {
    rest: &'a [u8],
    line: &'a Cell<usize>,
}

impl Read for LineByLine<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let end =
            self.rest.iter().position(|&byte| byte == b'\n').map_or(self.rest.len(), |newline| newline + 1);
        let size = end.min(into.len());
        if size == end && size > 0 {
            self.line.set(self.line.get() + 1);
        }
        let (now, later) = self.rest.split_at(size);
        into[..size].copy_from_slice(now);
        self.rest = later;
        Ok(size)
    }
}
