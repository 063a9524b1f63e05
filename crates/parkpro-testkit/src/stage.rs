//! What a test needs of an adapter: a record that can be opened, closed and opened again.

use std::sync::Arc;

use async_trait::async_trait;
use parkpro_domain::{
    ports::{Clock, Ledger, Records, WaitingQueue, Witness},
    protocol::Rules,
};

use crate::memory::{MemoryQueue, MemoryRecord, MemoryStore};

/// Where one test plays: one record, empty at first, and perhaps an index of the queue. Each test gets a new one.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Opens the record: empty the first time, afterwards as it was left. It MUST take the time from this clock.
    async fn open(&self, with: With) -> Opened;

    /// Opens the record a second time while it is open, as another instance of the program would; none if the adapter
    /// lets only one do that.
    async fn open_beside(&self, with: With) -> Option<Opened> {
        let _alone = with;
        None
    }

    /// The index of the queue, empty; none if places are asked of the record.
    async fn index(&self) -> Option<Arc<dyn WaitingQueue>> {
        None
    }
}

/// What the test gives to the record.
#[derive(Clone)]
pub struct With {
    /// The only time there is.
    pub clock: Arc<dyn Clock>,
    /// What a stay costs.
    pub rules: Rules,
    /// Whom to tell of commits.
    pub witness: Arc<dyn Witness>,
}

/// An open record.
#[derive(Clone)]
pub struct Opened {
    /// Where it is changed.
    pub ledger: Arc<dyn Ledger>,
    /// Where it is read.
    pub records: Arc<dyn Records>,
}

/// The stage of the record in memory.
pub struct MemoryStage {
    store: MemoryStore,
    batch: usize,
    indexed: bool,
}

impl MemoryStage {
    /// With turns of at most so many requests; with or without an index beside the record.
    pub fn new(batch: usize, indexed: bool) -> Self {
        Self { store: MemoryStore::default(), batch, indexed }
    }

    fn record(&self, With { clock, rules, witness }: With) -> Opened {
        let record = MemoryRecord::new(self.store.clone(), clock, rules, witness, self.batch);
        Opened { ledger: Arc::new(record.clone()), records: Arc::new(record) }
    }
}

#[async_trait]
impl Stage for MemoryStage {
    async fn open(&self, with: With) -> Opened {
        self.record(with)
    }

    async fn open_beside(&self, with: With) -> Option<Opened> {
        Some(self.record(with))
    }

    async fn index(&self) -> Option<Arc<dyn WaitingQueue>> {
        let index: Arc<dyn WaitingQueue> = Arc::new(MemoryQueue::default());
        Some(index).filter(|_| self.indexed)
    }
}
