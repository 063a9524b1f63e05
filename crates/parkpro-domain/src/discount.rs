//! Discounts that a lot gives under a code: who may use one, how often, and what it takes off.

use std::{fmt, sync::Arc};

use smol_str::SmolStr;

use crate::{
    invalid::Invalid,
    money::MajorAmount,
    tariff::{FeePolicy, Grant, Length, Tariff, TariffId, TariffVersion, document::Percent},
    time::Timestamp,
    vehicle::PlateKey,
};

/// What a driver or a shop types: `SHOP1`. Capitals and small letters are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiscountCode(SmolStr);

/// A ticket has no more.
pub const MOST_DISCOUNTS: usize = 8;

impl DiscountCode {
    /// Reads 1 to 32 letters, digits, - and _ of ASCII.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if text.is_empty() || text.len() > 32 || !letters {
            let detail = "the code of a discount has 1 to 32 characters of A-Z, 0-9, - and _";
            return Err(Invalid::new("invalid-discount-code", detail));
        }
        Ok(Self(text.to_ascii_uppercase().into()))
    }

    /// In capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text that a record keeps of the codes of a ticket.
    pub fn list_text(codes: &[Self]) -> String {
        codes.iter().map(Self::as_str).collect::<Vec<_>>().join(",")
    }

    /// Reads the text that a record keeps of the codes of a ticket.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Invalid> {
        if text.is_empty() { Ok(Vec::new()) } else { text.split(',').map(Self::parse).collect() }
    }
}

impl fmt::Display for DiscountCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a discount takes off a fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gift {
    /// Time at the beginning of the stay.
    Free(Length),
    /// A share of what is due.
    Percent(Percent),
    /// An amount, in major units of the lot's currency, at most what is due.
    Amount(MajorAmount),
    /// The prices of another tariff.
    Tariff(TariffVersion),
}

impl Gift {
    /// A share, which is more than nothing.
    pub fn of_percent(percent: Percent) -> Result<Self, Invalid> {
        if percent == Percent::ZERO { Err(nothing()) } else { Ok(Self::Percent(percent)) }
    }

    /// An amount, which is more than nothing.
    pub fn of_amount(amount: MajorAmount) -> Result<Self, Invalid> {
        if amount.fraction().0 == 0 { Err(nothing()) } else { Ok(Self::Amount(amount)) }
    }

    /// The tariff that it is, if it is one.
    pub const fn tariff(&self) -> Option<&TariffVersion> {
        match self {
            Self::Tariff(version) => Some(version),
            _ => None,
        }
    }

    /// What it takes off a fee under a code, with the tariff that it may be made ready; none if that is not at hand.
    pub fn granted(
        &self,
        code: &DiscountCode,
        ready: impl FnOnce(&TariffVersion) -> Option<Arc<Tariff>>,
    ) -> Option<crate::tariff::Discount> {
        let grant = match self {
            Self::Free(length) => Grant::Free(*length),
            Self::Percent(percent) => Grant::Percent(*percent),
            Self::Amount(amount) => Grant::Amount(*amount),
            Self::Tariff(version) => Grant::Tariff(ready(version)?),
        };
        Some(crate::tariff::Discount { name: code.to_string(), grant })
    }

    /// Reads the text that a record keeps: `free 3600`, `percent 10`, `amount 5.00`, `tariff staff 3`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("invalid-gift", "what a discount takes off makes no sense");
        let (kind, value) = text.split_once(' ').ok_or_else(wrong)?;
        match kind {
            "free" => Length::of_seconds(value.parse().map_err(|_no_number| wrong())?).map(Self::Free),
            "percent" => Percent::parse(value).map(Self::Percent),
            "amount" => MajorAmount::parse(value).map(Self::Amount),
            "tariff" => {
                let (tariff, number) = value.split_once(' ').ok_or_else(wrong)?;
                let number = number.parse().map_err(|_no_number| wrong())?;
                Ok(Self::Tariff(TariffVersion { tariff: TariffId::parse(tariff)?, number }))
            }
            _ => Err(wrong()),
        }
    }
}

