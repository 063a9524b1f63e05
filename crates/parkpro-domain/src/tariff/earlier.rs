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
    /// after it came and before it comes again. Pointers begin at the list.
    #[must_use]
    pub fn mistakes(stays: &[Self], entry: Timestamp) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (at, stay) in stays.iter().enumerate() {
            if stay.to < stay.from {
                let detail = "to must not be before from";
                mistakes.push(Mistake::new(format!("/{at}/to"), "ends-before-it-begins", detail));
            } else if entry < stay.to {
                let detail = format!("it must be over when the stay begins, at {entry}");
                mistakes.push(Mistake::new(format!("/{at}/to"), "stays-overlap", detail));
            }
        }
        let mut in_order: Vec<_> =
            stays.iter().enumerate().filter(|(_, stay)| stay.from <= stay.to).collect();
        in_order.sort_by_key(|(_, stay)| (stay.from, stay.to));
        let mut last: Option<&(usize, &Self)> = None;
        for next in &in_order {
            if let Some((longest, before)) = last.filter(|(_, before)| next.1.from < before.to) {
                let detail = format!("stay {longest} of the list lasts until {}", before.to);
                mistakes.push(Mistake::new(format!("/{}/from", next.0), "stays-overlap", detail));
            }
            last = last.filter(|(_, before)| next.1.to < before.to).or(Some(next));
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(stays: &[(i64, i64)]) -> Vec<(String, &'static str)> {
        let at = |minute: i64| Timestamp::from_micros(minute * 60_000_000);
        let stays: Vec<_> =
            stays.iter().map(|(from, to)| EarlierStay { from: at(*from), to: at(*to) }).collect();
        let mistakes = EarlierStay::mistakes(&stays, at(100));
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
}
