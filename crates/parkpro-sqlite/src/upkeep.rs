//! What the writer does between turns.

use diesel::{connection::SimpleConnection, prelude::*, sql_types::BigInt};
use parkpro_domain::time::Timestamp;

use crate::{checkpoints::checkpoint, fault::Failure, transaction::SqliteTransaction};

impl SqliteTransaction {
    /// Forgets old keys, oldest first, which is the order in which they lie; how many.
    pub(crate) fn forget(&mut self, used_before: Timestamp, most: u32) -> Result<u32, Failure> {
        let oldest = diesel::sql_query(
            "DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency ORDER BY rowid LIMIT ?) \
             AND created_at < ?",
        );
        let forgotten = oldest
            .bind::<BigInt, _>(i64::from(most))
            .bind::<BigInt, _>(used_before.micros())
            .execute(&mut self.connection)?;
        Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    /// An empty transaction. After a fault a written one, because only that shows that the fault is over.
    pub(crate) fn check(&mut self, after_fault: bool) -> Result<(), Failure> {
        self.begin_now()?;
        let written = if after_fault {
            self.connection.batch_execute("UPDATE epoch SET value = value").map_err(Failure::from)
        } else {
            Ok(())
        };
        let checked = written.and_then(|()| self.commit_now());
        if checked.is_err() {
            self.undo();
        }
        checked
    }

    /// Folds what is left of a long log into the file; whether that was all, so that the next turn begins it anew.
    pub(crate) fn fold(&mut self) -> bool {
        match checkpoint(&mut self.connection) {
            Ok(folded) => folded.all(),
            Err(error) => {
                tracing::warn!(%error, "the log cannot be folded into the file; it grows");
                false
            }
        }
    }

    /// Folds the log into the file, so that the file alone is the record.
    pub(crate) fn finish(&mut self) {
        if let Err(error) = self.connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the log stays beside the file; the next start reads it");
        }
    }
}
