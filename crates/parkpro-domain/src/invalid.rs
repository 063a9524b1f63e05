//! Why a value from outside was not accepted.

use thiserror::Error;

/// A value that does not mean what it should. `detail` is a sentence for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct Invalid {
    /// Stable, kebab-case: `invalid-plate`.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl Invalid {
    /// A refusal of a value under a stable code.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Parses a short name of lower-case letters, digits, `-` and `_` that begins with a letter or digit.
pub(crate) fn name(text: &str, longest: usize, code: &'static str, what: &str) -> Result<(), Invalid> {
    let fits = (1..=longest).contains(&text.len());
    let letters =
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if fits && letters && begins {
        return Ok(());
    }
    Err(Invalid::new(
        code,
        format!(
            "{what} has 1 to {longest} characters of a-z, 0-9, - and _, and begins with a letter or a digit"
        ),
    ))
}

/// Parses a line of text for people: not empty, no control characters, not too long.
pub(crate) fn line(text: &str, longest: usize, code: &'static str, what: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() || text.chars().count() > longest {
        return Err(Invalid::new(code, format!("{what} has 1 to {longest} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::new(code, format!("{what} has no control characters")));
    }
    Ok(())
}
