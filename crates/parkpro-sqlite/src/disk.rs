//! Waiting for the disk, apart from the writer: while one turn is being synced the next is already written.
//!
//! The writer commits without a sync (`synchronous = NORMAL`), which puts a turn into the log in the file's order. Whoever
//! is answered, and whatever is told to witnesses, comes after a sync of the log that began later. A cut of power leaves
//! a beginning of the log, so what was answered is in it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread::{self, JoinHandle},
};

use parkpro_domain::{
    ports::{Answer, Fault, LedgerError, PortError, Witness},
    protocol::Committed,
};
use tokio::sync::oneshot;

/// Makes the log durable, as long as some connection is open.
pub(crate) type Sync = Box<dyn Fn() -> io::Result<()> + Send + std::marker::Sync>;

/// A turn that is written but not yet durable.
pub(crate) struct Written {
    pub(crate) committed: Committed,
    pub(crate) answers: Vec<Prepared>,
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
    sync: Sync,
    witness: Box<dyn Witness>,
    /// Turns that were handed over and are not answered yet.
    under_way: AtomicUsize,
    /// A sync failed. What the system had not written by then may be lost without another word, so no later sync is
    /// believed.
    failed: AtomicBool,
}

/// How many turns may be written ahead of the disk. While it is slow, turns grow instead.
const AHEAD: usize = 1;

impl Disk {
    pub(crate) fn start(sync: Sync, witness: Box<dyn Witness>) -> io::Result<Self> {
        let (turns, written) = mpsc::sync_channel(AHEAD);
        let (under_way, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let shared = Arc::new(Shared { sync, witness, under_way, failed });
        let own = Arc::clone(&shared);
        let work = move || own.work(&written);
        let thread = thread::Builder::new().name("sqlite-disk".to_owned()).spawn(work)?;
        Ok(Self { turns, thread, shared })
    }

    /// Whether the disk cannot be trusted any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// Has a turn synced, told and answered. If the writer would have nothing else to do, it waits for the disk itself,
    /// because waking a thread takes as long as a good disk.
    pub(crate) fn settle(&self, written: Written, idle: bool) {
        if idle && self.shared.under_way.load(Ordering::Acquire) == 0 {
            self.shared.settle(vec![written]);
            return;
        }
        self.shared.under_way.fetch_add(1, Ordering::AcqRel);
        // The thread ends only after this is dropped.
        drop(self.turns.send(written));
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
            let turns: Vec<Written> = std::iter::once(first).chain(written.try_iter()).collect();
            let count = turns.len();
            self.settle(turns);
            self.under_way.fetch_sub(count, Ordering::AcqRel);
        }
    }

    /// One sync for all of these.
    fn settle(&self, turns: Vec<Written>) {
        let synced = if self.failed.load(Ordering::Acquire) {
            Err(io::Error::other("an earlier sync of the disk failed"))
        } else {
            (self.sync)()
        };
        if let Err(error) = &synced
            && !self.failed.swap(true, Ordering::AcqRel)
        {
            tracing::error!(%error, "the disk failed; nothing is written any more until the program is started anew");
        }
        for Written { committed, answers } in turns {
            if synced.is_ok() {
                committed.tell(&*self.witness);
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

    fn written() -> (Written, oneshot::Receiver<Result<Answer, LedgerError>>) {
        let (waiting, heard) = oneshot::channel();
        (Written { committed: Committed::default(), answers: vec![(waiting, Ok(Answer::KeyReused))] }, heard)
    }

    fn disk(sync: impl Fn() -> io::Result<()> + Send + std::marker::Sync + 'static) -> Disk {
        Disk::start(Box::new(sync), Box::new(Heard::default())).unwrap()
    }

    #[test]
    fn nobody_is_answered_before_the_sync() {
        let (go, wait) = mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        let disk = disk(move || {
            wait.lock().unwrap().recv().unwrap();
            Ok(())
        });
        let (first, mut first_heard) = written();
        disk.settle(first, false);
        assert!(first_heard.try_recv().is_err(), "the disk is still busy");
        let (second, mut second_heard) = written();
        // Idle or not, it comes after the first.
        disk.settle(second, true);
        assert!(second_heard.try_recv().is_err());
        go.send(()).unwrap();
        go.send(()).unwrap();
        disk.close();
        assert!(matches!(first_heard.try_recv(), Ok(Ok(Answer::KeyReused))));
        assert!(matches!(second_heard.try_recv(), Ok(Ok(Answer::KeyReused))));
    }

    #[test]
    fn after_a_failed_sync_no_later_one_is_believed() {
        let tries = AtomicUsize::new(0);
        let disk = disk(move || match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(io::Error::other("the disk is gone")),
            _ => Ok(()),
        });
        for _ in 0..2 {
            let (turn, mut heard) = written();
            disk.settle(turn, true);
            let Ok(Err(LedgerError::Port(error))) = heard.try_recv() else { panic!("it is not durable") };
            assert_eq!(error.fault, Fault::OutcomeUnknown);
            assert!(disk.has_failed());
        }
        disk.close();
    }
}
