//! How often those who watch a lot are told of it.
//!
//! A thousand who watch a lot that is written flat out would have to be told of fifteen million events a second, and the
//! gates would wait for them. So all who watch a lot take turns, and all of them together get about a tenth of one
//! processor: whoever was told something is told again when ten times what that takes has gone by, behind all who were told
//! before it. So a thousand hear of some hundred events a second as they happen. While a lot changes faster than any real
//! one they get an eightieth, because then they fall behind in any case, and catch up afterwards.

use std::time::Duration;

use parkpro_domain::lot::Version;
use tokio::time::Instant;

/// Ten times what it takes to tell one of anything.
const TELLING: Duration = Duration::from_micros(100);
/// Ten times what an event adds to it.
const EVENT: Duration = Duration::from_nanos(1_500);
/// Ten times what it takes to read an event from the record and put it.
const READING: Duration = Duration::from_micros(15);
/// A lot that changes more often than this is flooded.
const FLOOD: Duration = Duration::from_millis(1);
/// Those who watch a flooded lot are told so many times less often.
const FLOODED: usize = 8;
/// How long it takes to see how often a lot changes.
const LOOK: Duration = Duration::from_millis(200);
/// Whoever was told of all that there is rests so long, so that a few who watch a busy lot are not woken for each event.
const REST: Duration = Duration::from_millis(50);
/// Those whose turns come within so long have them together, because to wake for each costs more than to tell it.
const TOGETHER: Duration = Duration::from_millis(20);
/// Nobody waits longer for its turn, however many come and go.
const LONGEST: Duration = Duration::from_secs(4);

/// What it took to tell one of the events of a lot.
pub(super) struct Cost {
    /// How many they were.
    pub(super) events: usize,
    /// How many were read for it.
    pub(super) read: usize,
    /// Whether there may be more already.
    pub(super) more: bool,
}

/// Whose turn it is among those who watch a lot.
pub(super) struct Pace {
    begun: Instant,
    /// When all have had their turn who wait for one.
    free: Instant,
    /// When it was last looked how often the lot changes, and its version then.
    looked: (Instant, Version),
    flooded: bool,
}

impl Pace {
    /// Nobody waits.
    pub(super) const fn new(version: Version, now: Instant) -> Self {
        Self { begun: now, free: now, looked: (now, version), flooded: false }
    }

    /// When it is somebody's turn again who was told something now, when the lot has reached a version. Who has nothing to
    /// hear then needs no turn, and hears of what comes later at once.
    pub(super) fn due_after(&mut self, cost: &Cost, reached: Version, now: Instant) -> Instant {
        self.look(reached, now);
        let share = TELLING + times(EVENT, cost.events) + times(READING, cost.read);
        let share = if self.flooded { times(share, FLOODED) } else { share };
        self.free = (self.free.max(now) + share).min(now + LONGEST);
        let due = if cost.more { self.free } else { self.free.max(now + REST) };
        let rounds = (due - self.begun).as_micros().div_ceil(TOGETHER.as_micros());
        self.begun + times(TOGETHER, usize::try_from(rounds).unwrap_or(usize::MAX))
    }

    fn look(&mut self, reached: Version, now: Instant) {
        let (before, version) = self.looked;
        if now - before >= LOOK {
            let changes = usize::try_from(reached.0 - version.0).unwrap_or_default();
            self.flooded = now - before < times(FLOOD, changes);
            self.looked = (now, reached);
        }
    }
}

fn times(each: Duration, count: usize) -> Duration {
    each.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Version = Version(7);

    fn told(events: usize) -> Cost {
        Cost { events, read: 0, more: false }
    }

    fn a_page() -> Cost {
        Cost { more: true, ..told(200) }
    }

    /// So much later, when it is next the turn of somebody.
    fn after(begun: Instant, wait: Duration) -> std::ops::RangeInclusive<Instant> {
        begun + wait..=begun + wait + TOGETHER
    }

    #[test]
    fn who_watches_alone_rests_only_if_it_has_heard_everything() {
        let now = Instant::now();
        let due = |cost: &Cost| Pace::new(QUIET, now).due_after(cost, QUIET, now);
        assert!(after(now, REST).contains(&due(&told(1))));
        assert!(after(now, Duration::ZERO).contains(&due(&a_page())));
        let read = Cost { read: 4_000, ..a_page() };
        assert!(after(now, 4_000 * READING).contains(&due(&read)), "reading costs more");
    }

    #[test]
    fn a_thousand_take_turns_and_a_tenth_of_a_processor() {
        let now = Instant::now();
        let mut pace = Pace::new(QUIET, now);
        let dues: Vec<_> = (0..1_000).map(|_| pace.due_after(&told(200), QUIET, now)).collect();
        assert!(dues.is_sorted() && after(now, REST).contains(&dues[0]));
        assert_eq!(dues[999], now + Duration::from_millis(400), "500 events a second are not too many");
        let again = pace.due_after(&told(0), QUIET, dues[0]);
        assert!(again > dues[999] && after(dues[999], TELLING).contains(&again), "behind all the others");
        let at_once: Vec<_> = dues.chunk_by(PartialEq::eq).map(<[_]>::len).collect();
        assert!(at_once[1..].iter().all(|together| *together == 50), "and not all at once: {at_once:?}");
    }

    #[test]
    fn in_a_flood_they_are_told_less_often_and_afterwards_as_before() {
        let now = Instant::now();
        let round = |pace: &mut Pace, version, now| {
            (0..1_000).map(|_| pace.due_after(&a_page(), Version(version), now)).last().unwrap()
        };
        let mut pace = Pace::new(QUIET, now);
        let busy = now + Duration::from_secs(1);
        assert_eq!(round(&mut pace, QUIET.0 + 500, busy), busy + Duration::from_millis(400));
        let flood = busy + Duration::from_secs(1);
        assert_eq!(round(&mut pace, QUIET.0 + 5_000, flood), flood + Duration::from_millis(3_200));
        let later = flood + Duration::from_secs(4);
        assert_eq!(round(&mut pace, QUIET.0 + 5_100, later), later + Duration::from_millis(400));
    }

    #[test]
    fn those_who_come_and_go_put_nobody_off_for_long() {
        let now = Instant::now();
        let mut pace = Pace::new(QUIET, now);
        let last = (0..100_000).map(|_| pace.due_after(&told(200), QUIET, now)).last();
        assert_eq!(last, Some(now + LONGEST));
    }
}
