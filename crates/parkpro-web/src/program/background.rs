//! What goes on beside the requests: the index follows, other instances are heard, old keys are forgotten.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parkpro_domain::{
    facts::Changes,
    lot::{LotId, Version},
    parking::{Aftermath, Follower, Outbox, Reconciler},
    ports::{Bell, Clock, Ledger, PortError, Records, WaitingQueue, Witness},
};
use tokio::{task::JoinSet, time::interval};

use super::store::Store;
use crate::{settings::Settings, system::SystemClock};

const SECOND: Duration = Duration::from_secs(1);
const BETWEEN_CLEANINGS: Duration = Duration::from_secs(600);
const KEYS_AT_ONCE: u32 = 1_000;
const MICROS_OF_A_DAY: i64 = 86_400_000_000;

/// Rings several bells.
struct Bells(Vec<Arc<dyn Bell>>);

impl Bell for Bells {
    fn ring(&self, lot: &LotId, version: Version) {
        self.0.iter().for_each(|bell| bell.ring(lot, version));
    }
}

/// Tells several witnesses.
struct Witnesses(Vec<Arc<dyn Witness>>);

impl Witness for Witnesses {
    fn committed(&self, changes: &Changes) {
        self.0.iter().for_each(|witness| witness.committed(changes));
    }

    fn turned(&self, requests: usize) {
        self.0.iter().for_each(|witness| witness.turned(requests));
    }
}

/// Everyone who hears of a committed change: whoever watches a lot, and those given.
pub(super) fn witnesses(
    bells: Vec<Arc<dyn Bell>>,
    outbox: Option<Arc<Outbox>>,
    others: Vec<Arc<dyn Witness>>,
) -> Arc<dyn Witness> {
    let aftermath: Arc<dyn Witness> = Arc::new(Aftermath::new(Arc::new(Bells(bells)), outbox));
    Arc::new(Witnesses([vec![aftermath], others].concat()))
}

/// Starts all of it.
pub(super) fn start(
    tasks: &mut JoinSet<()>,
    settings: &Settings,
    store: &Store,
    bell: Arc<dyn Bell>,
    index: Option<(Arc<dyn WaitingQueue>, Arc<Outbox>)>,
) {
    let kept = i64::from(settings.idempotency.keep_days) * MICROS_OF_A_DAY;
    tasks.spawn(forget_keys(Arc::clone(&store.ledger), kept));
    if store.shared.is_some() {
        tasks.spawn(hear_others(Arc::clone(&store.records), bell));
    }
    if let Some((queue, outbox)) = index {
        let follower = Follower::new(outbox, Arc::clone(&queue), Arc::clone(&store.records));
        tasks.spawn(follow(follower));
        tasks.spawn(reconcile(Reconciler::new(queue, Arc::clone(&store.records))));
    }
}

/// The index hears every change of this instance. What it misses, the reconciler mends.
async fn follow(follower: Follower) {
    loop {
        if let Err(error) = follower.follow().await {
            tracing::debug!(%error, "the queue's index missed a change");
        }
    }
}

async fn reconcile(reconciler: Reconciler) {
    let mut clock = interval(SECOND);
    loop {
        clock.tick().await;
        match reconciler.reconcile().await {
            Ok(found) if found.rebuilt > 0 => tracing::info!(lots = found.rebuilt, "queues loaded into the index"),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the queue's index cannot be compared"),
        }
    }
}

/// Changes that other instances made and whose bell was lost are heard within a second.
async fn hear_others(records: Arc<dyn Records>, bell: Arc<dyn Bell>) {
    let mut heard: HashMap<LotId, Version> = HashMap::new();
    let mut clock = interval(SECOND);
    loop {
        clock.tick().await;
        match records.versions().await {
            Ok(versions) => {
                for (lot, version) in versions {
                    if heard.insert(lot.clone(), version) != Some(version) {
                        bell.ring(&lot, version);
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "the versions of the lots cannot be read"),
        }
    }
}

async fn forget_keys(ledger: Arc<dyn Ledger>, kept_micros: i64) {
    let mut clock = interval(BETWEEN_CLEANINGS);
    loop {
        clock.tick().await;
        if let Err(error) = forget_all(&*ledger, kept_micros).await {
            tracing::warn!(%error, "old idempotency keys cannot be forgotten");
        }
    }
}

/// In small steps, so that no gate waits for the cleaning.
async fn forget_all(ledger: &dyn Ledger, kept_micros: i64) -> Result<(), PortError> {
    let used_before = SystemClock.now().plus_micros(-kept_micros);
    while ledger.forget_keys(used_before, KEYS_AT_ONCE).await? == KEYS_AT_ONCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
