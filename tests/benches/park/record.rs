//! Each record alone: callers within this process, without HTTP.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parkpro_domain::{
    command::Command,
    outcome::Outcome,
    ports::{Answer, Ledger, Reply, Request, Wording},
};
use parkpro_postgres::{PgRecord, PgSettings};
use parkpro_sqlite::{SqliteRecord, SqliteSettings};
use parkpro_testkit::{ask, clock::HandClock, heard::Heard, ids::nth_ticket, servers::Postgres};
use parkpro_tests::report::{Figures, Finding, Goal, Section};
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    Contender, Plan,
    limits::{Disk, Pgbench, of_postgres},
    load::{Seen, nanos_since},
    process::{Trees, thread_busy},
    stage::{self, MANY},
};

/// Where the callers are, and the tasks of the Postgres record.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
});

pub(crate) fn run(plan: &Plan) -> Vec<Section> {
    vec![sqlite(plan), postgres(plan)]
}

/// A record with a lot `main` of 200 slots, and how to close it.
#[derive(Clone)]
pub(crate) struct Alone(Arc<dyn Ledger>);

impl Alone {
    pub(crate) fn sqlite(folder: &std::path::Path) -> Self {
        let path = folder.join("alone.db");
        let settings = SqliteSettings { path, page_cache_mb: 8, readers: 2, queue_length: 4096, batch: 128 };
        let (clock, witness) = (Arc::new(HandClock::default()), Arc::new(Heard::default()));
        Self::with_lot(Arc::new(SqliteRecord::open(settings, clock, ask::rules(), witness).unwrap()))
    }

    pub(crate) fn postgres(server: &Postgres) -> Self {
        let settings = PgSettings::new(server.fresh_database());
        let open = PgRecord::open(settings, ask::rules(), Arc::new(Heard::default()));
        Self::with_lot(Arc::new(RUNTIME.block_on(open).unwrap()))
    }

    fn with_lot(ledger: Arc<dyn Ledger>) -> Self {
        let open = Command::OpenLot(ask::open("main", ask::slots(200)));
        RUNTIME.block_on(ledger.change(ask::request(open))).unwrap();
        Self(ledger)
    }

    /// So many callers let one vehicle after the other enter and exit.
    pub(crate) fn visit(&self, callers: usize, keyed: bool, window: Duration) -> Seen {
        let begun = Instant::now();
        RUNTIME.block_on(async {
            let mut calling = JoinSet::new();
            for _ in 0..callers {
                calling.spawn(call(Arc::clone(&self.0), keyed, begun + window));
            }
            let mut all = Seen::default();
            while let Some(seen) = calling.join_next().await {
                all.add(seen.unwrap());
            }
            all.seconds = begun.elapsed().as_secs_f64();
            all
        })
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if Arc::strong_count(&self.0) == 1 {
            RUNTIME.block_on(self.0.close());
        }
    }
}

async fn call(ledger: Arc<dyn Ledger>, keyed: bool, until: Instant) -> Seen {
    static VISITS: AtomicU64 = AtomicU64::new(1);
    let mut seen = Seen::default();
    while Instant::now() < until {
        let visit = VISITS.fetch_add(1, Ordering::Relaxed);
        let plate = format!("N{visit:012}");
        let enter = Command::Enter(ask::enter("main", nth_ticket(visit), &plate));
        for (n, command) in [enter, ask::exit("main", &plate)].into_iter().enumerate() {
            let request = request(command, keyed.then_some((n, visit)));
            let asked = Instant::now();
            let answer = ledger.change(request).await.unwrap();
            if n == 0 {
                seen.first.push(nanos_since(asked));
            }
            assert!(matches!(answer, Answer::Decided { outcome, .. } if outcome.result.is_ok()));
            seen.answered += 1;
        }
    }
    seen
}

/// As long as the program's answers are.
struct Lengthy;

impl Wording for Lengthy {
    fn word(&self, _command: &Command, _outcome: &Outcome) -> Reply {
        Reply { status: 201, location: None, etag: None, body: vec![b' '; 500] }
    }
}

