//! Addresses of the record and of the queue, and how to speak of them without giving away a password.

use std::{fmt, path::PathBuf};

use parkpro_domain::invalid::Invalid;
use serde::Deserialize;

/// An address that may hold a password. What it shows of itself never does.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionUrl(String);

impl ConnectionUrl {
    /// Keeps the address as it is.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The address with its password, for the driver that connects. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The address with `***` in place of every password.
impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

/// The same as [`fmt::Display`]: a forgotten `{:?}` gives nothing away either.
impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the record is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum StoreUrl {
    /// `sqlite:PATH` or `sqlite://PATH`: a file, relative to the working directory.
    Sqlite(PathBuf),
    /// `postgres://…` or `postgresql://…`.
    Postgres(ConnectionUrl),
}

impl StoreUrl {
    /// Reads the address of a record. The rest of a Postgres address is for its driver to judge.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return sqlite(path.strip_prefix("//").unwrap_or(path));
        }
        if remote(text, &["postgres://", "postgresql://"])? {
            return Ok(Self::Postgres(ConnectionUrl::new(text)));
        }
        Err(wrong("write sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME"))
    }
}

impl TryFrom<String> for StoreUrl {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

fn sqlite(path: &str) -> Result<StoreUrl, Invalid> {
    if path.is_empty() {
        return Err(wrong(
            "the path of the file is missing; write sqlite:PATH, such as sqlite:data/parkpro.db",
        ));
    }
    if path.contains(":memory:") {
        return Err(wrong("a record in memory would be lost with the program; write the path of a file"));
    }
    if path.contains('?') {
        return Err(wrong("options after ? are not known here; write the path of the file alone"));
    }
    if path.ends_with('/') || path.contains('\0') {
        return Err(wrong("that cannot be the path of a file; write one such as sqlite:data/parkpro.db"));
    }
    Ok(StoreUrl::Sqlite(path.into()))
}

/// Who answers for the order of the waiting vehicles.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum QueueUrl {
    /// The record itself: the setting is empty.
    Record,
    /// `redis://…`, or `rediss://…` with TLS.
    Redis(ConnectionUrl),
}

impl QueueUrl {
    /// Reads the address of a Redis, or nothing.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Ok(Self::Record);
        }
        if remote(text, &["redis://", "rediss://"])? {
            return Ok(Self::Redis(ConnectionUrl::new(text)));
        }
        Err(wrong(
            "write redis://USER:PASSWORD@HOST:PORT/NUMBER, rediss:// for TLS, or nothing to do without Redis",
        ))
    }
}

impl TryFrom<String> for QueueUrl {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

/// Whether the address begins with one of the schemes; if it does, it must go on.
fn remote(text: &str, schemes: &[&str]) -> Result<bool, Invalid> {
    let Some(rest) = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)) else {
        return Ok(false);
    };
    if rest.is_empty() {
        return Err(wrong("the host is missing"));
    }
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(wrong("an address has no spaces; write %20 for one in a password"));
    }
    Ok(true)
}

fn wrong(detail: &str) -> Invalid {
    Invalid::new("invalid-address", detail)
}

/// The text with `***` in place of whatever may be a password in an address.
///
/// Rather too much than too little: a password with an unescaped `@`, `/` or `?` in it must not show through, so the
/// login ends at the **last** `@`.
pub(super) fn mask(text: &str) -> String {
    if text.starts_with("sqlite:") {
        return text.to_owned();
    }
    match text.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", parameters(&login(rest, scheme.contains("redis")))),
        None => match named_secret(text) {
            Some(value) => format!("{}***", &text[..value]),
            None => login(text, false),
        },
    }
}

/// Masks what stands between the first `:` and the last `@`; for Redis a lone word before `@`, which often is a password.
fn login(rest: &str, lone_word: bool) -> String {
    match rest.rsplit_once('@') {
        Some((login, place)) => match login.split_once(':') {
            Some((user, _password)) => format!("{user}:***@{place}"),
            None if lone_word => format!("***@{place}"),
            None => rest.to_owned(),
        },
        None => no_host(rest),
    }
}

