//! One transaction that writes, on a connection of its own that is opened anew when it was lost.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use parkpro_domain::{
    command::Target,
    discount::{Discount, DiscountCode, Uses},
    facts::{Changes, Facts, Needs, Use},
    lot::LotId,
    ports::{Fault, Key, PortError, Reply},
    protocol::{Claim, Lock, Transaction},
    tariff::{DocumentText, EarlierStay, Published, Series, TariffId, TariffVersion},
    ticket::{TicketId, Turn},
    time::Timestamp,
    vehicle::PlateKey,
};

use crate::{
    clock::Timekeeping,
    connect::Connections,
    facts::ReadAhead,
    fault::{self, Trouble, fault_of_commit, timely},
    gate::{Gate, Passed},
    lock::KnownLots,
    session::Session,
};

/// How long a step may take before the connection counts as lost. The server gives up earlier, if it is there; except at
/// COMMIT, where it may wait for a standby.
const PATIENCE: Duration = Duration::from_secs(7);
/// How long one task of this instance waits for another that has the lot; as long as the server waits.
const PATIENCE_FOR_A_LOT: Duration = Duration::from_secs(2);

/// The steps of the protocol on Postgres. It is never dropped in the middle of a step: it belongs to a task that nobody
/// cancels.
pub(crate) struct PgTransaction {
    connections: Connections,
    connection: Option<Arc<AsyncPgConnection>>,
    clock: Timekeeping,
    stage: Stage,
    pub(crate) lots: KnownLots,
    gate: Arc<Gate>,
    /// The lots of the transaction, until the witness was told.
    pub(crate) passed: Option<Passed>,
    /// Lots that were waited for in vain in this turn.
    pub(crate) in_vain: BTreeSet<i64>,
    /// Another instance held a key of this turn too long: it may hold others, which are not waited for as long.
    pub(crate) key_was_held: bool,
    /// What could not be locked in this turn, because somebody else held it.
    pub(crate) elsewhere: Elsewhere,
    /// The only lot of a turn was somebody else's when it was asked for.
    pub(crate) crowded: bool,
    /// What will be needed of lots, until they are locked.
    pub(crate) foreseen: Vec<(LotId, Needs)>,
    /// What was read with the message that locked them.
    pub(crate) read_ahead: Option<ReadAhead>,
}

/// Targets whose lots somebody else holds.
#[derive(Default)]
pub(crate) struct Elsewhere {
    lots: HashSet<LotId>,
    tickets: HashSet<TicketId>,
}

impl Elsewhere {
    pub(crate) fn add(&mut self, target: &Target<'_>) {
        match target {
            Target::Lot(lot) | Target::NewLot(lot) => drop(self.lots.insert((*lot).clone())),
            Target::LotOf(ticket) => drop(self.tickets.insert(*ticket)),
            Target::Tariff(_) => {}
        }
    }

    fn has(&self, target: &Target<'_>) -> bool {
        match target {
            Target::Lot(lot) | Target::NewLot(lot) => self.lots.contains(*lot),
            Target::LotOf(ticket) => self.tickets.contains(ticket),
            Target::Tariff(_) => false,
        }
    }
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
    pub(crate) fn new(connections: Connections, clock: Timekeeping, gate: Arc<Gate>) -> Self {
        Self {
            connections,
            connection: None,
            clock,
            stage: Stage::Idle,
            lots: KnownLots::default(),
            gate,
            passed: None,
            in_vain: BTreeSet::new(),
            key_was_held: false,
            elsewhere: Elsewhere::default(),
            crowded: false,
            foreseen: Vec::new(),
            read_ahead: None,
        }
    }

    /// Before each turn.
    pub(crate) fn begin_turn(&mut self) {
        self.in_vain.clear();
        self.key_was_held = false;
        self.elsewhere = Elsewhere::default();
    }

    /// After each turn, when the witness was told.
    pub(crate) fn end_turn(&mut self) {
        self.passed = None;
    }

    /// Whether the lot of a command was somebody else's in this turn.
    pub(crate) fn was_elsewhere(&self, target: &Target<'_>) -> bool {
        self.elsewhere.has(target)
    }

    /// Waits for the end of the turn that somebody else has with this one, so that whoever comes
    /// meanwhile can be in the next turn here. Begins the transaction of that turn.
    pub(crate) async fn queue_up(&mut self, target: &Target<'_>) {
        let Target::Lot(lot) = target else { return };
        let Some(id) = self.lots.id(lot).filter(|_| self.connection.is_some()) else { return };
        self.stage = Stage::Due;
        if let Err(error) = self.stand_in_line(id).await {
            if error.fault != Fault::Busy {
                tracing::warn!(%error, "a turn goes on without a place in the line for its lot");
            }
            self.rollback().await;
        }
    }

