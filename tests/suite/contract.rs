//! What every record must do, on every record, with the queue in the record and in Redis.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use parkpro_domain::ports::WaitingQueue;
use parkpro_postgres::{PgRecord, PgSettings, Timekeeping};
use parkpro_redis::{RedisQueue, RedisSettings};
use parkpro_sqlite::{SqliteRecord, SqliteSettings};
use parkpro_testkit::{
    contract, histories, servers,
    stage::{Opened, Stage, With},
};
use tempfile::TempDir;

/// An empty index of the queue in Redis, if the stage has one.
fn index(indexed: bool) -> Option<Arc<dyn WaitingQueue>> {
    let redis = servers::redis();
    let settings = RedisSettings { url: redis.url(), key_prefix: redis.fresh_prefix() };
    indexed.then(|| -> Arc<dyn WaitingQueue> { Arc::new(RedisQueue::open(&settings).unwrap()) })
}

/// Sizes of batches, a different one each time: every one from 1 to 256, in no order.
fn sizes() -> impl Fn() -> usize {
    let next = AtomicUsize::new(0);
    move || next.fetch_add(149, Ordering::Relaxed) % 256 + 1
}

struct OnSqlite {
    folder: TempDir,
    batch: usize,
    indexed: bool,
}

impl OnSqlite {
    fn stage(batch: usize, indexed: bool) -> Arc<dyn Stage> {
        Arc::new(Self { folder: TempDir::new().unwrap(), batch, indexed })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("parkpro.db")
    }
}

#[async_trait]
impl Stage for OnSqlite {
    async fn open(&self, with: With) -> Opened {
        let settings = SqliteSettings {
            path: self.path(),
            page_cache_mb: 4,
            readers: 2,
            queue_length: 1024,
            batch: self.batch,
        };
        let record = Arc::new(SqliteRecord::open(settings, with.clock, with.rules, with.witness).unwrap());
        Opened { ledger: record.clone(), records: record }
    }

    async fn index(&self) -> Option<Arc<dyn WaitingQueue>> {
        index(self.indexed)
    }
}

struct OnPostgres {
    url: String,
    batch: usize,
    indexed: bool,
}

impl OnPostgres {
    fn stage(batch: usize, indexed: bool) -> Arc<dyn Stage> {
        Arc::new(Self { url: servers::postgres().fresh_database(), batch, indexed })
    }
}

#[async_trait]
impl Stage for OnPostgres {
    async fn open(&self, with: With) -> Opened {
        let settings = PgSettings {
            batch: self.batch,
            connections: 2,
            time: Timekeeping::Given(with.clock),
            ..PgSettings::new(&self.url)
        };
        let record = Arc::new(PgRecord::open(settings, with.rules, with.witness).await.unwrap());
        Opened { ledger: record.clone(), records: record }
    }

    async fn open_beside(&self, with: With) -> Option<Opened> {
        Some(self.open(with).await)
    }

    async fn index(&self) -> Option<Arc<dyn WaitingQueue>> {
        index(self.indexed)
    }
}

#[test]
fn sqlite_holds_the_contract() {
    contract::hold(|| OnSqlite::stage(128, false));
}

#[test]
fn sqlite_and_redis_hold_the_contract() {
    let size = sizes();
    contract::hold(|| OnSqlite::stage(size(), true));
}

#[test]
fn postgres_holds_the_contract() {
    let size = sizes();
    contract::hold(|| OnPostgres::stage(size(), false));
}

#[test]
fn postgres_and_redis_hold_the_contract() {
    contract::hold(|| OnPostgres::stage(1, true));
}

/// Three stages for each history: every size of a batch once.
#[test]
fn random_histories_on_sqlite_are_like_memory() {
    let size = sizes();
    histories::hold(86, || OnSqlite::stage(size(), false));
}

#[test]
fn random_histories_on_postgres_are_like_memory() {
    let size = sizes();
    histories::hold(20, || OnPostgres::stage(size(), false));
}
