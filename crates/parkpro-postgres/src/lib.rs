//! The record on Postgres.
//!
//! [`PgRecord`] implements the ports [`Ledger`] and [`Records`]. One or two tasks write, each with a connection of its
//! own: whatever requests wait when a transaction ends share the next one. Reads have a pool. Nothing of Diesel or of the
//! driver is visible outside.

mod address;
mod claim;
mod clock;
mod connect;
mod discounts;
mod epoch;
mod facts;
mod fault;
mod gate;
mod lock;
mod migrate;
mod reader;
mod records;
mod rows;
mod session;
mod statement;
mod tariffs;
mod tls;
mod transaction;
mod write;
mod writer;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use parkpro_domain::{
    ports::{Answer, Ledger, LedgerError, PortError, Request, Witness},
    protocol::Rules,
    time::Timestamp,
};
use tokio::runtime::Handle;

pub use self::{clock::Timekeeping, connect::OpenError, reader::PoolState};
use self::{
    connect::Connector,
    epoch::Epoch,
    gate::Gate,
    reader::Reader,
    session::Session,
    transaction::PgTransaction,
    writer::{Terms, Writers},
};

/// The most requests that share a transaction.
const LARGEST_BATCH: usize = 256;

/// Where the record is, and how much of the server it uses.
#[derive(Clone)]
pub struct PgSettings {
    /// `postgres://user:password@host:port/database`, with the options of libpq. `sslmode` is `disable`, `prefer` (the
    /// default: TLS if the server has it, with any certificate), `require` or `verify-full` (the certificate must be
    /// trusted and for the host) or `verify-ca` (it must be trusted). Trusted is what the system trusts, or what is in
    /// the file that `sslrootcert` names.
    pub url: String,
    /// Connections that answer reads.
    pub connections: usize,
    /// Connections that write, 1 or 2.
    pub write_connections: usize,
    /// Whether a pooler in transaction mode stands between. It must keep prepared statements (PgBouncer from 1.21 on
    /// with `max_prepared_statements` above 0), and the role should have `lc_messages = 'C'` unless the server speaks
    /// English anyway.
    pub transaction_pooler: bool,
    /// After how long the server counts as unreachable.
    pub connect_timeout: Duration,
    /// How many requests may wait for their turn.
    pub queue_length: usize,
    /// The most requests that share a transaction, 1 to 256.
    pub batch: usize,
    /// Whose time holds.
    pub time: Timekeeping,
}

impl PgSettings {
    /// The usual settings for a server.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 8,
            write_connections: 1,
            transaction_pooler: false,
            connect_timeout: Duration::from_secs(5),
            queue_length: 4096,
            batch: 128,
            time: Timekeeping::Database,
        }
    }
}

/// Without the address, because that holds the password.
impl fmt::Debug for PgSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgSettings")
            .field("connections", &self.connections)
            .field("write_connections", &self.write_connections)
            .field("transaction_pooler", &self.transaction_pooler)
            .field("connect_timeout", &self.connect_timeout)
            .field("queue_length", &self.queue_length)
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

/// The record on Postgres: writes and reads it. Instances that share a database share the lots.
pub struct PgRecord {
    writers: Writers,
    reader: Reader,
    epoch: Epoch,
}

impl PgRecord {
    /// Connects, brings the tables up to date and starts the writing tasks on the runtime of the caller, which must
    /// outlive the record.
    pub async fn open(
        settings: PgSettings,
        rules: Rules,
        witness: Arc<dyn Witness>,
    ) -> Result<Self, OpenError> {
        let runtime = Handle::current();
        let session = if settings.transaction_pooler { Session::Pooled } else { Session::Own };
        let connector = Arc::new(Connector::new(&settings.url, session, settings.connect_timeout)?);
        migrate::up(&connector, &runtime).await?;
        let reader =
            Reader::new(&connector, settings.connections.max(1), settings.connect_timeout, runtime.clone())
                .map_err(OpenError::Address)?;
        let gate = Arc::new(Gate::default());
        let transaction =
            |_| PgTransaction::new(Arc::clone(&connector), settings.time.clone(), Arc::clone(&gate));
        let transactions = (0..settings.write_connections.clamp(1, 2)).map(transaction).collect();
        let terms = Terms { rules, witness, batch: settings.batch.clamp(1, LARGEST_BATCH) };
        let writers = Writers::start(&runtime, transactions, &terms, settings.queue_length.max(1));
        Ok(Self { writers, reader, epoch: Epoch::default() })
    }

    /// The connections that answer reads.
    pub fn pool_state(&self) -> PoolState {
        self.reader.state()
    }

    /// How many requests wait for their turn.
    pub fn in_line(&self) -> usize {
        self.writers.in_line()
    }
}

#[async_trait]
impl Ledger for PgRecord {
    async fn change(&self, request: Request) -> Result<Answer, LedgerError> {
        self.writers.change(request).await
    }

    async fn forget_keys(&self, used_before: Timestamp, most: u32) -> Result<u32, PortError> {
        let (before, most) = (used_before.micros(), i64::from(most));
        self.reader
            .alone("forgetting idempotency keys", move |connection| {
                Box::pin(claim::forget(connection, before, most))
            })
            .await
    }

    async fn close(&self) {
        self.writers.close().await;
    }
}
