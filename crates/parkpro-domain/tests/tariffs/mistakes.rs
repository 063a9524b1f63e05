//! What may not be said, and that all of it is named at once.

use serde_json::{Value, json};

use crate::{
    documents::hourly,
    published::{json as json_of, names},
    tariff_document,
};

fn mistakes(document: &Value) -> Vec<(String, &'static str)> {
    let found = tariff_document::read(document).expect_err("it has mistakes");
    found.into_iter().map(|mistake| (mistake.pointer, mistake.code)).collect()
}

/// A document with mistakes, and all of them.
pub(crate) fn refused(document: &Value, expected: &[(&str, &str)]) {
    let mut found = mistakes(document);
    found.sort();
    let found: Vec<_> = found.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
    assert_eq!(found, expected, "{document}");
}

#[test]
fn every_mistake_of_a_document_is_named_with_its_place_at_once() {
    refused(
        &json!({
            "name": "",
            "currency": "eur",
            "rate": { "blocks": [
                { "to": "2h", "step": "1h", "price": "2.00" },
                { "to": "1h", "step": "15 min", "price": 1.5 },
                { "step": "1h", "price": "1.00", "per_hour": "1.00" }
            ] },
            "windows": [
                { "name": "All", "when": "24/7", "rate": "free" },
                { "name": "Night", "when": "22:00-06:00", "rate": { "table": [{ "up_to": "1h", "total": "1.00" }] } },
                { "name": "Bad", "when": "Mon 9-5", "rate": "free" }
            ],
            "caps": [{ "max": "1.00" }, { "max": "0.005", "per": "window" }],
            "offers": [{ "name": "Nobody", "rate": "free" }],
            "colour": "blue"
        }),
        &[
            ("/caps/0/max", "cap-below-first-price"),
            ("/caps/1/max", "cap-below-first-price"),
            ("/caps/1/when", "missing"),
            ("/colour", "unknown-field"),
            ("/currency", "invalid-currency"),
            ("/name", "invalid-name"),
            ("/offers/0", "no-condition"),
            ("/rate/blocks/1/price", "wrong-type"),
            ("/rate/blocks/1/step", "invalid-period"),
            ("/rate/blocks/1/to", "not-rising"),
            ("/rate/blocks/2", "one-of"),
            ("/windows/1/rate", "no-end"),
            ("/windows/1/when", "window-hidden"),
            ("/windows/2/when", "invalid-when"),
        ],
    );
}

#[test]
fn what_can_be_read_is_checked_as_a_whole() {
    let night = json!({ "name": "Night", "when": "22:00-06:00", "rate": { "table": [{ "up_to": "1h", "total": "1.00" }] } });
    refused(
        &json!({
            "name": "A",
            "currency": "EUR",
            "free": { "first": "0min", "kind": "gift" },
            "rate": { "blocks": [
                { "step": "1h", "price": "2.00" },
                { "to": "1h", "per_hour": "1.00" },
                { "to": "30min", "step": "calendar-day", "price": "1.00" }
            ] },
            "windows": [{ "name": "All", "when": "24/7", "rate": "free" }, night],
            "caps": [{ "max": "5.00", "per": "7d" }, { "max": "9.005", "per": "24h" }, { "max": "1.00", "when": "Sa", "per": "calendar-week" }],
            "packages": [{ "length": "2d", "price": "9.00" }, { "length": "36h", "price": "8.00" }],
            "packages_choice": "cheapest",
            "accumulate": true,
            "offers": [{ "name": "Nobody", "longer_than": "2h", "up_to": "1h", "rate": { "blocks": [] } }],
            "classes": { "Lorry": { "rate": "free" }, "bus": {} },
            "tax": { "percent": "0", "included": true },
            "rounding": { "mode": "nearest", "cash": "0.00" },
        }),
        &[
            ("/accumulate", "not-combinable"),
            ("/caps/0/max", "cap-below-shorter"),
            ("/caps/1/max", "finer-than-minor-unit"),
            ("/classes/Lorry", "invalid-vehicle-class"),
            ("/classes/bus/rate", "missing"),
            ("/free/first", "invalid-length"),
            ("/free/kind", "unknown-word"),
            ("/offers/0/rate/blocks", "empty"),
            ("/offers/0/up_to", "contradiction"),
            ("/packages/1/length", "not-rising"),
            ("/packages/1/length", "not-whole-days"),
            ("/packages/1/price", "not-rising"),
            ("/rate", "calendar-step"),
            ("/rate/blocks/0/to", "missing"),
            ("/rate/blocks/1/step", "step-missing"),
            ("/rate/blocks/2/to", "no-end"),
            ("/rate/blocks/2/to", "not-rising"),
            ("/restart", "not-daily"),
            ("/rounding/cash", "not-positive"),
            ("/rounding/mode", "unknown-word"),
            ("/tax/percent", "no-tax"),
            ("/windows/1/rate", "no-end"),
            ("/windows/1/when", "window-hidden"),
        ],
    );
    refused(&json!([]), &[("", "wrong-type")]);
}

