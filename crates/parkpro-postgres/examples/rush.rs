//! Ad hoc: how many entries and exits a second.
use parkpro_domain::{
    command::*, event::Principal, facts::Changes, outcome::Outcome, ports::*, ticket::TicketId,
};
use parkpro_postgres::{PgRecord, PgSettings};
use parkpro_testkit::ask;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

struct Quiet(AtomicU64, AtomicU64);
impl Witness for Quiet {
    fn committed(&self, _c: &Changes) {}
    fn turned(&self, n: usize) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.fetch_add(n as u64, Ordering::Relaxed);
    }
}
struct Words;
impl Wording for Words {
    fn word(&self, _c: &Command, _o: &Outcome) -> Reply {
        Reply {
            status: 201,
            location: Some("/api/v1/tickets/0199f0c2-0000-7000-8000-000000000000".into()),
            etag: None,
            body: vec![b'x'; 500],
        }
    }
}

fn env(name: &str, or: usize) -> usize {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(or)
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    tracing_subscriber::fmt::init();
    let server;
    let url = match std::env::var("URL") {
        Ok(url) => url,
        Err(_) => {
            server = parkpro_testkit::servers::Postgres::start_durable();
            server.fresh_database()
        }
    };
    let pg_cpu = || -> u64 {
        let out = std::process::Command::new("psql")
            .args(["-XAtq", "-d", &url, "-c", "select pid from pg_stat_activity"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout)
            .lines()
            .filter_map(|pid| {
                let s = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
                let f: Vec<&str> = s.rsplit(')').next()?.split_whitespace().collect();
                Some(f[11].parse::<u64>().ok()? + f[12].parse::<u64>().ok()?)
            })
            .sum()
    };
    let witness = Arc::new(Quiet(0.into(), 0.into()));
    let (callers, seconds, lots, keys, slots, writers, batch) = (
        env("CALLERS", 64),
        env("SECONDS_", 5),
        env("LOTS", 1),
        env("KEYS", 0) == 1,
        env("SLOTS", 10000),
        env("WRITERS", 1),
        env("BATCH", 128),
    );
    let record = Arc::new(
        PgRecord::open(
            PgSettings { write_connections: writers, batch, ..PgSettings::new(url.clone()) },
            ask::rules(),
            witness.clone(),
        )
        .await
        .unwrap(),
    );
    for lot in 0..lots {
        let slots = (0..slots).map(|n| ask::slot(&format!("A-{n:07}"))).collect();
        let command = Command::OpenLot(ask::open(&format!("lot{lot}"), slots));
        let answer = record
            .change(Request { command, actor: Principal::system(), key: None, wording: Arc::new(Words) })
            .await
            .unwrap();
        if let Answer::Decided { outcome, .. } = answer {
            if let Err(r) = outcome.result {
                println!("{r:?}");
            }
        }
    }
    witness.0.store(0, Ordering::Relaxed);
    witness.1.store(0, Ordering::Relaxed);
    let _ = std::fs::write("/proc/self/autogroup", "-20");
    let out = std::process::Command::new("psql")
        .args(["-XAtq", "-d", &url, "-c", "select pid from pg_stat_activity"])
        .output()
        .unwrap();
    for pid in String::from_utf8_lossy(&out.stdout).lines() {
        let _ = std::fs::write(format!("/proc/{pid}/autogroup"), "-20");
    }
    let pg_before = pg_cpu();
    let stop = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (record, stop) = (record.clone(), stop.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                let mut n = 0u64;
                let salt = std::process::id() % 10000;
                let lot = format!("lot{}", caller % lots);
                while !stop.load(Ordering::Relaxed) {
                    let plate = format!("{salt}C{caller}N{n}");
                    for command in [
                        Command::Enter(ask::enter(&lot, TicketId(Uuid::now_v7()), &plate)),
                        Command::Exit {
                            lot: ask::lot(&lot),
                            vehicle: Leaving::Plate(ask::plate(&plate).key().clone()),
                            occurred_at: None,
                        },
                    ] {
                        n += 1;
                        let key = keys.then(|| Key {
                            principal: Principal("gate".into()),
                            key: Uuid::now_v7().to_string(),
                            fingerprint: [7; 32],
                        });
                        let at = Instant::now();
                        match record
                            .change(Request {
                                command,
                                actor: Principal("gate".into()),
                                key,
                                wording: Arc::new(Words),
                            })
                            .await
                        {
                            Ok(Answer::Decided { outcome, .. }) => {
                                if let Err(r) = outcome.result {
                                    println!("{r:?}");
                                }
                            }
                            other => println!("{other:?}"),
                        }
                        took.push(at.elapsed());
                    }
                }
                (n, took)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
    stop.store(true, Ordering::Relaxed);
    let mut total = 0;
    let mut all = Vec::new();
    for task in tasks {
        let (n, took) = task.await.unwrap();
        total += n;
        all.extend(took);
    }
    let elapsed = start.elapsed().as_secs_f64();
    all.sort();
    let cpu = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = cpu.rsplit(')').next().unwrap().split_whitespace().collect();
    let own: u64 = f[11].parse::<u64>().unwrap() + f[12].parse::<u64>().unwrap();
    let pg = pg_cpu() - pg_before;
    println!(
        "pg cpu {:.1} us/req, {:.0} us/turn; busy {:.2} cores",
        pg as f64 * 10000.0 / total as f64,
        pg as f64 * 10000.0 / witness.0.load(Ordering::Relaxed) as f64,
        (pg + own) as f64 / 100.0 / elapsed
    );
    println!(
        "callers {callers} lots {lots} keys {keys} writers {writers}: {:.0} req/s, p50 {:?} p99 {:?} max {:?}; {:.1} a turn; own cpu {:.1} us/req",
        total as f64 / elapsed,
        all[all.len() / 2],
        all[all.len() * 99 / 100],
        all[all.len() - 1],
        witness.1.load(Ordering::Relaxed) as f64 / witness.0.load(Ordering::Relaxed).max(1) as f64,
        own as f64 * 10000.0 / total as f64
    );
    record.close().await;
    if std::env::var("HOLD").is_ok() {
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
}
