//! Who writes: one or two tasks, each with a connection of its own, that take what waits in line and carry it out in
//! one transaction. A batch is what came while the one before was written; nobody waits for it to fill.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use parkpro_domain::{
    ports::{Answer, Fault, LedgerError, PortError, Request, Witness},
    protocol::{Rules, Transaction, Verdict, turn},
};
use tokio::{
    runtime::Handle,
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};

use crate::transaction::PgTransaction;

/// How long a request is postponed for a lot that another instance holds.
const PATIENCE: Duration = Duration::from_secs(2);

/// A request in line, and who waits for the answer.
struct InLine {
    request: Request,
    since: Instant,
    caller: oneshot::Sender<Result<Answer, LedgerError>>,
}

/// The line, and the tasks at its end.
pub(crate) struct Writers {
    line: RwLock<Option<mpsc::Sender<InLine>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    length: usize,
}

/// What every turn goes by.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) rules: Rules,
    pub(crate) witness: Arc<dyn Witness>,
    pub(crate) batch: usize,
}

impl Writers {
    /// Starts a task for each transaction, with at most `length` requests in line.
    pub(crate) fn start(
        runtime: &Handle,
        transactions: Vec<PgTransaction>,
        terms: &Terms,
        length: usize,
    ) -> Self {
        let (line, end) = mpsc::channel(length);
        let end = Arc::new(Mutex::new(end));
        let tasks = transactions.into_iter().map(|transaction| {
            let writer =
                Writer { line: Arc::clone(&end), transaction, terms: terms.clone(), postponed: Vec::new() };
            runtime.spawn(writer.write())
        });
        Self { tasks: Mutex::new(tasks.collect()), line: RwLock::new(Some(line)), length }
    }

    /// Puts a request in line and waits for the answer.
    pub(crate) async fn change(&self, request: Request) -> Result<Answer, LedgerError> {
        let (caller, answer) = oneshot::channel();
        self.put(InLine { request, since: Instant::now(), caller })?;
        answer.await.unwrap_or_else(|_gone| {
            Err(PortError::new("changing a lot", Fault::OutcomeUnknown, "the writing task has ended").into())
        })
    }

    fn put(&self, in_line: InLine) -> Result<(), LedgerError> {
        let line = self.line.read().unwrap_or_else(PoisonError::into_inner);
        let line = line.as_ref().ok_or(LedgerError::Closing)?;
        line.try_send(in_line).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => LedgerError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => LedgerError::Closing,
        })
    }

    /// Whether it takes no more.
    pub(crate) fn is_closed(&self) -> bool {
        self.line.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// How many requests are in line.
    pub(crate) fn in_line(&self) -> usize {
        let line = self.line.read().unwrap_or_else(PoisonError::into_inner);
        line.as_ref().map_or(0, |line| self.length - line.capacity())
    }

    /// Takes no more, and returns when all that were taken are answered.
    pub(crate) async fn close(&self) {
        drop(self.line.write().unwrap_or_else(PoisonError::into_inner).take());
        for task in self.tasks.lock().await.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a writing task did not end well");
            }
        }
    }
}

/// One task that writes.
struct Writer {
    line: Arc<Mutex<mpsc::Receiver<InLine>>>,
    transaction: PgTransaction,
    terms: Terms,
    /// Those of the turn before that could not be in it; they come first.
    postponed: Vec<InLine>,
}

impl Writer {
    async fn write(mut self) {
        while let Some(mut batch) = self.next_batch().await {
            self.queue_up(&mut batch).await;
            // Whoever has gone before the turn wants nothing any more.
            batch.retain(|in_line| !in_line.caller.is_closed());
            if batch.is_empty() {
                self.transaction.rollback().await;
                continue;
            }
            let verdicts = self.carry_out(&batch).await;
            self.deliver(batch, verdicts);
            // Whoever was answered and is at hand gets to ask for the next thing before the next batch is taken.
            tokio::task::yield_now().await;
        }
    }

