//! The waiting queue.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use deadpool_redis::redis::{self, Pipeline, Value};
use parkpro_domain::{
    lot::{LotId, Version},
    ports::{
        Fault, IndexOutcome, IndexState, LoadOutcome, Place, PortError, QueueDelta, QueueSnapshot,
        WaitingQueue,
    },
    ticket::{TicketId, Turn},
};

use crate::{
    health::{Counters, QueueHealth},
    scripts::{Keys, Scripts, member},
    server::Server,
    settings::{Limits, OpenError, RedisSettings},
};

/// This many waiting tickets are sent at once when a queue is loaded.
const CHUNK: usize = 5_000;

/// How long a queue that is being loaded is kept after its last chunk.
const STAGING_SECONDS: u32 = 60;

const APPLYING: &str = "following a turn in the queue in Redis";
const LOADING: &str = "loading a queue into Redis";
const LOOKING_UP: &str = "looking up a place in Redis";
const COMPARING: &str = "reading the versions of the queues in Redis";
const FORGETTING: &str = "forgetting a queue in Redis";

/// The waiting queue in Redis.
pub struct RedisQueue {
    server: Server,
    prefix: Arc<str>,
    limits: Limits,
    scripts: Scripts,
    counters: Counters,
    /// What the names of this instance's loads begin with: two instances may load the same queue at once.
    instance: u64,
    loads: AtomicU64,
}

impl RedisQueue {
    /// Reads the settings. Whether Redis is up does not matter yet. Connections will live on this tokio runtime.
    pub fn open(settings: &RedisSettings) -> Result<Self, OpenError> {
        Self::open_within(settings, Limits::default())
    }

    /// The same with limits of one's own.
    pub fn open_within(settings: &RedisSettings, limits: Limits) -> Result<Self, OpenError> {
        let checked = settings.check()?;
        let prefix = Arc::clone(&checked.prefix);
        Ok(Self {
            server: Server::new(checked, &limits, "queue")?,
            prefix,
            limits,
            scripts: Scripts::new(),
            counters: Counters::default(),
            instance: RandomState::new().hash_one("instance"),
            loads: AtomicU64::default(),
        })
    }

    /// How it is doing.
    pub fn health(&self) -> QueueHealth {
        self.counters.with(&self.server.health())
    }

    /// Ends the connections. Calls fail from now on.
    pub async fn close(&self) {
        self.server.close().await;
    }

    fn keys(&self, lot: &LotId) -> Keys {
        Keys::of(&self.prefix, lot)
    }

    /// Puts a queue together aside; the name of its key.
    async fn stage(&self, snapshot: &QueueSnapshot) -> Result<String, PortError> {
        let load = format!("{:016x}-{}", self.instance, self.loads.fetch_add(1, Ordering::Relaxed));
        let staging = Keys::staging(&self.prefix, &snapshot.lot, &load);
        for chunk in snapshot.members.chunks(CHUNK) {
            let order = staging_of(chunk, &staging);
            self.server.ask::<()>(LOADING, self.limits.load, &order).await?;
        }
        Ok(staging)
    }

    /// Puts what is staged in the place of the queue.
    async fn replace(&self, snapshot: &QueueSnapshot, staging: &str) -> Result<LoadOutcome, PortError> {
        let keys = self.keys(&snapshot.lot);
        let order = self.scripts.load(&keys, staging, snapshot);
        let said: String = self.server.ask(LOADING, self.limits.load, &order).await?;
        match said.as_str() {
            "loaded" => {
                self.counters.loaded();
                Ok(LoadOutcome::Loaded)
            }
            "stale" => Ok(LoadOutcome::Stale),
            "torn" => Ok(LoadOutcome::Torn),
            _ => Err(senseless(LOADING, &said)),
        }
    }
}

#[async_trait]
impl WaitingQueue for RedisQueue {
    async fn apply(&self, epoch: String, delta: QueueDelta) -> Result<IndexOutcome, PortError> {
        let keys = self.keys(&delta.lot);
        let order = self.scripts.apply(&keys, &epoch, &delta);
        let said: String = self.server.ask(APPLYING, self.limits.write, &order).await?;
        match said.as_str() {
            "applied" => {
                self.counters.applied();
                Ok(IndexOutcome::Current)
            }
            "stale" => Ok(IndexOutcome::Current),
            "rebuild" => {
                self.counters.rebuild();
                Ok(IndexOutcome::Rebuild)
            }
            _ => Err(senseless(APPLYING, &said)),
        }
    }

    async fn load(&self, snapshot: QueueSnapshot) -> Result<LoadOutcome, PortError> {
        let staging = self.stage(&snapshot).await?;
        self.replace(&snapshot, &staging).await
    }

