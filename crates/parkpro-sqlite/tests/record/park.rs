//! A record in a folder of its own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use parkpro_domain::{
    command::Command,
    outcome::{Outcome, Subject},
    ports::{Answer, Clock, IdGenerator, Ledger, LotView, Records, Witness},
    ticket::Ticket,
};
use parkpro_sqlite::{OpenError, SqliteRecord, SqliteSettings};
use parkpro_testkit::{ask, clock::HandClock, heard::Heard, ids::CountingIds};
use tempfile::TempDir;

pub(crate) struct Park {
    pub(crate) record: Arc<SqliteRecord>,
    pub(crate) heard: Arc<Heard>,
    ids: CountingIds,
    pub(crate) folder: Arc<TempDir>,
}

pub(crate) fn settings(path: PathBuf) -> SqliteSettings {
    SqliteSettings { path, page_cache_mb: 4, readers: 2, queue_length: 1000, batch: 64 }
}

pub(crate) fn open(settings: SqliteSettings) -> Result<SqliteRecord, OpenError> {
    open_before(settings, Arc::new(Heard::default()))
}

fn open_before(settings: SqliteSettings, witness: Arc<dyn Witness>) -> Result<SqliteRecord, OpenError> {
    let clock: Arc<dyn Clock> = Arc::new(HandClock::default());
    SqliteRecord::open(settings, clock, ask::rules(), witness)
}

impl Park {
    /// With the lot `main`, which has so many slots for cars.
    pub(crate) async fn with_slots(slots: usize) -> Self {
        Self::with(slots, |settings| settings).await
    }

    pub(crate) async fn with(slots: usize, but: impl FnOnce(SqliteSettings) -> SqliteSettings) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let heard = Arc::new(Heard::default());
        let settings = but(settings(folder.path().join("park.db")));
        let record = Arc::new(open_before(settings, heard.clone()).unwrap());
        let park = Self { record, heard, ids: CountingIds::default(), folder };
        park.outcome(Command::OpenLot(ask::open("main", ask::slots(slots)))).await.result.unwrap();
        park
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("park.db")
    }

    /// Closes the record and opens it again.
    pub(crate) async fn reopened(&self) -> Self {
        self.record.close().await;
        let record = Arc::new(open(settings(self.path())).unwrap());
        let (heard, ids, folder) = (Arc::default(), self.ids.clone(), Arc::clone(&self.folder));
        Self { record, heard, ids, folder }
    }

    pub(crate) fn entry(&self, plate: &str) -> Command {
        Command::Enter(ask::enter("main", self.ids.ticket(), plate))
    }

    pub(crate) async fn enter(&self, plate: &str) -> Ticket {
        match self.outcome(self.entry(plate)).await.result.unwrap().subject {
            Subject::Ticket { ticket, .. } => *ticket,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn outcome(&self, command: Command) -> Outcome {
        match self.record.change(ask::request(command)).await.unwrap() {
            Answer::Decided { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn lot(&self) -> LotView {
        self.record.lot(ask::lot("main")).await.unwrap().unwrap()
    }
}

/// Asks once whether something is over.
pub(crate) fn begin<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Something that was begun, and may be over.
pub(crate) enum Begun<F: Future> {
    Over(F::Output),
    UnderWay(F),
}

/// Begins something without waiting for it.
pub(crate) fn begun<F: Future + Unpin>(mut future: F) -> Begun<F> {
    match begin(&mut future) {
        Poll::Ready(output) => Begun::Over(output),
        Poll::Pending => Begun::UnderWay(future),
    }
}

impl<F: Future> Begun<F> {
    /// Waits for the end of it.
    pub(crate) async fn over(self) -> F::Output {
        match self {
            Self::Over(output) => output,
            Self::UnderWay(future) => future.await,
        }
    }
}

/// Whether there is something beside the file.
pub(crate) fn is_beside(path: &Path, suffix: &str) -> bool {
    PathBuf::from(format!("{}{suffix}", path.display())).exists()
}
