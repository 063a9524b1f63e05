//! A clock that stands still until a test moves it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use parkpro_domain::{ports::Clock, time::Timestamp};

/// A second, in microseconds.
pub const SECOND: i64 = 1_000_000;
/// A minute, in microseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour, in microseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day of 24 hours, in microseconds.
pub const DAY: i64 = 24 * HOUR;

/// 2026-11-22T08:00:00Z, when every test begins.
pub const MORNING: Timestamp = Timestamp::from_micros(1_795_334_400 * SECOND);

/// A clock that is moved by hand. All clones show the same time.
#[derive(Debug, Clone)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    /// A clock that shows this instant.
    pub fn at(instant: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(instant.micros())))
    }

    /// Shows this instant from now on, also an earlier one.
    pub fn set(&self, instant: Timestamp) {
        self.0.store(instant.micros(), Ordering::SeqCst);
    }

    /// Goes on by so many microseconds, or back if negative.
    pub fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Default for HandClock {
    fn default() -> Self {
        Self::at(MORNING)
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_by_hand() {
        let clock = HandClock::default();
        assert_eq!(clock.now().to_string(), "2026-11-22T08:00:00.000000Z");
        clock.clone().advance(HOUR + 1);
        assert_eq!(clock.now().to_string(), "2026-11-22T09:00:00.000001Z");
        clock.set(MORNING);
        assert_eq!(clock.now(), MORNING);
    }
}
