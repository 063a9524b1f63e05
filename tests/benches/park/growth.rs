//! The same lot when it is small and new, and when it is large and old.

use parkpro_testkit::servers::Postgres;
use parkpro_tests::{
    grown::Grown,
    report::{Finding, Goal, Section, Side},
    running::{Running, Setup},
};

use crate::{
    Contender, Plan,
    limits::of_postgres,
    load::Flow,
    process::Trees,
    stage::{self, MANY, load, together, trees, watched},
};

/// How large a car park is: a lot `free` of which half the slots are taken, and a lot `full` where vehicles wait.
struct Size {
    name: &'static str,
    free: Grown<'static>,
    full: Grown<'static>,
}

impl Size {
    fn new(name: &'static str, slots: u32, history: u32, waiting: u32) -> Self {
        let free = Grown { lot: "free", slots, history, parked: slots / 2, waiting: 0, plates: 'F' };
        let full = Grown { lot: "full", slots, history: 0, parked: slots, waiting, plates: 'R' };
        Self { name, free, full }
    }
}

fn sizes(plan: &Plan) -> [Size; 3] {
    if plan.quick {
        return [
            Size::new("200 slots", 200, 1_000, 1_000),
            Size::new("1,000 slots, 2,000 gone", 1_000, 2_000, 1_000),
            Size::new("5,000 slots, 10,000 gone, 2,000 wait", 5_000, 10_000, 2_000),
        ];
    }
    [
        Size::new("200 slots", 200, 1_000, 1_000),
        Size::new("10,000 slots, 100,000 gone", 10_000, 100_000, 1_000),
        Size::new("1,000,000 slots, 1,000,000 gone, 100,000 wait", 1_000_000, 1_000_000, 100_000),
    ]
}

pub(crate) fn run(plan: &Plan) -> Vec<Section> {
    let sizes = sizes(plan);
    let on_sqlite = sizes.iter().map(|size| {
        grow(size, &Setup::embedded(), |lot, program_folder| {
            lot.fill_sqlite(&program_folder.join("data/parkpro.db"));
        })
    });
    let programs: Vec<Running> = on_sqlite.collect();
    let mut sections = compare(plan, "SQLite", &sizes, &programs, &Trees::default());
    drop(programs);

    let server = Postgres::start_durable();
    let on_postgres = sizes.iter().map(|size| {
        let url = server.fresh_database();
        let database = url.rsplit('/').next().unwrap();
        grow(size, &Setup::postgres(&url), |lot, _| lot.fill_postgres(&server, database))
    });
    let programs: Vec<Running> = on_postgres.collect();
    server.note_slow(SLOW);
    sections.extend(compare(plan, "Postgres", &sizes, &programs, &of_postgres(&server)));
    sections.push(slow(&server));
    sections
}

/// In milliseconds.
const SLOW: u32 = 50;

/// Every execution in the measurements before that took too long. A commit waits for the disk.
fn slow(server: &Postgres) -> Section {
    let slow = server.slow();
    let (commits, statements): (Vec<_>, Vec<_>) = slow.iter().partition(|told| told.contains("COMMIT"));
    let finding = |what: &str, told: &[&String], goal| Finding {
        what: format!("{what} of {SLOW} ms and more"),
        value: u32::try_from(told.len()).map_or(f64::INFINITY, f64::from),
        unit: "",
        goal,
    };
    let first =
        slow.iter().take(10).map(|told| format!("    {}\n", told.chars().take(160).collect::<String>()));
    Section {
        title: "Postgres: statements of all that was measured in grown lots".to_owned(),
        note: first.collect(),
        sides: Vec::new(),
        findings: vec![
            finding("statements", &statements, Some(Goal::AtMost(0.0))),
            finding("commits", &commits, None),
        ],
    }
}

