//! Spares callers the wait for a Redis that does not answer.

use std::{
    fmt::Display,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// This many failures in a row, and calls fail at once.
const FAILURES: u32 = 5;

/// How often one call is let through to see whether Redis is back.
const PAUSE: Duration = Duration::from_secs(1);

/// Open after five failures in a row: one call a second is let through then, and the first success closes it.
pub(crate) struct Breaker {
    /// Whose calls, for the log.
    whose: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In a row.
    failures: u32,
    /// When the next call is let through; none while the breaker is closed.
    probe_at: Option<Instant>,
    last_success: Option<Instant>,
}

impl Breaker {
    pub(crate) fn new(whose: &'static str) -> Self {
        Self { whose, state: Mutex::default() }
    }

    /// Whether a call may try.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        let mut state = self.state();
        match state.probe_at {
            None => true,
            Some(probe_at) if now < probe_at => false,
            Some(_due) => {
                state.probe_at = Some(now + PAUSE);
                true
            }
        }
    }

    /// A call was answered.
    pub(crate) fn succeeded(&self, now: Instant) {
        let mut state = self.state();
        let was_open = state.probe_at.is_some();
        *state = State { last_success: Some(now), ..State::default() };
        drop(state);
        if was_open {
            tracing::info!(calls = self.whose, "Redis answers again");
        }
    }

    /// A call was not answered as it should be.
    pub(crate) fn failed(&self, now: Instant, why: &dyn Display) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let opens = state.probe_at.is_none() && state.failures >= FAILURES;
        if opens {
            state.probe_at = Some(now + PAUSE);
        }
        drop(state);
        if opens {
            tracing::warn!(calls = self.whose, %why, "Redis does not answer; calls fail at once until it does");
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().probe_at.is_some()
    }

    pub(crate) fn last_success(&self) -> Option<Instant> {
        self.state().last_success
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(times: u32, now: Instant) -> Breaker {
        let breaker = Breaker::new("tests");
        (0..times).for_each(|_| breaker.failed(now, &"gone"));
        breaker
    }

    #[test]
    fn the_fifth_failure_in_a_row_opens_it() {
        let now = Instant::now();
        let breaker = failing(FAILURES - 1, now);
        assert!(breaker.admits(now));
        breaker.succeeded(now);
        (1..FAILURES).for_each(|_| breaker.failed(now, &"gone"));
        assert!(breaker.admits(now) && !breaker.is_open());
        breaker.failed(now, &"gone");
        assert!(!breaker.admits(now) && breaker.is_open());
    }

    #[test]
    fn one_call_a_second_is_let_through() {
        let now = Instant::now();
        let breaker = failing(FAILURES, now);
        let later = now + PAUSE;
        assert!(breaker.admits(later));
        assert!(!breaker.admits(later), "a second one");
        breaker.failed(later, &"gone");
        assert!(!breaker.admits(later + PAUSE / 2));
        assert!(breaker.admits(later + PAUSE));
    }

    #[test]
    fn a_success_closes_it() {
        let now = Instant::now();
        let breaker = failing(FAILURES, now);
        assert_eq!(breaker.last_success(), None);
        breaker.succeeded(now + PAUSE);
        assert!(!breaker.is_open() && breaker.admits(now + PAUSE) && breaker.admits(now + PAUSE));
        assert_eq!(breaker.last_success(), Some(now + PAUSE));
    }
}
