//! The threads that read, each with a connection of its own.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread,
};

use diesel::{connection::SimpleConnection, sqlite::SqliteConnection};
use parkpro_domain::ports::{Fault, PortError};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot, watch,
};

use crate::{disk::Durability, fault::Failure};

/// Where questions are handed to the threads.
pub(crate) struct Readers {
    jobs: RwLock<Option<mpsc::Sender<Job>>>,
    /// Its other ends are dropped when the threads have ended.
    ended: watch::Receiver<()>,
    durability: Arc<Durability>,
    reading: Arc<Reading>,
}

/// Held by each question while it reads, and alone by the writer when a long log has to end: SQLite begins a log anew only
/// if nobody reads what is in it.
pub(crate) type Reading = RwLock<()>;

type Job = Box<dyn FnOnce(&mut SqliteConnection) + Send>;

impl Readers {
    /// Starts a thread for each connection.
    pub(crate) fn start(
        connections: Vec<SqliteConnection>,
        queue_length: usize,
        durability: &Arc<Durability>,
        reading: &Arc<Reading>,
    ) -> io::Result<Self> {
        let (jobs, taken) = mpsc::channel(queue_length.max(1));
        let (alive, ended) = watch::channel(());
        let (taken, alive) = (Arc::new(Mutex::new(taken)), Arc::new(alive));
        for connection in connections {
            let (taken, alive) = (Arc::clone(&taken), Arc::clone(&alive));
            thread::Builder::new().name("sqlite-reader".to_owned()).spawn(move || {
                work(connection, &taken);
                drop(alive);
            })?;
        }
        let (durability, reading) = (Arc::clone(durability), Arc::clone(reading));
        Ok(Self { jobs: RwLock::new(Some(jobs)), ended, durability, reading })
    }

    /// Reads in one transaction, so that what is read is one state, and answers when that state is durable. It ends also when
    /// nobody waits for it any more.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, PortError> {
        let (answer, answered) = oneshot::channel();
        let (durability, reading) = (Arc::clone(&self.durability), Arc::clone(&self.reading));
        let job = move |connection: &mut SqliteConnection| {
            if !answer.is_closed() {
                let result = {
                    let _no_new_log = reading.read().unwrap_or_else(PoisonError::into_inner);
                    in_one_state(connection, read).map_err(|failure| failure.during(doing))
                };
                let durable = durability.wait().map_err(|why| PortError::new(doing, Fault::Unavailable, why));
                drop(answer.send(durable.and(result)));
            }
        };
        self.hand_in(Box::new(job)).map_err(|(fault, why)| PortError::new(doing, fault, why))?;
        answered.await.unwrap_or_else(|_gone| Err(PortError::new(doing, Fault::Corrupt, PANICKED)))
    }

    /// Takes no more questions, and returns when those that were taken are answered.
    pub(crate) async fn close(&self) {
        drop(self.jobs.write().unwrap_or_else(PoisonError::into_inner).take());
        // It fails when the threads have ended.
        drop(self.ended.clone().changed().await);
    }

    fn hand_in(&self, job: Job) -> Result<(), (Fault, &'static str)> {
        let jobs = self.jobs.read().unwrap_or_else(PoisonError::into_inner);
        let jobs = jobs.as_ref().ok_or((Fault::Unavailable, "the program is ending"))?;
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => (Fault::Busy, "too many questions wait for the record"),
            TrySendError::Closed(_) => (Fault::Unavailable, "the readers have gone"),
        })
    }
}

const PANICKED: &str = "the program failed; the log says where";

fn work(mut connection: SqliteConnection, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
            tracing::error!("a question to the record panicked");
        }
    }
}

fn in_one_state<T>(
    connection: &mut SqliteConnection,
    read: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // Left open by a question that panicked.
    if let Err(error) = connection.batch_execute("BEGIN") {
        connection.batch_execute("ROLLBACK").map_err(|_none| error)?;
        connection.batch_execute("BEGIN")?;
    }
    let result = read(connection);
    connection.batch_execute("ROLLBACK")?;
    result
}
