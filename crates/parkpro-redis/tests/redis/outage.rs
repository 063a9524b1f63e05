//! Redis dies, forgets, hangs, turns read-only and comes back.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener},
    time::{Duration, Instant},
};

use parkpro_domain::ports::{Fault, IndexOutcome, LoadOutcome, WaitingQueue};
use parkpro_redis::{Limits, RedisQueue, RedisSettings};
use parkpro_testkit::servers::Redis;

use crate::setup::{
    apply, ask, delta, eventually, no_task_is_left, patient, place, settings, snapshot, version,
};

/// What a busy machine may add to a limit.
const SLACK: Duration = Duration::from_millis(400);

/// Short enough to be seen, long enough for a busy machine.
fn brisk() -> Limits {
    Limits { connect: Duration::from_secs(1), read: Duration::from_millis(250), ..patient() }
}

fn queue_at(url: String, limits: Limits) -> RedisQueue {
    RedisQueue::open_within(&RedisSettings { url, key_prefix: "parkpro".into() }, limits).unwrap()
}

/// Fails within the limit, until the breaker opens.
async fn fails_fast(queue: &RedisQueue) {
    for attempt in 1..=5 {
        assert!(!queue.health().breaker_open, "attempt {attempt}");
        let begun = Instant::now();
        let error = ask(queue).await.unwrap_err();
        assert_eq!(error.fault, Fault::Unavailable, "{error}");
        assert!(begun.elapsed() < brisk().read + SLACK, "{:?}", begun.elapsed());
    }
    assert!(queue.health().breaker_open);
    let (begun, failures) = (Instant::now(), queue.health().failures);
    for _ in 0..100 {
        ask(queue).await.unwrap_err();
    }
    let health = queue.health();
    assert!(begun.elapsed() < SLACK, "100 calls took {:?}", begun.elapsed());
    assert!(health.spared >= 99 && health.failures <= failures + 1, "{health:?}");
}

