//! The program as gates and displays meet it.

use parkpro_testkit::servers::{self, Postgres};
use parkpro_tests::{
    report::{Figures, Finding, Goal, Section, Side},
    running::{Running, Setup},
};

use crate::{
    Contender, Plan,
    limits::{Bare, Disk, Pgbench, of_postgres},
    load::{Flow, Load},
    process::Trees,
    record::Alone,
    stage::{self, MANY, load, start, together, trees, watch, watched},
};

fn visits(lot: &str) -> Vec<Flow> {
    vec![Flow::visit(lot, false)]
}

fn rates(what: &str, side: &Side, to: &Side, goal: Goal) -> Option<Finding> {
    Finding::of(what, "x", [side, to], |[side, to]| Some(side.rate / to.rate))
        .map(|finding| finding.goal(goal))
}

fn spread(what: &str, side: &Side) -> Option<Finding> {
    Finding::of(what, "x", [side], |[side]| Some(side.p99? / side.p50?))
        .map(|finding| finding.goal(Goal::AtMost(3.0)))
}

fn cpu(what: &str, side: &Side, most: f64) -> Option<Finding> {
    Finding::of(what, "us", [side], |[side]| side.cpu).map(|finding| finding.goal(Goal::AtMost(most)))
}

pub(crate) fn sqlite(plan: &Plan) -> Vec<Section> {
    let program = start(&Setup::embedded());
    let folder = stage::folder();
    let alone = Alone::sqlite(folder.path());
    let one = one(plan, "SQLite, one connection", &program, &Trees::default(), &alone);
    vec![many_on_sqlite(plan, &program), one]
}

fn many_on_sqlite(plan: &Plan, program: &Running) -> Section {
    let folder = program.folder();
    let disk = Disk::in_folder(folder.path());
    let side = |keyed| watched(load(&[program], MANY, vec![Flow::visit("main", keyed)]), trees(&[program]));
    let sides = plan.contest(vec![
        ("raw fdatasync, 4 kB", Box::new(|window| disk.sync(window))),
        ("park and exit", side(false)),
        ("park and exit, idempotency keys", side(true)),
    ]);
    let findings = [
        rates("requests to syncs of the disk", &sides[1], &sides[0], Goal::AtLeast(4.0)),
        rates("with keys: requests to syncs of the disk", &sides[2], &sides[0], Goal::AtLeast(4.0)),
        spread("p99 to p50", &sides[1]),
        spread("with keys: p99 to p50", &sides[2]),
        cpu("CPU of a request", &sides[1], 40.0),
        cpu("with keys: CPU of a request", &sides[2], 40.0),
    ];
    Section {
        title: "SQLite, 64 connections".to_owned(),
        note: "Every change is on the disk before it is answered.".to_owned(),
        findings: findings.into_iter().flatten().collect(),
        sides,
    }
}

/// How much HTTP and the record take together of what a single gate waits for.
fn one(plan: &Plan, title: &str, program: &Running, database: &Trees, alone: &Alone) -> Section {
    let bare = Bare::start(&stage::text_of_entry(program), "");
    let body = r#"{"plate":"N000000000001"}"#;
    let post = Load { targets: vec![bare.address], clients: 1, flows: vec![Flow::post(Bare::POST, body)] };
    let sides: Vec<Contender<'_>> = vec![
        ("bare actix, POST", watched(post, bare.trees())),
        ("the record alone", Box::new(|window| alone.visit(1, false, window).figures(None))),
        (
            "park and exit",
            watched(load(&[program], 1, visits("main")), together(&trees(&[program]), database)),
        ),
    ];
    let sides = plan.contest(sides);
    let finding = Finding::of(
        "park p50 to (bare p50 + the record's p50)",
        "x",
        [&sides[0], &sides[1], &sides[2]],
        |[bare, record, park]| Some(park.p50? / (bare.p50? + record.p50?)),
    );
    Section {
        title: title.to_owned(),
        note: "The bare server reads JSON and answers with as much of it as the program does.".to_owned(),
        findings: finding.map(|finding| finding.goal(Goal::AtMost(1.5))).into_iter().collect(),
        sides,
    }
}

