//! What follows a committed change: the bell is rung, and the index of the queue follows.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
};

use crate::{
    facts::Changes,
    lot::LotId,
    ports::{Bell, IndexOutcome, LoadOutcome, PortError, QueueDelta, Records, WaitingQueue, Witness},
};

/// Rings the bell for every committed change and lays what became of the queue into the outbox. Never waits.
pub struct Aftermath {
    bell: Arc<dyn Bell>,
    outbox: Option<Arc<Outbox>>,
}

impl Aftermath {
    /// With an outbox if there is an index to follow.
    pub fn new(bell: Arc<dyn Bell>, outbox: Option<Arc<Outbox>>) -> Self {
        Self { bell, outbox }
    }
}

impl Witness for Aftermath {
    fn committed(&self, changes: &Changes) {
        if let Some(outbox) = &self.outbox {
            outbox.put(changes.queue.clone());
        }
        self.bell.ring(&changes.lot.id, changes.lot.version);
    }

    fn turned(&self, _requests: usize) {}
}

/// What the index still has to hear, one delta a lot: what comes faster than the index follows is put together.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    deltas: BTreeMap<LotId, QueueDelta>,
    reader: Option<Waker>,
}

impl Outbox {
    /// Adds what a turn did.
    pub fn put(&self, delta: QueueDelta) {
        let mut pending = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let joined = match pending.deltas.remove(&delta.lot) {
            Some(earlier) => earlier.then(delta),
            None => delta,
        };
        pending.deltas.insert(joined.lot.clone(), joined);
        let reader = pending.reader.take();
        drop(pending);
        reader.into_iter().for_each(Waker::wake);
    }

    /// Waits until there is something, and takes it all.
    pub async fn take(&self) -> Vec<QueueDelta> {
        poll_fn(|context| {
            let mut pending = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if pending.deltas.is_empty() {
                pending.reader = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(std::mem::take(&mut pending.deltas).into_values().collect())
        })
        .await
    }
}

impl QueueDelta {
    /// This and then that, as one. If that does not follow this, it stays alone, and the index will see the gap.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        if later.from != self.to {
            return later;
        }
        self.added.retain(|(ticket, _)| {
            !later.removed.contains(ticket) && !later.added.iter().any(|(added, _)| added == ticket)
        });
        self.removed.extend(later.removed);
        self.added.extend(later.added);
        Self { to: later.to, count: later.count, ..self }
    }
}

/// Makes the index follow what is in the outbox.
pub struct Follower {
    outbox: Arc<Outbox>,
    queue: Arc<dyn WaitingQueue>,
    records: Arc<dyn Records>,
}

impl Follower {
    /// From an outbox to an index, which is loaded anew from the record when it has lost the thread.
    pub fn new(outbox: Arc<Outbox>, queue: Arc<dyn WaitingQueue>, records: Arc<dyn Records>) -> Self {
        Self { outbox, queue, records }
    }

    /// Waits for the next changes and hands them on, each lot's by itself; the first fault is returned. A fault is not
    /// repeated: the index is behind then, and the reconciler mends that, as it does if the record's history changed
    /// while the changes were waited for, so that nobody knows which history they belong to.
    pub async fn follow(&self) -> Result<(), PortError> {
        let epoch = self.records.epoch().await?;
        let deltas = self.outbox.take().await;
        if self.records.epoch().await? != epoch {
            return Ok(());
        }
        let mut followed = Ok(());
        for delta in deltas {
            followed = followed.and(self.hand_on(&epoch, delta).await);
        }
        followed
    }

    async fn hand_on(&self, epoch: &str, delta: QueueDelta) -> Result<(), PortError> {
        let lot = delta.lot.clone();
        match self.queue.apply(epoch.to_owned(), delta).await? {
            IndexOutcome::Current => Ok(()),
            IndexOutcome::Rebuild => load(&*self.queue, &*self.records, lot).await,
        }
    }
}

