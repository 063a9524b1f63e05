//! Money: whole minor units of one currency, never a float.

use std::fmt;

use crate::invalid::Invalid;

/// A currency of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Reads the alphabetic code, in capitals.
    pub fn parse(code: &str) -> Result<Self, Invalid> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| {
                Invalid::new("invalid-currency", "a currency is a code of ISO 4217 in capitals, such as EUR")
            })
    }

    /// The alphabetic code: `EUR`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals its minor unit has: EUR 2, JPY 0, KWD 3.
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// How many minor units make one of the major: EUR 100, JPY 1, KWD 1000.
    pub fn minor_per_major(self) -> i64 {
        10_i64.pow(self.exponent())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in minor units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Minor units: cents of a euro, whole yen.
    pub minor: i64,
    /// What the minor units are of.
    pub currency: Currency,
}

impl Money {
    /// That many minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }
}

/// For people, without the currency: `100.00`, `5000`, `-0.50`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minor) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        let unit = self.currency.minor_per_major().unsigned_abs();
        if unit == 1 {
            return write!(f, "{sign}{minor}");
        }
        let width = usize::try_from(self.currency.exponent()).unwrap_or(0);
        write!(f, "{sign}{}.{:0width$}", minor / unit, minor % unit)
    }
}

/// An amount in major units as a person writes it (`50.00`), exact, not yet of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MajorAmount {
    digits: i64,
    decimals: u32,
}

impl MajorAmount {
    /// Nothing.
    pub const ZERO: Self = Self { digits: 0, decimals: 0 };

    /// Reads digits with at most six decimals: `50`, `50.00`, `0.035`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong =
            || Invalid::new("invalid-amount", "an amount is digits with at most 6 decimals, such as 50.00");
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let numeric = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
        let empty = whole.is_empty() || text.ends_with('.');
        if empty || !numeric(whole) || !numeric(part) || whole.len() > 9 || part.len() > 6 {
            return Err(wrong());
        }
        let digits = format!("{whole}{part}").parse().map_err(|_overflow| wrong())?;
        Ok(Self { digits, decimals: u32::try_from(part.len()).map_err(|_overflow| wrong())? })
    }

    /// The same amount as a fraction of major units.
    pub const fn fraction(self) -> (i64, i64) {
        (self.digits, 10_i64.pow(self.decimals))
    }

    /// The nearest amount that can be paid in a currency, half up: 2.50 is 250 cents, and 3 yen.
    pub fn nearest(self, currency: Currency) -> Money {
        let scale = 10_i64.pow(self.decimals);
        let minor = self.digits.saturating_mul(currency.minor_per_major());
        Money::new(minor / scale + i64::from(2 * (minor % scale) >= scale), currency)
    }

    /// The same amount in minor units, if the currency has a unit that small.
    pub fn of(self, currency: Currency) -> Result<Money, Invalid> {
        let scale = 10_i64.pow(self.decimals);
        let minor = self.digits.saturating_mul(currency.minor_per_major());
        if minor % scale != 0 {
            return Err(Invalid::new(
                "invalid-amount",
                format!("the amount is finer than the minor unit of {currency}"),
            ));
        }
        Ok(Money::new(minor / scale, currency))
    }
}

/// As it was written: `50.00`.
impl fmt::Display for MajorAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, width) = (10_i64.pow(self.decimals), usize::try_from(self.decimals).unwrap_or(0));
        match width {
            0 => write!(f, "{}", self.digits),
            _ => write!(f, "{}.{:0width$}", self.digits / unit, self.digits % unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn people_read_major_units() {
        for (minor, code, text) in [
            (10_000, "USD", "100.00"),
            (5, "EUR", "0.05"),
            (-50, "EUR", "-0.50"),
            (5000, "JPY", "5000"),
            (1_234, "KWD", "1.234"),
            (i64::MIN, "USD", "-92233720368547758.08"),
        ] {
            assert_eq!(Money::new(minor, of(code)).to_string(), text);
        }
    }

    #[test]
    fn an_amount_is_exact_in_its_currency() {
        for (text, code, minor) in
            [("50.00", "USD", 5000), ("50.00", "JPY", 50), ("50", "KWD", 50_000), ("0.5", "EUR", 50)]
        {
            assert_eq!(MajorAmount::parse(text).unwrap().of(of(code)).unwrap().minor, minor, "{text} {code}");
        }
        assert!(MajorAmount::parse("0.035").unwrap().of(of("EUR")).is_err());
        for written in ["50.00", "50", "0.035", "0.5"] {
            assert_eq!(MajorAmount::parse(written).unwrap().to_string(), written);
        }
        for wrong in ["", ".", "1.", ".5", "-1", "1e3", "1,00", "1.0000001", "9999999999"] {
            assert!(MajorAmount::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_currency_is_one_that_can_be_paid_in() {
        assert_eq!(of("KWD").exponent(), 3);
        for wrong in ["usd", "US", "XXX", "ABC", ""] {
            assert!(Currency::parse(wrong).is_err(), "{wrong}");
        }
    }
}
