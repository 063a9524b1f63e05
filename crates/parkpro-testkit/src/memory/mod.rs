//! The record in memory: plain maps, full scans, nothing clever. What the real records are compared with.
//!
//! It carries requests out by [`turn`], as every record does, and checks at each commit what a database would check by
//! its constraints, and that what the domain counted is what a scan counts.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "for tests: a record that is given something impossible ends the test"
)]

mod index;
mod records;
mod state;
mod transaction;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use parkpro_domain::{
    ports::{Answer, Clock, Ledger, LedgerError, PortError, Request, Witness},
    protocol::{Rules, Verdict, turn},
    time::Timestamp,
};
use tokio::sync::oneshot;

use self::state::State;
pub use self::{index::MemoryQueue, transaction::MemoryTransaction};
use crate::faults::{Faults, FaultyTransaction};

/// What a [`MemoryRecord`] keeps; it outlives the record, as a file outlives the program. All clones are the same.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryStore {
    /// A transaction that has not begun.
    pub fn transaction(&self, clock: Arc<dyn Clock>) -> MemoryTransaction {
        MemoryTransaction::new(self.clone(), clock)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().expect("no test has failed in it"))
    }

    fn write<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        write(&mut self.state.lock().expect("no test has failed in it"))
    }
}

/// The record in memory. All clones are one instance; two records over one store are two.
#[derive(Clone)]
pub struct MemoryRecord(Arc<Instance>);

struct Instance {
    store: MemoryStore,
    clock: Arc<dyn Clock>,
    rules: Rules,
    witness: Arc<dyn Witness>,
    batch: usize,
    faults: Faults,
    line: Mutex<VecDeque<InLine>>,
    carrying: tokio::sync::Mutex<()>,
    closing: AtomicBool,
}

/// A request that waits for its turn, and who waits for the answer.
struct InLine {
    request: Request,
    caller: oneshot::Sender<Result<Answer, LedgerError>>,
}

impl MemoryRecord {
    /// An instance over a store, with at most so many requests in one turn.
    pub fn new(
        store: MemoryStore,
        clock: Arc<dyn Clock>,
        rules: Rules,
        witness: Arc<dyn Witness>,
        batch: usize,
    ) -> Self {
        Self::with_faults(store, clock, rules, witness, batch, Faults::default())
    }

    /// The same, whose transactions fail as planned.
    pub fn with_faults(
        store: MemoryStore,
        clock: Arc<dyn Clock>,
        rules: Rules,
        witness: Arc<dyn Witness>,
        batch: usize,
        faults: Faults,
    ) -> Self {
        assert!(batch > 0, "a turn has room for one request");
        Self(Arc::new(Instance {
            store,
            clock,
            rules,
            witness,
            batch,
            faults,
            line: Mutex::default(),
            carrying: tokio::sync::Mutex::default(),
            closing: AtomicBool::new(false),
        }))
    }

    /// Carries turns out until nobody is in line.
    async fn carry(&self) {
        let Instance { store, clock, rules, witness, faults, .. } = &*self.0;
        let _carrying = self.0.carrying.lock().await;
        loop {
            let batch = self.next_batch();
            if batch.is_empty() {
                return;
            }
            let mut tx = FaultyTransaction::new(store.transaction(Arc::clone(clock)), faults.clone());
            let requests: Vec<&Request> = batch.iter().map(|in_line| &in_line.request).collect();
            let verdicts = turn(&mut tx, rules, &requests, &**witness).await;
            assert_eq!(verdicts.len(), requests.len(), "a turn has a verdict on each request");
            self.deliver(batch, verdicts);
        }
    }

    fn next_batch(&self) -> Vec<InLine> {
        let mut line = self.0.line.lock().expect("nothing fails while it is held");
        let size = line.len().min(self.0.batch);
        line.drain(..size).collect()
    }

    /// Answers who is answered; the others are in front at the next turn.
    fn deliver(&self, batch: Vec<InLine>, verdicts: Vec<Verdict>) {
        let mut postponed = Vec::new();
        for (in_line, verdict) in batch.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Answered(answer) => drop(in_line.caller.send(Ok(answer))),
                Verdict::Failed(error) => drop(in_line.caller.send(Err(error.into()))),
                Verdict::Postponed => postponed.push(in_line),
            }
        }
        let mut line = self.0.line.lock().expect("nothing fails while it is held");
        postponed.into_iter().rev().for_each(|in_line| line.push_front(in_line));
    }
}

#[async_trait]
impl Ledger for MemoryRecord {
    async fn change(&self, request: Request) -> Result<Answer, LedgerError> {
        if self.0.closing.load(Ordering::SeqCst) {
            return Err(LedgerError::Closing);
        }
        let (caller, answer) = oneshot::channel();
        self.0.line.lock().expect("nothing fails while it is held").push_back(InLine { request, caller });
        let instance = self.clone();
        // A task of its own, so that a caller who hangs up stops nothing.
        tokio::spawn(async move { instance.carry().await });
        answer.await.expect("the memory record ended in the middle of a turn; it said why above")
    }

    async fn forget_keys(&self, used_before: Timestamp, most: u32) -> Result<u32, PortError> {
        Ok(self.0.store.write(|state| state.forget_keys(used_before, most)))
    }

    async fn close(&self) {
        self.0.closing.store(true, Ordering::SeqCst);
        self.carry().await;
    }
}