/// A program on a record of this size.
fn grow(size: &Size, setup: &Setup, fill: impl Fn(&Grown<'_>, &std::path::Path)) -> Running {
    eprintln!("filling: {}", size.name);
    let setup =
        setup.clone().with("PARKPRO__FIRST_RUN__LOT", size.free.lot).with("PARKPRO__FIRST_RUN__SLOTS", "0");
    let program = setup.start_in(stage::folder());
    stage::open_lot(&program, size.full.lot, 0);
    let folder = program.folder();
    assert!(program.stop());
    fill(&size.free, folder.path());
    fill(&size.full, folder.path());
    setup.start_in(folder)
}

fn compare(
    plan: &Plan,
    record: &str,
    grown: &[Size; 3],
    programs: &[Running],
    database: &Trees,
) -> Vec<Section> {
    let contest = |title: &str, flow: &dyn Fn(&Size) -> Flow| {
        let sides = grown.iter().zip(programs).map(|(size, program)| -> Contender<'_> {
            let load = load(&[program], MANY, vec![flow(size)]);
            (size.name, watched(load, together(&trees(&[program]), database)))
        });
        let sides = plan.contest(sides.collect());
        let findings = growth(&sides);
        Section { title: format!("{record}: {title}"), note: String::new(), sides, findings }
    };
    vec![
        contest("park and exit in a lot half full, 64 connections", &|size| {
            Flow::visit(size.free.lot, false)
        }),
        contest("wait, and exit with a promotion, in a full lot, 64 connections", &|size| {
            Flow::relay(size.full.lot, size.full.plates, size.full.parked + size.full.waiting)
        }),
        pages(plan, record, grown, programs),
    ]
}

/// What it is called, and where it is under `/api/v1/lots/` in a car park.
type List<'a> = (&'a str, &'a dyn Fn(&Size) -> String);

/// The largest to the smallest.
fn growth(sides: &[Side]) -> Vec<Finding> {
    let ends = [&sides[2], &sides[0]];
    let p50 =
        Finding::of("p50, largest to smallest", "x", ends, |[large, small]| Some(large.p50? / small.p50?));
    let rate = Finding::of("requests, largest to smallest", "x", ends, |[large, small]| {
        Some(large.rate / small.rate)
    });
    let findings = [
        p50.map(|finding| finding.goal(Goal::AtMost(1.3))),
        rate.map(|finding| finding.goal(Goal::AtLeast(0.8))),
    ];
    findings.into_iter().flatten().collect()
}

fn pages(plan: &Plan, record: &str, grown: &[Size; 3], programs: &[Running]) -> Section {
    let lists: [List<'_>; 7] = [
        ("slots", &|_| "free/slots?limit=50".to_owned()),
        ("free slots", &|_| "free/slots?limit=50&status=available".to_owned()),
        ("tickets", &|_| "free/tickets?limit=50".to_owned()),
        ("departed", &|_| "free/tickets?limit=50&status=departed".to_owned()),
        ("a plate", &|_| "free/tickets?limit=50&plate=H00000001".to_owned()),
        ("the queue", &|_| "full/queue?limit=50".to_owned()),
        ("events, from the middle", &|size| format!("free/events?limit=50&after={}", size.free.history)),
    ];
    let (mut sides, mut findings) = (Vec::new(), Vec::new());
    for (list, path) in lists {
        let ends = [(&grown[0], &programs[0], "small"), (&grown[2], &programs[2], "large")];
        let contenders = ends.map(|(size, program, _)| -> Contender<'_> {
            let flow = Flow::get(&format!("/api/v1/lots/{}", path(size)));
            (list, watched(load(&[program], 1, vec![flow]), trees(&[program])))
        });
        let mut measured = plan.contest(contenders.into());
        for (side, (_, _, end)) in measured.iter_mut().zip(ends) {
            side.name = format!("{list}, {end}");
        }
        let finding = Finding::of(
            &format!("p50 of {list}, large to small"),
            "x",
            [&measured[1], &measured[0]],
            |[large, small]| Some(large.p50? / small.p50?),
        );
        findings.extend(finding.map(|finding| finding.goal(Goal::AtMost(1.2))));
        sides.extend(measured);
    }
    Section { title: format!("{record}: a page of 50, one connection"), note: String::new(), sides, findings }
}
