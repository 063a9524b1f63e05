//! Whose turn it is.

use std::fmt;

use crate::{
    invalid::Invalid,
    ticket::{Priority, TicketNumber, Turn},
    time::Timestamp,
};

/// The priorities of a lot, first served first, and how they order those who wait.
///
/// *Strictly*: whoever has a better priority goes first, then whoever came first. With *ageing* every priority has a head
/// start: a vehicle counts as if it had come that much earlier, and whoever counts as having come first goes first. So a
/// vehicle overtakes only those who came less than the difference of their head starts before it, and nobody starves;
/// and because all who wait grow older alike, the order never changes while they do.
///
/// Its text is what a record keeps: `vip,standard`, and with ageing the seconds of each head start: `vip:900,standard:0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priorities {
    names: Vec<Priority>,
    /// One for each name, falling; none if they order strictly.
    head_starts: Option<Vec<HeadStart>>,
}

/// How much earlier a vehicle counts as having come: 0 to 86,400 seconds, which is a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeadStart(u32);

impl HeadStart {
    /// The longest, in seconds.
    pub const MOST_SECONDS: u32 = 86_400;

    /// So many seconds.
    pub fn of_seconds(seconds: u32) -> Result<Self, Invalid> {
        if seconds > Self::MOST_SECONDS {
            return Err(Invalid::new("out-of-range", "a head start is from 0 to 86400 seconds"));
        }
        Ok(Self(seconds))
    }

    /// Seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The instant at which somebody with this head start counts as having come.
    #[must_use]
    pub fn before(self, arrival: Timestamp) -> Timestamp {
        arrival.plus_micros(-1_000_000 * i64::from(self.0))
    }

    fn parse(text: &str) -> Result<Self, Invalid> {
        let seconds = text.parse().map_err(|_unreadable| wrong())?;
        Self::of_seconds(seconds)
    }
}

impl Priorities {
    /// `vip` before `standard`.
    pub fn usual() -> Self {
        Self { names: vec![Priority::vip(), Priority::standard()], head_starts: None }
    }

    /// Reads the text that a record keeps: names in order, with `standard` among them, which is the default.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if !text.contains(':') {
            return Self::of(text.split(',').map(Priority::parse).collect::<Result<_, _>>()?);
        }
        let class = |text: &str| {
            let (name, seconds) = text.split_once(':').ok_or_else(wrong)?;
            Ok((Priority::parse(name)?, HeadStart::parse(seconds)?))
        };
        Self::ageing(text.split(',').map(class).collect::<Result<_, Invalid>>()?)
    }

    /// These priorities, strictly in this order.
    pub fn of(names: Vec<Priority>) -> Result<Self, Invalid> {
        let repeated = names.iter().enumerate().any(|(at, priority)| names[..at].contains(priority));
        if repeated || names.len() > 16 || !names.contains(&Priority::standard()) {
            return Err(wrong());
        }
        Ok(Self { names, head_starts: None })
    }

    /// Priorities with head starts, in any order.
    pub fn ageing(mut classes: Vec<(Priority, HeadStart)>) -> Result<Self, Invalid> {
        classes.sort_by_key(|(_, head_start)| std::cmp::Reverse(*head_start));
        let (names, head_starts) = classes.into_iter().unzip();
        Ok(Self { head_starts: Some(head_starts), ..Self::of(names)? })
    }

    /// Whether they have head starts.
    pub const fn are_ageing(&self) -> bool {
        self.head_starts.is_some()
    }

    /// The place of a priority in the order, from 0; none if this lot has no such priority.
    pub fn rank(&self, priority: &Priority) -> Option<i64> {
        self.place(priority).and_then(|place| i64::try_from(place).ok())
    }

    /// The head start of a priority; none if they order strictly or this lot has no such priority.
    pub fn head_start(&self, priority: &Priority) -> Option<HeadStart> {
        self.head_starts.as_ref()?.get(self.place(priority)?).copied()
    }

    /// First served first.
    pub fn iter(&self) -> impl Iterator<Item = &Priority> {
        self.names.iter()
    }

    /// The turn of a ticket of this priority; none if this lot has no such priority.
    pub fn turn(&self, priority: &Priority, number: TicketNumber, arrived_at: Timestamp) -> Option<Turn> {
        match self.head_start(priority) {
            Some(head_start) => Some(Turn::of_instant(head_start.before(arrived_at))),
            None => Some(Turn::of(self.rank(priority)?, number)),
        }
    }

    /// The first turn that somebody may have who comes now or later and may go before others that came earlier; none
    /// if whoever has this priority is behind all of its own and of those before, however many they are.
    pub fn overtakes_from(&self, priority: &Priority, now: Timestamp) -> Option<Turn> {
        let least = self.head_starts.as_ref()?.last()?;
        let head_start = self.head_start(priority)?;
        (head_start > *least).then(|| Turn::of_instant(head_start.before(now)))
    }

    fn place(&self, priority: &Priority) -> Option<usize> {
        self.names.iter().position(|known| known == priority)
    }
}

