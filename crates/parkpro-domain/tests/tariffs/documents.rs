//! What documents cost, and what the common tariff is as one.

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

use crate::{mistakes::refused, tariff_document};

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

/// So much for each started hour.
pub(crate) fn hourly(price: &str) -> Value {
    json!({ "blocks": [{ "step": "1h", "price": price }] })
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
