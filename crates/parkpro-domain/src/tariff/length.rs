//! Lengths of time as a board gives them: 15 min, 5 h, 7 days.

use std::fmt;

use crate::invalid::Invalid;

/// A length of elapsed time in whole seconds, longer than nothing and at most ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(i64);

const UNITS: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];

impl Length {
    /// The shortest.
    pub const SHORTEST: Self = Self(1);
    /// A quarter of an hour.
    pub const QUARTER: Self = Self(900);
    /// One hour.
    pub const HOUR: Self = Self(3_600);
    /// 24 elapsed hours.
    pub const DAY: Self = Self(86_400);
    /// The longest: ten years. No price may overflow before it.
    pub const LONGEST: Self = Self(3_653 * 86_400);

    /// That many seconds.
    pub fn of_seconds(seconds: i64) -> Result<Self, Invalid> {
        if (1..=Self::LONGEST.0).contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(Invalid::new("invalid-length", "a length of time is longer than nothing and at most ten years"))
    }

    /// Reads whole numbers of units, largest first: `90min`, `330s`, `1h30min`, `7d`. A day is 24 h.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong =
            || Invalid::new("invalid-length", "a length of time is written 330s, 15min, 1h30min, 24h or 7d");
        let (mut rest, mut seconds, mut units) = (text, 0_i64, &UNITS[..]);
        while !rest.is_empty() {
            let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, after) = rest.split_at(digits);
            let letters = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at(letters);
            let at = units.iter().position(|(name, _)| *name == unit).ok_or_else(wrong)?;
            let number: i64 = number.parse().map_err(|_not_a_number| wrong())?;
            seconds = number
                .checked_mul(units[at].1)
                .and_then(|more| seconds.checked_add(more))
                .ok_or_else(wrong)?;
            (rest, units) = (after, &units[at + 1..]);
        }
        Self::of_seconds(seconds)
    }

    /// In seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Seconds in the largest unit that they are a whole number of, as boards do; `24h` stays hours, `48h` is `2d`.
    pub(super) fn text(seconds: i64) -> String {
        match UNITS.iter().find(|(_, unit)| seconds % unit == 0) {
            Some((name, unit)) if seconds != Self::DAY.0 => format!("{}{name}", seconds / unit),
            _ => format!("{}h", seconds / Self::HOUR.0),
        }
    }

    /// In microseconds.
    pub const fn micros(self) -> i64 {
        self.0 * 1_000_000
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::text(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_and_written_as_a_board_would() {
        for (text, seconds, written) in [
            ("330s", 330, "330s"),
            ("15min", 900, "15min"),
            ("1h30min", 5_400, "90min"),
            ("24h", 86_400, "24h"),
            ("1d", 86_400, "24h"),
            ("7d", 604_800, "7d"),
        ] {
            let length = Length::parse(text).unwrap();
            assert_eq!((length.seconds(), length.to_string().as_str()), (seconds, written));
        }
        for wrong in
            ["", "0s", "15", "min", "15 min", "-1h", "1min1h", "1h1h", "4000d", "99999999999999999999s"]
        {
            assert_eq!(Length::parse(wrong).unwrap_err().code, "invalid-length", "{wrong}");
        }
    }
}