impl fmt::Display for Priorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.names.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{}", name.as_str())?;
            if let Some(head_start) = self.head_start(name) {
                write!(f, ":{}", head_start.seconds())?;
            }
        }
        Ok(())
    }
}

fn wrong() -> Invalid {
    Invalid::new(
        "invalid-priorities",
        "priorities are at most 16 different names, one of them standard; either all of them have a head start or none",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn named(name: &str) -> Priority {
        Priority::parse(name).unwrap()
    }

    #[test]
    fn priorities_are_an_order_with_standard_in_it() {
        let priorities = Priorities::parse("vip,permit,standard").unwrap();
        assert_eq!(priorities.rank(&Priority::standard()), Some(2));
        assert_eq!(priorities.to_string(), "vip,permit,standard");
        for wrong in ["vip", "", "standard,standard", "a,b", "vip:900,standard", "vip:900", "standard:x"] {
            assert_eq!(
                Priorities::parse(wrong).unwrap_err().code.split('-').next(),
                Some("invalid"),
                "{wrong}"
            );
        }
        assert_eq!(Priorities::parse("standard:86401").unwrap_err().code, "out-of-range");
    }

    #[test]
    fn head_starts_put_priorities_in_order() {
        let priorities = Priorities::parse("standard:0,vip:900,permit:300").unwrap();
        assert_eq!(priorities.to_string(), "vip:900,permit:300,standard:0");
        assert_eq!(Priorities::parse(&priorities.to_string()).unwrap(), priorities);
        assert_eq!(priorities.head_start(&named("permit")).map(HeadStart::seconds), Some(300));
        assert_eq!(priorities.head_start(&named("royal")), None);
        assert_eq!(Priorities::usual().head_start(&Priority::vip()), None);
    }

    #[test]
    fn a_head_start_is_worth_what_it_says() {
        let priorities = Priorities::parse("vip:900,standard:0").unwrap();
        let turn = |name: &str, minutes: i64| {
            priorities.turn(&named(name), TicketNumber(1), Timestamp::from_micros(minutes * MINUTE)).unwrap()
        };
        assert!(turn("vip", 114) < turn("standard", 100), "14 minutes later, 15 minutes ahead");
        assert!(turn("vip", 116) > turn("standard", 100), "who came 16 minutes before is not overtaken");
        assert_eq!(turn("vip", 115), turn("standard", 100));
        assert_eq!(priorities.turn(&named("royal"), TicketNumber(1), Timestamp::from_micros(0)), None);
    }

    #[test]
    fn only_who_has_more_than_the_least_head_start_overtakes() {
        let priorities = Priorities::parse("vip:900,standard:60,cheap:60").unwrap();
        let now = Timestamp::from_micros(1000 * MINUTE);
        let from = |name: &str| priorities.overtakes_from(&named(name), now);
        assert_eq!(from("vip"), Some(Turn(985 * MINUTE)));
        assert_eq!((from("standard"), from("cheap"), from("royal")), (None, None, None));
        assert_eq!(Priorities::usual().overtakes_from(&Priority::vip(), now), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nobody_is_overtaken_by_who_came_later_than_the_difference_of_head_starts(
            head_starts in proptest::collection::vec(0..=HeadStart::MOST_SECONDS, 2),
            first in 0..(1_i64 << 52),
            later in 1..200_000_000_000_i64,
        ) {
            let [mine, theirs] = [0, 1].map(|at: usize| HeadStart::of_seconds(head_starts[at]).unwrap());
            let classes = vec![(Priority::standard(), mine), (Priority::vip(), theirs)];
            let priorities = Priorities::ageing(classes).unwrap();
            let turn = |priority: &Priority, at| {
                priorities.turn(priority, TicketNumber(1), Timestamp::from_micros(at)).unwrap()
            };
            let overtakes = turn(&Priority::vip(), first + later) < turn(&Priority::standard(), first);
            let difference = i64::from(theirs.seconds()) - i64::from(mine.seconds());
            prop_assert_eq!(overtakes, later < difference * 1_000_000);
            prop_assert!(turn(&Priority::standard(), first).0.abs() < 1 << 53, "exact in a double");
        }
    }
}
