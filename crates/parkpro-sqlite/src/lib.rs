//! The record in a SQLite file.
//!
//! [`SqliteRecord`] implements the ports [`Ledger`] and [`Records`]. One thread writes: whatever requests wait when a
//! transaction ends share the next one, so that one sync of the disk answers many. A few threads read, each in a
//! transaction of its own, and never wait for the writer. Nothing of Diesel is visible outside.

mod checkpoints;
mod connect;
mod discounts;
mod disk;
mod facts;
mod fault;
mod keys;
mod lots;
mod reader;
mod records;
mod rows;
mod schema;
mod statement;
mod tariffs;
mod transaction;
mod upkeep;
mod write;
mod writer;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use parkpro_domain::{
    ports::{Answer, BoxError, Clock, Ledger, LedgerError, PortError, Request, Witness},
    protocol::Rules,
    time::Timestamp,
};

pub use self::connect::OpenError;
use self::{
    connect::Place,
    reader::Readers,
    transaction::SqliteTransaction,
    writer::{Terms, Writer},
};

/// Where the record is, and how much of the machine it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteSettings {
    /// The file. It and its folder are made if they are missing. It cannot be in memory.
    pub path: PathBuf,
    /// MiB of pages of the file that each connection keeps.
    pub page_cache_mb: u32,
    /// Connections that answer reads, at least 1.
    pub readers: usize,
    /// How many requests, and how many reads, may wait; one more is refused.
    pub queue_length: usize,
    /// The most requests that share a transaction, 1 to 256.
    pub batch: usize,
}

/// The record in a SQLite file. Nobody else can open the file until this is closed.
pub struct SqliteRecord {
    writer: Writer,
    readers: Readers,
    epoch: String,
}

impl SqliteRecord {
    /// Opens the record, made and migrated if need be. It blocks for as long as that takes.
    ///
    /// The clock is asked once a turn, and the witness sees every change.
    pub fn open(
        settings: SqliteSettings,
        clock: Arc<dyn Clock>,
        rules: Rules,
        witness: Arc<dyn Witness>,
    ) -> Result<Self, OpenError> {
        let SqliteSettings { path, page_cache_mb, readers, queue_length, batch } = settings;
        let unwell = |source: BoxError| OpenError::Unwell { path: path.clone(), source };
        let place = Place::claim(&path, page_cache_mb)?;
        let (connection, epoch) = place.prepare()?;
        let connections = (0..readers.max(1)).map(|_| place.reader()).collect::<Result<_, _>>();
        let durability = Arc::clone(place.durability());
        let reading = Arc::default();
        let readers = Readers::start(connections.map_err(unwell)?, queue_length, &durability, &reading);
        let readers = readers.map_err(|error| unwell(error.into()))?;
        let sync = place.sync_of_log().map_err(|error| unwell(error.into()))?;
        let checkpoints = place.checkpoints().map_err(unwell)?;
        let transaction = SqliteTransaction::new(connection, place, clock);
        let transaction = transaction.map_err(|error| unwell(error.into()))?;
        let terms = Terms { queue_length, batch, rules, witness, sync, durability, reading };
        let writer = Writer::start(transaction, checkpoints, terms);
        let writer = writer.map_err(|error| unwell(error.into()))?;
        Ok(Self { writer, readers, epoch })
    }

    /// How many changes wait for their turn.
    pub fn in_line(&self) -> usize {
        self.writer.in_line()
    }
}

#[async_trait]
impl Ledger for SqliteRecord {
    async fn change(&self, request: Request) -> Result<Answer, LedgerError> {
        self.writer.change(request).await
    }

    async fn forget_keys(&self, used_before: Timestamp, most: u32) -> Result<u32, PortError> {
        self.writer.forget_keys(used_before, most).await
    }

    async fn close(&self) {
        self.writer.refuse();
        self.readers.close().await;
        self.writer.close().await;
    }
}
