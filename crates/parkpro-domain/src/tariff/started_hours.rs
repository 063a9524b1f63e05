//! The default tariff: so much per started hour of the whole stay.

use smol_str::SmolStr;

use super::{Change, Fee, FeeLine, FeePolicy, Stay};
use crate::money::{MajorAmount, Money};

const HOUR: i64 = 3_600_000_000;

/// A price for every hour that has begun, without a cap. A stay of no time at all costs nothing, and an hour that ends
/// exactly when the vehicle leaves is not followed by another one.
#[derive(Debug, Clone, Copy)]
pub struct StartedHours {
    per_hour: MajorAmount,
}

impl StartedHours {
    /// A price in major units of whatever currency the lot has, to the nearest amount that can be paid in it.
    pub const fn new(per_hour: MajorAmount) -> Self {
        Self { per_hour }
    }

    /// The price of an hour.
    pub(super) const fn per_hour(self) -> MajorAmount {
        self.per_hour
    }
}

impl FeePolicy for StartedHours {
    fn fee(&self, stay: &Stay) -> Fee {
        let price = self.per_hour.nearest(stay.currency).minor;
        let hours = started_hours(stay);
        let amount = price.saturating_mul(hours);
        let line = FeeLine {
            rule: SmolStr::new_static("started-hour"),
            from: stay.parked_at,
            to: stay.parked_at.plus_micros(hours * HOUR),
            units: hours,
            unit_price: price,
            amount,
            note: format!("{hours} started {}", if hours == 1 { "hour" } else { "hours" }).into(),
        };
        Fee {
            total: Money::new(amount, stay.currency),
            lines: if hours == 0 { Vec::new() } else { vec![line] },
        }
    }

    fn next_change(&self, stay: &Stay) -> Option<Change> {
        let price = self.per_hour.nearest(stay.currency).minor;
        let hours = started_hours(stay);
        let change = Change {
            at: stay.parked_at.plus_micros(hours * HOUR + 1),
            total: Money::new(price.saturating_mul(hours + 1), stay.currency),
        };
        (price > 0).then_some(change)
    }
}

fn started_hours(stay: &Stay) -> i64 {
    let elapsed = stay.ended_at.micros_since(stay.parked_at);
    elapsed / HOUR + i64::from(elapsed % HOUR != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        money::Currency,
        time::{Timestamp, Zone},
        vehicle::VehicleClass,
    };

    fn stay(micros: i64, currency: &str) -> Stay {
        let parked_at = Timestamp::parse("2026-11-22T08:00:00Z").unwrap();
        let currency = Currency::parse(currency).unwrap();
        Stay::new(parked_at, parked_at.plus_micros(micros), VehicleClass::car(), Zone::UTC, currency)
    }

    fn fifty() -> StartedHours {
        StartedHours::new(MajorAmount::parse("50.00").unwrap())
    }

    #[test]
    fn every_started_hour_costs_fifty() {
        for (micros, minor) in [
            (0, 0),
            (1, 5000),
            (HOUR - 1, 5000),
            (HOUR, 5000),
            (HOUR + 1, 10_000),
            (2 * HOUR, 10_000),
            (25 * HOUR, 125_000),
        ] {
            assert_eq!(fifty().fee(&stay(micros, "USD")).total.minor, minor, "{micros}");
        }
        assert_eq!(fifty().fee(&stay(1, "JPY")).total.minor, 50);
        let half = StartedHours::new(MajorAmount::parse("2.50").unwrap());
        assert_eq!(
            half.fee(&stay(1, "JPY")).total.minor,
            3,
            "never free because a currency has no smaller unit"
        );
        assert_eq!(fifty().fee(&stay(1, "KWD")).total.minor, 50_000);
    }

    #[test]
    fn a_fee_holds_until_its_hour_is_over() {
        let stay = stay(HOUR + 1, "USD");
        let next = fifty().next_change(&stay).unwrap();
        assert_eq!((next.at, next.total.minor), (stay.parked_at.plus_micros(2 * HOUR + 1), 15_000));
    }

    proptest! {
        #[test]
        fn lines_add_up_and_survive_storing(micros in 0..400 * 24 * HOUR) {
            let fee = fifty().fee(&stay(micros, "USD"));
            prop_assert_eq!(fee.lines.iter().map(|line| line.amount).sum::<i64>(), fee.total.minor);
            prop_assert_eq!(Fee::stored(fee.total, &fee.lines_text()).unwrap(), fee);
        }

        #[test]
        fn a_longer_stay_never_costs_less(micros in 0..400 * 24 * HOUR, more in 0..48 * HOUR) {
            let shorter = fifty().fee(&stay(micros, "USD")).total.minor;
            prop_assert!(fifty().fee(&stay(micros + more, "USD")).total.minor >= shorter);
        }
    }
}
