//! How long a fee takes: `cargo run --release -p parkpro-domain --example fee_speed`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement at a developer's desk")]

use std::{hint::black_box, time::Instant};

use parkpro_domain::{
    money::Currency,
    tariff::{Discount, Grant, Stay, Tariff, document::Percent},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};

#[path = "../../parkpro-web/src/api/tariff_document/mod.rs"]
mod tariff_document;

/// Everything at once: six windows, each with its own first block, caps by window, day, week and month, packages,
/// offers, a class of its own, tax, coins.
const BOARD: &str = include_str!("../../../tests/data/everything.json");

fn main() {
    let document = tariff_document::read(&serde_json::from_str(BOARD).unwrap()).unwrap();
    let tariff = Tariff::new(document.clone()).unwrap();
    println!("document of {} bytes", tariff_document::write(&document).to_string().len());
    let from = Timestamp::parse("2026-10-12T07:13:00Z").unwrap();
    for (name, hours) in [("one hour", 1), ("three days", 72), ("thirty days", 720)] {
        let to = from.plus_micros(hours * 3_600_000_000);
        let (zone, currency) = (Zone::parse("Europe/Berlin").unwrap(), Currency::parse("EUR").unwrap());
        let mut stay = Stay::new(from, to, VehicleClass::car(), zone, currency);
        let grant = Grant::Percent(Percent::parse("10").unwrap());
        stay.discounts.push(Discount { name: "SHOP".to_owned(), grant });
        let fee = tariff.fee(&stay);
        let fee_time = micros(|| _ = black_box(tariff.fee(black_box(&stay))));
        let total = micros(|| _ = black_box(tariff.total(black_box(&stay))));
        let change = micros(|| _ = black_box(tariff.next_change(black_box(&stay))));
        println!(
            "{name:>12}: fee {fee_time}, total {total}, next change {change}, {} lines, {}",
            fee.lines.len(),
            fee.total
        );
    }
}

/// The fastest and the median of many runs, which differ when the machine is busy.
fn micros(mut run: impl FnMut()) -> String {
    let mut times: Vec<f64> = (0..1_001)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..5 {
                run();
            }
            start.elapsed().as_secs_f64() * 200_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    format!("{:.1} (median {:.1}) us", times[0], times[times.len() / 2])
}
