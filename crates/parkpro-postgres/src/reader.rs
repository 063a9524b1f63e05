//! Reading: a pool of connections, and transactions in which every statement sees the same state.

use std::{sync::Arc, time::Duration};

use deadpool::{Runtime, managed::Object};
use diesel::{ConnectionError, result::Error};
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool},
};
use futures_util::future::BoxFuture;
use parkpro_domain::ports::{Fault, PortError};
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use crate::{connect::Connections, fault::Trouble};

/// How long a read waits for a connection that is free.
const PATIENCE_FOR_A_CONNECTION: Duration = Duration::from_secs(2);
/// How long a read may take. The server gives up earlier, if it is there.
const PATIENCE: Duration = Duration::from_secs(7);

/// Reads in tasks of its own: a caller who goes away cannot leave a transaction open.
#[derive(Clone)]
pub(crate) struct Reader {
    pool: Pool<AsyncPgConnection>,
    runtime: Handle,
    connections: Connections,
}

/// Connections that answer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// Open.
    pub size: usize,
    /// Open and free.
    pub available: usize,
    /// Reads that wait for one.
    pub waiting: usize,
}

impl Reader {
    pub(crate) fn new(
        connections: &Connections,
        size: usize,
        connect_timeout: Duration,
        runtime: Handle,
    ) -> Result<Self, String> {
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        // The other methods ask the server at every use whether it is there.
        config.recycling_method = RecyclingMethod::Fast;
        let opened_by = Arc::clone(connections);
        config.custom_setup = Box::new(move |_url| {
            let connections = Arc::clone(&opened_by);
            Box::pin(async move {
                connections.connect().await.map_err(|error| ConnectionError::BadConnection(error.to_string()))
            })
        });
        let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config("", config))
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE_FOR_A_CONNECTION))
            .create_timeout(Some(connect_timeout))
            .recycle_timeout(Some(PATIENCE_FOR_A_CONNECTION))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { pool, runtime, connections: Arc::clone(connections) })
    }

    pub(crate) fn state(&self) -> PoolState {
        let state = self.pool.status();
        PoolState { size: state.size, available: state.available, waiting: state.waiting }
    }

    /// How many connections were opened so far, for whatever purpose.
    pub(crate) fn opened(&self) -> u64 {
        self.connections.opened()
    }

    /// Runs statements that all read one state.
    pub(crate) async fn read<T, W>(&self, doing: &'static str, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, Result<T, Trouble>> + Send + 'static,
    {
        self.run(doing, self.connections.session().begin_reading(), work).await
    }

    /// Runs statements that write something that no lot knows of.
    pub(crate) async fn tidy<T, W>(&self, doing: &'static str, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, Result<T, Trouble>> + Send + 'static,
    {
        self.run(doing, self.connections.session().begin_writing(), work).await
    }

    async fn run<T, W>(&self, doing: &'static str, begin: &'static str, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, Result<T, Trouble>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let pool = self.pool.clone();
        self.runtime.spawn(async move {
            let connection = match pool.get().await {
                Ok(connection) => connection,
                Err(error) => {
                    let error =
                        PortError::new("waiting for a connection", Fault::Unavailable, error.to_string());
                    drop(caller.send(Err(error)));
                    return;
                }
            };
            match timeout(PATIENCE, transaction(&connection, begin, work)).await {
                Ok(Ok(done)) => drop(caller.send(Ok(done))),
                Ok(Err(trouble)) => {
                    drop(Object::take(connection));
                    drop(caller.send(Err(trouble.while_doing(doing))));
                }
                Err(_elapsed) => {
                    drop(Object::take(connection));
                    drop(caller.send(Err(PortError::new(
                        doing,
                        Fault::Unavailable,
                        "no answer from Postgres",
                    ))));
                }
            }
        });
        let gone = |_gone| Err(PortError::new(doing, Fault::Unavailable, "the reading task has ended"));
        answer.await.unwrap_or_else(gone)
    }
}

async fn transaction<T, W>(
    mut connection: &AsyncPgConnection,
    begin: &'static str,
    work: W,
) -> Result<T, Trouble>
where
    W: for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, Result<T, Trouble>>,
{
    let work = work(connection);
    let begun = async { Ok::<_, Error>(connection.batch_execute(begin).await?) };
    // In this order, so that BEGIN is sent first; the statements follow in the same breath.
    let ((), done) = tokio::try_join!(biased; async { begun.await.map_err(Trouble::from) }, work)?;
    connection.batch_execute("COMMIT").await?;
    Ok(done)
}