/// The discount among those that a stay has already because of which one more would take nothing off: only the first of
/// several that give another tariff counts, unless the best is granted.
pub fn counts_before<'d>(
    policy: &dyn FeePolicy,
    has: impl IntoIterator<Item = (&'d DiscountCode, &'d Gift)>,
    more: &Gift,
) -> Option<&'d DiscountCode> {
    let priced = has.into_iter().find(|(_, gift)| gift.tariff().is_some() && more.tariff().is_some());
    priced.filter(|_| !policy.grants_the_best()).map(|(code, _)| code)
}

fn nothing() -> Invalid {
    Invalid::new("not-positive", "a discount takes more than nothing off")
}

impl fmt::Display for Gift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free(length) => write!(f, "free {}", length.seconds()),
            Self::Percent(percent) => write!(f, "percent {percent}"),
            Self::Amount(amount) => write!(f, "amount {amount}"),
            Self::Tariff(version) => write!(f, "tariff {version}"),
        }
    }
}

/// Who may use a discount, and what it takes off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it takes off.
    pub gift: Gift,
    /// From when on it may be used.
    pub valid_from: Option<Timestamp>,
    /// Before when it may be used.
    pub valid_until: Option<Timestamp>,
    /// How often it may be used.
    pub limit: Option<u32>,
    /// How often each vehicle may use it.
    pub limit_per_plate: Option<u32>,
    /// Whether a stay may have others beside it.
    pub stacks: bool,
}

/// The dates of a discount if it ends before it has begun: nobody could ever use it.
pub fn ends_before_it_begins(
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
) -> Option<(Timestamp, Timestamp)> {
    valid_from.zip(valid_until).filter(|(from, until)| until <= from)
}

/// How often a vehicle has used a discount: how many of its tickets have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uses {
    /// Which discount.
    pub code: DiscountCode,
    /// Which vehicle.
    pub plate: PlateKey,
    /// How often.
    pub uses: i64,
}

/// A discount of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// What it is used by.
    pub code: DiscountCode,
    /// Who may use it, and what it takes off.
    pub terms: Terms,
    /// How many tickets have it: those that are open, and those that left with it.
    pub uses: i64,
    /// Counts the changes of its terms, from 1.
    pub revision: i64,
    /// Removed by the operator; kept because tickets name it.
    pub retired: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        assert_eq!(DiscountCode::parse("shop-1").unwrap().as_str(), "SHOP-1");
        for wrong in ["", "A B", "Ä", "a,b", &"x".repeat(33)] {
            assert_eq!(DiscountCode::parse(wrong).unwrap_err().code, "invalid-discount-code", "{wrong}");
        }
    }

    #[test]
    fn a_discount_begins_before_it_ends_if_it_does_both() {
        let at = |hour| Some(Timestamp::from_micros(hour));
        for (from, until, wrong) in [
            (None, None, false),
            (at(1), None, false),
            (None, at(1), false),
            (at(1), at(2), false),
            (at(2), at(2), true),
            (at(3), at(2), true),
        ] {
            assert_eq!(ends_before_it_begins(from, until).is_some(), wrong, "{from:?} to {until:?}");
        }
    }

    #[test]
    fn codes_and_gifts_survive_storing() {
        let codes = |text: &str| DiscountCode::parse_list(text).unwrap();
        for text in ["", "SHOP1", "SHOP1,KINO-2"] {
            assert_eq!(DiscountCode::list_text(&codes(text)), text);
        }
        for text in ["free 3600", "percent 7.5", "amount 5.00", "tariff staff 3"] {
            assert_eq!(Gift::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["", "free", "free x", "percent 101", "amount -1", "tariff staff", "more 1"] {
            assert!(Gift::parse(wrong).is_err(), "{wrong}");
        }
    }
}
