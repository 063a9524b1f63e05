//! The tariffs that this instance has met, ready to price stays.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use super::{
    engine::Tariff,
    series::{DocumentText, Language},
    version::TariffVersion,
};
use crate::invalid::Invalid;

/// Published versions never change, so each is read once.
#[derive(Debug)]
pub struct Tariffs {
    language: Arc<dyn Language>,
    ready: RwLock<HashMap<TariffVersion, Arc<Tariff>>>,
    usual: OnceLock<TariffVersion>,
}

/// More are not kept; who has so many reads them again.
const MOST: usize = 4_096;

impl Tariffs {
    /// None yet.
    pub fn new(language: Arc<dyn Language>) -> Self {
        Self { language, ready: RwLock::default(), usual: OnceLock::new() }
    }

    /// The version that holds in every lot that has been given none; none until the record was asked for it.
    pub fn usual(&self) -> Option<&TariffVersion> {
        self.usual.get()
    }

    /// Says which version that is. The first word counts.
    pub fn set_usual(&self, version: TariffVersion) {
        drop(self.usual.set(version));
    }

    /// A version, if it is ready.
    pub fn get(&self, version: &TariffVersion) -> Option<Arc<Tariff>> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).get(version).cloned()
    }

    /// Makes a version ready by what the record keeps of it.
    pub fn learn(&self, version: TariffVersion, text: &DocumentText) -> Result<Arc<Tariff>, Invalid> {
        let tariff = Arc::new(self.language.read(text)?);
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        if ready.len() >= MOST {
            ready.clear();
        }
        ready.insert(version, Arc::clone(&tariff));
        Ok(tariff)
    }
}
