//! The name of the record's history.

use std::time::{Duration, Instant};

use diesel::sql_types::Text;
use diesel_async::AsyncPgConnection;
use parkpro_domain::ports::{Fault, PortError};
use tokio::sync::Mutex;

use crate::{fault::Trouble, reader::Reader, statement::Statement};

/// The cluster, and the timeline that it writes: another one after a standby was promoted or a backup restored. What
/// `pg_control_checkpoint` says would still be the old timeline right after a promotion.
const BY_TIMELINE: &str = "SELECT (SELECT system_identifier FROM pg_control_system())::text || '-' \
     || left(pg_walfile_name(pg_current_wal_lsn()), 8)";

/// Where the functions above are not to be had (some hosted clusters keep them to themselves): the database and its
/// table, which are others after a restore from a dump.
const BY_TABLE: &str = "SELECT 'table-' || (SELECT oid::text FROM pg_database WHERE datname = current_database()) \
     || '-' || 'lots'::regclass::oid::text";

/// How long a name is taken to be true, as long as no connection was opened since.
const FRESH: Duration = Duration::from_secs(1);

const ASKING: &str = "reading the epoch";

/// The name, remembered for a moment, because it is asked for with every question about the queue.
#[derive(Default)]
pub(crate) struct Epoch(Mutex<Known>);

#[derive(Default)]
struct Known {
    name: Option<Name>,
    question: Option<&'static str>,
}

struct Name {
    text: String,
    since: Instant,
    /// How many connections had been opened. A record that was put back to an earlier state has lost them all.
    opened: u64,
}

impl Epoch {
    pub(crate) async fn name(&self, reader: &Reader) -> Result<String, PortError> {
        let mut known = self.0.lock().await;
        let opened = reader.opened();
        let fresh = |name: &&Name| name.since.elapsed() < FRESH && name.opened == opened;
        if let Some(name) = known.name.as_ref().filter(fresh) {
            return Ok(name.text.clone());
        }
        known.ask(reader, opened).await
    }

    /// The statement that reads it.
    pub(crate) async fn question(&self, reader: &Reader) -> Result<&'static str, PortError> {
        let mut known = self.0.lock().await;
        if known.question.is_none() {
            known.ask(reader, reader.opened()).await?;
        }
        Ok(known.question.unwrap_or(BY_TIMELINE))
    }
}

impl Known {
    async fn ask(&mut self, reader: &Reader, opened: u64) -> Result<String, PortError> {
        let question = self.question.unwrap_or(BY_TIMELINE);
        let name = match reader.read(ASKING, move |connection| Box::pin(ask(connection, question))).await {
            Err(error) if self.question.is_none() && is_denied(&error) => {
                tracing::warn!(%error, "the timeline of Postgres cannot be read; its history is named by its tables");
                self.question = Some(BY_TABLE);
                reader.read(ASKING, |connection| Box::pin(ask(connection, BY_TABLE))).await?
            }
            name => name?,
        };
        self.question.get_or_insert(question);
        self.name = Some(Name { text: name.clone(), since: Instant::now(), opened });
        Ok(name)
    }
}

/// Asks on a connection.
pub(crate) async fn ask(connection: &AsyncPgConnection, question: &'static str) -> Result<String, Trouble> {
    let name = Statement::<Text>::new(question, &[]).row(connection).await?;
    name.ok_or(Trouble::Missed { table: "pg_database", rows: 1, touched: 0 })
}

/// Whether the server said that this user, or this server, cannot.
fn is_denied(error: &PortError) -> bool {
    let said = error.source.to_string();
    error.fault == Fault::Unavailable
        && (said.starts_with("permission denied")
            || said.contains("does not exist")
            || said.contains("not supported"))
}
