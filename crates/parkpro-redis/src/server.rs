//! Calls to the Redis server: on shared connections, never longer than allowed, and none while it does not answer.

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use deadpool_redis::{
    Connection, Manager, Pool, PoolError, Runtime, Timeouts,
    redis::{
        AsyncConnectionConfig, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation,
    },
};
use parkpro_domain::ports::{Fault, PortError};
use thiserror::Error;
use tokio::{runtime::Handle, sync::watch, task::JoinError, time::timeout};

use crate::{
    breaker::Breaker,
    settings::{Checked, Limits, OpenError},
};

/// The Redis server, as a caller sees it.
pub(crate) struct Server {
    pool: Pool,
    connect: Duration,
    runtime: Handle,
    /// Every task that opens a connection holds a receiver.
    opening: watch::Sender<()>,
    breaker: Breaker,
    failures: AtomicU64,
    spared: AtomicU64,
}

/// Something to ask the server in one go.
pub(crate) trait Order: Sync {
    fn run<T: FromRedisValue + Send>(
        &self,
        connection: &mut Connection,
    ) -> impl Future<Output = RedisResult<T>> + Send;
}

impl Order for ScriptInvocation<'_> {
    async fn run<T: FromRedisValue + Send>(&self, connection: &mut Connection) -> RedisResult<T> {
        self.invoke_async(connection).await
    }
}

impl Order for Pipeline {
    async fn run<T: FromRedisValue + Send>(&self, connection: &mut Connection) -> RedisResult<T> {
        self.query_async(connection).await
    }
}

/// How the server has been doing.
pub(crate) struct ServerHealth {
    pub(crate) breaker_open: bool,
    pub(crate) since_success: Option<Duration>,
    pub(crate) failures: u64,
    pub(crate) spared: u64,
}

/// Why there is no answer.
#[derive(Debug, Error)]
enum Failure {
    #[error("not asked: Redis did not answer lately")]
    Spared,
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error("opening a connection: {0}")]
    Task(#[from] JoinError),
}

impl Server {
    /// Does not ask anything yet. `whose` names the calls in the log.
    pub(crate) fn new(checked: Checked, limits: &Limits, whose: &'static str) -> Result<Self, OpenError> {
        let longest = limits.load.max(limits.write).max(limits.read);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limits.connect))
            .set_response_timeout(Some(longest));
        let info = checked.client.get_connection_info().clone();
        let pool = Pool::builder(Manager::new_with_config(info, config).map_err(OpenError::Url)?)
            .max_size(limits.connections)
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self {
            pool,
            connect: limits.connect,
            runtime: checked.runtime,
            opening: watch::Sender::default(),
            breaker: Breaker::new(whose),
            failures: AtomicU64::default(),
            spared: AtomicU64::default(),
        })
    }

    /// Asks; the answer is there within the limit, or there is none.
    pub(crate) async fn ask<T: FromRedisValue + Send>(
        &self,
        doing: &'static str,
        limit: Duration,
        order: &impl Order,
    ) -> Result<T, PortError> {
        if !self.breaker.admits(Instant::now()) {
            self.spared.fetch_add(1, Ordering::Relaxed);
            return Err(PortError::new(doing, Fault::Unavailable, Failure::Spared));
        }
        let answer = timeout(limit, self.exchange(limit, order)).await;
        match answer.unwrap_or(Err(Failure::Late(limit))) {
            Ok(answer) => {
                self.breaker.succeeded(Instant::now());
                Ok(answer)
            }
            Err(failure) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.breaker.failed(Instant::now(), &failure);
                Err(PortError::new(doing, failure.fault(), failure))
            }
        }
    }

    /// Ends all connections, also those that are being opened; whatever is asked from now on fails.
    pub(crate) async fn close(&self) {
        self.pool.close();
        self.opening.closed().await;
    }

    pub(crate) fn health(&self) -> ServerHealth {
        ServerHealth {
            breaker_open: self.breaker.is_open(),
            since_success: self.breaker.last_success().map(|at| at.elapsed()),
            failures: self.failures.load(Ordering::Relaxed),
            spared: self.spared.load(Ordering::Relaxed),
        }
    }

    async fn exchange<T: FromRedisValue + Send>(
        &self,
        limit: Duration,
        order: &impl Order,
    ) -> Result<T, Failure> {
        let mut connection = self.connection(limit).await?;
        let answer = order.run(&mut connection).await;
        drop(connection);
        if answer.as_ref().is_err_and(is_read_only) {
            // A failover: all connections in the pool are to the former master.
            self.pool.retain(|_connection, _metrics| false);
        }
        Ok(answer?)
    }

    /// A connection from the pool. A task opens it, so that one that comes too late for this caller is there for the next,
    /// and so that it lives on the runtime of the program and not on the caller's, which may end sooner.
    async fn connection(&self, limit: Duration) -> Result<Connection, Failure> {
        let pool = self.pool.clone();
        let timeouts = Timeouts { wait: Some(limit), create: Some(self.connect), recycle: Some(limit) };
        let opening = self.opening.subscribe();
        let opened = self.runtime.spawn(async move {
            let connection = pool.timeout_get(&timeouts).await;
            drop(opening);
            connection
        });
        Ok(opened.await??)
    }
}

impl Failure {
    fn fault(&self) -> Fault {
        match self {
            Self::Redis(error)
                if matches!(error.kind(), ErrorKind::Parse | ErrorKind::UnexpectedReturnType) =>
            {
                Fault::Corrupt
            }
            Self::Spared | Self::Late(_) | Self::Redis(_) | Self::Pool(_) | Self::Task(_) => {
                Fault::Unavailable
            }
        }
    }
}

/// Whether this is no longer the master. It is said in three ways: by the error itself, by one within an aborted
/// transaction, and by Redis 6 in the midst of a script's error.
fn is_read_only(error: &RedisError) -> bool {
    error.to_string().to_ascii_uppercase().contains("READONLY")
}
