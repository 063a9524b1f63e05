//! The two nights a year on which clocks change. Every fee here was computed by hand, in the comment beside it.
//!
//! The board: 1.00 per started hour, but 0.50 per started half hour in a night window of its own, so that the fee
//! counts the elapsed hours inside and outside of the window.

use parkpro_domain::{
    money::{Currency, MajorAmount},
    tariff::{
        Document, Length, Stay, Tariff, When,
        document::{Block, Cap, CapPer, Period, Price, Rate, Window},
    },
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};

fn blocks(step: &str, price: &str) -> Rate {
    let step = Some(Period::Every(Length::parse(step).unwrap()));
    Rate::Blocks(vec![Block { to: None, step, price: Price::Each(MajorAmount::parse(price).unwrap()) }])
}

/// 1.00 per started hour; in `night` 0.10 per started quarter of an hour.
fn day_and_night(night: &str) -> Document {
    let mut document = Document::of_rate("Day and night", blocks("1h", "1.00"));
    document.board.prices.windows.push(Window {
        name: "Night".to_owned(),
        when: When::parse(night).unwrap(),
        rate: blocks("15min", "0.10"),
        continues: false,
    });
    document
}

fn stay(zone: &str, from: &str, to: &str) -> Stay {
    let instant = |text| Timestamp::parse(text).unwrap();
    let (zone, currency) = (Zone::parse(zone).unwrap(), Currency::parse("EUR").unwrap());
    Stay::new(instant(from), instant(to), VehicleClass::car(), zone, currency)
}

fn check(document: &Document, zone: &str, table: &[(&str, &str, i64)]) {
    let tariff = Tariff::new(document.clone()).unwrap();
    for (from, to, expected) in table {
        let fee = tariff.fee(&stay(zone, from, to));
        assert_eq!(fee.total.minor, *expected, "{zone} {from} {to} {:#?}", fee.lines);
    }
}

/// Night 22:00-06:00. On 31 March 2024 clocks go from 02:00 to 03:00, on 27 October from 03:00 back to 02:00.
#[test]
fn berlin() {
    check(
        &day_and_night("22:00-06:00"),
        "Europe/Berlin",
        &[
            // 22:00 to 06:00 on a usual night: 8 h = 32 quarters = 3.20.
            ("2024-03-29T22:00:00+01:00", "2024-03-30T06:00:00+01:00", 320),
            // The short night: 7 h = 28 quarters = 2.80.
            ("2024-03-30T22:00:00+01:00", "2024-03-31T06:00:00+02:00", 280),
            // 21:00 to 07:00: 1 h + 7 h night + 1 h = 1.00 + 2.80 + 1.00.
            ("2024-03-30T21:00:00+01:00", "2024-03-31T07:00:00+02:00", 480),
            // 01:30 to 03:30: one elapsed hour = 4 quarters.
            ("2024-03-31T01:30:00+01:00", "2024-03-31T03:30:00+02:00", 40),
            // The long night: 9 h = 36 quarters = 3.60.
            ("2024-10-26T22:00:00+02:00", "2024-10-27T06:00:00+01:00", 360),
            // 21:00 to 07:00: 1.00 + 3.60 + 1.00.
            ("2024-10-26T21:00:00+02:00", "2024-10-27T07:00:00+01:00", 560),
            // From the first 02:30 to the second: one hour = 4 quarters.
            ("2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00", 40),
        ],
    );
    // A window whose edges do not exist on the short night (02:30-03:00 is skipped) is empty then, and one that
    // begins in the hour that comes twice begins the first time.
    check(
        &day_and_night("02:30-03:00"),
        "Europe/Berlin",
        &[
            // 01:00 to 05:00, 3 h elapsed, no window: 3.00.
            ("2024-03-31T01:00:00+01:00", "2024-03-31T05:00:00+02:00", 300),
            // 02:00 (first) to 04:00, 3 h elapsed. The window runs from the first 02:30 to 03:00, which clocks show only
            // once, after the second 02:59: 1.5 h = 6 quarters = 0.60. Outside: 30 min, which begin the first hour, whose
            // clock then stands still; 30 min rest of that hour, 30 min of a second: 2.00. Together 2.60.
            ("2024-10-27T02:00:00+02:00", "2024-10-27T04:00:00+01:00", 260),
        ],
    );
}

/// Night 23:00-07:00. Clocks go from 01:00 to 02:00 on 31 March 2024, from 02:00 back to 01:00 on 27 October.
#[test]
fn london() {
    check(
        &day_and_night("23:00-07:00"),
        "Europe/London",
        &[
            // 7 h = 28 quarters.
            ("2024-03-30T23:00:00Z", "2024-03-31T07:00:00+01:00", 280),
            // 9 h = 36 quarters.
            ("2024-10-26T23:00:00+01:00", "2024-10-27T07:00:00Z", 360),
            // 00:30 to 02:30: 1 h elapsed = 4 quarters.
            ("2024-03-31T00:30:00Z", "2024-03-31T02:30:00+01:00", 40),
            // 22:15 to 08:00: 45 min = 1 started hour, 9 h night; in the morning the rest of that hour, 15 min, and 45 min of
            // another: 1.00 + 3.60 + 1.00.
            ("2024-10-26T22:15:00+01:00", "2024-10-27T08:00:00Z", 560),
        ],
    );
}

