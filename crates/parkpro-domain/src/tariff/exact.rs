//! Fractions: prices finer than the minor unit stay exact until they are rounded, once.

use super::document::{Percent, RoundingMode};
use crate::money::MajorAmount;

/// A fraction, not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    top: i128,
    bottom: i128,
}

impl Exact {
    /// `top / bottom`; `bottom` is not 0.
    pub(super) fn of(top: i128, bottom: i128) -> Self {
        let common = greatest_common(top, bottom).max(1);
        Self { top: top / common, bottom: bottom / common }
    }

    /// An amount in major units.
    pub(super) fn major(amount: MajorAmount) -> Self {
        let (top, bottom) = amount.fraction();
        Self::of(top.into(), bottom.into())
    }

    /// `self × top / bottom`.
    pub(super) fn times(self, top: i64, bottom: i64) -> Self {
        Self::of(self.top.saturating_mul(top.into()), self.bottom.saturating_mul(bottom.into()))
    }

    /// `self - other`, or 0.
    pub(super) fn minus(self, other: Self) -> Self {
        let top = self.top.saturating_mul(other.bottom) - other.top.saturating_mul(self.bottom);
        Self::of(top.max(0), self.bottom.saturating_mul(other.bottom))
    }

    /// `self × times`, as a whole number.
    pub(super) fn round(self, times: i64, mode: RoundingMode) -> i64 {
        if let (Ok(top), Ok(bottom)) = (i64::try_from(self.top), i64::try_from(self.bottom))
            && let Some(top) = top.checked_mul(times)
        {
            return divide_small(top, bottom, mode);
        }
        divide(self.top.saturating_mul(times.into()), self.bottom, mode)
    }

    /// Whether it is more than another one.
    pub(super) fn exceeds(self, other: Self) -> bool {
        self.top.saturating_mul(other.bottom) > other.top.saturating_mul(self.bottom)
    }

    /// `self × times`, rounded up.
    pub(super) fn at_most(self, times: i64) -> i128 {
        self.top.saturating_mul(times.into()) / self.bottom + 1
    }

    /// Whether it is a whole number.
    pub(super) fn is_whole(self) -> bool {
        self.bottom == 1
    }

    /// Written with as many decimals as it has, at most six, and at least as many as an amount that can be paid, of which
    /// `scale` are a whole one: `0.035`, `0.50`.
    pub(super) fn decimal(self, scale: i64) -> String {
        let millionths = self.top.saturating_mul(1_000_000) / self.bottom;
        let digits = format!("{:06}", millionths % 1_000_000);
        let least = usize::try_from(scale.max(1).ilog10()).unwrap_or(0);
        let finer = digits.trim_end_matches('0').len().max(least);
        match &digits[..finer.min(digits.len())] {
            "" => (millionths / 1_000_000).to_string(),
            part => format!("{}.{part}", millionths / 1_000_000),
        }
    }
}

/// A share of an amount, not negative, rounded.
pub(super) fn share(amount: i64, percent: Percent, mode: RoundingMode) -> i64 {
    divide(i128::from(amount) * i128::from(percent.ten_thousandths()), Percent::WHOLE.into(), mode)
}

/// The tax within an amount that contains it.
pub(super) fn share_within(amount: i64, percent: Percent, mode: RoundingMode) -> i64 {
    let rate = i128::from(percent.ten_thousandths());
    divide(i128::from(amount) * rate, i128::from(Percent::WHOLE) + rate, mode)
}

/// The multiple of `coin` that an amount becomes.
pub(super) fn to_coin(amount: i64, coin: i64, mode: RoundingMode) -> i64 {
    divide(amount.into(), coin.max(1).into(), mode).saturating_mul(coin.max(1))
}

fn divide(top: i128, bottom: i128, mode: RoundingMode) -> i64 {
    if let (Ok(top), Ok(bottom)) = (i64::try_from(top), i64::try_from(bottom)) {
        return divide_small(top, bottom, mode);
    }
    let (whole, rest) = (top / bottom, top % bottom);
    narrow(whole + i128::from(rounds_up(whole % 2 == 1, rest, bottom, mode)))
}

/// What nearly every amount needs: long division takes several times as long.
fn divide_small(top: i64, bottom: i64, mode: RoundingMode) -> i64 {
    if bottom == 1 {
        return top;
    }
    let (whole, rest) = (top / bottom, top % bottom);
    if rest == 0 {
        return whole;
    }
    whole.saturating_add(i64::from(rounds_up(whole % 2 == 1, rest.into(), bottom.into(), mode)))
}

fn rounds_up(odd: bool, rest: i128, bottom: i128, mode: RoundingMode) -> bool {
    let half = (rest * 2).cmp(&bottom);
    match mode {
        RoundingMode::HalfUp => half.is_ge(),
        RoundingMode::HalfEven => half.is_gt() || (half.is_eq() && odd),
        RoundingMode::Up => rest > 0,
        RoundingMode::Down => false,
    }
}

fn narrow(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

fn greatest_common(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_rounds_as_it_says() {
        use RoundingMode::{Down, HalfEven, HalfUp, Up};
        for (top, bottom, rounded) in
            [(5, 2, [3, 2, 3, 2]), (7, 2, [4, 4, 4, 3]), (9, 4, [2, 2, 3, 2]), (8, 4, [2; 4])]
        {
            let found = [HalfUp, HalfEven, Up, Down].map(|mode| Exact::of(top, bottom).round(1, mode));
            assert_eq!(found, rounded, "{top}/{bottom}");
        }
        assert_eq!(Exact::major(MajorAmount::parse("0.035").unwrap()).times(100, 1).round(120, HalfUp), 420);
        assert_eq!(to_coin(1_233, 5, HalfUp), 1_235);
        assert_eq!(share_within(1_190, Percent::parse("19").unwrap(), HalfUp), 190);
    }
}
