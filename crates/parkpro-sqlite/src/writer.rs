//! The one thread that writes. Whatever requests wait when it is free share its next transaction.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
};

use parkpro_domain::{
    facts::Changes,
    ports::{Answer, Fault, LedgerError, PortError, Request, Witness},
    protocol::{self, Committed, Rules, Verdict},
    time::Timestamp,
};
use tokio::sync::{
    mpsc::{self, error::TryRecvError, error::TrySendError},
    oneshot, watch,
};

use crate::{
    checkpoints::Checkpoints,
    disk::{Disk, Durability, SyncLog},
    reader::Reading,
    transaction::SqliteTransaction,
};

/// Where requests are handed to the thread.
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    closing: AtomicBool,
    /// Its other end is dropped when the thread has ended.
    ended: watch::Receiver<()>,
}

/// What the thread can do.
#[expect(clippy::large_enum_variant, reason = "nearly every job is a change")]
enum Job {
    Change(Waiting),
    Errand(Errand),
}

/// What the thread does between two turns.
enum Errand {
    Forget { used_before: Timestamp, most: u32, answer: oneshot::Sender<Result<u32, PortError>> },
    Check { answer: oneshot::Sender<Result<(), PortError>> },
    Close,
}

/// A request, and who waits for its answer.
struct Waiting {
    request: Request,
    answer: oneshot::Sender<Result<Answer, LedgerError>>,
}

impl Waiting {
    /// Whoever has gone before the turn wants nothing any more.
    fn still_waits(&self) -> bool {
        !self.answer.is_closed()
    }
}

/// How the thread works.
pub(crate) struct Terms {
    pub(crate) queue_length: usize,
    pub(crate) batch: usize,
    pub(crate) rules: Rules,
    pub(crate) witness: Arc<dyn Witness>,
    pub(crate) sync: SyncLog,
    pub(crate) durability: Arc<Durability>,
    pub(crate) reading: Arc<Reading>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(
        transaction: SqliteTransaction,
        checkpoints: Checkpoints,
        terms: Terms,
    ) -> io::Result<Self> {
        let (jobs, taken) = mpsc::channel(terms.queue_length.max(1));
        let (alive, ended) = watch::channel(());
        let desk = Desk {
            jobs: taken,
            transaction,
            checkpoints,
            batch: terms.batch.clamp(1, LARGEST_BATCH),
            rules: terms.rules,
            reading: terms.reading,
            put_off: 0,
            disk: Disk::start(terms.sync, Box::new(Careful(terms.witness)), terms.durability)?,
            unwell: false,
        };
        thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || {
            desk.work();
            drop(alive);
        })?;
        Ok(Self { jobs, closing: AtomicBool::new(false), ended })
    }

    /// Has a request decided.
    pub(crate) async fn change(&self, request: Request) -> Result<Answer, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.hand_in(Job::Change(Waiting { request, answer }))?;
        answered.await.unwrap_or_else(|_gone| {
            Err(PortError::new("waiting for an answer", Fault::OutcomeUnknown, WRITER_GONE).into())
        })
    }

    /// Has old keys forgotten.
    pub(crate) async fn forget_keys(&self, used_before: Timestamp, most: u32) -> Result<u32, PortError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Errand::Forget { used_before, most, answer }, answered).await
    }

    /// Whether a change could be written.
    pub(crate) async fn check(&self) -> Result<(), PortError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Errand::Check { answer }, answered).await
    }

    /// How many requests wait.
    pub(crate) fn in_line(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Takes no more.
    pub(crate) fn refuse(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Takes no more, and returns when the thread has finished what it had taken and has closed the file.
    pub(crate) async fn close(&self) {
        self.refuse();
        // It fails if the thread has been told before.
        drop(self.jobs.send(Job::Errand(Errand::Close)).await);
        // It fails when the thread has ended.
        drop(self.ended.clone().changed().await);
    }

    fn hand_in(&self, job: Job) -> Result<(), LedgerError> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(LedgerError::Closing);
        }
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => LedgerError::Overloaded,
            TrySendError::Closed(_) => LedgerError::Closing,
        })
    }

    async fn ask<T>(
        &self,
        errand: Errand,
        answered: oneshot::Receiver<Result<T, PortError>>,
    ) -> Result<T, PortError> {
        let doing = "asking the writer";
        self.hand_in(Job::Errand(errand)).map_err(|error| match error {
            LedgerError::Overloaded => PortError::new(doing, Fault::Busy, error),
            LedgerError::Closing => PortError::new(doing, Fault::Unavailable, error),
            LedgerError::Port(error) => error,
        })?;
        answered.await.unwrap_or_else(|_gone| Err(PortError::new(doing, Fault::Unavailable, WRITER_GONE)))
    }
}

