//! The bell between the instances on one record.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deadpool_redis::redis::Pipeline;
use parkpro_domain::{
    lot::{LotId, Version},
    ports::Bell,
};
use tokio::{sync::Notify, task::JoinSet};

use crate::{
    listener::Listener,
    server::Server,
    settings::{Limits, OpenError, RedisSettings},
};

/// Rings the bells of all instances, this one's too, over a channel in Redis.
///
/// A ring is lost while Redis is away: whoever must not miss a change also reads the journal from time to time.
pub struct RedisBell {
    rung: Arc<Rung>,
    server: Arc<Server>,
    tasks: Mutex<JoinSet<()>>,
}

impl RedisBell {
    /// Reads the settings and begins to listen, ringing `to` for whatever is heard. Whether Redis is up does not matter:
    /// it is tried again until it is. Connections will live on this tokio runtime.
    pub fn open(settings: &RedisSettings, to: Arc<dyn Bell>) -> Result<Self, OpenError> {
        Self::open_within(settings, Limits::default(), to)
    }

    /// The same with limits of one's own.
    pub fn open_within(
        settings: &RedisSettings,
        limits: Limits,
        to: Arc<dyn Bell>,
    ) -> Result<Self, OpenError> {
        let checked = settings.check()?;
        let channel = format!("{}:bell", checked.prefix);
        let runtime = checked.runtime.clone();
        let listener = Listener::new(checked.client.clone(), channel.clone(), limits, to);
        // One at a time: what is rung meanwhile is put together.
        let server = Arc::new(Server::new(checked, &Limits { connections: 1, ..limits }, "bell")?);
        let rung = Arc::new(Rung::default());
        let mut tasks = JoinSet::new();
        tasks.spawn_on(listener.listen(), &runtime);
        tasks.spawn_on(publish(Arc::clone(&rung), Arc::clone(&server), channel, limits.write), &runtime);
        Ok(Self { rung, server, tasks: Mutex::new(tasks) })
    }

    /// Stops listening and ringing, and ends the connections.
    pub async fn close(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        self.server.close().await;
    }
}

impl Bell for RedisBell {
    fn ring(&self, lot: &LotId, version: Version) {
        self.rung.put(lot, version);
    }
}

/// What was rung and not yet published: the newest version of each lot.
#[derive(Default)]
struct Rung {
    newest: Mutex<BTreeMap<LotId, Version>>,
    some: Notify,
}

impl Rung {
    fn put(&self, lot: &LotId, version: Version) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = newest.entry(lot.clone()).or_default();
        *known = version.max(*known);
        drop(newest);
        self.some.notify_one();
    }

    /// Waits until there is something, and takes it all.
    async fn take(&self) -> BTreeMap<LotId, Version> {
        loop {
            let newest = std::mem::take(&mut *self.newest.lock().unwrap_or_else(PoisonError::into_inner));
            if !newest.is_empty() {
                return newest;
            }
            self.some.notified().await;
        }
    }
}

async fn publish(rung: Arc<Rung>, server: Arc<Server>, channel: String, limit: Duration) {
    loop {
        let newest = rung.take().await;
        let mut order = Pipeline::with_capacity(newest.len());
        for (lot, version) in newest {
            order.cmd("PUBLISH").arg(&channel).arg(format!("{lot} {version}")).ignore();
        }
        if let Err(error) = server.ask::<()>("ringing the bell in Redis", limit, &order).await {
            tracing::debug!(%error, "the other instances did not hear the bell");
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn rings_of_a_lot_become_one() {
        let (rung, main, west) =
            (Rung::default(), LotId::parse("main").unwrap(), LotId::parse("west").unwrap());
        assert_eq!(rung.take().now_or_never(), None);
        for (lot, version) in [(&main, 4), (&west, 1), (&main, 6), (&main, 5)] {
            rung.put(lot, Version(version));
        }
        let newest = BTreeMap::from([(main, Version(6)), (west, Version(1))]);
        assert_eq!(rung.take().now_or_never(), Some(newest));
        assert_eq!(rung.take().now_or_never(), None);
    }
}