    /// Those who were postponed and those in line; waits for one if there is none. None at the end of the program.
    async fn next_batch(&mut self) -> Option<Vec<InLine>> {
        let mut batch = std::mem::take(&mut self.postponed);
        if batch.is_empty() {
            let mut line = self.line.lock().await;
            line.recv_many(&mut batch, self.terms.batch).await;
            return Some(batch).filter(|batch| !batch.is_empty());
        }
        // The other task may be waiting at the line; then nobody is in it.
        if let Ok(mut line) = self.line.try_lock() {
            while batch.len() < self.terms.batch {
                let Ok(next) = line.try_recv() else { break };
                batch.push(next);
            }
        }
        Some(batch)
    }

    /// If all want a lot that others have turns with, too, waits for that and takes along who came for it meanwhile.
    async fn queue_up(&mut self, batch: &mut Vec<InLine>) {
        let Some((first, others)) = batch.split_first().filter(|_| self.transaction.crowded) else { return };
        let target = first.request.command.target();
        if others.iter().any(|other| other.request.command.target() != target) {
            return;
        }
        let waited = AssertUnwindSafe(self.transaction.queue_up(&target)).catch_unwind().await;
        if waited.is_err() {
            self.transaction.abandon();
            tracing::error!("waiting in line for a lot panicked");
        }
        let Ok(mut line) = self.line.try_lock() else { return };
        while batch.len() < self.terms.batch {
            let Ok(next) = line.try_recv() else { break };
            if batch[0].request.command.target() != next.request.command.target() {
                self.postponed.push(next);
                break;
            }
            batch.push(next);
        }
    }

    /// A turn. If something in it panics, nothing is known but what the transaction knows of itself, and each request
    /// gets a turn of its own, so that only the one that panics is lost.
    async fn carry_out(&mut self, batch: &[InLine]) -> Vec<Verdict> {
        let requests: Vec<&Request> = batch.iter().map(|in_line| &in_line.request).collect();
        let error = match self.turn(&requests).await {
            Ok(verdicts) => return verdicts,
            Err(error) => error,
        };
        if requests.len() <= 1 || error.fault == Fault::OutcomeUnknown {
            return requests.iter().map(|_| Verdict::Failed(error.echo())).collect();
        }
        let mut verdicts = Vec::with_capacity(requests.len());
        for request in requests {
            let verdict = self.turn(&[request]).await.map(|mut verdicts| verdicts.pop());
            verdicts.push(
                verdict.unwrap_or_else(|error| Some(Verdict::Failed(error))).unwrap_or(Verdict::Postponed),
            );
        }
        verdicts
    }

    async fn turn(&mut self, requests: &[&Request]) -> Result<Vec<Verdict>, PortError> {
        self.transaction.begin_turn();
        let turn = turn(&mut self.transaction, &self.terms.rules, requests, &*self.terms.witness);
        let verdicts = AssertUnwindSafe(turn).catch_unwind().await;
        self.transaction.end_turn();
        verdicts.map_err(|_panic| {
            let fault = self.transaction.abandon();
            tracing::error!(requests = requests.len(), "a turn panicked");
            PortError::new("carrying out a turn", fault, "it panicked")
        })
    }

    fn deliver(&mut self, batch: Vec<InLine>, verdicts: Vec<Verdict>) {
        for (in_line, verdict) in batch.into_iter().zip(verdicts) {
            let answer = match verdict {
                Verdict::Answered(answer) => Ok(answer),
                Verdict::Failed(error) => Err(error.into()),
                Verdict::Postponed
                    if in_line.since.elapsed() > PATIENCE
                        && self.transaction.was_elsewhere(&in_line.request.command.target()) =>
                {
                    Err(PortError::new("waiting for a lot", Fault::Busy, "another instance holds it").into())
                }
                Verdict::Postponed => {
                    self.postponed.push(in_line);
                    continue;
                }
            };
            // Whoever has gone finds the answer under the key.
            drop(in_line.caller.send(answer));
        }
    }
}
