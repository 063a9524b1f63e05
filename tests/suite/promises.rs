//! The promises of the protocol under a crowd: over 20,000 random requests of 16 clients at once, judged by replaying the
//! versions in order.

use std::{sync::Arc, time::Duration};

use parkpro_testkit::{
    judge::{NewSlot, Observation, crowd::Crowd, judge},
    servers,
};
use parkpro_tests::{
    crowd::{opening, through},
    running::{Running, Setup},
};
use serde_json::json;

const PER_HOUR: i64 = 5000;

fn crowd(requests: usize) -> Crowd {
    Crowd {
        clients: 16,
        requests: requests / 16,
        lots: vec!["main".into(), "annex".into()],
        plates: 120,
        labels: (1..=12).map(|n| format!("A-{n:02}")).collect(),
        keyed: 100,
        repeated: 10,
        reorders: true,
        seed: 7,
    }
}

fn slots() -> Vec<NewSlot> {
    let accepts =
        |n| if n % 3 == 0 { vec!["car".into(), "van".into()] } else { vec!["bike".into(), "car".into()] };
    let features = |n| if n > 8 { vec!["electric".into()] } else { Vec::new() };
    let slot = |n| NewSlot {
        label: format!("A-{n:02}"),
        accepts: accepts(n),
        features: features(n),
        reserved: n == 10,
        rank: 0,
    };
    (1..=10).map(slot).collect()
}

/// Opens the two lots in which the crowd meets; their versions then.
async fn open(program: &Running) -> Vec<parkpro_testkit::judge::Opening> {
    let new = json!({"id": "annex", "name": "Annex", "time_zone": "UTC", "currency": "USD"});
    program.post("/api/v1/lots", new).await.expect(201);
    let mut openings = Vec::new();
    for lot in ["main", "annex"] {
        let slot = |slot: &NewSlot| json!({"label": slot.label, "accepts": slot.accepts, "features": slot.features, "reserved": slot.reserved});
        let body = json!({"slots": slots().iter().map(slot).collect::<Vec<_>>()});
        let added = program.post(&format!("/api/v1/lots/{lot}/slots"), body).await.expect(201);
        openings.push(opening(lot, added.at("/lot_version").as_i64().unwrap(), slots()));
    }
    openings
}

/// Lots without slots of their own, and room for the crowd to be fast.
fn setup(setup: Setup) -> Setup {
    setup.with("PARKPRO__FIRST_RUN__SLOTS", "0").with("PARKPRO__LOG__FILTER", "warn")
}

fn report(what: &str, openings: &[parkpro_testkit::judge::Opening], seen: &[Observation]) {
    let verdict = judge(openings, PER_HOUR, seen).must_be_right();
    eprintln!(
        "{what}: {} answers, {} changes, {} refusals, {} repeats, {} promotions, versions {:?}",
        seen.len(),
        verdict.changes,
        verdict.unchanged,
        verdict.repeats,
        verdict.promotions,
        verdict.versions
    );
    assert!(seen.len() > 2000 && verdict.promotions > 100, "the crowd was idle");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_hold_on_sqlite() {
    let program = setup(Setup::embedded()).start();
    let openings = open(&program).await;
    let seen = crowd(20_000).ask(through(vec![program.base().to_owned()])).await;
    report("sqlite", &openings, &seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_hold_on_two_instances_while_redis_forgets_and_dies() {
    let redis = Arc::new(servers::Redis::start());
    let shared = Setup::postgres(&servers::postgres().fresh_database()).with("REDIS_URL", &redis.url());
    let (one, other) = (setup(shared.clone()).start(), setup(shared).start());
    let openings = open(&one).await;
    let trouble = {
        let redis = Arc::clone(&redis);
        tokio::task::spawn_blocking(move || {
            for _ in 0..2 {
                std::thread::sleep(Duration::from_secs(2));
                redis.flush_all();
                std::thread::sleep(Duration::from_secs(2));
                redis.kill();
                std::thread::sleep(Duration::from_secs(2));
                redis.start_again();
            }
        })
    };
    let seen = crowd(20_000).ask(through(vec![one.base().to_owned(), other.base().to_owned()])).await;
    trouble.await.unwrap();
    report("two instances on Postgres, Redis flushed and killed", &openings, &seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_hold_when_an_instance_is_killed() {
    let shared = Setup::postgres(&servers::postgres().fresh_database());
    let (one, other) = (setup(shared.clone()).start(), setup(shared.clone()).start());
    let openings = open(&one).await;
    let bases = vec![one.base().to_owned(), other.base().to_owned()];
    let port = other.base().rsplit(':').next().unwrap().to_owned();
    let killing = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_secs(1));
        let folder = other.kill();
        std::thread::sleep(Duration::from_millis(500));
        setup(shared).with("PARKPRO__SERVER__PORT", &port).start_in(folder)
    });
    let seen = crowd(6_000).ask(through(bases)).await;
    drop(killing.await.unwrap());
    report("an instance killed and started again", &openings, &seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_hold_when_postgres_is_killed() {
    let postgres = Arc::new(servers::Postgres::start_durable());
    let program = setup(Setup::postgres(&postgres.fresh_database())).start();
    let openings = open(&program).await;
    let trouble = {
        let postgres = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || {
            for _ in 0..2 {
                std::thread::sleep(Duration::from_secs(1));
                postgres.kill();
                postgres.start_again();
            }
        })
    };
    let seen = crowd(4_000).ask(through(vec![program.base().to_owned()])).await;
    trouble.await.unwrap();
    report("Postgres killed twice", &openings, &seen);
}
