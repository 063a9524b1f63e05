//! An index of the queue that goes away and comes back on demand.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use parkpro_domain::{
    lot::{LotId, Version},
    ports::{
        Fault, IndexOutcome, IndexState, LoadOutcome, Place, PortError, QueueDelta, QueueSnapshot,
        WaitingQueue,
    },
    ticket::TicketId,
};

/// Any index, and a switch.
pub struct FaultyQueue {
    inner: Arc<dyn WaitingQueue>,
    down: AtomicBool,
}

impl FaultyQueue {
    /// An index that is up.
    pub const fn new(inner: Arc<dyn WaitingQueue>) -> Self {
        Self { inner, down: AtomicBool::new(false) }
    }

    /// Takes it down, or up again; what it held it still holds.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&dyn WaitingQueue, PortError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(PortError::new("asking the queue", Fault::Unavailable, "it was taken down"));
        }
        Ok(&*self.inner)
    }
}

#[async_trait]
impl WaitingQueue for FaultyQueue {
    async fn apply(&self, epoch: String, delta: QueueDelta) -> Result<IndexOutcome, PortError> {
        self.up()?.apply(epoch, delta).await
    }

    async fn load(&self, snapshot: QueueSnapshot) -> Result<LoadOutcome, PortError> {
        self.up()?.load(snapshot).await
    }

    async fn position(
        &self,
        epoch: String,
        lot: LotId,
        ticket: TicketId,
        at_least: Version,
    ) -> Result<Option<Place>, PortError> {
        self.up()?.position(epoch, lot, ticket, at_least).await
    }

    async fn states(&self, lots: Vec<LotId>) -> Result<Vec<Option<IndexState>>, PortError> {
        self.up()?.states(lots).await
    }

    async fn forget(&self, lot: LotId) -> Result<(), PortError> {
        self.up()?.forget(lot).await
    }
}
