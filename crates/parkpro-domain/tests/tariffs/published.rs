//! Real boards: every stay of `tests/data/published.json` costs what its board says, by the document in
//! `examples/tariffs`. No tariff has code of its own.

use std::{fs, path::PathBuf};

use parkpro_domain::{
    money::Currency,
    tariff::{EarlierStay, Stay, Tariff},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};
use serde_json::Value;

use crate::tariff_document;

/// Cases whose board leaves the amount open, and why ours is what it is.
const OPEN_TO_READING: [(&str, &str); 3] = [
    ("au-early-sat", "offers are tried in the order listed; this document lists early bird before weekend"),
    (
        "dst-campus-25h",
        "a day of 24 h is 24 elapsed hours, so 25 h are two; `calendar-day` is there for the other reading",
    ),
    ("bf_6333_3-991s", "a step is charged as soon as it has begun"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The JSON of a file of the project.
pub(crate) fn json(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// What the boards of `examples/tariffs` are called.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let files = fs::read_dir(root().join("examples/tariffs")).unwrap().map(|entry| entry.unwrap().path());
    let boards = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    boards.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
}

fn board(name: &str) -> Tariff {
    let document = tariff_document::read(&json(&format!("examples/tariffs/{name}.json")));
    Tariff::new(document.unwrap_or_else(|mistakes| panic!("{name}: {mistakes:#?}"))).unwrap()
}

fn instant(value: &Value) -> Timestamp {
    Timestamp::parse(value.as_str().unwrap()).unwrap()
}

fn stay(case: &Value, tariff: &Tariff) -> Stay {
    let class = VehicleClass::parse(case["vehicle_class"].as_str().unwrap()).unwrap();
    let zone = Zone::parse(case["time_zone"].as_str().unwrap()).unwrap();
    let currency = tariff.document().currency.unwrap_or(Currency::parse("EUR").unwrap());
    let mut stay = Stay::new(instant(&case["entry"]), instant(&case["exit"]), class, zone, currency);
    for earlier in case["earlier_stays"].as_array().into_iter().flatten() {
        stay.earlier_stays.push(EarlierStay { from: instant(&earlier["from"]), to: instant(&earlier["to"]) });
    }
    stay
}

/// What a stay and the earlier ones of its day cost together, before tax and with it.
fn cost(tariff: &Tariff, stay: &Stay) -> (i64, i64) {
    let fee = tariff.fee(stay);
    assert_eq!(fee.lines.iter().map(|line| line.amount).sum::<i64>(), fee.total.minor);
    let mut cost = (fee.net().minor, fee.total.minor);
    for (at, earlier) in stay.earlier_stays.iter().enumerate() {
        let mut before = stay.clone();
        (before.parked_at, before.ended_at) = (earlier.from, earlier.to);
        before.earlier_stays.truncate(at);
        let fee = tariff.fee(&before);
        cost = (cost.0 + fee.net().minor, cost.1 + fee.total.minor);
    }
    cost
}

#[test]
fn every_published_stay_costs_what_its_board_says() {
    let cases = json("tests/data/published.json");
    let (mut passed, mut wrong, mut uncertain) = (0, Vec::new(), 0);
    for case in cases["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let tariff = board(case["tariff"].as_str().unwrap());
        let stay = stay(case, &tariff);
        let (net, gross) = cost(&tariff, &stay);
        let with_tax = case["expected_incl_tax_minor"].as_i64();
        if Some(net) == case["expected_minor"].as_i64() && with_tax.is_none_or(|expected| expected == gross) {
            passed += 1;
        } else {
            wrong.push(format!(
                "{id}: {net} ({gross}), not {} {with_tax:?}\n{:#?}",
                case["expected_minor"],
                tariff.fee(&stay)
            ));
        }
        if case["certain"] == false {
            uncertain += 1;
            assert!(OPEN_TO_READING.iter().any(|(open, _)| *open == id), "{id} needs a reason");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((passed, uncertain), (147, 3));
}

#[test]
fn every_board_is_in_the_index_and_survives_writing_and_reading() {
    let mut count = 0;
    let index = fs::read_to_string(root().join("examples/tariffs/README.md")).unwrap();
    for name in names() {
        assert!(index.contains(&format!("| [{name}]({name}.json) |")), "{name} is not in the index");
        let tariff = board(&name);
        let written = tariff_document::write(tariff.document());
        assert_eq!(&tariff_document::read(&written).unwrap(), tariff.document(), "{name}");
        assert_eq!(tariff_document::write(&tariff_document::read(&written).unwrap()), written);
        count += 1;
    }
    assert!(count >= 32);
    assert_eq!(index.matches(".json) |").count(), count, "the index has nothing else");
}
