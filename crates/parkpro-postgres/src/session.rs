//! What every session is told before it is used.
//!
//! A session of our own keeps what it is told. Behind a pooler in transaction mode nothing is kept, so every transaction
//! is told anew, in the same message as its BEGIN.

/// Who keeps the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    /// It is ours as long as the connection lives.
    Own,
    /// A pooler hands out another one for every transaction.
    Pooled,
}

/// How long a session waits for a lock, for a transaction that was less patient for a while.
pub(crate) const PATIENT: &str = "SET LOCAL lock_timeout = '2s'";

/// What holds for a session, with `SET` or `SET LOCAL` in place of the `@`.
///
/// Every statement of this crate finds its rows by key. The planner's switches, and rows that cost more than pages, keep it
/// from ever thinking that it would be cheaper to read a whole table: such a guess is made from old statistics, and wrong
/// for long once it is cached.
macro_rules! manners {
    ($set:literal) => {
        concat!(
            $set,
            " lock_timeout = '2s'; ",
            $set,
            " statement_timeout = '5s'; ",
            $set,
            " idle_in_transaction_session_timeout = '5s'; ",
            $set,
            " jit = off; ",
            $set,
            " max_parallel_workers_per_gather = 0; ",
            $set,
            " plan_cache_mode = force_generic_plan; ",
            $set,
            " enable_seqscan = off; ",
            $set,
            " enable_hashjoin = off; ",
            $set,
            " enable_mergejoin = off; ",
            $set,
            " enable_sort = off; ",
            $set,
            " enable_memoize = off; ",
            $set,
            " cpu_tuple_cost = 100",
        )
    };
}

const KEPT: &str = manners!("SET");
/// Errors are told apart by their text. Not everybody may ask for English; then the role can have it as its default.
const ENGLISH: &str = "SET lc_messages = 'C'";

impl Session {
    /// What a new connection is told, and whether it must be able to follow.
    pub(crate) const fn at_connect(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Own => &[(KEPT, true), (ENGLISH, false)],
            Self::Pooled => &[],
        }
    }

    /// Begins a transaction that writes.
    pub(crate) const fn begin_writing(self) -> &'static str {
        match self {
            Self::Own => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Self::Pooled => concat!("BEGIN ISOLATION LEVEL READ COMMITTED; ", manners!("SET LOCAL")),
        }
    }

    /// Begins a transaction in which all statements read one state.
    pub(crate) const fn begin_reading(self) -> &'static str {
        match self {
            Self::Own => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Pooled => {
                concat!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ", manners!("SET LOCAL"))
            }
        }
    }

    /// Ends a transaction. What waits for a standby must not be cut short: the server would report success.
    pub(crate) const COMMIT: &'static str = "SET LOCAL statement_timeout = 0; COMMIT";
}
