//! Lots that a writing task of this instance is busy with.
//!
//! Postgres gives a lot to the next transaction as soon as it has committed, which may be before the task that committed
//! has told the witness. With two tasks the witness could hear of a lot's versions in the wrong order; so within an
//! instance a lot is passed on only after the witness was told.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

/// Shared by the tasks that write.
#[derive(Default)]
pub(crate) struct Gate {
    busy: Mutex<BTreeSet<i64>>,
    left: Notify,
}

/// Lots that are with one task, until it drops this.
pub(crate) struct Passed {
    gate: Arc<Gate>,
    lots: BTreeSet<i64>,
    waited_for: bool,
}

impl Gate {
    /// Takes those of these lots that no other task has; if there is none, waits for the first. None if that is in vain.
    pub(crate) async fn pass(self: &Arc<Self>, lots: &BTreeSet<i64>, patience: Duration) -> Option<Passed> {
        if let Some(passed) = self.try_pass(lots) {
            return Some(passed);
        }
        let first = lots.first().map(|first| BTreeSet::from([*first]))?;
        let wait = async {
            loop {
                let left = self.left.notified();
                if let Some(passed) = self.try_pass(&first) {
                    return passed;
                }
                left.await;
            }
        };
        let mut passed = timeout(patience, wait).await.ok()?;
        passed.waited_for = true;
        Some(passed)
    }

    fn try_pass(self: &Arc<Self>, lots: &BTreeSet<i64>) -> Option<Passed> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let lots: BTreeSet<i64> = lots.difference(&busy).copied().collect();
        if lots.is_empty() {
            return None;
        }
        busy.extend(&lots);
        Some(Passed { gate: Arc::clone(self), lots, waited_for: false })
    }
}

impl Passed {
    pub(crate) const fn lots(&self) -> &BTreeSet<i64> {
        &self.lots
    }

    /// Whether another task had them.
    pub(crate) const fn was_waited_for(&self) -> bool {
        self.waited_for
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        let mut busy = self.gate.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.retain(|lot| !self.lots.contains(lot));
        drop(busy);
        self.gate.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lot_is_with_one_task_at_a_time() {
        let gate = Arc::new(Gate::default());
        let moment = Duration::from_millis(20);
        let both = gate.pass(&BTreeSet::from([1, 2]), moment).await.unwrap();
        let other = gate.pass(&BTreeSet::from([2, 3]), moment).await.unwrap();
        assert_eq!(other.lots(), &BTreeSet::from([3]), "what is free is had at once");
        assert!(gate.pass(&BTreeSet::from([1]), moment).await.is_none());
        let again = BTreeSet::from([1, 2]);
        let (waited, ()) = tokio::join!(gate.pass(&again, moment * 50), async { drop(both) });
        let waited = waited.unwrap();
        assert_eq!(waited.lots(), &BTreeSet::from([1]), "whoever waits holds nothing else");
        assert_eq!([other.was_waited_for(), waited.was_waited_for()], [false, true]);
        assert!(gate.pass(&BTreeSet::new(), moment).await.is_none());
    }
}
