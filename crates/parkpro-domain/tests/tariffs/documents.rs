//! What may not be said, and what the common tariff is as a document.

use parkpro_domain::{
    money::{Currency, MajorAmount},
    tariff::{
        Discount, Document, Fee, FeeLine, FeePolicy, Grant, Length, StartedHours, Stay, Tariff,
        document::Percent,
    },
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    published::{json as json_of, names},
    tariff_document,
};

fn mistakes(document: &Value) -> Vec<(String, &'static str)> {
    let found = tariff_document::read(document).expect_err("it has mistakes");
    found.into_iter().map(|mistake| (mistake.pointer, mistake.code)).collect()
}

/// A document with mistakes, and all of them.
fn refused(document: &Value, expected: &[(&str, &str)]) {
    let mut found = mistakes(document);
    found.sort();
    let found: Vec<_> = found.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
    assert_eq!(found, expected, "{document}");
}

fn tariff(document: &Value) -> Tariff {
    Tariff::new(tariff_document::read(document).unwrap_or_else(|wrong| panic!("{wrong:#?}"))).unwrap()
}

fn stay(minutes: i64) -> Stay {
    let from = Timestamp::parse("2026-11-23T08:00:00Z").unwrap();
    let to = from.plus_micros(minutes * 60_000_000);
    Stay::new(
        from,
        to,
        VehicleClass::car(),
        Zone::parse("Europe/Berlin").unwrap(),
        Currency::parse("EUR").unwrap(),
    )
}