/// Loads the whole queue of a lot into the index, once more if it did not arrive whole.
pub(super) async fn load(
    queue: &dyn WaitingQueue,
    records: &dyn Records,
    lot: LotId,
) -> Result<(), PortError> {
    for _attempt in 0..2 {
        let Some(snapshot) = records.snapshot(lot.clone()).await? else { return queue.forget(lot).await };
        if queue.load(snapshot).await? != LoadOutcome::Torn {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        lot::Version,
        parking::tests::{snapshot, unwell},
        ports::{MockBell, MockRecords, MockWaitingQueue},
        ticket::{TicketId, Turn},
    };

    fn ticket(n: u128) -> TicketId {
        TicketId(uuid::Uuid::from_u128(n))
    }

    fn delta(from: i64, to: i64, removed: &[u128], added: &[u128]) -> QueueDelta {
        QueueDelta {
            lot: LotId::parse("main").unwrap(),
            from: Version(from),
            to: Version(to),
            count: 1,
            removed: removed.iter().map(|n| ticket(*n)).collect(),
            added: added.iter().map(|n| (ticket(*n), Turn(i64::try_from(*n).unwrap()))).collect(),
        }
    }

    fn records() -> MockRecords {
        let mut records = MockRecords::new();
        records.expect_epoch().returning(|| Ok("epoch".into()));
        records
    }

    fn followed_both(queue: MockWaitingQueue, records: MockRecords) -> Result<(), PortError> {
        let outbox = Arc::new(Outbox::default());
        outbox.put(delta(1, 2, &[], &[7]));
        outbox.put(QueueDelta { lot: LotId::parse("north").unwrap(), ..delta(1, 2, &[], &[8]) });
        Follower::new(outbox, Arc::new(queue), Arc::new(records)).follow().now_or_never().unwrap()
    }

    fn followed(queue: MockWaitingQueue, records: MockRecords) -> Result<(), PortError> {
        let outbox = Arc::new(Outbox::default());
        outbox.put(delta(1, 2, &[], &[7]));
        Follower::new(outbox, Arc::new(queue), Arc::new(records)).follow().now_or_never().unwrap()
    }

    #[test]
    fn deltas_that_follow_each_other_become_one() {
        let joined = delta(1, 3, &[1], &[2, 3]).then(delta(3, 5, &[2, 4], &[5]));
        assert_eq!(joined, delta(1, 5, &[1, 2, 4], &[3, 5]));
    }

    #[test]
    fn a_delta_with_a_gap_before_it_stays_alone() {
        assert_eq!(delta(1, 3, &[1], &[2]).then(delta(4, 5, &[], &[5])), delta(4, 5, &[], &[5]));
    }

    #[test]
    fn whoever_waits_at_the_outbox_is_woken() {
        let outbox = Outbox::default();
        assert_eq!(outbox.take().now_or_never(), None);
        outbox.put(delta(1, 2, &[], &[]));
        assert_eq!(outbox.take().now_or_never().unwrap(), [delta(1, 2, &[], &[])]);
    }

    #[test]
    fn every_change_rings_the_bell_and_reaches_the_outbox() {
        let mut bell = MockBell::new();
        bell.expect_ring()
            .withf(|lot, version| lot.as_str() == "main" && *version == Version(2))
            .times(1)
            .return_const(());
        let outbox = Arc::new(Outbox::default());
        let changes = crate::parking::tests::changes(delta(1, 2, &[], &[7]));
        Aftermath::new(Arc::new(bell), Some(Arc::clone(&outbox))).committed(&changes);
        assert_eq!(outbox.take().now_or_never().unwrap(), [delta(1, 2, &[], &[7])]);
    }

    #[test]
    fn an_index_that_lost_the_thread_is_loaded_anew() {
        let mut queue = MockWaitingQueue::new();
        queue.expect_apply().times(1).returning(|_, _| Ok(IndexOutcome::Rebuild));
        queue.expect_load().times(1).returning(|_| Ok(LoadOutcome::Loaded));
        let mut records = records();
        records.expect_snapshot().times(1).returning(|_| Ok(Some(snapshot(2))));
        followed(queue, records).unwrap();
    }

    #[test]
    fn a_torn_load_is_repeated_once() {
        let mut queue = MockWaitingQueue::new();
        queue.expect_apply().returning(|_, _| Ok(IndexOutcome::Rebuild));
        queue.expect_load().times(2).returning(|_| Ok(LoadOutcome::Torn));
        let mut records = records();
        records.expect_snapshot().times(2).returning(|_| Ok(Some(snapshot(2))));
        followed(queue, records).unwrap();
    }

    #[test]
    fn a_queue_that_is_down_is_left_to_the_reconciler() {
        let mut queue = MockWaitingQueue::new();
        queue.expect_apply().times(1).returning(|_, _| Err(unwell()));
        assert!(followed(queue, records()).is_err());
    }

    #[test]
    fn a_fault_for_one_lot_is_none_for_the_others() {
        let mut queue = MockWaitingQueue::new();
        queue.expect_apply().times(2).returning(|_, delta| match delta.lot.as_str() {
            "main" => Err(unwell()),
            _ => Ok(IndexOutcome::Current),
        });
        assert!(followed_both(queue, records()).is_err());
    }

    #[test]
    fn changes_of_a_history_that_ended_are_not_applied_to_another() {
        let mut records = MockRecords::new();
        let mut epochs = ["old", "new"].into_iter();
        records.expect_epoch().returning(move || Ok(epochs.next().unwrap().into()));
        followed(MockWaitingQueue::new(), records).unwrap();
    }
}
