//! Vehicles: the plate that names one, and its class.

use std::fmt;

use smol_str::SmolStr;
use unicode_normalization::UnicodeNormalization;

use crate::invalid::{self, Invalid};

/// A licence plate: as it was typed, and the key by which plates are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plate {
    shown: SmolStr,
    key: PlateKey,
}

/// What two plates have in common when they name the same vehicle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlateKey(SmolStr);

const LONGEST_SHOWN: usize = 32;
const LONGEST_KEY: usize = 16;

impl Plate {
    /// Reads a plate as a person or a camera wrote it.
    ///
    /// The key is NFKC, upper case, without spaces, dashes and dots; Cyrillic and Greek letters that look Latin, and
    /// Arabic digits, are folded. It has 1 to 16 letters or digits. O and 0, I and 1 stay different.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = |detail: &str| Err(Invalid::new("invalid-plate", detail));
        let shown = text.trim();
        if text.chars().any(is_invisible) {
            return wrong("a plate has no control, bidirectional or zero-width characters");
        }
        if shown.chars().count() > LONGEST_SHOWN {
            return wrong("a plate has at most 32 characters as typed");
        }
        let key: String = shown
            .nfkc()
            .flat_map(char::to_uppercase)
            .nfkc()
            .filter(|&letter| !is_separator(letter))
            .map(fold)
            .collect();
        if key.is_empty() {
            return wrong("a plate has at least one letter or digit");
        }
        if key.chars().count() > LONGEST_KEY {
            return wrong("a plate has at most 16 letters and digits");
        }
        if !key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter.is_alphabetic()) {
            return wrong("a plate has letters, digits, spaces, dashes and dots only");
        }
        Ok(Self { shown: shown.into(), key: PlateKey(key.into()) })
    }

    /// Puts a plate together from a record's two columns.
    pub fn stored(shown: &str, key: &str) -> Self {
        Self { shown: shown.into(), key: PlateKey(key.into()) }
    }

    /// As it was typed, for display.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// By what it is compared.
    pub fn key(&self) -> &PlateKey {
        &self.key
    }
}

impl PlateKey {
    /// The folded letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, marks of writing direction, and what has no width.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Spaces, dashes and dots.
fn is_separator(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || matches!(letter, '.' | '\u{b7}' | '\u{2022}' | '\u{2219}' | '\u{22c5}' | '\u{30fb}' | '\u{387}')
}

/// The Latin letter or digit that this one looks like, or itself.
fn fold(letter: char) -> char {
    match letter {
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' | 'Ϲ' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'У' | 'Υ' => 'Y',
        'Х' | 'Χ' => 'X',
        'Ζ' => 'Z',
        '٠'..='٩' => digit(letter, '٠'),
        '۰'..='۹' => digit(letter, '۰'),
        other => other,
    }
}

fn digit(letter: char, zero: char) -> char {
    char::from_digit(u32::from(letter) - u32::from(zero), 10).unwrap_or(letter)
}

/// What kind of vehicle it is: `car`, `motorcycle`, `van`, or what an operator calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VehicleClass(SmolStr);

impl VehicleClass {
    /// Reads a name of a-z, 0-9, - and _.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        invalid::name(text, 32, "invalid-vehicle-class", "a vehicle class")?;
        Ok(Self(text.into()))
    }

    /// A name that was parsed before.
    pub(crate) fn known(name: &str) -> Self {
        Self(name.into())
    }

    /// The class of a vehicle of which nothing else is known.
    pub fn car() -> Self {
        Self(SmolStr::new_static("car"))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VehicleClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plates_that_name_one_vehicle_have_one_key() {
        for (typed, key) in [
            ("ABC-123", "ABC123"),
            ("abc 123", "ABC123"),
            (" a.b.c·1–2—3 ", "ABC123"),
            ("ＡＢＣ１２３", "ABC123"),
            ("АВС 123", "ABC123"),
            ("ΙΚΥ-1234", "IKY1234"),
            ("м 123 ор 77", "M123OP77"),
            ("B-MÜ 1", "BMÜ1"),
            ("BMU\u{308}1", "BMÜ1"),
            ("京A·12345", "京A12345"),
            ("品川 300 あ 12-34", "品川300あ1234"),
            ("١٢٣ أ ب", "123أب"),
            ("straße", "STRASSE"),
        ] {
            assert_eq!(Plate::parse(typed).unwrap().key().as_str(), key, "{typed}");
        }
        assert_ne!(Plate::parse("O0").unwrap().key(), Plate::parse("00").unwrap().key());
        assert_ne!(Plate::parse("I1").unwrap().key(), Plate::parse("11").unwrap().key());
        assert_eq!(Plate::parse(" abc-123 ").unwrap().shown(), "abc-123");
    }

    #[test]
    fn what_no_plate_can_be_is_refused() {
        let long = "A".repeat(17);
        let spaced = "A ".repeat(17);
        for wrong in [
            "",
            " ",
            "-",
            "A\u{200b}B",
            "A\u{202e}B",
            "A\nB",
            "A\0",
            "AB\u{fe0f}",
            "A/B",
            "A?",
            "😀",
            &long,
            &spaced,
        ] {
            assert_eq!(Plate::parse(wrong).unwrap_err().code, "invalid-plate", "{wrong:?}");
        }
    }

    #[test]
    fn a_class_is_a_short_name() {
        assert_eq!(VehicleClass::parse("e-bike_2").unwrap().as_str(), "e-bike_2");
        for wrong in ["", "Car", "-car", "a b", "ä", &"x".repeat(33)] {
            assert!(VehicleClass::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{1,20}") {
            if let Ok(plate) = Plate::parse(&text) {
                let again = Plate::parse(plate.key().as_str()).unwrap();
                prop_assert_eq!(again.key(), plate.key());
            }
        }
    }
}