fn hourly(price: &str) -> Value {
    json!({ "blocks": [{ "step": "1h", "price": price }] })
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

/// So much per started hour, by a document that says more than that, so that its stays are walked through.
fn walked(price: MajorAmount) -> Tariff {
    let mut document = Document::started_hours(price);
    let bus = VehicleClass::parse("bus").unwrap();
    document.classes.insert(bus, document.board.clone());
    Tariff::new(document).unwrap()
}

#[test]
fn the_same_document_as_a_policy_gives_the_same_fees_as_started_hours() {
    let price = MajorAmount::parse("50.00").unwrap();
    let document = Tariff::new(Document::started_hours(price)).unwrap();
    let (walked, program) = (walked(price), StartedHours::new(price));
    for currency in ["USD", "JPY", "KWD"] {
        for micros in [0, 1, 3_599_999_999, 3_600_000_000, 3_600_000_001, 7_200_000_000, 90_000_000_000_001] {
            let mut stay = stay(0);
            stay.currency = Currency::parse(currency).unwrap();
            stay.ended_at = stay.parked_at.plus_micros(micros);
            assert_eq!(document.fee(&stay), program.fee(&stay), "{micros}");
            assert_eq!(walked.fee(&stay), program.fee(&stay), "{micros}");
            assert_eq!(document.next_change(&stay), program.next_change(&stay), "{micros}");
        }
    }
}

proptest! {
    #[test]
    fn started_hours_and_their_document_agree_on_any_stay(micros in 0..400 * 86_400_000_000_i64, cents in 0..1_000_000_i64) {
        let price = MajorAmount::parse(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap();
        let mut stay = stay(0);
        stay.ended_at = stay.parked_at.plus_micros(micros);
        prop_assert_eq!(walked(price).fee(&stay), StartedHours::new(price).fee(&stay));
    }
}

fn lines(fee: &Fee) -> Vec<(&str, i64)> {
    fee.lines.iter().map(|line| (line.rule.as_str(), line.amount)).collect()
}

fn line_text(line: &FeeLine) -> String {
    format!("{} {} of {}: {}", line.units, line.rule, line.unit_price, line.note)
}

#[test]
fn discounts_come_off_in_the_order_of_the_tariff_and_never_below_nothing() {
    let discount = |name: &str, grant| Discount { name: name.to_owned(), grant };
    let percent = discount("TEN", Grant::Percent(Percent::parse("10").unwrap()));
    let amount = discount("SHOP", Grant::Amount(MajorAmount::parse("5.00").unwrap()));
    let hour = discount("HOUR", Grant::Free(Length::HOUR));
    let fee = |discounts: &str, given: &[&Discount]| {
        let mut stay = stay(180);
        stay.discounts = given.iter().copied().cloned().collect();
        tariff(&json!({ "name": "A", "currency": "EUR", "rate": hourly("10.00"), "discounts": discounts }))
            .fee(&stay)
    };
    // 3 h = 30.00. 10 % = 3.00, then 5.00: 22.00. The other way round: 25.00 - 2.50 = 22.50.
    assert_eq!(fee("all", &[&amount, &percent]).total.minor, 2_200);
    assert_eq!(fee("amounts-first", &[&amount, &percent]).total.minor, 2_250);
    // An hour less costs 20.00; that is the best of the three.
    assert_eq!(fee("best", &[&amount, &hour, &percent]).total.minor, 2_000);
    assert_eq!(
        lines(&fee("all", &[&hour, &amount, &amount, &amount, &amount, &amount])),
        [
            ("discount", 0),
            ("started-hour", 2_000),
            ("discount", -500),
            ("discount", -500),
            ("discount", -500),
            ("discount", -500),
            ("discount", 0),
        ]
    );
    let other = tariff(&json!({ "name": "Staff", "currency": "EUR", "rate": hourly("1.00") }));
    let staff = discount("STAFF", Grant::Tariff(std::sync::Arc::new(other)));
    assert_eq!(fee("all", &[&percent, &staff]).total.minor, 270);
}

#[test]
fn a_line_ends_with_its_step_on_a_date_that_can_be_written() {
    let board = |step: &str, across: &str| {
        tariff(&json!({
            "name": "A", "currency": "EUR", "rate": { "blocks": [{ "step": step, "price": "30.00" }] },
            "steps": { "across": across }
        }))
    };
    let end = |step: &str, across: &str, from: &str, to: &str| {
        let mut stay = stay(0);
        stay.zone = Zone::UTC;
        (stay.parked_at, stay.ended_at) = (Timestamp::parse(from).unwrap(), Timestamp::parse(to).unwrap());
        board(step, across).fee(&stay).lines[0].to.to_string()
    };
    for (step, from, to, ends) in [
        ("calendar-month", "2026-03-15T00:00:00Z", "2026-03-16T00:00:00Z", "2026-04-01T00:00:00.000000Z"),
        ("calendar-month", "2026-12-01T00:00:00Z", "2026-12-01T01:00:00Z", "2027-01-01T00:00:00.000000Z"),
        ("calendar-month", "1969-12-15T00:00:00Z", "1969-12-16T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
        ("calendar-month", "0000-01-01T00:00:00Z", "0000-01-02T00:00:00Z", "0000-02-01T00:00:00.000000Z"),
        ("calendar-month", "9999-12-03T00:00:00Z", "9999-12-04T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
        ("calendar-week", "2026-03-16T00:00:00Z", "2026-03-16T01:00:00Z", "2026-03-23T00:00:00.000000Z"),
        ("7h", "9999-12-31T20:00:00Z", "9999-12-31T23:00:00Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(end(step, "cut", from, to), ends, "{step} {from}");
    }
    let long =
        board("7d", "once").fee(&Stay { ended_at: stay(0).parked_at.plus_micros(i64::MAX / 4), ..stay(0) });
    assert_eq!(long.lines[0].note, "3654d at 30.00 per 7d");
}

#[test]
fn tax_is_rounded_once_and_shown() {
    let fee = |included: bool, minutes: i64| {
        let tax = json!({ "percent": "19", "included": included });
        tariff(&json!({ "name": "A", "currency": "EUR", "rate": hourly("2.50"), "tax": tax }))
            .fee(&stay(minutes))
    };
    // 2.50 and 0.475 on top; 2.50 contains 2.50 * 19 / 119 = 0.3991….
    let (top, within) = (fee(false, 60), fee(true, 60));
    assert_eq!((top.net().minor, top.tax().minor, top.total.minor), (250, 48, 298));
    assert_eq!((within.net().minor, within.tax().minor, within.total.minor), (210, 40, 250));
    assert_eq!(fee(false, 0).lines, []);
}

#[test]
fn a_lost_ticket_an_overstay_a_minimum_and_coins_have_lines_of_their_own() {
    let document = json!({
        "name": "A", "currency": "CHF", "rate": { "blocks": [{ "step": "1min", "per_hour": "1.00" }] },
        "minimum": "0.50", "lost_ticket": "40.00", "rounding": { "cash": "0.05" },
        "maximum_stay": { "length": "2h", "overstay": { "price": "30.00" } },
        "classes": { "motorcycle": { "rate": "free" } }
    });
    let tariff = tariff(&document);
    assert_eq!(lines(&tariff.fee(&stay(12))), [("started-minute", 20), ("minimum", 30)]);
    // 47 min = 0.7833…, 0.78, to coins 0.80.
    assert_eq!(lines(&tariff.fee(&stay(47))), [("started-minute", 78), ("cash-rounding", 2)]);
    assert_eq!(lines(&tariff.fee(&stay(121))), [("started-minute", 200), ("flat", 3_000)]);
    let mut lost = stay(12);
    lost.lost_ticket = true;
    assert_eq!(lines(&tariff.fee(&lost)), [("lost-ticket", 4_000)]);
    let mut motorcycle = stay(300);
    motorcycle.class = VehicleClass::parse("motorcycle").unwrap();
    assert_eq!(tariff.fee(&motorcycle).lines, []);
}

#[test]
fn what_is_finer_than_the_coins_of_a_lot_is_rounded() {
    let tariff =
        tariff(&json!({ "name": "A", "rate": hourly("1.00"), "minimum": "1.55", "lost_ticket": "12.34" }));
    let mut stay = stay(30);
    stay.currency = Currency::parse("JPY").unwrap();
    assert_eq!(tariff.total(&stay).minor, 2);
    stay.lost_ticket = true;
    assert_eq!(tariff.total(&stay).minor, 12);
}

#[test]
fn packages_are_what_the_board_says_unless_the_cheapest_is_asked_for() {
    let board = |choice: &str| {
        tariff(&json!({
            "name": "A", "currency": "EUR", "rate": { "blocks": [{ "step": "24h", "price": "5.00" }] },
            "packages": [{ "length": "7d", "price": "32.00" }], "packages_choice": choice
        }))
    };
    let days = |days: i64| stay(days * 1_440);
    // As listed the package counts once, then each day 5.00; the cheapest takes it again.
    for (length, listed, cheapest) in
        [(1, 500, 500), (6, 3_000, 3_000), (7, 3_200, 3_200), (13, 6_200, 6_200), (14, 6_700, 6_400)]
    {
        assert_eq!(board("as-listed").fee(&days(length)).total.minor, listed, "{length}");
        assert_eq!(board("cheapest").fee(&days(length)).total.minor, cheapest, "{length}");
    }
}

#[test]
fn a_step_is_cut_runs_on_or_counts_once_when_another_rate_takes_over() {
    let board = |across: &str| {
        tariff(&json!({
            "name": "A", "currency": "EUR", "rate": { "blocks": [{ "step": "1h", "per_hour": "2.00" }] },
            "windows": [{ "name": "Late", "when": "10:30-20:00", "rate": { "blocks": [{ "step": "15min", "per_hour": "4.00" }] } }],
            "steps": { "across": across }
        }))
    };
    // 09:00 to 11:10. Cut: 2 started hours, then 3 quarters of 1.00. Run on: 2 hours until 11:00, then 1 quarter.
    // Once: 1.5 h at 2.00; 2 h 10 min become 2 h 15 min, so 45 min at 4.00.
    for (across, expected) in [("cut", 700), ("run-on", 500), ("once", 600)] {
        assert_eq!(board(across).fee(&stay(130)).total.minor, expected, "{across}");
    }
    let said: Vec<_> = board("once").fee(&stay(130)).lines.into_iter().map(|line| line_text(&line)).collect();
    assert_eq!(
        said,
        [
            "1 elapsed-time of 300: 90min at 2.00 per hour",
            "1 elapsed-time of 300: Late: 45min at 4.00 per hour"
        ]
    );
    let flat = tariff(&json!({
        "name": "A", "currency": "EUR", "rate": { "blocks": [{ "step": "30min", "price": "0.50" }] },
        "steps": { "across": "once" }
    }));
    let said: Vec<_> = flat.fee(&stay(31)).lines.iter().map(line_text).collect();
    assert_eq!(said, ["1 elapsed-time of 100: 1h at 0.50 per 30min"]);
}

#[test]
fn a_price_table_is_for_stays_of_an_hour_to_a_week() {
    let (from, zone) = (Timestamp::parse("2026-11-23T08:00:00Z").unwrap(), Zone::UTC);
    let tariff = tariff(&json!({
        "name": "A", "currency": "EUR", "rate": hourly("1.00"), "caps": [{ "max": "8.00", "per": "24h" }], "restart": "24h"
    }));
    let table = tariff.table(from, zone, VehicleClass::car(), Currency::parse("EUR").unwrap());
    assert_eq!(table.len(), 30);
    assert_eq!(
        (table[0].1.minor, table[23].1.minor, table[24].1.minor, table[29].1.minor),
        (100, 800, 1_600, 5_600)
    );
}

#[test]
fn no_stay_of_ten_years_overflows_what_was_saved() {
    let dearest = json!({ "name": "A", "rate": { "blocks": [{ "step": "1s", "price": "999999999" }] } });
    refused(&dearest, &[("/rate", "overflow")]);
    let dear = tariff(&json!({ "name": "A", "currency": "EUR", "rate": hourly("9999999") }));
    let mut long = stay(0);
    long.ended_at = long.parked_at.plus_micros(Length::LONGEST.micros());
    assert_eq!(dear.fee(&long).total.minor, 999_999_900 * Length::LONGEST.seconds() / 3_600);
    // Whoever stays longer pays for ten years.
    let decade = dear.total(&long);
    long.ended_at = Timestamp::from_micros(i64::MAX);
    assert_eq!(dear.total(&long), decade);
}