async fn answers_again(queue: &RedisQueue) {
    let begun = Instant::now();
    eventually("Redis answers again", async || ask(queue).await.ok()).await;
    assert!(!queue.health().breaker_open);
    println!("it answered again after {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_redis_is_not_waited_for_and_is_found_again() {
    let server = Redis::start();
    let queue = queue_at(server.url(), brisk());
    queue.load(snapshot(1, [1])).await.unwrap();
    server.kill();
    fails_fast(&queue).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    fails_once_more(&queue).await;
    server.start_again();
    answers_again(&queue).await;
    assert_eq!(version(&queue).await, None, "it kept nothing");
    assert_eq!(queue.load(snapshot(2, [1, 2])).await.unwrap(), LoadOutcome::Loaded);
    assert_eq!(apply(&queue, delta(2, 3, 1, &[1], &[])).await, IndexOutcome::Current);
}

/// One call is let through, fails, and the breaker stays open.
async fn fails_once_more(queue: &RedisQueue) {
    let before = queue.health().failures;
    ask(queue).await.unwrap_err();
    ask(queue).await.unwrap_err();
    assert_eq!((queue.health().failures, queue.health().breaker_open), (before + 1, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_not_there_at_the_start_is_found() {
    let server = Redis::start();
    server.stop();
    let queue = queue_at(server.url(), brisk());
    fails_fast(&queue).await;
    assert_eq!(queue.health().since_success, None);
    server.start_again();
    answers_again(&queue).await;
    assert_eq!(queue.load(snapshot(1, 1..=6_000)).await.unwrap(), LoadOutcome::Loaded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_two_calls_costs_no_call() {
    let server = Redis::start();
    let queue = queue_at(server.url(), patient());
    queue.load(snapshot(1, [1])).await.unwrap();
    server.restart();
    assert_eq!(
        apply(&queue, delta(1, 2, 2, &[], &[2])).await,
        IndexOutcome::Rebuild,
        "scripts are sent again"
    );
    queue.load(snapshot(2, [1, 2])).await.unwrap();
    assert_eq!((place(&queue, 2, 2).await, queue.health().failures), (Some((2, 2)), 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_is_not_waited_for() {
    let server = Redis::start();
    let queue = queue_at(server.url(), brisk());
    ask(&queue).await.unwrap();
    assert_eq!(server.command("CLIENT PAUSE 4000 ALL"), "+OK");
    fails_fast(&queue).await;
    answers_again(&queue).await;
    assert_eq!(queue.load(snapshot(1, [1])).await.unwrap(), LoadOutcome::Loaded);
    assert_eq!(place(&queue, 1, 1).await, Some((1, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_comes_too_late_is_there_for_the_next_call() {
    let server = Redis::start();
    let queue = queue_at(server.url(), Limits { read: Duration::from_millis(100), ..patient() });
    let before = connections(&server);
    assert_eq!(server.command("CLIENT PAUSE 300 ALL"), "+OK");
    ask(&queue).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(700)).await;
    answers_again(&queue).await;
    assert_eq!(connections(&server) - before, 3, "one to pause, one of the queue, one to count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_takes_calls_and_says_nothing_is_not_waited_for() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let queue = queue_at(format!("redis://{}", silent.local_addr().unwrap()), brisk());
    fails_fast(&queue).await;
}

#[tokio::test]
async fn tls_is_spoken_and_not_given_up() {
    let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let queue = queue_at(format!("rediss://{}", plain.local_addr().unwrap()), patient());
    std::thread::spawn(move || plain.accept().unwrap().0.write_all(b"-ERR this is no TLS\r\n").unwrap());
    let error = ask(&queue).await.unwrap_err();
    assert_eq!(error.fault, Fault::Unavailable);
    assert!(error.to_string().contains("InvalidContentType"), "{error}");
}

#[tokio::test]
async fn a_redis_that_forgot_everything_misses_and_is_rebuilt() {
    let server = Redis::start();
    let queue = queue_at(server.url(), patient());
    queue.load(snapshot(1, [1])).await.unwrap();
    server.flush_all();
    assert_eq!((version(&queue).await, place(&queue, 1, 0).await), (None, None));
    assert_eq!(apply(&queue, delta(1, 2, 0, &[1], &[])).await, IndexOutcome::Rebuild);
    assert_eq!(server.command("SCRIPT FLUSH"), "+OK");
    assert_eq!(queue.load(snapshot(2, [])).await.unwrap(), LoadOutcome::Loaded);
}

#[tokio::test]
async fn a_former_master_is_left() {
    let server = Redis::start();
    let queue = queue_at(server.url(), patient());
    queue.load(snapshot(1, [1])).await.unwrap();
    assert_eq!(server.command("REPLICAOF 127.0.0.1 1"), "+OK");
    let before = connections(&server);
    queue.apply(crate::setup::EPOCH.into(), delta(1, 2, 0, &[1], &[])).await.unwrap_err();
    assert_eq!(place(&queue, 1, 1).await, Some((1, 1)), "a replica may be read");
    assert_eq!(connections(&server) - before, 2, "one of the queue, one to count");
    let error = queue.load(snapshot(2, [1, 2])).await.unwrap_err();
    assert_eq!(error.fault, Fault::Unavailable, "{error}");
    assert_eq!(place(&queue, 1, 1).await, Some((1, 1)), "a replica may be read");
    assert_eq!(connections(&server) - before, 4, "{error}");
    assert_eq!(server.command("REPLICAOF NO ONE"), "+OK");
    assert_eq!(apply(&queue, delta(1, 2, 0, &[1], &[])).await, IndexOutcome::Current);
}

/// How many connections a server has taken so far, as the id of the one that asks.
fn connections(server: &Redis) -> u32 {
    server.command("CLIENT ID").trim_start_matches(':').parse().unwrap()
}

#[tokio::test]
async fn a_full_redis_is_not_half_changed() {
    let server = Redis::start();
    let queue = queue_at(server.url(), patient());
    queue.load(snapshot(1, [1, 2])).await.unwrap();
    assert_eq!(server.command("CONFIG SET maxmemory 1"), "+OK");
    let outcome = queue.apply(crate::setup::EPOCH.into(), delta(1, 2, 2, &[1], &[3])).await;
    println!("{outcome:?}");
    let known = [place(&queue, 1, 1).await, place(&queue, 2, 1).await, place(&queue, 3, 1).await];
    let (before, after) = ([Some((1, 1)), Some((2, 1)), None], [None, Some((1, 2)), Some((2, 2))]);
    assert!(known == before || known == after || known == [None; 3], "{known:?}");
    queue.load(snapshot(2, [2, 3])).await.unwrap_err();
    assert_eq!(server.command("CONFIG SET maxmemory 0"), "+OK");
    queue.load(snapshot(2, [2, 3])).await.unwrap();
    assert_eq!(place(&queue, 3, 2).await, Some((2, 2)));
}

#[tokio::test]
async fn a_closed_or_dropped_queue_leaves_nothing_behind() {
    let server = parkpro_testkit::servers::redis();
    let queue = RedisQueue::open_within(&settings(server), patient()).unwrap();
    ask(&queue).await.unwrap();
    queue.close().await;
    assert_eq!(ask(&queue).await.unwrap_err().fault, Fault::Unavailable);
    no_task_is_left().await;

    let queue = RedisQueue::open_within(&settings(server), patient()).unwrap();
    ask(&queue).await.unwrap();
    drop(queue);
    no_task_is_left().await;
}
