//! Ringing several bells, some of which are hung later.

use std::sync::{Arc, OnceLock};

use parkpro_domain::{
    lot::{LotId, Version},
    ports::Bell,
};
use tokio::sync::Notify;

/// Bells that ring together. Before they are hung there is nobody to hear them.
#[derive(Default)]
pub(super) struct Bells(OnceLock<Vec<Arc<dyn Bell>>>);

impl Bells {
    /// Hangs them, once.
    pub(super) fn hang(&self, bells: Vec<Arc<dyn Bell>>) {
        self.0.get_or_init(|| bells);
    }
}

impl Bell for Bells {
    fn ring(&self, lot: &LotId, version: Version) {
        for bell in self.0.get().into_iter().flatten() {
            bell.ring(lot, version);
        }
    }
}

/// Wakes a task; what was rung meanwhile wakes it once.
#[derive(Default)]
pub(super) struct Rung(Notify);

impl Rung {
    /// Waits for the next ring.
    pub(super) async fn heard(&self) {
        self.0.notified().await;
    }
}

impl Bell for Rung {
    fn ring(&self, _lot: &LotId, _version: Version) {
        self.0.notify_one();
    }
}
