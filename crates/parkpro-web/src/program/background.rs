//! What goes on beside the requests: the index follows, other instances are heard, old keys are forgotten.

use std::{sync::Arc, time::Duration};

use parkpro_domain::{
    parking::{Board, Follower, Outbox, Reconciler},
    ports::{Clock, Ledger, PortError, Records, WaitingQueue},
};
use tokio::{task::JoinSet, time::interval};

use super::{bells::Others, store::Store};
use crate::{api::Sheet, live::Live, metrics::Metrics, settings::Settings, system::SystemClock};

const SECOND: Duration = Duration::from_secs(1);
const BETWEEN_UPKEEPS: Duration = Duration::from_secs(5);
const BETWEEN_CLEANINGS: Duration = Duration::from_mins(10);
const KEYS_AT_ONCE: u32 = 1_000;
const MICROS_OF_A_DAY: i64 = 86_400_000_000;

/// Starts all of it.
pub(super) fn start(
    tasks: &mut JoinSet<()>,
    settings: &Settings,
    store: &Store,
    live: &Arc<Live>,
    others: Option<Arc<Others>>,
    metrics: &Arc<Metrics>,
    index: Option<(Arc<dyn WaitingQueue>, Arc<Outbox>)>,
) {
    let kept = i64::from(settings.idempotency.keep_days) * MICROS_OF_A_DAY;
    tasks.spawn(forget_keys(Arc::clone(&store.ledger), kept));
    tasks.spawn(compare(Arc::clone(&store.records), Arc::clone(live), others.clone()));
    if let Some(others) = others {
        tasks.spawn(follow_others(Arc::clone(&store.records), others));
    }
    tasks.spawn(keep_up(Arc::clone(metrics)));
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
            tokio::time::sleep(SECOND).await;
        }
    }
}

async fn reconcile(reconciler: Reconciler) {
    let mut clock = interval(SECOND);
    loop {
        clock.tick().await;
        match reconciler.reconcile().await {
            Ok(found) if found.rebuilt > 0 => {
                tracing::info!(lots = found.rebuilt, "queues loaded into the index");
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the queue's index cannot be compared"),
        }
    }
}

/// Changes whose bell was lost are heard within a second.
async fn compare(records: Arc<dyn Records>, live: Arc<Live>, others: Option<Arc<Others>>) {
    let mut clock = interval(SECOND);
    loop {
        clock.tick().await;
        let board = others.as_deref().map(Others::board).filter(|board| !board.is_empty());
        if live.watches() == 0 && board.is_none() {
            continue;
        }
        if let Err(error) = compare_once(&*records, &live, board).await {
            tracing::debug!(%error, "the versions of the lots cannot be compared");
        }
    }
}

async fn compare_once(
    records: &dyn Records,
    live: &Live,
    board: Option<&Board<Sheet>>,
) -> Result<(), PortError> {
    let (epoch, versions) = (records.epoch().await?, records.versions().await?);
    live.compare(&epoch, &versions);
    let Some(board) = board else { return Ok(()) };
    board.compare(&epoch, &versions);
    board.catch_up(records).await
}

/// The board follows what other instances do.
async fn follow_others(records: Arc<dyn Records>, others: Arc<Others>) {
    loop {
        if let Err(error) = others.changed().await.catch_up(&*records).await {
            tracing::debug!(%error, "a lot that another instance changed cannot be read");
            tokio::time::sleep(SECOND).await;
        }
    }
}

async fn keep_up(metrics: Arc<Metrics>) {
    let mut clock = interval(BETWEEN_UPKEEPS);
    loop {
        clock.tick().await;
        metrics.upkeep();
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