/// Every part of a value, with its pointer.
fn parts(value: &Value) -> Vec<String> {
    let steps: Vec<String> = match value {
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|number| number.to_string()).collect(),
        _ => Vec::new(),
    };
    let below = |step: &String| {
        let at = format!("/{step}");
        let within = value.pointer(&at).map(parts).unwrap_or_default();
        let within: Vec<_> = within.into_iter().map(|part| format!("{at}{part}")).collect();
        std::iter::once(at).chain(within)
    };
    steps.iter().flat_map(below).collect()
}

#[test]
fn whichever_part_of_a_board_cannot_be_read_is_its_only_mistake() {
    let everything = "tests/data/everything.json".to_owned();
    let boards = names().map(|name| format!("examples/tariffs/{name}.json")).chain([everything]);
    let mut tried = 0;
    for board in boards.map(|path| json_of(&path)) {
        for part in parts(&board) {
            let mut broken = board.clone();
            *broken.pointer_mut(&part).unwrap() = json!(7);
            refused(&broken, &[(&part, if is_word(&part) { "unknown-word" } else { "wrong-type" })]);
            tried += 1;
        }
    }
    assert!(tried > 700, "{tried}");
}

#[test]
fn null_means_what_a_missing_field_means() {
    let board = json_of("tests/data/everything.json");
    let mut tried = 0;
    for part in parts(&board) {
        let (within, field) = part.rsplit_once('/').unwrap();
        let (mut null, mut missing) = (board.clone(), board.clone());
        let Value::Object(fields) = missing.pointer_mut(within).unwrap() else { continue };
        fields.remove(field);
        *null.pointer_mut(&part).unwrap() = Value::Null;
        if within != "/classes" {
            let read = |board: &Value| {
                tariff_document::read(board).map_err(|mistakes| {
                    mistakes.into_iter().map(|mistake| (mistake.pointer, mistake.code)).collect::<Vec<_>>()
                })
            };
            assert_eq!(read(&null), read(&missing), "{part}");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

/// A board with a part that cannot be read, beside contradictions that do not rest on it.
#[test]
fn each_contradiction_is_named_beside_a_part_that_cannot_be_read() {
    let hour = |price: &str| json!({ "blocks": [{ "step": "1h", "price": price }] });
    let dear = json!({ "blocks": [{ "step": "1s", "price": "999999999" }] });
    let until = json!([{ "up_to": "1h", "total": "5.00" }]);
    for (part, wrong, told) in [
        ("/caps", json!([{ "max": "1.00" }]), "/caps/0/max cap-below-first-price"),
        ("/rate/blocks/0/step", json!("bad"), "/caps/0/max cap-below-first-price"),
        ("/restart", json!("bad"), "/maximum_stay/overstay overflow"),
        ("/windows", json!(7), "/maximum_stay/overstay overflow"),
    ] {
        let mut board = json!({
            "name": "A", "currency": "EUR", "rate": hour("2.00"), "caps": [{ "max": "1.00" }], "restart": "24h",
            "maximum_stay": { "length": "24h", "overstay": dear }
        });
        board[part.split('/').nth(1).unwrap()] = match part {
            "/rate/blocks/0/step" => json!({ "blocks": [{ "step": wrong, "price": "2.00" }] }),
            _ => wrong,
        };
        let found: Vec<_> =
            mistakes(&board).into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect();
        assert!(found.iter().any(|found| found == told), "{part}: {found:?}");
    }
    // Whoever misspelt a field has not left it out; what cannot be known is no contradiction.
    for (misspelt, value) in [("restat", json!("24h")), ("maximum_sta", json!({ "length": "1h" }))] {
        let mut board = json!({ "name": "A", "rate": { "table": until } });
        board[misspelt] = value;
        refused(&board, &[(&format!("/{misspelt}"), "unknown-field")]);
    }
    let cheap =
        |block: Value| json!({ "name": "A", "rate": { "blocks": [block] }, "caps": [{ "max": "2.00" }] });
    refused(
        &cheap(json!({ "stepp": "15min", "per_hour": "4.00" })),
        &[("/rate/blocks/0/stepp", "unknown-field")],
    );
    refused(
        &cheap(json!({ "step": "1h", "price": "30.00", "per_hour": "3.00" })),
        &[("/rate/blocks/0", "one-of")],
    );
    let offer = json!({ "name": "B", "entr": "Mo", "rate": "free" });
    refused(
        &json!({ "name": "A", "rate": "free", "offers": [offer] }),
        &[("/offers/0/entr", "unknown-field")],
    );
    let dear = json!({ "blocks": [{ "step": "1s", "price": "900000" }] });
    refused(&json!({ "name": "A", "currency": "EURO", "rate": dear }), &[("/currency", "invalid-currency")]);
}

#[test]
fn a_contradiction_is_named_once_and_where_it_is() {
    let once = |rate: Value| json!({ "name": "A", "rate": rate, "steps": { "across": "once" } });
    refused(&once(json!({ "price": "3.00" })), &[("/rate", "step-missing")]);
    refused(&once(json!({ "blocks": [{ "per_hour": "3.00" }] })), &[("/rate/blocks/0/step", "step-missing")]);
    let late = json!({ "blocks": [{ "to": "1h", "price": "2.00" }, { "step": "1h", "price": "1.00" }] });
    refused(&once(late), &[("/rate/blocks/0/step", "step-missing")]);
    let both = json!({ "price": "x", "per_hour": "2.00" });
    let both = json!({ "name": "A", "rate": { "blocks": [both] } });
    refused(&both, &[("/rate/blocks/0", "one-of"), ("/rate/blocks/0/price", "invalid-amount")]);
    let cap = |max: &str, per: &str| json!({ "max": max, "per": per });
    let caps = [
        cap("20.00", "24h"),
        cap("20.00", "calendar-day"),
        cap("10.00", "calendar-week"),
        cap("8.00", "calendar-month"),
    ];
    refused(
        &json!({ "name": "A", "rate": "free", "caps": caps }),
        &[("/caps/2/max", "cap-below-shorter"), ("/caps/3/max", "cap-below-shorter")],
    );
}

#[test]
fn every_part_that_is_too_dear_is_named_unless_the_stay_is_short() {
    let dear = json!({ "blocks": [{ "step": "1s", "price": "999999999" }] });
    let window = |when: &str| json!({ "name": when, "when": when, "rate": dear });
    refused(
        &json!({ "name": "A", "rate": dear, "windows": [window("Mo"), window("Tu")] }),
        &[("/rate", "overflow"), ("/windows/0/rate", "overflow"), ("/windows/1/rate", "overflow")],
    );
    let offer = |up_to: &str| json!({ "name": "B", "up_to": up_to, "rate": dear });
    refused(
        &json!({ "name": "A", "rate": "free", "offers": [offer("1h"), offer("3650d")] }),
        &[("/offers/1/rate", "overflow")],
    );
}

#[test]
fn nothing_begins_anew_all_the_time() {
    refused(
        &json!({ "name": "A", "rate": hourly("1.00"), "restart": "899s", "caps": [{ "max": "9.00", "per": "14min" }] }),
        &[("/caps/0/per", "out-of-range"), ("/restart", "out-of-range")],
    );
    let empty = json!({ "table": [], "then": { "step": "1h", "price": "9.00" } });
    refused(&json!({ "name": "A", "rate": empty, "caps": [{ "max": "5.00" }] }), &[("/rate/table", "empty")]);
}

#[test]
fn a_window_is_hidden_by_those_before_it() {
    for (before, when, hidden) in [
        ("24/7", "12-24..01-06", true),
        ("24/7", "PH", true),
        ("PH", "PH 08:00-10:00", true),
        ("2024-06-01..2024-06-30", "2024-06-03 08:00-10:00", true),
        ("12-24..01-06", "12-24..01-06 Sa 20:00-23:00", true),
        ("24/7; PH off", "Mo; PH off", true),
        ("24/7; PH off", "Mo", false),
        ("Mo-Fr", "PH", false),
        ("PH", "Mo", false),
        ("12-24..01-06", "12-24..01-07", false),
        ("08:00-10:00", "2024-06-03 08:00-10:01", false),
        ("Mo-Fr", "12-24..01-06 Mo 22:00-06:00", true),
        ("Fr 16:00-Su 24:00", "12-24..01-06 Sa,Su", true),
        ("Mo-Fr", "2024-06-03", true),
        ("Mo-Fr", "2024-06-03..2024-06-08", false),
        ("Sa", "2024-06-03 Tu", false),
        ("Fr 16:00-Fr 16:00", "24/7", true),
        ("Mo-Fr; Fr 16:00-Mo 08:00", "24/7", true),
        ("Mo-Fr; Fr 16:00-Su 23:59", "24/7", false),
        ("Su 22:00-06:00; Mo 06:00-24:00", "Mo", true),
    ] {
        let window = |when: &str| json!({ "name": when, "when": when, "rate": "free" });
        let board = json!({ "name": "A", "rate": "free", "windows": [window(before), window(when)] });
        let found =
            tariff_document::read(&board).err().map(|found| found.into_iter().map(|one| one.code).collect());
        assert_eq!(found, hidden.then(|| vec!["window-hidden"]), "{before}, {when}");
    }
}

#[test]
fn more_parts_than_a_board_can_have_are_a_mistake() {
    let named = |board: &Value, list: &str| {
        let found = tariff_document::read(board).err().unwrap_or_default();
        found.iter().any(|mistake| mistake.pointer == format!("/{list}") && mistake.code == "out-of-range")
    };
    for (list, most) in
        [("windows", 100), ("caps", 100), ("offers", 100), ("packages", 100), ("holidays", 1_000)]
    {
        let part = if list == "holidays" { json!("2026-12-25") } else { json!({}) };
        for (count, too_many) in [(most, false), (most + 1, true)] {
            let mut board = json!({ "name": "A", "rate": "free" });
            board[list] = vec![part.clone(); count].into();
            assert_eq!(named(&board, list), too_many, "{count} {list}");
        }
    }
}

/// Whether a part is one of a few words.
fn is_word(part: &str) -> bool {
    let words = ["/kind", "_choice", "/count", "/across", "/mode", "/discounts"];
    words.iter().any(|word| part.ends_with(word))
}

#[test]
fn what_cannot_be_read_hides_no_contradiction_that_does_not_rest_on_it() {
    let block = |to: &str, price: &str| json!({ "to": to, "step": "1h", "price": price });
    let cap = |max: &str, per: &str| json!({ "max": max, "per": per });
    refused(
        &json!({
            "name": 7,
            "rate": { "blocks": [block("2h", "1,50"), block("bad", "1.00"), block("1h", "1.00")] },
            "windows": [
                { "name": "A", "when": "sometimes", "rate": { "blocks": [] } },
                { "name": "B", "when": "Mo", "rate": { "blocks": [{ "step": "calendar-day", "price": "x" }] } },
                { "name": "C", "when": "Mo", "rate": { "table": [
                    { "up_to": "2h", "total": "5.00" }, { "up_to": "x", "total": "x" }, { "up_to": "1h", "total": "4.00" }
                ] } }
            ],
            "caps": [cap("bad", "24h"), cap("5.00", "24h"), cap("4.00", "7d"), cap("9.00", "bad")],
            "packages": [{ "length": "2d", "price": "9.00" }, 7, { "length": "1d", "price": "8.00" }],
            "offers": [
                { "name": "Nobody", "rate": "fre" },
                { "name": "Somebody", "enter": "bad", "rate": { "table": [] } },
                { "name": "Short", "up_to": "bad", "rate": { "table": [{ "up_to": "1h", "total": "1.00" }] } }
            ],
            "classes": { "Big Lorry": { "rate": { "blocks": [] } } }
        }),
        &[
            ("/caps/0/max", "invalid-amount"),
            ("/caps/2/max", "cap-below-shorter"),
            ("/caps/3/per", "invalid-period"),
            ("/classes/Big Lorry", "invalid-vehicle-class"),
            ("/classes/Big Lorry/rate/blocks", "empty"),
            ("/name", "wrong-type"),
            ("/offers/0", "no-condition"),
            ("/offers/0/rate", "wrong-type"),
            ("/offers/1/enter", "invalid-when"),
            ("/offers/1/rate", "no-end"),
            ("/offers/1/rate/table", "empty"),
            ("/offers/2/up_to", "invalid-length"),
            ("/packages/1", "wrong-type"),
            ("/packages/2/length", "not-rising"),
            ("/packages/2/price", "not-rising"),
            ("/rate/blocks/0/price", "invalid-amount"),
            ("/rate/blocks/1/to", "invalid-length"),
            ("/rate/blocks/2/to", "no-end"),
            ("/rate/blocks/2/to", "not-rising"),
            ("/windows/0/rate/blocks", "empty"),
            ("/windows/0/when", "invalid-when"),
            ("/windows/1/rate", "calendar-step"),
            ("/windows/1/rate/blocks/0/price", "invalid-amount"),
            ("/windows/2/rate", "no-end"),
            ("/windows/2/rate/table/1/total", "invalid-amount"),
            ("/windows/2/rate/table/1/up_to", "invalid-length"),
            ("/windows/2/rate/table/2/total", "not-rising"),
            ("/windows/2/rate/table/2/up_to", "not-rising"),
            ("/windows/2/when", "window-hidden"),
        ],
    );
}
