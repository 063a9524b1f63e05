//! What time it is.

use std::sync::Arc;

use parkpro_domain::ports::Clock;

/// Whose time holds.
#[derive(Clone, Default)]
pub enum Timekeeping {
    /// The database's own clock, read after the lot was locked: one clock for all instances.
    #[default]
    Database,
    /// A clock that is handed in; for tests, which move it by hand.
    Given(Arc<dyn Clock>),
}

impl Timekeeping {
    /// Microseconds since 1970 by the clock that was handed in, if one was.
    pub(crate) fn given_now(&self) -> Option<i64> {
        match self {
            Self::Database => None,
            Self::Given(clock) => Some(clock.now().micros()),
        }
    }
}

/// The database's clock, in microseconds since 1970.
macro_rules! clock_micros {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
}

pub(crate) use clock_micros;
