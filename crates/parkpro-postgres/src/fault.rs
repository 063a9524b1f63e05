//! What an error of Postgres means for the caller.

use std::{fmt, time::Duration};

use diesel::result::{DatabaseErrorKind, Error};
use parkpro_domain::ports::{Fault, PortError};
use tokio::time::timeout;

/// A fault of Postgres, or a row that makes no sense.
#[derive(Debug)]
pub(crate) enum Trouble {
    Sql(Error),
    Nonsense(Nonsense),
    /// A statement touched another number of rows than there are.
    Missed {
        table: &'static str,
        rows: usize,
        touched: usize,
    },
    /// The server does not answer.
    Silence,
}

/// A row that makes no sense.
#[derive(Debug)]
pub(crate) struct Nonsense {
    pub(crate) table: &'static str,
    pub(crate) row: String,
    pub(crate) column: &'static str,
}

impl fmt::Display for Nonsense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {} makes no sense", self.column, self.table, self.row)
    }
}

impl std::error::Error for Nonsense {}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Nonsense> for Trouble {
    fn from(nonsense: Nonsense) -> Self {
        Self::Nonsense(nonsense)
    }
}

impl Trouble {
    pub(crate) fn while_doing(self, doing: &'static str) -> PortError {
        match self {
            Self::Sql(error) => while_doing(doing, error),
            Self::Nonsense(nonsense) => PortError::new(doing, Fault::Corrupt, nonsense),
            Self::Missed { table, rows, touched } => PortError::new(
                doing,
                Fault::Corrupt,
                format!("{touched} of {rows} rows of {table} were there"),
            ),
            Self::Silence => PortError::new(doing, Fault::Unavailable, "no answer from Postgres"),
        }
    }
}

/// What comes in time. A connection that is silent for so long is of no use any more.
pub(crate) async fn timely<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout(patience, work).await.unwrap_or(Err(Trouble::Silence))
}

fn while_doing(doing: &'static str, error: Error) -> PortError {
    let fault = fault(&error);
    match &error {
        Error::DatabaseError(_, about) if is_pooler(about.message()) => {
            PortError::new(doing, fault, format!("{}: {POOLER}", about.message()))
        }
        _ => PortError::new(doing, fault, error),
    }
}

/// What to do about a pooler that loses prepared statements.
pub(crate) const POOLER: &str = "a pooler in transaction mode stands between that does not keep prepared statements; \
     PgBouncer does from 1.21 on, with max_prepared_statements above 0";

/// What an error before COMMIT means; nothing happened.
///
/// Diesel keeps the SQLSTATE of a few errors only. The others are told by their text, which is English because every
/// session asks for it as far as it may, and most servers speak it anyway.
pub(crate) fn fault(error: &Error) -> Fault {
    let Error::DatabaseError(kind, about) = error else { return Fault::Corrupt };
    match kind {
        DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure => Fault::Conflict,
        DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::ExclusionViolation
        | DatabaseErrorKind::RestrictViolation => Fault::Corrupt,
        _ => by_text(about.message()),
    }
}

fn by_text(text: &str) -> Fault {
    match text {
        "canceling statement due to lock timeout" | "canceling statement due to statement timeout" => {
            Fault::Busy
        }
        "deadlock detected" => Fault::Conflict,
        _ => Fault::Unavailable,
    }
}

/// What it means that COMMIT was not confirmed. Only what says that the transaction was refused is certain.
pub(crate) fn fault_of_commit(trouble: &Trouble) -> Fault {
    match trouble {
        Trouble::Sql(error @ Error::DatabaseError(..)) => match fault(error) {
            certain @ (Fault::Conflict | Fault::Corrupt) => certain,
            _ => Fault::OutcomeUnknown,
        },
        _ => Fault::OutcomeUnknown,
    }
}

/// Whether the server says that it can only be read.
pub(crate) fn is_read_only(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _))
}

/// Whether somebody between lost a prepared statement.
pub(crate) fn is_pooler(text: &str) -> bool {
    text.contains("prepared statement \"")
        && (text.contains("does not exist") || text.contains("already exists"))
}
