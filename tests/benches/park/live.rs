//! What watching costs, and what the program takes of the machine.

use std::time::{Duration, Instant};

use parkpro_tests::{
    report::{Finding, Goal, Section, median},
    running::{Setup, binary},
};

use crate::{
    Contender, Plan, in_this_thread,
    load::{Flow, Readers},
    process::{resident, rest},
    stage::{self, MANY, address, load, start, trees, watch, watched},
};

pub(crate) fn run(plan: &Plan) -> Vec<Section> {
    vec![watched_writes(plan), idle_streams(plan)]
}

fn watched_writes(plan: &Plan) -> Section {
    const READERS: usize = 1_000;
    let program = start(&Setup::embedded());
    stage::open_lot(&program, "other", 10);
    let (write, tree) = (load(&[&program], MANY, vec![Flow::visit("main", false)]), trees(&[&program]));
    let beside = |lot: &'static str| -> Box<dyn FnMut(Duration) -> _ + '_> {
        Box::new(|window| {
            let readers = Readers::open(address(&program), lot, READERS);
            let figures = watch(&write, &tree, window);
            drop(readers);
            // What they have still to be told is not the next one's burden.
            rest(&tree);
            figures
        })
    };
    let sides: Vec<Contender<'_>> = vec![
        ("nobody watches", watched(write.clone(), tree.clone())),
        ("1,000 watch another lot", beside("other")),
        ("1,000 watch the lot", beside("main")),
    ];
    let sides = plan.contest(sides);
    let rate = |what, side| {
        let finding =
            Finding::of(what, "x", [side, &sides[0]], |[side, nobody]| Some(side.rate / nobody.rate));
        finding.map(|finding| finding.goal(Goal::AtLeast(0.95)))
    };
    let findings = [
        rate("requests while another lot is watched", &sides[1]),
        rate("requests while the lot is watched", &sides[2]),
    ];
    Section {
        title: "Watchers and writes, SQLite, 64 connections".to_owned(),
        note: "Park and exit as fast as it goes; whoever watches the lot is sent every event of it, and reads on the same machine.".to_owned(),
        findings: findings.into_iter().flatten().collect(),
        sides,
    }
}

fn idle_streams(plan: &Plan) -> Section {
    let (count, streams) = if plan.quick { (1_000.0, 1_000) } else { (10_000.0, 10_000) };
    let program = start(&Setup::embedded());
    load(&[&program], MANY, vec![Flow::get("/api/v1/lots/main/availability")]).run(plan.window);
    let before = resident(program.pid());
    let readers = Readers::open(address(&program), "main", streams);
    std::thread::sleep(Duration::from_secs(1));
    let grown = resident(program.pid()).zip(before).map(|(after, before)| (after - before) / count);
    drop(readers);
    let finding = grown.map(|each| Finding {
        what: format!("memory of each of {streams} streams"),
        value: each,
        unit: "kB",
        goal: Some(Goal::AtMost(12.0)),
    });
    Section {
        title: "Memory of streams".to_owned(),
        note: "Resident memory of the program, streams of a quiet lot.".to_owned(),
        sides: Vec::new(),
        findings: finding.into_iter().collect(),
    }
}

pub(crate) fn footprint(plan: &Plan) -> Vec<Section> {
    let size = stage::megabytes(binary());
    let mut measured: [Vec<f64>; 4] = Default::default();
    for _ in 0..plan.rounds {
        let folder = stage::folder();
        let mut begin = |place: usize| {
            let begun = Instant::now();
            let program = Setup::embedded().with("PARKPRO__FIRST_RUN__SLOTS", "200").start_in(folder.clone());
            in_this_thread(async { program.get("/readyz").await.expect(200) });
            measured[place].push(begun.elapsed().as_secs_f64() * 1000.0);
            program
        };
        begin(0).stop();
        let program = begin(1);
        let megabytes = || resident(program.pid()).map(|kilobytes| kilobytes / 1024.0);
        measured[2].extend(megabytes());
        load(&[&program], MANY, vec![Flow::visit("main", true)]).run(plan.window * 2);
        measured[3].extend(megabytes());
    }
    let [first, again, idle, after] = measured.map(median);
    let finding = |what: &str, value: Option<f64>, unit, most| {
        value.map(|value| Finding { what: what.to_owned(), value, unit, goal: Some(Goal::AtMost(most)) })
    };
    let findings = [
        finding("memory, idle", idle, "MB", 20.0),
        finding("memory after 64 connections parked and exited", after, "MB", 64.0),
        finding("from start to ready, tables to be made", first, "ms", 150.0),
        finding("from start to ready, again", again, "ms", 150.0),
        finding("size of the program's file", Some(size), "MB", 20.0),
    ];
    vec![Section {
        title: "What it takes".to_owned(),
        note: "Resident memory, with SQLite.".to_owned(),
        sides: Vec::new(),
        findings: findings.into_iter().flatten().collect(),
    }]
}