/// The most requests that share a transaction.
const LARGEST_BATCH: usize = 256;
/// For how many turns the end of a long log is put off because somebody reads.
const MOST_PUT_OFF: u32 = 64;
const DISK_FAILED: &str = "a sync of the disk failed; the program has to be started anew";
const PANICKED: &str = "the program failed; the log says where";
const WRITER_GONE: &str = "the writer has gone";

/// The thread's own.
struct Desk {
    jobs: mpsc::Receiver<Job>,
    transaction: SqliteTransaction,
    checkpoints: Checkpoints,
    batch: usize,
    rules: Rules,
    reading: Arc<Reading>,
    /// For how many turns the end of a long log was put off.
    put_off: u32,
    disk: Disk,
    /// The last turn found the file unwell.
    unwell: bool,
}

/// What comes after the turn.
enum Next {
    Turn,
    Errand(Errand),
    End,
}

impl Desk {
    fn work(mut self) {
        let mut waiting = Vec::new();
        loop {
            let next = self.gather(&mut waiting);
            waiting.retain(Waiting::still_waits);
            if !waiting.is_empty() {
                waiting = self.turn(waiting);
            }
            match next {
                Next::Turn => {}
                Next::Errand(errand) => self.run(errand),
                Next::End => break,
            }
        }
        let failed = self.disk.has_failed();
        self.disk.close();
        self.checkpoints.close();
        if failed {
            // Whoever closes the last connection folds in a log that may not be what was written.
            std::mem::forget(self.transaction);
        } else {
            self.transaction.finish();
        }
    }

    /// Waits for a first request unless one was postponed, and takes what else is there.
    fn gather(&mut self, waiting: &mut Vec<Waiting>) -> Next {
        if waiting.is_empty() {
            match self.jobs.blocking_recv() {
                Some(Job::Change(first)) => waiting.push(first),
                Some(Job::Errand(errand)) => return Next::Errand(errand),
                None => return Next::End,
            }
        }
        while waiting.len() < self.batch {
            match self.jobs.try_recv() {
                Ok(Job::Change(another)) => waiting.push(another),
                Ok(Job::Errand(errand)) => return Next::Errand(errand),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        Next::Turn
    }

    /// Has those answered who can be, as soon as it is durable; who is left goes first in the next turn.
    fn turn(&mut self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let mut committed = Vec::new();
        let verdicts = {
            let batch: Vec<&Request> = waiting.iter().map(|waiting| &waiting.request).collect();
            self.decide(&batch, &mut |changes, answered| committed.push((changes, answered)))
        };
        let (mut postponed, mut answers) = (Vec::new(), Vec::with_capacity(waiting.len()));
        for (waiting, verdict) in waiting.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Answered(answer) => answers.push((waiting.answer, Ok(answer))),
                Verdict::Failed(error) => answers.push((waiting.answer, Err(LedgerError::Port(error)))),
                Verdict::Postponed => postponed.push(waiting),
            }
        }
        let idle = postponed.is_empty() && self.jobs.is_empty();
        self.disk.conclude(committed, answers, idle);
        if !self.disk.has_failed() && self.checkpoints.count_turn() {
            self.end_log();
        }
        postponed
    }

    /// Does not wait for who reads, unless somebody always does.
    fn end_log(&mut self) {
        let nobody_reads = match self.reading.try_write() {
            Ok(nobody_reads) => nobody_reads,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) if self.put_off < MOST_PUT_OFF => {
                self.put_off += 1;
                return;
            }
            Err(TryLockError::WouldBlock) => self.reading.write().unwrap_or_else(PoisonError::into_inner),
        };
        self.put_off = 0;
        self.transaction.fold();
        drop(nobody_reads);
        self.checkpoints.folded();
    }

    /// If the turn panics, each request gets one of its own, so that one bad request never spoils the others.
    fn decide(&mut self, batch: &[&Request], committed: &mut Committed<'_>) -> Vec<Verdict> {
        if self.disk.has_failed() {
            let failed = || PortError::new("deciding requests", Fault::Unavailable, DISK_FAILED);
            return batch.iter().map(|_| Verdict::Failed(failed())).collect();
        }
        let commits = self.transaction.commits();
        let verdicts = match self.attempt(batch, committed) {
            Some(verdicts) => verdicts,
            None if self.transaction.commits() != commits => {
                let unknown = || PortError::new("deciding requests", Fault::OutcomeUnknown, PANICKED);
                batch.iter().map(|_| Verdict::Failed(unknown())).collect()
            }
            None => batch.iter().map(|request| self.decide_alone(request, committed)).collect(),
        };
        self.unwell = verdicts
            .iter()
            .any(|verdict| matches!(verdict, Verdict::Failed(error) if error.fault == Fault::Unavailable));
        verdicts
    }

    fn decide_alone(&mut self, request: &Request, committed: &mut Committed<'_>) -> Verdict {
        let verdict = self.attempt(&[request], committed).and_then(|mut verdicts| verdicts.pop());
        verdict.unwrap_or_else(|| {
            Verdict::Failed(PortError::new("deciding a request", Fault::Corrupt, PANICKED))
        })
    }

    /// None if it panicked; then it is rolled back.
    fn attempt(&mut self, batch: &[&Request], committed: &mut Committed<'_>) -> Option<Vec<Verdict>> {
        let turn = || at_once(protocol::carry_out(&mut self.transaction, &self.rules, batch, committed));
        let verdicts = catch_unwind(AssertUnwindSafe(turn)).ok().flatten();
        if verdicts.is_none() {
            tracing::error!(requests = batch.len(), "a turn panicked and is rolled back");
            self.transaction.undo();
        }
        verdicts
    }

    fn run(&mut self, errand: Errand) {
        match errand {
            Errand::Forget { used_before, most, answer } => {
                let forgotten = self.transaction.forget(used_before, most);
                drop(answer.send(forgotten.map_err(|failure| failure.during("forgetting idempotency keys"))));
            }
            Errand::Check { answer } => {
                let checked = self.check();
                self.unwell = checked.is_err();
                drop(answer.send(checked));
            }
            Errand::Close => self.jobs.close(),
        }
    }

    fn check(&mut self) -> Result<(), PortError> {
        let doing = "checking the file";
        if self.disk.has_failed() {
            return Err(PortError::new(doing, Fault::Unavailable, DISK_FAILED));
        }
        self.transaction.check(self.unwell).map_err(|failure| failure.during(doing))
    }
}

