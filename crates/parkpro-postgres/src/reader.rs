//! Reading: a pool of connections, and transactions in which every statement sees the same state.

use std::{sync::Arc, time::Duration};

use deadpool::{Runtime, managed::Object};
use diesel::ConnectionError;
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool},
};
use futures_util::future::BoxFuture;
use parkpro_domain::ports::{Fault, PortError};
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    connect::Connections,
    fault::{Trouble, timely},
};

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
        self.run(doing, Some(self.connections.session().begin_reading()), work).await
    }

    /// Runs one statement, which is a transaction of its own.
    pub(crate) async fn alone<T, W>(&self, doing: &'static str, work: W) -> Result<T, PortError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, Result<T, Trouble>> + Send + 'static,
    {
        self.run(doing, None, work).await
    }

    async fn run<T, W>(
        &self,
        doing: &'static str,
        begin: Option<&'static str>,
        work: W,
    ) -> Result<T, PortError>
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
                    let error = PortError::new("getting a connection", Fault::Unavailable, error.to_string());
                    drop(caller.send(Err(error)));
                    return;
                }
            };
            let done = timely(PATIENCE, begun(&connection, begin, work)).await;
            let mut usable = done.is_ok();
            // The caller has what it wants and need not wait for the end.
            drop(caller.send(done.map_err(|trouble| trouble.while_doing(doing))));
            if usable && begin.is_some() {
                usable = timely(PATIENCE, end(&connection)).await.is_ok();
            }
            if !usable {
                drop(Object::take(connection));
            }
        });
        let gone = |_gone| Err(PortError::new(doing, Fault::Unavailable, "the reading task has ended"));
        answer.await.unwrap_or_else(gone)
    }
}

/// In this order, so that BEGIN is sent first; the statements follow in the same breath.
async fn begun<T, W>(
    mut connection: &AsyncPgConnection,
    begin: Option<&'static str>,
    work: W,
) -> Result<T, Trouble>
where
    W: for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, Result<T, Trouble>>,
{
    let work = work(connection);
    let Some(begin) = begin else { return work.await };
    let begin = async { Ok::<_, Trouble>(connection.batch_execute(begin).await?) };
    let ((), done) = tokio::try_join!(biased; begin, work)?;
    Ok(done)
}

async fn end(mut connection: &AsyncPgConnection) -> Result<(), Trouble> {
    Ok(connection.batch_execute("COMMIT").await?)
}
