//! Waiting for the disk, apart from the writer: while one turn is being synced the next is already written.
//!
//! The writer commits without a sync (`synchronous = NORMAL`), which puts a turn into the log in the file's order. Whoever
//! is answered, whatever is told to witnesses, and whatever a reader has seen comes after a sync of the log that began
//! later. A cut of power leaves a beginning of the log, so what anybody was told is in it.

use std::{
    io, iter,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, SendError, SyncSender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use parkpro_domain::{
    facts::Changes,
    ports::{Answer, Fault, LedgerError, PortError, Witness},
};
use tokio::sync::oneshot;

/// Makes the log durable, as long as some connection is open.
pub(crate) type SyncLog = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

/// How far the log is durable.
#[derive(Debug, Default)]
pub(crate) struct Durability {
    /// Commits of turns, counted before they are carried out, so that nobody sees one that is not counted.
    announced: AtomicU64,
    reached: Mutex<Reached>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Reached {
    commits: u64,
    /// A sync failed. What the system had not written by then may be lost without another word, so no later sync is
    /// believed.
    failed: bool,
}

/// How long a reader waits for the disk.
const PATIENCE: Duration = Duration::from_secs(5);

impl Durability {
    /// A turn is about to be committed.
    pub(crate) fn announce(&self) {
        self.announced.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether the disk cannot be trusted any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.reached().failed
    }

    /// Returns when all that could be seen before is durable.
    pub(crate) fn wait(&self) -> Result<(), &'static str> {
        let wanted = self.announced.load(Ordering::Acquire);
        let behind = |reached: &mut Reached| reached.commits < wanted && !reached.failed;
        let passed = self.changed.wait_timeout_while(self.reached(), PATIENCE, behind);
        let (reached, _) = passed.unwrap_or_else(PoisonError::into_inner);
        if reached.commits >= wanted { Ok(()) } else { Err(NOT_DURABLE) }
    }

    fn reach(&self, commits: u64) {
        let mut reached = self.reached();
        reached.commits = reached.commits.max(commits);
        self.changed.notify_all();
    }

    fn fail(&self, error: &io::Error) {
        let mut reached = self.reached();
        if !reached.failed {
            tracing::error!(%error, "the disk failed; nothing is written any more until the program is started anew");
        }
        reached.failed = true;
        self.changed.notify_all();
    }

    fn reached(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NOT_DURABLE: &str = "the disk does not say that it is written";

/// A turn that is written but not yet durable.
pub(crate) struct Written {
    /// What was changed by each of its transactions, and how many requests that answered.
    committed: Vec<(Vec<Changes>, usize)>,
    answers: Vec<Prepared>,
    /// Commits up to and with this turn.
    commits: u64,
}

/// What somebody who waits will hear.
pub(crate) type Prepared = (oneshot::Sender<Result<Answer, LedgerError>>, Result<Answer, LedgerError>);

/// The thread that waits for the disk.
pub(crate) struct Disk {
    turns: SyncSender<Written>,
    thread: JoinHandle<()>,
    shared: Arc<Shared>,
}

struct Shared {
    sync: SyncLog,
    witness: Box<dyn Witness>,
    durability: Arc<Durability>,
    /// Turns that were handed over and are not answered yet.
    under_way: AtomicUsize,
}

/// How many turns may be written ahead of the disk. While it is slow, turns grow instead.
const AHEAD: usize = 1;

impl Disk {
    pub(crate) fn start(
        sync: SyncLog,
        witness: Box<dyn Witness>,
        durability: Arc<Durability>,
    ) -> io::Result<Self> {
        let (turns, written) = mpsc::sync_channel(AHEAD);
        let shared = Arc::new(Shared { sync, witness, durability, under_way: AtomicUsize::new(0) });
        let own = Arc::clone(&shared);
        let work = move || own.work(&written);
        let thread = thread::Builder::new().name("sqlite-disk".to_owned()).spawn(work)?;
        Ok(Self { turns, thread, shared })
    }

    /// Whether the disk cannot be trusted any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.shared.durability.has_failed()
    }

    /// Has a turn synced, told and answered. If the writer would have nothing else to do, it waits for the disk itself,
    /// because waking a thread takes as long as a good disk.
    pub(crate) fn conclude(&self, committed: Vec<(Vec<Changes>, usize)>, answers: Vec<Prepared>, idle: bool) {
        let commits = self.shared.durability.announced.load(Ordering::Acquire);
        let written = Written { committed, answers, commits };
        if idle && self.shared.under_way.load(Ordering::Acquire) == 0 {
            self.shared.conclude(vec![written]);
            return;
        }
        self.shared.under_way.fetch_add(1, Ordering::AcqRel);
        if let Err(SendError(written)) = self.turns.send(written) {
            self.shared.durability.fail(&io::Error::other("the thread that waits for the disk has gone"));
            self.shared.conclude(vec![written]);
        }
    }

    /// Returns when everything is answered.
    pub(crate) fn close(self) {
        let Self { turns, thread, .. } = self;
        drop(turns);
        if thread.join().is_err() {
            tracing::error!("the thread that waits for the disk panicked");
        }
    }
}

impl Shared {
    fn work(&self, written: &Receiver<Written>) {
        while let Ok(first) = written.recv() {
            let turns: Vec<Written> = iter::once(first).chain(written.try_iter()).collect();
            let count = turns.len();
            self.conclude(turns);
            self.under_way.fetch_sub(count, Ordering::AcqRel);
        }
    }

    /// One sync for all of these.
    fn conclude(&self, turns: Vec<Written>) {
        let synced = if self.durability.has_failed() {
            Err(io::Error::other("an earlier sync of the disk failed"))
        } else {
            (self.sync)()
        };
        if let Err(error) = &synced {
            self.durability.fail(error);
        }
        for Written { committed, answers, commits } in turns {
            if synced.is_ok() {
                for (changes, answered) in &committed {
                    for changes in changes {
                        self.witness.committed(changes);
                    }
                    self.witness.turned(*answered);
                }
                self.durability.reach(commits);
            }
            for (waiting, answer) in answers {
                let answer = match &synced {
                    Err(error) if answer.is_ok() => Err(unknown(error).into()),
                    _ => answer,
                };
                // Whoever has gone can ask again.
                drop(waiting.send(answer));
            }
        }
    }
}

fn unknown(error: &io::Error) -> PortError {
    PortError::new("syncing changes", Fault::OutcomeUnknown, error.to_string())
}

#[cfg(test)]
mod tests {
    use parkpro_testkit::heard::Heard;

    use super::*;

    type Waits = oneshot::Receiver<Result<Answer, LedgerError>>;

    fn disk(sync: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> (Disk, Arc<Durability>) {
        let durability = Arc::new(Durability::default());
        let disk = Disk::start(Box::new(sync), Box::new(Heard::default()), Arc::clone(&durability));
        (disk.unwrap(), durability)
    }

    fn turn(disk: &Disk, idle: bool) -> Waits {
        let (waiting, heard) = oneshot::channel();
        disk.shared.durability.announce();
        disk.conclude(Vec::new(), vec![(waiting, Ok(Answer::KeyReused))], idle);
        heard
    }

    #[test]
    fn nobody_is_answered_and_nothing_is_read_before_the_sync() {
        let (go, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let (disk, durability) = disk(move || {
            wait.lock().unwrap().recv().unwrap();
            Ok(())
        });
        let mut first = turn(&disk, false);
        assert!(first.try_recv().is_err(), "the disk is still busy");
        // Idle or not, it comes after the first.
        let mut second = turn(&disk, true);
        assert!(second.try_recv().is_err());
        let reader = Arc::clone(&durability);
        let reading = thread::spawn(move || reader.wait());
        assert_eq!(durability.reached().commits, 0);
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert_eq!(reading.join().unwrap(), Ok(()));
        assert_eq!(durability.reached().commits, 2);
        disk.close();
        assert!(matches!(first.try_recv(), Ok(Ok(Answer::KeyReused))));
        assert!(matches!(second.try_recv(), Ok(Ok(Answer::KeyReused))));
    }

    #[test]
    fn after_a_failed_sync_no_later_one_is_believed() {
        let tries = AtomicUsize::new(0);
        let (disk, durability) = disk(move || match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(io::Error::other("the disk is gone")),
            _ => Ok(()),
        });
        for _ in 0..2 {
            let Ok(Err(LedgerError::Port(error))) = turn(&disk, true).try_recv() else {
                panic!("it is not durable")
            };
            assert_eq!(error.fault, Fault::OutcomeUnknown);
            assert!(disk.has_failed());
            assert_eq!(durability.wait(), Err(NOT_DURABLE));
        }
        disk.close();
    }
}
