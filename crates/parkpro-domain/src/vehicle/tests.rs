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
        ("١٢٣ أ ب", "123اب"),
        ("straße", "STRASSE"),
        ("STRAẞE", "STRASSE"),
    ] {
        assert_eq!(Plate::parse(typed).unwrap().key().as_str(), key, "{typed}");
    }
    assert_ne!(Plate::parse("O0").unwrap().key(), Plate::parse("00").unwrap().key());
    assert_ne!(Plate::parse("I1").unwrap().key(), Plate::parse("11").unwrap().key());
    assert_eq!(Plate::parse(" abc-123 ").unwrap().shown(), "abc-123");
}

/// Of each line all are one plate, and no plate of another line.
const ONE_PLATE: [&[&str]; 40] = [
    // Germany: an umlaut is a letter of its own, and E and H at the end belong to the plate.
    &["B-MÜ 1", "b mü 1", "B•MÜ1", "BMU\u{308}1", "В-МÜ 1"],
    &["B-MU 1"],
    &["B-MÜ 1E", "bmü1e"],
    &["B-MÜ 1H"],
    // Austria, Switzerland, France, Italy, Spain, Poland, the Netherlands, the United Kingdom
    &["W-12345 A", "w.12345.a"],
    &["ZH 123 456", "ZH·123456"],
    &["AB-123-CD", "ab 123 cd", "AB—123—CD", "ＡＢ－１２３－ＣＤ", "ab‑123‑cd"],
    &["1234 BCD", "1234BCD"],
    &["WA 12345", "wa-12345"],
    &["AB12 CDE", "Ａｂ１２ ｃｄｅ"],
    // O and 0, I and 1 are different plates where both are used.
    &["AB12 CDO"],
    &["AB12 CD0"],
    &["IB 11", "ib 11", "İB 11", "ΙΒ 11"],
    &["1B 11"],
    // Greece and Cyprus: the fourteen letters that look Latin, in either keyboard
    &["ΙΚΥ-1234", "IKY 1234", "ικυ 1234", "Iky·1234"],
    &["ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"],
    // Russia, Ukraine, Bulgaria, Serbia: the letters that look Latin; others are themselves.
    &["А 123 ВС 77", "a123bc77", "а123вс 77", "A 123 BC 77"],
    &["М 123 ОР 777", "M123OP777", "м123ор777"],
    &["АІ 1234 ВК", "AI1234BK"],
    &["БГ 123-ЖЗ", "бг 123 жз"],
    // Mongolia has both У and Ү.
    &["1234 УБА", "1234 уба"],
    &["1234 ҮБА", "1234 үба"],
    // Turkey, Azerbaijan
    &["34 ABC 123", "34abc123"],
    // Egypt, Saudi Arabia, Iran: digits and letters of either keyboard
    &["١٢٣ أ ب", "123 ا ب", "۱۲۳ أب"],
    &["هـ ٤٥٦", "ه 456", "ة ٤٥٦"],
    &["۱۲ ب ۳۴۵ ایران ۱۱", "12 ب 345 إيران 11"],
    &["۴۴ ک ۱۲۳", "44 ك 123"],
    // Israel
    &["12-345-67", "1234567", "12־345־67"],
    &["123-45-678"],
    // India: states, and the BH series
    &["KA 01 AB 1234", "ka-01-ab-1234", "KA01AB1234"],
    &["22 BH 1234 AA", "22bh1234aa"],
    // Nepal, Bangladesh
    &["बा १ च १२३४", "बा 1 च 1234"],
    &["ঢাকা মেট্রো-গ ১১-১২৩৪", "ঢাকা মেট্রো গ 11 1234"],
    // Thailand
    &["1กข 1234", "๑กข ๑๒๓๔", "1กข-1234"],
    // China, Hong Kong and Macau across the border, Taiwan
    &["京A·12345", "京a12345", "京Ａ・１２３４５", "京A‧12345"],
    &["粤Z·1234港", "粤z1234港"],
    // Japan: a region, a class, a kana, a number; dots stand for missing digits, and ー is typed for a dash.
    &["品川 300 あ 12-34", "品川３００あ１２ー３４", "品川300あ1234", "品川 300 あ 12ｰ34"],
    &["品川 300 あ ・・12", "品川300あ12"],
    // Korea, also as a Mac decomposes it
    &["12가 3456", "12가3456", "12\u{1100}\u{1161} 3456"],
    // Diplomats and others with long plates
    &["0 17-1 234 CMD", "0171234CMD"],
];

#[test]
fn plates_of_many_countries_are_told_apart_and_no_further() {
    let mut keys = std::collections::HashMap::new();
    for (line, plates) in ONE_PLATE.iter().enumerate() {
        for typed in *plates {
            let key = Plate::parse(typed).unwrap_or_else(|wrong| panic!("{typed}: {wrong}")).key().clone();
            let known = *keys.entry(key.clone()).or_insert(line);
            assert_eq!(known, line, "{typed} ({}) is {:?}", key.as_str(), ONE_PLATE[known]);
        }
        let first = Plate::parse(plates[0]).unwrap();
        for typed in *plates {
            assert_eq!(Plate::parse(typed).unwrap().key(), first.key(), "{typed} is {}", plates[0]);
        }
    }
}

#[test]
fn what_nobody_can_see_makes_no_other_plate() {
    for hidden in "\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{180e}\u{200d}\u{200f}\u{2066}\u{2800}\u{3164}\u{ffa0}\u{feff}".chars() {
        let typed = format!("ABC{hidden}123");
        assert_eq!(Plate::parse(&typed).unwrap_err().code, "invalid-plate", "{hidden:?}");
    }
}

#[test]
fn digits_of_every_script_are_digits() {
    for zero in ZEROS {
        let digits: String = (0..10).filter_map(|n| char::from_u32(u32::from(zero) + n)).collect();
        assert_eq!(Plate::parse(&digits).unwrap().key().as_str(), "0123456789", "{zero}");
    }
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

#[test]
fn the_short_way_for_ascii_gives_the_same_key() {
    for letter in (0..128_u8).map(char::from) {
        let text = format!("a{letter}9");
        assert_eq!(ascii_key(&text), key_of(&text), "{letter:?}");
    }
}