/// Masks the password of `user:password` where the host was forgotten: what follows the `:` is no port.
fn no_host(rest: &str) -> String {
    let end = rest.find(['/', '?', '#', '"', '\'']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    match authority.split_once(':') {
        Some((user, word))
            if !user.starts_with('[') && word.contains(char::is_alphabetic) && !word.contains(',') =>
        {
            format!("{user}:***{tail}")
        }
        _ => rest.to_owned(),
    }
}

/// Masks the values of parameters such as `?password=`.
fn parameters(rest: &str) -> String {
    rest.split_inclusive(['?', '&', ';', '#', '"'])
        .map(|piece| match named_secret(piece) {
            Some(value) => {
                let end = piece.strip_suffix(['?', '&', ';', '#', '"']).unwrap_or(piece).len();
                format!("{}***{}", &piece[..value], &piece[end.max(value)..])
            }
            None => piece.to_owned(),
        })
        .collect()
}

/// Where the value of the first `name=value` begins whose name is one of a secret.
fn named_secret(text: &str) -> Option<usize> {
    text.match_indices('=').map(|(at, _)| at).find(|&at| is_secret_name(&text[..at])).map(|at| at + 1)
}

/// Whether a name ends in a word that secrets are named by.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.trim_end().to_ascii_lowercase();
    let last =
        name.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '-').next();
    last.is_some_and(|last| ["pass", "pwd", "secret", "token"].iter().any(|word| last.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_shows() {
        for (address, shown) in [
            ("postgres://user:hunter2@db:5432/parkpro", "postgres://user:***@db:5432/parkpro"),
            ("postgres://user@db/parkpro", "postgres://user@db/parkpro"),
            ("postgres://db/parkpro", "postgres://db/parkpro"),
            ("postgres://a:1,b:2/parkpro", "postgres://a:1,b:2/parkpro"),
            ("postgres://user:hun@ter/2@db/parkpro", "postgres://user:***@db/parkpro"),
            ("postgres://user:hun?ter2@db/parkpro", "postgres://user:***@db/parkpro"),
            ("postgres://user:hunter2", "postgres://user:***"),
            ("postgres://user:hunter2/parkpro", "postgres://user:***/parkpro"),
            (
                "postgres://db/parkpro?password=hunter2&sslmode=require",
                "postgres://db/parkpro?password=***&sslmode=require",
            ),
            (
                "postgres://db/parkpro?sslmode=require&sslpassword=hunter2",
                "postgres://db/parkpro?sslmode=require&sslpassword=***",
            ),
            ("postgres://[::1]:5432/parkpro", "postgres://[::1]:5432/parkpro"),
            ("redis://:hunter2@cache:6379/0", "redis://:***@cache:6379/0"),
            ("redis://hunter2@cache", "redis://***@cache"),
            ("rediss://user:hunter2@cache", "rediss://user:***@cache"),
            ("mysql://root:hunter2@db", "mysql://root:***@db"),
            ("root:hunter2@db/parkpro", "root:***@db/parkpro"),
            ("host=db password='hunter 2' user=x", "host=db password=***"),
            ("sqlite:data/a@b:c@d.db", "sqlite:data/a@b:c@d.db"),
            ("data/parkpro.db", "data/parkpro.db"),
            ("url = \"postgres://user:hunter2@db\" # here", "url = \"postgres://user:***@db\" # here"),
            ("", ""),
        ] {
            assert_eq!(mask(address), shown, "{address}");
            let url = ConnectionUrl::new(address);
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
            assert_eq!(url.expose(), address);
        }
    }

    #[test]
    fn a_store_is_a_file_or_a_server() {
        for (text, path) in [
            ("sqlite:data/parkpro.db", "data/parkpro.db"),
            ("sqlite://data/parkpro.db", "data/parkpro.db"),
            ("sqlite:///var/lib/parkpro.db", "/var/lib/parkpro.db"),
            ("sqlite:/var/lib/parkpro.db", "/var/lib/parkpro.db"),
        ] {
            assert_eq!(StoreUrl::parse(text).unwrap(), StoreUrl::Sqlite(path.into()), "{text}");
        }
        for text in ["postgres://u:p@h/db", "postgresql://h"] {
            assert_eq!(
                StoreUrl::parse(text).unwrap(),
                StoreUrl::Postgres(ConnectionUrl::new(text)),
                "{text}"
            );
        }
        for wrong in [
            "",
            "data/parkpro.db",
            "mysql://h/db",
            "postgres:",
            "postgres://",
            "postgres://h/a b",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:x.db?mode=rwc",
            "sqlite:data/",
            "redis://h",
        ] {
            assert!(StoreUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_queue_is_redis_or_the_record() {
        assert_eq!(QueueUrl::parse("").unwrap(), QueueUrl::Record);
        for text in ["redis://h", "rediss://:p@h:6379/0"] {
            assert_eq!(QueueUrl::parse(text).unwrap(), QueueUrl::Redis(ConnectionUrl::new(text)), "{text}");
        }
        for wrong in ["localhost:6379", "redis:", "redis://", "http://h", " redis://h"] {
            assert!(QueueUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