/// Lets no panic of a witness become a panic of a turn that is committed.
struct Careful(Arc<dyn Witness>);

impl Witness for Careful {
    fn committed(&self, changes: &Changes) {
        if catch_unwind(AssertUnwindSafe(|| self.0.committed(changes))).is_err() {
            tracing::error!(lot = %changes.lot.id, "the witness of a change panicked");
        }
    }

    fn turned(&self, requests: usize) {
        if catch_unwind(AssertUnwindSafe(|| self.0.turned(requests))).is_err() {
            tracing::error!("the witness of a turn panicked");
        }
    }
}

/// The result of something that never waits.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use parkpro_domain::command::Command;
    use parkpro_testkit::{ask, clock::HandClock, heard::Heard};

    use super::*;
    use crate::connect::Place;

    #[test]
    fn who_has_gone_before_the_turn_wants_nothing_any_more() {
        let request = ask::request(Command::OpenLot(ask::open("main", Vec::new())));
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { request, answer };
        assert!(waiting.still_waits());
        drop(answered);
        assert!(!waiting.still_waits());
    }

    /// One whose connection was told this, with such a disk; and who hears of its commits.
    fn writer(told: &str, sync: SyncLog) -> (Writer, Arc<Heard>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::claim(&folder.path().join("park.db"), 4).unwrap();
        let (mut connection, _) = place.prepare().unwrap();
        connection.batch_execute(told).unwrap();
        let (checkpoints, durability) = (place.checkpoints().unwrap(), Arc::clone(place.durability()));
        let transaction = SqliteTransaction::new(connection, place, Arc::new(HandClock::default())).unwrap();
        let heard = Arc::new(Heard::default());
        let (rules, witness) = (ask::rules(), heard.clone());
        let terms =
            Terms { queue_length: 9, batch: 9, rules, witness, sync, durability, reading: Arc::default() };
        (Writer::start(transaction, checkpoints, terms).unwrap(), heard, folder)
    }

    #[tokio::test]
    async fn a_full_disk_fails_the_change_and_not_the_writer() {
        let (writer, heard, _folder) = writer("PRAGMA max_page_count = 60", Box::new(|| Ok(())));
        let open = |slots| ask::request(Command::OpenLot(ask::open("main", ask::slots(slots))));
        let Err(LedgerError::Port(error)) = writer.change(open(9999)).await else {
            panic!("it does not fit")
        };
        assert_eq!(
            (error.fault, error.source.to_string().as_str()),
            (Fault::Unavailable, "database or disk is full")
        );
        writer.check().await.unwrap();
        let Ok(Answer::Decided { outcome, .. }) = writer.change(open(9)).await else { panic!("it fits") };
        assert!(outcome.result.is_ok(), "nothing is left of what did not fit");
        assert_eq!(heard.commits().len(), 1);
        writer.close().await;
    }

    #[tokio::test]
    async fn after_the_disk_failed_nothing_is_changed_and_nobody_is_told() {
        let failing = Box::new(|| Err(io::Error::other("the disk is gone")));
        let (writer, heard, _folder) = writer("", failing);
        for fault in [Fault::OutcomeUnknown, Fault::Unavailable] {
            let open = ask::request(Command::OpenLot(ask::open("main", Vec::new())));
            let Err(LedgerError::Port(error)) = writer.change(open).await else {
                panic!("it is not durable")
            };
            assert_eq!(error.fault, fault);
        }
        assert_eq!(writer.check().await.unwrap_err().fault, Fault::Unavailable);
        assert_eq!(heard.commits().len(), 0);
        writer.close().await;
    }
}