pub(crate) fn postgres(plan: &Plan) -> Vec<Section> {
    let server = Postgres::start_durable();
    let database = of_postgres(&server);
    let pgbench = Pgbench::prepare(&server);
    let program = start(&Setup::postgres(&server.fresh_database()));
    let lots: Vec<String> = (1..=16).map(|n| format!("lot-{n}")).collect();
    for lot in &lots {
        stage::open_lot(&program, lot, 100);
    }
    let redis = servers::redis();
    let shared = Setup::postgres(&server.fresh_database())
        .with("REDIS_URL", &redis.url())
        .with("PARKPRO__QUEUE__KEY_PREFIX", &redis.fresh_prefix());
    let (first, second) = (start(&shared), start(&shared));

    let side = |programs: &[&Running], flows: Vec<Flow>| {
        watched(load(programs, MANY, flows), together(&trees(programs), &database))
    };
    let mut sides: Vec<Contender<'_>> = vec![
        ("one lot", side(&[&program], visits("main"))),
        ("one lot, idempotency keys", side(&[&program], vec![Flow::visit("main", true)])),
        ("16 lots", side(&[&program], lots.iter().flat_map(|lot| visits(lot)).collect())),
        ("one of two instances, with Redis", side(&[&first], visits("main"))),
        ("two instances, with Redis", side(&[&first, &second], visits("main"))),
    ];
    if let Some(pgbench) = &pgbench {
        sides.push(("pgbench, 16 clients", Box::new(|window| pgbench.run(16, window))));
        sides.push(("pgbench, 64 clients", Box::new(|window| pgbench.run(MANY, window))));
    }
    let sides = plan.contest(sides);
    let best = sides.get(5..7).and_then(|bench| {
        let sides = [&sides[0], &bench[0], &bench[1]];
        let finding = Finding::of("one lot to the best pgbench", "x", sides, |[one, some, many]| {
            Some(one.rate / some.rate.max(many.rate))
        });
        finding.map(|finding| finding.goal(Goal::AtLeast(1.4)))
    });
    let findings = [
        best,
        rates("16 lots to one", &sides[2], &sides[0], Goal::AtLeast(0.8)),
        rates("two instances to one", &sides[4], &sides[3], Goal::AtLeast(0.8)),
        rates("with keys to without", &sides[1], &sides[0], Goal::AtLeast(0.8)),
        spread("p99 to p50", &sides[0]),
        cpu("CPU of a request with the database's", &sides[0], 80.0),
    ];
    let many = Section {
        title: "Postgres, 64 connections".to_owned(),
        note: "Postgres waits for the disk. pgbench parks and exits in one statement each, without a queue. Redis's time is not in the CPU.".to_owned(),
        findings: findings.into_iter().flatten().collect(),
        sides,
    };
    let one = one(plan, "Postgres, one connection", &program, &database, &Alone::postgres(&server));
    vec![many, one]
}

pub(crate) fn reads(plan: &Plan) -> Vec<Section> {
    const AVAILABILITY: &str = "/api/v1/lots/main/availability";
    let program = start(&Setup::embedded());
    let bare = Bare::start("{}", &stage::text_of(&program, AVAILABILITY));
    let get = Load { targets: vec![bare.address], clients: MANY, flows: vec![Flow::get(Bare::GET)] };
    let read = load(&[&program], MANY, vec![Flow::get(AVAILABILITY)]);
    let write = load(&[&program], MANY, visits("main"));
    let beside_writes = |window| {
        std::thread::scope(|scope| {
            scope.spawn(|| write.run(window));
            Figures { cpu: None, ..watch(&read, &Trees::default(), window) }
        })
    };
    let sides = plan.contest(vec![
        ("bare actix, the same body", watched(get, bare.trees())),
        ("availability", watched(read.clone(), trees(&[&program]))),
        ("availability, 64 others park and exit", Box::new(beside_writes)),
    ]);
    let slower =
        Finding::of("p99 while others park and exit to p99", "x", [&sides[2], &sides[1]], |[busy, idle]| {
            Some(busy.p99? / idle.p99?)
        });
    let findings = [
        rates("availability to bare actix", &sides[1], &sides[0], Goal::AtLeast(0.9)),
        slower.map(|finding| finding.goal(Goal::AtMost(3.0))),
    ];
    vec![Section {
        title: "Availability, 64 connections".to_owned(),
        note: String::new(),
        findings: findings.into_iter().flatten().collect(),
        sides,
    }]
}
