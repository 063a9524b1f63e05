//! Mending the index: whatever it missed, it has again about two seconds later.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::aftermath::load;
use crate::{
    lot::{LotId, Version},
    ports::{PortError, Records, WaitingQueue},
};

/// Compares the index with the record and loads what is behind.
pub struct Reconciler {
    queue: Arc<dyn WaitingQueue>,
    records: Arc<dyn Records>,
    seen: Mutex<HashMap<LotId, Version>>,
}

/// What one comparison found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Lots that were compared.
    pub lots: usize,
    /// Lots whose queue was loaded anew.
    pub rebuilt: usize,
}

impl Reconciler {
    /// Keeps this index like this record.
    pub fn new(queue: Arc<dyn WaitingQueue>, records: Arc<dyn Records>) -> Self {
        Self { queue, records, seen: Mutex::default() }
    }

    /// One comparison, to be made about once a second.
    ///
    /// The index is read before the record, so that it can be ahead of the record only if the record was put back to an
    /// earlier state. It is behind only if it has not yet reached what the record had at the comparison before this one;
    /// anything fresher may still be on its way. A lot that cannot be mended is none of the others' business; the first
    /// fault is returned.
    pub async fn reconcile(&self) -> Result<Reconciled, PortError> {
        let epoch = self.records.epoch().await?;
        let lots: Vec<LotId> = self.records.versions().await?.into_iter().map(|(lot, _)| lot).collect();
        let states = self.queue.states(lots.clone()).await?;
        let versions: HashMap<LotId, Version> = self.records.versions().await?.into_iter().collect();
        let due = self.replace_seen(versions.clone());
        let mut reconciled = Reconciled { lots: lots.len(), rebuilt: 0 };
        let mut mended = Ok(());
        for (lot, state) in lots.into_iter().zip(states) {
            let now = versions.get(&lot).copied().unwrap_or_default();
            let current = state.as_ref().filter(|state| state.epoch == epoch);
            let ahead = current.is_some_and(|state| state.version > now);
            let behind = current.is_none_or(|state| due.get(&lot).is_some_and(|due| state.version < *due));
            if ahead || behind {
                let loaded = self.mend(lot, ahead).await;
                reconciled.rebuilt += usize::from(loaded.is_ok());
                mended = mended.and(loaded);
            }
        }
        mended.map(|()| reconciled)
    }

    async fn mend(&self, lot: LotId, ahead: bool) -> Result<(), PortError> {
        if ahead {
            self.queue.forget(lot.clone()).await?;
        }
        load(&*self.queue, &*self.records, lot).await
    }

    fn replace_seen(&self, versions: HashMap<LotId, Version>) -> HashMap<LotId, Version> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut seen, versions)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        parking::tests::snapshot,
        ports::{IndexState, LoadOutcome, MockRecords, MockWaitingQueue},
    };

    /// How often the queue is forgotten and loaded in one comparison of an index and a record.
    fn compare(index: Option<(&'static str, i64)>, record: i64, before: Option<i64>) -> (usize, usize) {
        let main = || LotId::parse("main").unwrap();
        let mut records = MockRecords::new();
        records.expect_epoch().returning(|| Ok("now".into()));
        records.expect_versions().returning(move || Ok(vec![(main(), Version(record))]));
        records.expect_snapshot().returning(move |_| Ok(Some(snapshot(record))));
        let mut queue = MockWaitingQueue::new();
        queue.expect_states().returning(move |_| {
            Ok(vec![
                index.map(|(epoch, version)| IndexState { epoch: epoch.into(), version: Version(version) }),
            ])
        });
        let counts = Arc::new(Mutex::new((0, 0)));
        let (forgotten, loaded) = (Arc::clone(&counts), Arc::clone(&counts));
        queue.expect_forget().returning(move |_| {
            forgotten.lock().unwrap().0 += 1;
            Ok(())
        });
        queue.expect_load().returning(move |_| {
            loaded.lock().unwrap().1 += 1;
            Ok(LoadOutcome::Loaded)
        });
        let reconciler = Reconciler::new(Arc::new(queue), Arc::new(records));
        if let Some(before) = before {
            reconciler.replace_seen(HashMap::from([(main(), Version(before))]));
        }
        reconciler.reconcile().now_or_never().unwrap().unwrap();
        *counts.lock().unwrap()
    }

    #[test]
    fn only_what_is_wrong_is_loaded() {
        assert_eq!(compare(Some(("now", 5)), 5, Some(5)), (0, 0), "equal");
        assert_eq!(compare(Some(("now", 5)), 9, Some(5)), (0, 0), "the rest may be on its way");
        assert_eq!(compare(Some(("now", 4)), 9, Some(5)), (0, 1), "behind for a whole round");
        assert_eq!(compare(None, 5, Some(5)), (0, 1), "empty");
        assert_eq!(compare(Some(("old", 5)), 5, Some(5)), (0, 1), "of another history");
        assert_eq!(compare(Some(("now", 6)), 5, Some(5)), (1, 1), "the record was put back");
    }
}
