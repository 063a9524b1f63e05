//! What the writer does between turns.

use diesel::connection::SimpleConnection;

use crate::{checkpoints::checkpoint, fault::Failure, transaction::SqliteTransaction};

impl SqliteTransaction {
    /// An empty transaction. After a fault a written one, because only that shows that the fault is over.
    pub(crate) fn check(&mut self, after_fault: bool) -> Result<(), Failure> {
        self.alone(|transaction| {
            if after_fault {
                transaction.connection.batch_execute("UPDATE epoch SET value = value")?;
            }
            Ok(())
        })
    }

    /// Folds what is left of a long log into the file, so that the next turn begins it anew.
    pub(crate) fn fold(&mut self) {
        if let Err(error) = checkpoint(&mut self.connection) {
            tracing::warn!(%error, "the log cannot be folded into the file; it grows");
        }
    }

    /// Folds the log into the file, so that the file alone is the record.
    pub(crate) fn finish(&mut self) {
        if let Err(error) = self.connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the log stays beside the file; the next start reads it");
        }
    }
}
