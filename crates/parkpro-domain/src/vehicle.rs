//! Vehicles: the plate that names one, and its class.

use std::fmt;

use smol_str::SmolStr;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

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
    /// The key is NFKC, upper case, without spaces, dashes and dots; Cyrillic and Greek letters that look Latin, the forms
    /// that one Arabic letter has on different keyboards, and the digits of every script are folded. It has 1 to 16
    /// letters or digits. O and 0, I and 1 stay different.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = |detail: &str| Err(Invalid::new("invalid-plate", detail));
        let shown = text.trim();
        if text.chars().any(is_invisible) {
            return wrong("a plate has no control, bidirectional or zero-width characters");
        }
        if shown.chars().count() > LONGEST_SHOWN {
            return wrong("a plate has at most 32 characters as typed");
        }
        let key = if shown.is_ascii() { ascii_key(shown) } else { key_of(shown) };
        if key.is_empty() {
            return wrong("a plate has at least one letter or digit");
        }
        if key.chars().filter(|letter| !is_combining_mark(*letter)).count() > LONGEST_KEY {
            return wrong("a plate has at most 16 letters and digits");
        }
        if !key.chars().all(|letter| letter.is_ascii_digit() || letter.is_alphabetic() || is_virama(letter)) {
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

fn key_of(shown: &str) -> String {
    // The capital ß, which is its own capital; that of the small one is SS.
    let small = |letter| if letter == 'ẞ' { 'ß' } else { letter };
    let letters = shown.nfkc().map(small).flat_map(char::to_uppercase).nfkc();
    letters.filter(|&letter| !is_separator(letter)).map(fold).collect()
}

/// The same, for what most plates are written in.
fn ascii_key(shown: &str) -> String {
    shown.chars().filter(|&letter| !is_separator(letter)).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// Control characters, marks of writing direction, and what has no width or no ink: nobody could tell two plates apart by
/// them.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Spaces, dashes and dots, and what is typed for a dash in Hebrew, Japanese and Arabic.
fn is_separator(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '-' | '\u{5be}' | '\u{640}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}')
        || matches!(
            letter,
            '.' | '\u{b7}' | '\u{387}' | '\u{2022}' | '\u{2027}' | '\u{2219}' | '\u{22c5}' | '\u{30fb}'
        )
}

/// The mark by which Indic scripts join two consonants. It is no letter, and words need it: `মেট্রো`.
fn is_virama(letter: char) -> bool {
    matches!(
        letter,
        '\u{94d}'
            | '\u{9cd}'
            | '\u{a4d}'
            | '\u{acd}'
            | '\u{b4d}'
            | '\u{bcd}'
            | '\u{c4d}'
            | '\u{ccd}'
            | '\u{d4d}'
            | '\u{dca}'
            | '\u{1039}'
            | '\u{103a}'
            | '\u{17d2}'
    )
}

/// The letter or digit that this one is taken for, or itself.
fn fold(letter: char) -> char {
    match letter {
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' | 'Ϲ' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' | 'Ӏ' | 'İ' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ԛ' => 'Q',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Ԝ' => 'W',
        'У' | 'Υ' => 'Y',
        'Х' | 'Χ' => 'X',
        'Ζ' => 'Z',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        'ة' => 'ه',
        other => digit(other).unwrap_or(other),
    }
}

/// Where the ten digits of a script begin, of scripts that plates are written in.
const ZEROS: [char; 21] =
    ['٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '෦', '๐', '໐', '༠', '၀', '០', '᠐', '᥆', '᧐'];

fn digit(letter: char) -> Option<char> {
    let value = |zero: char| u32::from(letter).checked_sub(u32::from(zero)).filter(|value| *value < 10);
    ZEROS.into_iter().find_map(value).and_then(|value| char::from_digit(value, 10))
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
mod tests;
