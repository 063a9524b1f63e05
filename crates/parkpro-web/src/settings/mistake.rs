//! What is wrong with the settings, in sentences for the operator.

use std::fmt;

use thiserror::Error;

use super::excerpt::Excerpt;

/// Why the settings cannot be used: every mistake that was found, each with the setting, its origin and what to do.
/// Passwords in it are masked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct SettingsError {
    mistakes: Vec<Mistake>,
}

impl SettingsError {
    pub(super) fn new(mistakes: Vec<Mistake>) -> Self {
        Self { mistakes }
    }

    /// One sentence per mistake, without the line of the file.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        self.mistakes.iter().map(|mistake| mistake.sentence.as_str())
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.mistakes.as_slice() {
            return only.fmt(f);
        }
        write!(f, "{} mistakes in the settings:", self.mistakes.len())?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n\n{mistake}"))
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    sentence: String,
    excerpt: Option<Excerpt>,
}

impl Mistake {
    /// A mistake outside of any settings file.
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), excerpt: None }
    }

    /// A mistake in a line of a settings file.
    pub(super) fn at(excerpt: Excerpt, sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), excerpt: Some(excerpt) }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }
}
