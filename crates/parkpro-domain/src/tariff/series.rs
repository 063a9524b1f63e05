//! A tariff through time: what was published of it, and what may be next.

use std::{fmt, sync::Arc};

use super::{
    engine::Tariff,
    version::{TariffId, TariffVersion},
};
use crate::{invalid::Invalid, time::Timestamp};

/// A document as records keep it: text in a language that neither they nor the car park know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocumentText(Arc<str>);

impl DocumentText {
    /// A text that [`Language`] has written, or that a record has kept.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the texts of documents mean.
pub trait Language: Send + Sync + fmt::Debug {
    /// Reads a text that was checked before it was kept.
    fn read(&self, text: &DocumentText) -> Result<Tariff, Invalid>;
}

/// A state of a tariff that was published. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Counts what was published of the tariff, from 1.
    pub number: i64,
    /// What it says.
    pub document: DocumentText,
    /// When it was published.
    pub at: Timestamp,
}

/// A tariff through time. What is neither published nor drafted is not there, and may become so again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Which tariff.
    pub id: TariffId,
    /// Counts its changes, from 1.
    pub revision: i64,
    /// What may be published next.
    pub draft: Option<DocumentText>,
    /// What was published last.
    pub newest: Option<Published>,
}

impl Series {
    /// Whether there is anything in it.
    pub const fn is_there(&self) -> bool {
        self.draft.is_some() || self.newest.is_some()
    }

    /// The version that was published last.
    pub fn newest_version(&self) -> Option<TariffVersion> {
        self.newest.as_ref().map(|newest| TariffVersion { tariff: self.id.clone(), number: newest.number })
    }
}
