//! One transaction that writes, on a connection of its own that is opened anew when it was lost.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use parkpro_domain::{
    command::Target,
    facts::{Changes, Facts, Needs},
    lot::LotId,
    ports::{Fault, Key, PortError, Reply},
    protocol::{Claim, Lock, Transaction},
    ticket::{TicketId, Turn},
    time::Timestamp,
};
use tokio::time::timeout;

use crate::{
    clock::Timekeeping,
    connect::Connections,
    fault::{self, Trouble},
    lock::KnownLots,
    session::Session,
};

/// How long a step may take before the connection counts as lost. The server gives up earlier, if it is there.
const PATIENCE: Duration = Duration::from_secs(7);
/// How long a COMMIT may take. The server does not give up: what waits for a standby may have happened.
const PATIENCE_TO_COMMIT: Duration = Duration::from_secs(7);

/// The steps of the protocol on Postgres. It is never dropped in the middle of a step: it belongs to a task that nobody
/// cancels.
pub(crate) struct PgTransaction {
    connections: Connections,
    connection: Option<Arc<AsyncPgConnection>>,
    clock: Timekeeping,
    stage: Stage,
    pub(crate) lots: KnownLots,
    /// Lots that were waited for in vain in this turn.
    pub(crate) in_vain: BTreeSet<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No transaction is open.
    Idle,
    /// BEGIN goes out together with the first statement.
    Due,
    /// A transaction is open.
    Open,
    /// COMMIT was sent.
    Committing,
}

impl PgTransaction {
    pub(crate) fn new(connections: Connections, clock: Timekeeping) -> Self {
        Self {
            connections,
            connection: None,
            clock,
            stage: Stage::Idle,
            lots: KnownLots::default(),
            in_vain: BTreeSet::new(),
        }
    }

    /// Before each turn.
    pub(crate) fn be_patient_again(&mut self) {
        self.in_vain.clear();
    }

    /// After the turn was cut off: gives the connection up, and says whether it may have been committed.
    pub(crate) fn abandon(&mut self) -> Fault {
        let fault = match self.stage {
            Stage::Committing => Fault::OutcomeUnknown,
            Stage::Idle | Stage::Due | Stage::Open => Fault::Unavailable,
        };
        self.lose_connection();
        fault
    }

    pub(crate) fn given_now(&self) -> Option<i64> {
        self.clock.given_now()
    }

    pub(crate) fn connection(&self) -> Result<Arc<AsyncPgConnection>, PortError> {
        self.connection
            .clone()
            .ok_or_else(|| PortError::new("using a connection", Fault::Unavailable, "there is none"))
    }

    /// Takes a step within the transaction.
    pub(crate) async fn step<T>(
        &mut self,
        doing: &'static str,
        work: impl Future<Output = Result<T, Trouble>> + Send,
    ) -> Result<T, PortError> {
        let connection = self.connection()?;
        let begin = (self.stage == Stage::Due).then(|| self.connections.session().begin_writing());
        self.stage = Stage::Open;
        let begun = async {
            let mut connection = &*connection;
            match begin {
                Some(begin) => Ok(connection.batch_execute(begin).await?),
                None => Ok(()),
            }
        };
        // In this order, so that BEGIN is sent first. Should it fail, the connection is lost and nothing else happens.
        let both = async { tokio::try_join!(biased; begun, work) };
        match timeout(PATIENCE, both).await {
            Ok(Ok(((), done))) => Ok(done),
            Ok(Err(trouble)) => {
                if matches!(&trouble, Trouble::Sql(error) if fault::is_read_only(error)) {
                    tracing::warn!(
                        "the Postgres that was written to can now only be read; its connection is dropped"
                    );
                    self.lose_connection();
                }
                Err(trouble.while_doing(doing))
            }
            Err(_elapsed) => {
                self.lose_connection();
                Err(PortError::new(doing, Fault::Unavailable, "no answer from Postgres"))
            }
        }
    }

    fn lose_connection(&mut self) {
        self.connection = None;
        self.stage = Stage::Idle;
        self.lots = KnownLots::default();
    }
}

impl Transaction for PgTransaction {
    async fn begin(&mut self) -> Result<(), PortError> {
        if self.connection.is_none() {
            self.lots = KnownLots::default();
            self.connection = Some(Arc::new(self.connections.connect().await?));
        }
        self.stage = Stage::Due;
        Ok(())
    }

    async fn claim(&mut self, keys: &[&Key]) -> Result<Vec<Claim>, PortError> {
        self.claim_keys(keys).await
    }

    async fn release(&mut self, keys: &[&Key]) -> Result<(), PortError> {
        self.release_keys(keys).await
    }

    async fn lock(&mut self, targets: &[Target<'_>]) -> Result<Vec<Lock>, PortError> {
        self.lock_lots(targets).await
    }

    async fn facts(&mut self, needs: &[(LotId, Needs)]) -> Result<(Vec<Facts>, Timestamp), PortError> {
        self.read_facts(needs).await
    }

    async fn ahead(&mut self, lot: &LotId, ticket: TicketId, turn: Turn) -> Result<i64, PortError> {
        self.count_ahead(lot, ticket, turn).await
    }

    async fn write(
        &mut self,
        changes: &[Changes],
        replies: &[(&Key, &Reply)],
        _now: Timestamp,
    ) -> Result<(), PortError> {
        self.write_changes(changes, replies).await
    }

    async fn commit(&mut self) -> Result<(), PortError> {
        const DOING: &str = "committing";
        if self.stage == Stage::Due {
            // Nothing was read or written.
            self.stage = Stage::Idle;
            return Ok(());
        }
        let connection = self.connection()?;
        self.stage = Stage::Committing;
        let commit = async {
            let mut connection = &*connection;
            connection.batch_execute(Session::COMMIT).await
        };
        match timeout(PATIENCE_TO_COMMIT, commit).await {
            Ok(Ok(())) => {
                self.stage = Stage::Idle;
                Ok(())
            }
            Ok(Err(error)) => {
                let fault = fault::fault_of_commit(&error);
                tracing::warn!(%error, ?fault, "a COMMIT was not confirmed");
                self.lose_connection();
                Err(PortError::new(DOING, fault, error))
            }
            Err(_elapsed) => {
                tracing::warn!("a COMMIT was not confirmed in time");
                self.lose_connection();
                Err(PortError::new(DOING, Fault::OutcomeUnknown, "no answer from Postgres"))
            }
        }
    }

    async fn rollback(&mut self) {
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        let (Some(connection), Stage::Open) = (self.connection.clone(), stage) else { return };
        let rollback = async {
            let mut connection = &*connection;
            connection.batch_execute("ROLLBACK").await
        };
        if !matches!(timeout(PATIENCE, rollback).await, Ok(Ok(()))) {
            tracing::warn!("a transaction could not be rolled back; its connection is dropped");
            self.lose_connection();
        }
    }
}