    async fn position(
        &self,
        epoch: String,
        lot: LotId,
        ticket: TicketId,
        at_least: Version,
    ) -> Result<Option<Place>, PortError> {
        let keys = self.keys(&lot);
        let order = self.scripts.position(&keys, &epoch, ticket, at_least);
        let found: Option<(i64, i64)> = self.server.ask(LOOKING_UP, self.limits.read, &order).await?;
        self.counters.looked_up(found.is_some());
        Ok(found.map(|(version, before)| Place { position: before + 1, version: Version(version) }))
    }

    async fn states(&self, lots: Vec<LotId>) -> Result<Vec<Option<IndexState>>, PortError> {
        if lots.is_empty() {
            return Ok(Vec::new());
        }
        let mut order = Pipeline::with_capacity(lots.len() * 2);
        for lot in &lots {
            let keys = self.keys(lot);
            order.cmd("HMGET").arg(&keys.meta).arg(&["epoch", "version", "count"]);
            order.cmd("ZCARD").arg(&keys.queue);
        }
        // There may be thousands of lots, and nobody stands waiting for this.
        let said: Vec<Value> = self.server.ask(COMPARING, self.limits.write, &order).await?;
        let (pairs, rest) = said.as_chunks();
        if pairs.len() != lots.len() || !rest.is_empty() {
            return Err(senseless(COMPARING, "answers to other questions"));
        }
        Ok(pairs.iter().map(|[meta, size]| state(meta, size)).collect())
    }

    async fn forget(&self, lot: LotId) -> Result<(), PortError> {
        let keys = self.keys(&lot);
        let mut order = Pipeline::with_capacity(1);
        order.cmd("UNLINK").arg(&keys.meta).arg(&keys.queue).ignore();
        self.server.ask(FORGETTING, self.limits.write, &order).await
    }
}

/// One chunk, together with an expiry so that nothing is left of a load that is not finished.
fn staging_of(chunk: &[(TicketId, Turn)], staging: &str) -> Pipeline {
    let mut order = Pipeline::with_capacity(2);
    order.atomic().cmd("ZADD").arg(staging);
    for (ticket, turn) in chunk {
        order.arg(turn.0).arg(member(*ticket));
    }
    order.ignore().cmd("EXPIRE").arg(staging).arg(STAGING_SECONDS).ignore();
    order
}

/// What an index holds; nothing if it is not whole, so that it is loaded anew. A turn that comes between the two answers
/// makes it look so too, which costs a load at most.
fn state(meta: &Value, size: &Value) -> Option<IndexState> {
    type Meta = (Option<String>, Option<i64>, Option<i64>);
    let (epoch, version, count): Meta = redis::from_redis_value_ref(meta).ok()?;
    let size: i64 = redis::from_redis_value_ref(size).ok()?;
    (count? == size).then_some(IndexState { epoch: epoch?, version: Version(version?) })
}

fn senseless(doing: &'static str, said: &str) -> PortError {
    PortError::new(doing, Fault::Corrupt, format!("Redis said {said}"))
}

#[cfg(test)]
mod tests {
    use parkpro_testkit::servers;
    use uuid::Uuid;

    use super::*;

    fn snapshot(version: i64, waiting: u128) -> QueueSnapshot {
        let ticket = |n| (TicketId(Uuid::from_u128(n)), Turn(1));
        QueueSnapshot {
            lot: LotId::parse("main").unwrap(),
            epoch: "now".into(),
            version: Version(version),
            members: (1..=waiting).map(ticket).collect(),
        }
    }

    #[tokio::test]
    async fn a_torn_load_leaves_the_queue_as_it_was() {
        let server = servers::redis();
        let settings = RedisSettings { url: server.url(), key_prefix: server.fresh_prefix() };
        let queue = RedisQueue::open(&settings).unwrap();
        queue.load(snapshot(1, 3)).await.unwrap();
        let newer = snapshot(2, 5);

        let staging = queue.stage(&newer).await.unwrap();
        assert_eq!(server.command(&format!("ZCARD {staging}")), ":5");
        let expiry: u32 = server.command(&format!("TTL {staging}"))[1..].parse().unwrap();
        assert!((1..=STAGING_SECONDS).contains(&expiry), "{expiry}");
        server.command(&format!("ZPOPMIN {staging}"));
        assert_eq!(queue.replace(&newer, &staging).await.unwrap(), LoadOutcome::Torn);
        assert_eq!(server.command(&format!("EXISTS {staging}")), ":0");
        assert_eq!(queue.replace(&newer, &staging).await.unwrap(), LoadOutcome::Torn, "it is gone");

        let states = queue.states(vec![newer.lot.clone()]).await.unwrap();
        assert_eq!(states, [Some(IndexState { epoch: "now".into(), version: Version(1) })]);
        assert_eq!(queue.load(newer).await.unwrap(), LoadOutcome::Loaded);
    }
}