/// Night 20:00-04:00. Clocks go from 02:00 to 03:00 on 10 March 2024, from 02:00 back to 01:00 on 3 November.
#[test]
fn new_york() {
    check(
        &day_and_night("20:00-04:00"),
        "America/New_York",
        &[
            // 7 h.
            ("2024-03-09T20:00:00-05:00", "2024-03-10T04:00:00-04:00", 280),
            // 9 h.
            ("2024-11-02T20:00:00-04:00", "2024-11-03T04:00:00-05:00", 360),
            // 01:59 to 03:01: 2 min elapsed = 1 quarter.
            ("2024-03-10T01:59:00-05:00", "2024-03-10T03:01:00-04:00", 10),
            // The first 01:15 to the second 01:45: 90 min = 6 quarters.
            ("2024-11-03T01:15:00-04:00", "2024-11-03T01:45:00-05:00", 60),
        ],
    );
}

/// Night 22:00-06:00. Clocks go from 03:00 back to 02:00 on 7 April 2024, from 02:00 to 03:00 on 6 October.
#[test]
fn sydney() {
    check(
        &day_and_night("22:00-06:00"),
        "Australia/Sydney",
        &[
            // 9 h.
            ("2024-04-06T22:00:00+11:00", "2024-04-07T06:00:00+10:00", 360),
            // 7 h.
            ("2024-10-05T22:00:00+10:00", "2024-10-06T06:00:00+11:00", 280),
            // 24 elapsed hours from 12:00 end at 11:00: 10 h day, 9 h night, 5 h day = 15 h and 36 quarters.
            ("2024-04-06T12:00:00+11:00", "2024-04-07T11:00:00+10:00", 1_860),
        ],
    );
}

/// Night 22:00-06:00. Clocks go half an hour: from 02:00 back to 01:30 on 7 April 2024, from 02:00 to 02:30 on 6 October.
#[test]
fn lord_howe() {
    check(
        &day_and_night("22:00-06:00"),
        "Australia/Lord_Howe",
        &[
            // 8 h 30 min = 34 quarters.
            ("2024-04-06T22:00:00+11:00", "2024-04-07T06:00:00+10:30", 340),
            // 7 h 30 min = 30 quarters.
            ("2024-10-05T22:00:00+10:30", "2024-10-06T06:00:00+11:00", 300),
            // The first 01:45 to the second: 30 min = 2 quarters.
            ("2024-04-07T01:45:00+11:00", "2024-04-07T01:45:00+10:30", 20),
            // 01:50 to 02:40: 20 min elapsed = 2 quarters.
            ("2024-10-06T01:50:00+10:30", "2024-10-06T02:40:00+11:00", 20),
        ],
    );
}

/// Midnight itself: clocks go from 24:00 back to 23:00 on 6 April 2024, and from 00:00 to 01:00 on 8 September.
#[test]
fn santiago() {
    check(
        &day_and_night("22:00-06:00"),
        "America/Santiago",
        &[
            // 9 h.
            ("2024-04-06T22:00:00-03:00", "2024-04-07T06:00:00-04:00", 360),
            // 7 h.
            ("2024-09-07T22:00:00-04:00", "2024-09-08T06:00:00-03:00", 280),
        ],
    );
    // At most 3.00 per calendar day. 8 September has no midnight and begins at 01:00; it has 23 hours.
    let mut daily = Document::of_rate("Daily", blocks("1h", "1.00"));
    daily.board.prices.caps.push(Cap {
        name: String::new(),
        max: MajorAmount::parse("3.00").unwrap(),
        per: CapPer::Period(Period::Day),
        when: None,
        entered: None,
        first: None,
    });
    check(
        &daily,
        "America/Santiago",
        &[
            // 22:00 to 01:00 is 2 h, both on the 7th.
            ("2024-09-07T22:00:00-04:00", "2024-09-08T01:00:00-03:00", 200),
            // 22:00 to 05:00: 2 h on the 7th, 4 h on the 8th, of which 3.00.
            ("2024-09-07T22:00:00-04:00", "2024-09-08T05:00:00-03:00", 500),
            // 6 April has 25 hours: 21:00 to 24:00 is 4 h, of which 3.00; then 1 h on the 7th.
            ("2024-04-06T21:00:00-03:00", "2024-04-07T01:00:00-04:00", 400),
        ],
    );
}

/// A day of 24 h is 24 elapsed hours, whatever clocks show.
#[test]
fn a_day_is_24_hours_elapsed() {
    check(
        &Document::of_rate("Per day", blocks("24h", "3.00")),
        "Europe/Berlin",
        &[
            // 23 h: one day.
            ("2024-03-30T12:00:00+01:00", "2024-03-31T12:00:00+02:00", 300),
            // 24 h, 13:00 the next day: one day.
            ("2024-03-30T12:00:00+01:00", "2024-03-31T13:00:00+02:00", 300),
            // 25 h: two.
            ("2024-10-26T12:00:00+02:00", "2024-10-27T12:00:00+01:00", 600),
        ],
    );
}
