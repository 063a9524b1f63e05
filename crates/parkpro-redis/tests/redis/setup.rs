//! What the tests say again and again.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use parkpro_domain::{
    lot::{LotId, Version},
    ports::{IndexState, Place, PortError, QueueDelta, QueueSnapshot, WaitingQueue},
    ticket::{TicketId, TicketNumber, Turn},
};
use parkpro_redis::{Limits, RedisQueue, RedisSettings};
use parkpro_testkit::servers::Redis;
use tokio::runtime::Handle;
use uuid::Uuid;

pub(crate) const EPOCH: &str = "7356902938475610-00000001";

/// For tests that are not about time: the machine may be busy.
pub(crate) fn patient() -> Limits {
    let long = Duration::from_secs(10);
    Limits { connect: long, read: long, write: long, load: long, ..Limits::default() }
}

pub(crate) fn settings(server: &Redis) -> RedisSettings {
    RedisSettings { url: server.url(), key_prefix: server.fresh_prefix() }
}

/// A queue in the shared server, with keys of its own, and the prefix of those.
pub(crate) fn fresh_queue() -> (RedisQueue, String) {
    let settings = settings(parkpro_testkit::servers::redis());
    (RedisQueue::open_within(&settings, patient()).unwrap(), settings.key_prefix)
}

pub(crate) fn main_lot() -> LotId {
    LotId::parse("main").unwrap()
}

pub(crate) fn ticket(n: u32) -> TicketId {
    TicketId(Uuid::from_u128(u128::from(n)))
}

/// The n-th arrival without priority.
pub(crate) fn arrival(n: u32) -> (TicketId, Turn) {
    (ticket(n), Turn::of(1, TicketNumber(i64::from(n))))
}

pub(crate) fn snapshot(version: i64, waiting: impl IntoIterator<Item = u32>) -> QueueSnapshot {
    let members = waiting.into_iter().map(arrival).collect();
    QueueSnapshot { lot: main_lot(), epoch: EPOCH.into(), version: Version(version), members }
}

pub(crate) fn delta(from: i64, to: i64, count: i64, removed: &[u32], added: &[u32]) -> QueueDelta {
    QueueDelta {
        lot: main_lot(),
        from: Version(from),
        to: Version(to),
        count,
        removed: removed.iter().map(|n| ticket(*n)).collect(),
        added: added.iter().map(|n| arrival(*n)).collect(),
    }
}

/// Where the n-th arrival stands, and for which version that is true.
pub(crate) async fn place(queue: &RedisQueue, n: u32, at_least: i64) -> Option<(i64, i64)> {
    let place = queue.position(EPOCH.into(), main_lot(), ticket(n), Version(at_least)).await.unwrap();
    place.map(|Place { position, version }| (position, version.0))
}

pub(crate) async fn apply(queue: &RedisQueue, delta: QueueDelta) -> parkpro_domain::ports::IndexOutcome {
    queue.apply(EPOCH.into(), delta).await.unwrap()
}

/// The version that the index of the lot is at; none if it is not whole.
pub(crate) async fn version(queue: &RedisQueue) -> Option<i64> {
    let states = queue.states(vec![main_lot()]).await.unwrap();
    states.into_iter().next().unwrap().map(|IndexState { version, .. }| version.0)
}

/// Asks what a driver asks.
pub(crate) async fn ask(queue: &RedisQueue) -> Result<Option<Place>, PortError> {
    queue.position(EPOCH.into(), main_lot(), ticket(1), Version(0)).await
}

/// Asks until it is so, for a quarter of a minute at most.
pub(crate) async fn eventually<T: Debug>(what: &str, mut so: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = so().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until no task is left but the test itself.
pub(crate) async fn no_task_is_left() {
    eventually("no task is left", async || {
        (Handle::current().metrics().num_alive_tasks() == 0).then_some(())
    })
    .await;
}
