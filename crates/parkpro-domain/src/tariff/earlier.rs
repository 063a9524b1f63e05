//! Stays of the same vehicle that were over before.

use super::Mistake;
use crate::time::Timestamp;

/// A stay that was over before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierStay {
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
}

impl EarlierStay {
    /// Everything because of which these cannot all be stays of a vehicle that got its slot at `entry`: a vehicle leaves
    /// after it came and before it comes again. Each is where it began and ended; what is not known contradicts nothing.
    /// Pointers begin at the list.
    #[must_use]
    pub fn mistakes(
        stays: &[(Option<Timestamp>, Option<Timestamp>)],
        entry: Option<Timestamp>,
    ) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut in_order = Vec::new();
        for (at, (from, to)) in stays.iter().enumerate() {
            if from.zip(*to).is_some_and(|(from, to)| to < from) {
                let detail = "to must not be before from";
                mistakes.push(Mistake::new(format!("/{at}/to"), "ends-before-it-begins", detail));
                continue;
            }
            let known = to.map(|to| ("to", to)).or(from.map(|from| ("from", from)));
            if let Some(((field, _), entry)) = known.zip(entry).filter(|((_, at), entry)| entry < at) {
                let detail = format!("it must be over when the stay begins, at {entry}");
                mistakes.push(Mistake::new(format!("/{at}/{field}"), "stays-overlap", detail));
            }
            in_order.extend(from.map(|from| (from, to.unwrap_or(from), at)));
        }
        in_order.sort_unstable();
        let mut over: Option<Timestamp> = None;
        for (from, to, at) in in_order {
            if let Some(over) = over.filter(|over| from < *over) {
                let detail = format!("another stay of the list lasts until {over}");
                mistakes.push(Mistake::new(format!("/{at}/from"), "stays-overlap", detail));
            }
            over = over.max(Some(to));
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(stays: &[(i64, i64)]) -> Vec<(String, &'static str)> {
        let known: Vec<_> = stays.iter().map(|(from, to)| (Some(*from), Some(*to))).collect();
        partly_known(&known, Some(100))
    }

    fn partly_known(stays: &[(Option<i64>, Option<i64>)], entry: Option<i64>) -> Vec<(String, &'static str)> {
        let at = |minute: i64| Timestamp::from_micros(minute * 60_000_000);
        let stays: Vec<_> = stays.iter().map(|(from, to)| (from.map(at), to.map(at))).collect();
        let mistakes = EarlierStay::mistakes(&stays, entry.map(at));
        mistakes.into_iter().map(|mistake| (mistake.pointer, mistake.code)).collect()
    }

    #[test]
    fn stays_may_follow_each_other_at_once_and_come_in_any_order() {
        assert_eq!(mistakes(&[]), []);
        assert_eq!(mistakes(&[(50, 100), (10, 20), (20, 20), (20, 50)]), []);
    }

    #[test]
    fn every_stay_that_cannot_be_is_named() {
        let place = |pointer: &str, code| (pointer.to_owned(), code);
        assert_eq!(
            mistakes(&[(20, 10), (90, 101), (30, 60), (59, 70)]),
            [
                place("/0/to", "ends-before-it-begins"),
                place("/1/to", "stays-overlap"),
                place("/3/from", "stays-overlap"),
            ]
        );
    }

    #[test]
    fn a_stay_within_another_is_named_although_a_third_lies_between() {
        let place = |pointer: &str| (pointer.to_owned(), "stays-overlap");
        assert_eq!(mistakes(&[(10, 90), (20, 30), (40, 50)]), [place("/1/from"), place("/2/from")]);
    }

    #[test]
    fn what_is_not_known_hides_no_contradiction_of_the_rest() {
        let place = |pointer: &str, code| (pointer.to_owned(), code);
        let stays = [
            (Some(20), Some(10)),
            (None, Some(101)),
            (Some(30), Some(60)),
            (Some(59), None),
            (None, None),
            (Some(102), None),
        ];
        assert_eq!(
            partly_known(&stays, Some(100)),
            [
                place("/0/to", "ends-before-it-begins"),
                place("/1/to", "stays-overlap"),
                place("/5/from", "stays-overlap"),
                place("/3/from", "stays-overlap"),
            ]
        );
        assert_eq!(partly_known(&stays[1..3], None), []);
    }
}
