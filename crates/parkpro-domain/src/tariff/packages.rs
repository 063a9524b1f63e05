//! Packages in their cheapest combination.

use super::{
    document::Package,
    length::Length,
    walk::{Charge, Charged, Coinage, What},
};

/// Replaces what whole days cost by packages, wherever that makes the stay cheapest. The last package may reach beyond
/// the end of the stay.
pub(super) fn take(charges: &mut Vec<Charge<'_>>, packages: &[Package], time: Charged, coinage: Coinage) {
    if packages.is_empty() || charges.is_empty() {
        return;
    }
    let days = costs_of_days(charges, time);
    let length =
        |package: &Package| usize::try_from(package.length.seconds() / Length::DAY.seconds()).unwrap_or(1);
    let price = |package: &Package| package.price.nearest(coinage.currency).minor;
    // The least that pays for the first so many days, and what it ends with: a day, or a package.
    let mut least: Vec<(i64, Option<&Package>)> = vec![(0, None)];
    for (at, cost) in days.iter().enumerate() {
        let day = (least[at].0.saturating_add(*cost), None);
        let package = packages.iter().map(|package| {
            let before = least[(at + 1).saturating_sub(length(package))].0;
            (before.saturating_add(price(package)), Some(package))
        });
        least.push(package.fold(day, |best, next| if next.0 < best.0 { next } else { best }));
    }
    let (mut at, mut taken) = (days.len(), Vec::new());
    while at > 0 {
        let Some(package) = least[at].1 else {
            at -= 1;
            continue;
        };
        let first = at.saturating_sub(length(package));
        let from = time.start.saturating_add(i64::try_from(first).unwrap_or(0) * Length::DAY.micros());
        taken.push(Charge {
            what: What::Package(package.length),
            from,
            to: from.saturating_add(package.length.micros()),
            units: 1,
            amount: price(package) - days[first..at].iter().sum::<i64>(),
        });
        at = first;
    }
    charges.extend(taken.into_iter().rev());
}

/// What each 24 hours cost without packages; no charge lies across two of them.
fn costs_of_days(charges: &[Charge<'_>], time: Charged) -> Vec<i64> {
    let day =
        |instant: i64| usize::try_from((instant - time.start).max(0) / Length::DAY.micros()).unwrap_or(0);
    let last = day(time.end - 1);
    let mut days = vec![0_i64; last + 1];
    for charge in charges {
        days[day(charge.from).min(last)] += charge.amount;
    }
    days
}