    /// Takes what can be had of these lots within this instance.
    pub(crate) async fn pass(&mut self, lots: &BTreeSet<i64>) -> Result<BTreeSet<i64>, PortError> {
        let passed = self.gate.pass(lots, PATIENCE_FOR_A_LOT).await;
        self.crowded |= lots.len() == 1 && passed.as_ref().is_none_or(Passed::was_waited_for);
        let held = passed.as_ref().map(|passed| passed.lots().clone());
        self.passed = passed;
        held.ok_or_else(|| PortError::new("locking lots", Fault::Busy, "another task has the lot"))
    }

    /// After the turn was cut off: gives the connection up, and says whether it may have been committed.
    pub(crate) fn abandon(&mut self) -> Fault {
        let fault = match self.stage {
            Stage::Committing => Fault::OutcomeUnknown,
            Stage::Idle | Stage::Due | Stage::Open => Fault::Unavailable,
        };
        self.lose_connection();
        self.passed = None;
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
        let opened = AtomicBool::new(begin.is_none());
        let opening = async {
            let mut connection = &*connection;
            if let Some(begin) = begin {
                connection.batch_execute(begin).await?;
                opened.store(true, Ordering::Relaxed);
            }
            Ok(())
        };
        // In this order, so that BEGIN is sent first.
        let both = async { tokio::try_join!(biased; opening, work) };
        let done = timely(PATIENCE, both).await;
        match &done {
            Err(Trouble::Silence) => self.lose_connection(),
            Err(_) if !opened.load(Ordering::Relaxed) => self.lose_connection(),
            Err(Trouble::Sql(error)) if fault::is_read_only(error) => {
                tracing::warn!(
                    "the Postgres that was written to can now only be read; its connection is dropped"
                );
                self.lose_connection();
            }
            _ => {}
        }
        done.map(|((), done)| done).map_err(|trouble| trouble.while_doing(doing))
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
        self.passed = None;
        self.read_ahead = None;
        if self.stage != Stage::Open {
            self.stage = Stage::Due;
        }
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

    fn foresee(&mut self, needs: impl FnOnce() -> Vec<(LotId, Needs)>) {
        self.foreseen = needs();
    }

    async fn facts(&mut self, needs: &[(LotId, Needs)]) -> Result<(Vec<Facts>, Timestamp), PortError> {
        self.read_facts(needs).await
    }

    async fn ahead(&mut self, lot: &LotId, ticket: TicketId, turn: Turn) -> Result<i64, PortError> {
        self.count_ahead(lot, ticket, turn).await
    }

    async fn behind(&mut self, lot: &LotId, from: Turn) -> Result<Vec<(TicketId, Turn)>, PortError> {
        self.read_behind(lot, from).await
    }

    async fn documents(
        &mut self,
        versions: &[&TariffVersion],
    ) -> Result<Vec<(TariffVersion, DocumentText)>, PortError> {
        self.read_documents(versions).await
    }

    async fn earlier_stays(
        &mut self,
        lot: &LotId,
        plates: &[PlateKey],
        since: Timestamp,
    ) -> Result<Vec<(PlateKey, EarlierStay)>, PortError> {
        self.read_earlier_stays(lot, plates, since).await
    }

    async fn discounts(
        &mut self,
        lot: &LotId,
        codes: &[DiscountCode],
        uses: &[Use],
    ) -> Result<(Vec<Discount>, Vec<Uses>), PortError> {
        self.read_discounts(lot, codes, uses).await
    }

    async fn series(&mut self, tariff: &TariffId) -> Result<Option<Series>, PortError> {
        self.read_series(tariff).await
    }

    async fn write_series(
        &mut self,
        series: &Series,
        published: Option<&Published>,
    ) -> Result<(), PortError> {
        self.put_series(series, published).await
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
            Ok(connection.batch_execute(Session::COMMIT).await?)
        };
        let trouble = match timely(PATIENCE, commit).await {
            Ok(()) => {
                self.stage = Stage::Idle;
                return Ok(());
            }
            Err(trouble) => trouble,
        };
        // Never asked again on this connection: it could be told of success without replication.
        self.lose_connection();
        let fault = fault_of_commit(&trouble);
        let error = PortError { fault, ..trouble.while_doing(DOING) };
        tracing::warn!(%error, ?fault, "a COMMIT was not confirmed");
        Err(error)
    }

    async fn rollback(&mut self) {
        self.passed = None;
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        let (Some(connection), Stage::Open) = (self.connection.clone(), stage) else { return };
        let rollback = async {
            let mut connection = &*connection;
            Ok(connection.batch_execute("ROLLBACK").await?)
        };
        if timely(PATIENCE, rollback).await.is_err() {
            tracing::warn!("a transaction could not be rolled back; its connection is dropped");
            self.lose_connection();
        }
    }
}
