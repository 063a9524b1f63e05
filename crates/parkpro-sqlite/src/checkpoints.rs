//! Folding the log into the file, beside the writer, so that no turn waits for it.
//!
//! A checkpoint beside the writer never quite reaches the end of a log that is being written. So when the log has become
//! long, the writer folds in what is left, which is little, and begins the log anew, between two questions of the readers.
//! Only then SQLite syncs the file; it is synced here before, so that there is little to wait for.

use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread::{self, JoinHandle},
};

use diesel::{prelude::*, sql_types::Integer, sqlite::SqliteConnection};

/// The thread that folds.
pub(crate) struct Checkpoints {
    due: SyncSender<()>,
    thread: JoinHandle<()>,
    long: Arc<AtomicBool>,
    turns: u32,
}

/// How many turns go into the log between two checkpoints. Fewer cost throughput; more, and a sync of the log that meets one
/// waits behind all that it wrote.
const EVERY: u32 = 16;
/// How many pages make the log long: 32 MiB.
const LONG: i32 = 8192;

impl Checkpoints {
    /// Folds into this file, by a connection of its own.
    pub(crate) fn start(file: Arc<File>, mut connection: SqliteConnection) -> io::Result<Self> {
        let (due, dues) = mpsc::sync_channel(1);
        let long = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&long);
        let work = move || work(&file, &mut connection, &dues, &told);
        let thread = thread::Builder::new().name("sqlite-checkpoint".to_owned()).spawn(work)?;
        Ok(Self { due, thread, long, turns: 0 })
    }

    /// Another turn is in the log. Whether it is long, so that the writer has to fold in what is left of it.
    pub(crate) fn count_turn(&mut self) -> bool {
        self.turns += 1;
        if self.turns >= EVERY {
            self.turns = 0;
            let _due_already = self.due.try_send(());
        }
        self.long.load(Ordering::Acquire)
    }

    /// The writer has folded in what it could. If that was not all, the next checkpoint finds the log still long.
    pub(crate) fn folded(&self) {
        self.long.store(false, Ordering::Release);
    }

    /// Returns when the last checkpoint has ended.
    pub(crate) fn close(self) {
        let Self { due, thread, .. } = self;
        drop(due);
        if thread.join().is_err() {
            tracing::error!("the thread of the checkpoints panicked");
        }
    }
}

fn work(file: &File, connection: &mut SqliteConnection, dues: &Receiver<()>, long: &AtomicBool) {
    while dues.recv().is_ok() {
        let folded = checkpoint(connection).map_err(io::Error::other);
        match folded.and_then(|folded| file.sync_data().map(|()| folded)) {
            Ok(folded) => long.store(folded.log >= LONG, Ordering::Release),
            Err(error) => tracing::warn!(%error, "the log cannot be folded into the file; it grows"),
        }
    }
}

/// Folds in as much as can be without waiting for anybody.
pub(crate) fn checkpoint(connection: &mut SqliteConnection) -> QueryResult<Folded> {
    diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result(connection)
}

/// What SQLite says of a checkpoint.
#[derive(QueryableByName)]
pub(crate) struct Folded {
    /// How many pages the log has.
    #[diesel(sql_type = Integer)]
    log: i32,
}
