//! What the rules of the car park cost by themselves.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use parkpro_domain::{
    command::{Command, OpenLot},
    decide::decide,
    event::Principal,
    facts::{Changes, Facts},
    money::Currency,
    protocol::Rules,
    tariff::{Discount, Grant, Stay, Tariff, document::Percent},
    time::{Timestamp, Zone},
    vehicle::{Plate, VehicleClass},
};
use parkpro_testkit::{
    ask,
    clock::{DAY, HOUR, MORNING},
    ids::nth_ticket,
};
use parkpro_tests::report::{Figures, Finding, Section};

use crate::{
    Contender, Plan,
    limits::Disk,
    load::{Seen, nanos_since},
    process::own_busy,
    stage, tariff_document,
};

/// Everything at once: six windows, each with its own first block, caps by window, day, week and month, packages,
/// offers, a class of its own, tax, coins.
const BOARD: &str = include_str!("../../data/everything.json");

/// Vehicles that come, or go, in a turn.
const VEHICLES: usize = 64;

pub(crate) fn run(plan: &Plan) -> Vec<Section> {
    vec![decisions(plan), fees(plan)]
}

/// Does something over and over that counts as so many.
fn repeat(window: Duration, as_many: u32, mut something: impl FnMut()) -> Figures {
    let (mut seen, begun, busy) = (Seen::default(), Instant::now(), own_busy());
    while begun.elapsed() < window {
        let start = Instant::now();
        something();
        seen.first.push(nanos_since(start));
        seen.answered += as_many;
    }
    seen.seconds = begun.elapsed().as_secs_f64();
    seen.figures(own_busy().zip(busy).map(|(after, before)| after - before))
}

fn decisions(plan: &Plan) -> Section {
    let folder = stage::folder();
    let disk = Disk::in_folder(folder.path());
    let plates: Vec<String> = (0..VEHICLES).map(|n| format!("b-mw {n:04}")).collect();
    let entries = |first: u64| {
        let enter =
            move |(n, plate): (u64, &String)| Command::Enter(ask::enter("main", nth_ticket(n), plate));
        (first..).zip(&plates).map(enter).collect::<Vec<_>>()
    };
    let exits: Vec<Command> = plates.iter().map(|plate| ask::exit("main", plate)).collect();
    let open = OpenLot { slots: ask::slots(VEHICLES), ..ask::open("main", Vec::new()) };
    let empty = carry_out(Facts::of_no_lot(false), &[Command::OpenLot(open)]);
    let waiting = (0..VEHICLES).map(|n| ask::enter("main", nth_ticket(1_000), &format!("WAITS {n}")));
    let waiting = waiting
        .zip(1_000..)
        .map(|(enter, n)| Command::Enter(parkpro_domain::command::Enter { ticket: nth_ticket(n), ..enter }));
    let full = carry_out(known(&empty), &entries(1).into_iter().chain(waiting).collect::<Vec<_>>());
    let full = Changes { new_slots: full.slots.clone(), ..full };

    let visits: Vec<Command> = entries(1).into_iter().chain(exits.clone()).collect();
    let per_turn = u32::try_from(visits.len()).unwrap();
    let sides: Vec<Contender<'_>> = vec![
        ("raw fdatasync, 4 kB", Box::new(|window| disk.sync(window))),
        (
            "read a plate",
            Box::new(|window| repeat(window, 1, || _ = black_box(Plate::parse(black_box("b-mw 1234"))))),
        ),
        (
            "decide a turn of 64 entries and 64 exits",
            Box::new(|window| repeat(window, per_turn, || _ = black_box(carry_out(known(&empty), &visits)))),
        ),
        (
            "decide and settle a turn of 64 exits, 64 promoted",
            Box::new(|window| {
                repeat(window, per_turn / 2, || _ = black_box(carry_out(known(&full), &exits)))
            }),
        ),
    ];
    let sides = plan.contest(sides);
    let to_sync =
        |what, turn| Finding::of(what, "x", [turn, &sides[0]], |[turn, sync]| Some(turn.p50? / sync.p50?));
    let findings = [
        to_sync("a turn of visits to one sync of the disk", &sides[2]),
        to_sync("a turn with promotions to one sync of the disk", &sides[3]),
    ];
    Section {
        title: "Decisions".to_owned(),
        note: "In one thread, from facts to what has to be written. p50 and p99 are those of a whole turn, the others are for each command.".to_owned(),
        findings: findings.into_iter().flatten().collect(),
        sides,
    }
}

/// The facts that a record would read before the commands of a turn.
fn known(of: &Changes) -> Facts {
    let mut facts = Facts::of(of.lot.clone(), of.counts.clone());
    of.new_slots.iter().for_each(|slot| facts.know_slot(slot.clone()));
    of.new_tickets.iter().for_each(|ticket| facts.know_ticket(ticket.clone()));
    facts
}

fn carry_out(mut facts: Facts, commands: &[Command]) -> Changes {
    let rules = ask::rules();
    for command in commands {
        let outcome = decide(&mut facts, &rules, command, &Principal::anonymous(), MORNING);
        assert!(outcome.result.is_ok(), "{command:?}: {outcome:?}");
    }
    facts.into_changes().unwrap()
}

fn fees(plan: &Plan) -> Section {
    let document = tariff_document::read(&serde_json::from_str(BOARD).unwrap()).unwrap();
    let size = tariff_document::write(&document).to_string().len();
    let tariff = Tariff::new(document).unwrap();
    let Rules { fees, .. } = ask::rules();
    let stay = |length: i64| {
        let (zone, currency) = (Zone::parse("Europe/Berlin").unwrap(), Currency::parse("EUR").unwrap());
        let from = Timestamp::parse("2026-10-12T07:13:00Z").unwrap();
        let mut stay = Stay::new(from, from.plus_micros(length), VehicleClass::car(), zone, currency);
        let grant = Grant::Percent(Percent::parse("10").unwrap());
        stay.discounts.push(Discount { name: "SHOP".to_owned(), grant });
        stay
    };
    let (hour, days, month) = (stay(HOUR), stay(3 * DAY), stay(30 * DAY));
    let (tariff, month) = (&tariff, &month);
    let fee = |stay| -> Box<dyn FnMut(Duration) -> Figures + '_> {
        Box::new(move |window| repeat(window, 1, || _ = black_box(tariff.fee(black_box(stay)))))
    };
    let sides: Vec<Contender<'_>> = vec![
        (
            "a price per started hour",
            Box::new(|window| repeat(window, 1, || _ = black_box(fees.fee(black_box(month))))),
        ),
        ("everything at once: one hour", fee(&hour)),
        ("everything at once: three days", fee(&days)),
        ("everything at once: thirty days", fee(month)),
        (
            "its total only",
            Box::new(|window| repeat(window, 1, || _ = black_box(tariff.total(black_box(month))))),
        ),
        (
            "its next change",
            Box::new(|window| repeat(window, 1, || _ = black_box(tariff.next_change(black_box(month))))),
        ),
    ];
    Section {
        title: "Fees".to_owned(),
        note: format!("In one thread. Everything at once is `tests/data/everything.json`, {size} bytes."),
        sides: plan.contest(sides),
        findings: Vec::new(),
    }
}
