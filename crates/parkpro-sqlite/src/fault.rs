//! What a fault of SQLite means for whoever asked.

use diesel::result::{DatabaseErrorKind, Error};
use parkpro_domain::ports::{Fault, PortError};
use thiserror::Error;

/// What went wrong in a step, before it is said what the step was for.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// SQLite or Diesel refused.
    #[error(transparent)]
    Database(#[from] Error),
    /// What was read makes no sense.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
}

/// A row that no version of the program has written.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("table {table}, row {row}: the column {column} makes no sense")]
pub(crate) struct Nonsense {
    /// Of which table.
    pub(crate) table: &'static str,
    /// What names the row.
    pub(crate) row: String,
    /// Where the first senseless value is.
    pub(crate) column: &'static str,
}

impl Failure {
    /// The fault of a port that was doing this.
    pub(crate) fn during(self, doing: &'static str) -> PortError {
        let fault = match &self {
            Self::Nonsense(_) => Fault::Corrupt,
            Self::Database(error) => meaning(error),
        };
        PortError::new(doing, fault, self)
    }

    /// The same for a COMMIT. What the disk failed to sync may be in the file all the same.
    pub(crate) fn during_commit(self, doing: &'static str) -> PortError {
        let mut error = self.during(doing);
        if error.source.to_string().contains("I/O error") {
            error.fault = Fault::OutcomeUnknown;
        }
        error
    }
}

/// Diesel keeps the kind of a broken constraint, but of every other fault of SQLite only the English text, which SQLite
/// does not translate.
fn meaning(error: &Error) -> Fault {
    let Error::DatabaseError(kind, said) = error else {
        return if matches!(error, Error::BrokenTransactionManager) {
            Fault::Unavailable
        } else {
            Fault::Corrupt
        };
    };
    let said = said.message();
    match kind {
        DatabaseErrorKind::UniqueViolation => Fault::Conflict,
        DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation => Fault::Corrupt,
        _ if said.contains("is locked") => Fault::Busy,
        _ if said.contains("malformed") || said.contains("not a database") => Fault::Corrupt,
        _ => Fault::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: DatabaseErrorKind, said: &str) -> Fault {
        Failure::from(Error::DatabaseError(kind, Box::new(said.to_owned()))).during("testing").fault
    }

    #[test]
    fn every_fault_has_its_meaning() {
        use DatabaseErrorKind::{CheckViolation, UniqueViolation, Unknown};
        assert_eq!(fault(UniqueViolation, "UNIQUE constraint failed: tickets.id"), Fault::Conflict);
        assert_eq!(fault(CheckViolation, "CHECK constraint failed: counts_fit"), Fault::Corrupt);
        assert_eq!(fault(Unknown, "database is locked"), Fault::Busy);
        assert_eq!(fault(Unknown, "database or disk is full"), Fault::Unavailable);
        assert_eq!(fault(Unknown, "disk I/O error"), Fault::Unavailable);
        assert_eq!(fault(Unknown, "attempt to write a readonly database"), Fault::Unavailable);
        assert_eq!(fault(Unknown, "database disk image is malformed"), Fault::Corrupt);
    }

    #[test]
    fn a_commit_that_the_disk_failed_may_be_there() {
        let said = |said: &str| {
            let error = Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(said.to_owned()));
            Failure::from(error).during_commit("testing").fault
        };
        assert_eq!(said("disk I/O error"), Fault::OutcomeUnknown);
        assert_eq!(said("database or disk is full"), Fault::Unavailable);
    }

    #[test]
    fn nonsense_names_its_place() {
        let nonsense = Nonsense { table: "slots", row: "1/7".to_owned(), column: "rank" };
        let error = Failure::from(nonsense).during("reading a slot");
        assert_eq!(error.fault, Fault::Corrupt);
        assert_eq!(error.to_string(), "reading a slot: table slots, row 1/7: the column rank makes no sense");
    }
}