/// Keys are scattered, as clients make them.
fn request(command: Command, key: Option<(usize, u64)>) -> Request {
    let request = match key {
        Some((n, visit)) => {
            ask::keyed(command, &format!("{:016x}-{n}", visit.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        }
        None => ask::request(command),
    };
    Request { wording: Arc::new(Lengthy), ..request }
}

fn busy_while(busy: impl Fn() -> Option<f64>, work: impl FnOnce() -> Seen) -> Figures {
    let before = busy();
    let seen = work();
    seen.figures(busy().zip(before).map(|(after, before)| after - before))
}

fn sqlite(plan: &Plan) -> Section {
    let folder = stage::folder();
    let (disk, record) = (Disk::in_folder(folder.path()), Alone::sqlite(folder.path()));
    let visit = |callers: usize, keyed: bool| -> Box<dyn FnMut(Duration) -> Figures> {
        let record = record.clone();
        Box::new(move |window| {
            busy_while(|| thread_busy("sqlite-writer"), || record.visit(callers, keyed, window))
        })
    };
    let sides: Vec<Contender<'_>> = vec![
        ("raw fdatasync, 4 kB", Box::new(|window| disk.sync(window))),
        ("one caller", visit(1, false)),
        ("64 callers", visit(MANY, false)),
        ("64 callers, idempotency keys", visit(MANY, true)),
    ];
    let sides = plan.contest(sides);
    let [sync, one, many, keyed] = [&sides[0], &sides[1], &sides[2], &sides[3]];
    let rate = |what, side, to| Finding::of(what, "x", [side, to], |[side, to]| Some(side.rate / to.rate));
    let findings = [
        rate("one caller to syncs of the disk", one, sync),
        rate("64 callers to syncs of the disk", many, sync).map(|finding| finding.goal(Goal::AtLeast(4.0))),
        rate("64 callers with keys to those without", keyed, many),
    ];
    Section {
        title: "SQLite alone".to_owned(),
        note: "Park and exit, within one process. CPU is that of the one thread that writes.".to_owned(),
        findings: findings.into_iter().flatten().collect(),
        sides,
    }
}

fn postgres(plan: &Plan) -> Section {
    let server = Postgres::start_durable();
    let (record, pgbench) = (Alone::postgres(&server), Pgbench::prepare(&server));
    let database = of_postgres(&server);
    let visit = |callers: usize, keyed: bool| -> Box<dyn FnMut(Duration) -> Figures> {
        let (record, database): (Alone, Trees) = (record.clone(), database.clone());
        Box::new(move |window| busy_while(|| database.busy(), || record.visit(callers, keyed, window)))
    };
    let mut sides: Vec<Contender<'_>> = vec![
        ("one caller", visit(1, false)),
        ("64 callers", visit(MANY, false)),
        ("64 callers, idempotency keys", visit(MANY, true)),
    ];
    if let Some(pgbench) = &pgbench {
        for (name, clients) in
            [("pgbench, 1 client", 1), ("pgbench, 16 clients", 16), ("pgbench, 64 clients", MANY)]
        {
            sides.push((name, Box::new(move |window| pgbench.run(clients, window))));
        }
    }
    let sides = plan.contest(sides);
    let keys = Finding::of(
        "64 callers with keys to those without",
        "x",
        [&sides[2], &sides[1]],
        |[keyed, plain]| Some(keyed.rate / plain.rate),
    );
    let best = sides.get(3..6).and_then(|bench| {
        let sides = [&sides[1], &bench[1], &bench[2]];
        Finding::of("64 callers to the best pgbench", "x", sides, |[many, some, most]| {
            Some(many.rate / some.rate.max(most.rate))
        })
    });
    Section {
        title: "Postgres alone".to_owned(),
        note: "Park and exit, within one process; Postgres waits for the disk. pgbench does it in one statement each, without a queue. CPU is that of Postgres.".to_owned(),
        findings: best.into_iter().chain(keys).collect(),
        sides,
    }
}
