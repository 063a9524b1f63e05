//! Which tariff, and which state of it.

use std::fmt;

use smol_str::SmolStr;

use crate::invalid::{self, Invalid};

/// Names a tariff: a slug that its operator chose (`short-term`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TariffId(SmolStr);

impl TariffId {
    /// Reads 1 to 63 characters of a-z, 0-9, - and _.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        invalid::name(text, 63, "invalid-tariff-id", "the id of a tariff")?;
        Ok(Self(text.into()))
    }

    /// That of the setting, which holds in every lot that has been given no other.
    pub const fn usual() -> Self {
        Self(SmolStr::new_static("default"))
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TariffId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a state of a tariff that was published, and so never changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TariffVersion {
    /// Which tariff.
    pub tariff: TariffId,
    /// Counts what was published of it, from 1.
    pub number: i64,
}

impl TariffVersion {
    /// Puts a version together from a record's two columns, which are both there or both not.
    pub fn stored(tariff: Option<&str>, number: Option<i64>) -> Result<Option<Self>, Invalid> {
        match (tariff, number) {
            (None, None) => Ok(None),
            (Some(tariff), Some(number)) => Ok(Some(Self { tariff: TariffId::parse(tariff)?, number })),
            _ => Err(Invalid::new("invalid-tariff-version", "a version is a tariff and a number")),
        }
    }
}

impl fmt::Display for TariffVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tariff, self.number)
    }
}
