//! The page `docs/tariffs.md`: every board on it is a document without mistakes, and every stay costs what the page says.

use std::fs;

use chrono::NaiveDateTime;
use parkpro_domain::{
    money::Currency,
    tariff::{Length, Stay, Tariff},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};

use crate::tariff_document;

/// The examples of the page: the text of a board, the zone, and the rows below it.
fn examples(page: &str) -> Vec<(String, String, Vec<Vec<String>>)> {
    let mut found = Vec::new();
    for part in page.split("```json\n").skip(1) {
        let (board, after) = part.split_once("\n```\n").unwrap();
        let rows = after.lines().take_while(|line| line.starts_with('|'));
        let mut rows =
            rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
        let head: Vec<String> = rows.next().expect("a table follows each board");
        let zone = head[0].trim_start_matches("parked (").trim_end_matches(')').to_owned();
        found.push((board.to_owned(), zone, rows.skip(1).collect()));
    }
    found
}

#[test]
fn every_stay_on_the_page_costs_what_it_says() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tariffs.md")).unwrap();
    let examples = examples(&page);
    assert!(examples.len() >= 9);
    for (board, zone, rows) in examples {
        let document = tariff_document::read(&serde_json::from_str(&board).unwrap());
        let tariff =
            Tariff::new(document.unwrap_or_else(|mistakes| panic!("{board} {mistakes:#?}"))).unwrap();
        assert!(!rows.is_empty(), "{board}");
        for row in rows {
            let local = NaiveDateTime::parse_from_str(&row[0], "%Y-%m-%d %H:%M").unwrap();
            let place: chrono_tz::Tz = zone.parse().unwrap();
            let from = Timestamp::from(local.and_local_timezone(place).unwrap().to_utc());
            let to = from.plus_micros(Length::parse(&row[1]).unwrap().micros());
            let (zone, currency) = (Zone::parse(&zone).unwrap(), Currency::parse("PKR").unwrap());
            let fee = tariff.fee(&Stay::new(from, to, VehicleClass::car(), zone, currency));
            assert_eq!(fee.total.to_string(), row[2], "{} {row:?} {:#?}", document_name(&tariff), fee.lines);
        }
    }
}

fn document_name(tariff: &Tariff) -> &str {
    &tariff.document().name
}
