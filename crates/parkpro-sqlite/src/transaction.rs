//! One transaction of the file, as the protocol sees it. Nothing here ever waits.

use std::{
    collections::HashMap,
    future::{Future, ready},
    sync::Arc,
};

use diesel::{
    connection::{DefaultLoadingMode, SimpleConnection},
    prelude::*,
    sql_types::{BigInt, Binary},
    sqlite::SqliteConnection,
};
use parkpro_domain::{
    command::Target,
    discount::{Discount, DiscountCode, Uses},
    facts::{Changes, Facts, Needs, Use},
    lot::LotId,
    ports::{Clock, Key, PortError, Reply},
    protocol::{Claim, Lock, Transaction},
    tariff::{DocumentText, EarlierStay, Published, Series, TariffId, TariffVersion},
    ticket::{TicketId, Turn},
    time::Timestamp,
    vehicle::PlateKey,
};

use crate::{
    connect::Place,
    fault::Failure,
    keys::Shelf,
    lots::lot_numbered,
    rows::member,
    schema::{lots, tickets},
    statement::{UpTo, Waiting},
    tariffs,
};

/// The transaction that the writer has open, or its connection between two.
pub(crate) struct SqliteTransaction {
    /// Closed before the place is free for others.
    pub(crate) connection: SqliteConnection,
    pub(crate) lots: LotNumbers,
    /// What was read of the lots of this transaction.
    pub(crate) before: HashMap<LotId, Before>,
    pub(crate) shelf: Shelf,
    place: Place,
    clock: Arc<dyn Clock>,
    commits: u64,
}

/// A lot before the turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    pub(crate) id: i64,
    /// Whoever has this admission or a later one got it in this turn.
    pub(crate) next_admission: i64,
}

/// The numbers by which the tables name lots. They never change, so they are read once.
#[derive(Debug, Default)]
pub(crate) struct LotNumbers {
    by_slug: HashMap<LotId, i64>,
    by_number: HashMap<i64, LotId>,
}

impl LotNumbers {
    fn keep(&mut self, lot: LotId, number: i64) {
        self.by_number.insert(number, lot.clone());
        self.by_slug.insert(lot, number);
    }
}

impl SqliteTransaction {
    pub(crate) fn new(
        mut connection: SqliteConnection,
        place: Place,
        clock: Arc<dyn Clock>,
    ) -> QueryResult<Self> {
        let (lots, before, shelf) = (LotNumbers::default(), HashMap::new(), Shelf::of(&mut connection)?);
        Ok(Self { connection, lots, before, shelf, place, clock, commits: 0 })
    }

    /// How many transactions were committed.
    pub(crate) const fn commits(&self) -> u64 {
        self.commits
    }

    pub(crate) fn begin_now(&mut self) -> Result<(), Failure> {
        self.before.clear();
        Ok(self.connection.batch_execute("BEGIN IMMEDIATE")?)
    }

    pub(crate) fn commit_now(&mut self) -> Result<(), Failure> {
        self.connection.batch_execute("COMMIT")?;
        self.commits += 1;
        Ok(())
    }

    /// Carries out something that is no turn, in a transaction of its own.
    pub(crate) fn alone<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.begin_now()?;
        let done = work(self).and_then(|done| self.commit_now().map(|()| done));
        if done.is_err() {
            self.undo();
        }
        done
    }

    /// SQLite has already undone some of what fails; a connection that cannot be trusted is replaced.
    pub(crate) fn undo(&mut self) {
        let Err(error) = self.connection.batch_execute("ROLLBACK") else { return };
        if error.to_string().contains("no transaction is active") {
            return;
        }
        tracing::error!(%error, "a transaction cannot be rolled back; its connection is replaced");
        match self.place.writer() {
            Ok(connection) => self.connection = connection,
            Err(error) => tracing::error!(error, "the connection cannot be replaced"),
        }
    }

    fn locks(&mut self, targets: &[Target<'_>]) -> Result<Vec<Lock>, Failure> {
        targets.iter().map(|target| self.lock_of(target)).collect()
    }

    /// Whoever has the transaction has every lot.
    fn lock_of(&mut self, target: &Target<'_>) -> Result<Lock, Failure> {
        Ok(match target {
            Target::NewLot(lot) => Lock::Vacant { id_taken: self.number_of(lot)?.is_some() },
            Target::Lot(lot) => match self.number_of(lot)? {
                Some(_) => Lock::Held((*lot).clone()),
                None => Lock::Missing,
            },
            Target::LotOf(ticket) => self.lot_of(*ticket)?.map_or(Lock::Missing, Lock::Held),
            Target::Tariff(_) => Lock::Tariff,
        })
    }

    pub(crate) fn number_of(&mut self, lot: &LotId) -> Result<Option<i64>, Failure> {
        if let Some(number) = self.lots.by_slug.get(lot) {
            return Ok(Some(*number));
        }
        let number = lots::table
            .filter(lots::slug.eq(lot.as_str()))
            .select(lots::id)
            .get_result(&mut self.connection)
            .optional()?;
        if let Some(number) = number {
            self.lots.keep(lot.clone(), number);
        }
        Ok(number)
    }

    fn lot_of(&mut self, ticket: TicketId) -> Result<Option<LotId>, Failure> {
        let number = tickets::table
            .filter(tickets::id.eq(ticket.0.as_bytes().as_slice()))
            .select(tickets::lot_id)
            .get_result::<i64>(&mut self.connection)
            .optional()?;
        let Some(number) = number else { return Ok(None) };
        if let Some(lot) = self.lots.by_number.get(&number) {
            return Ok(Some(lot.clone()));
        }
        let lot = lot_numbered(&mut self.connection, number)?.id;
        self.lots.keep(lot.clone(), number);
        Ok(Some(lot))
    }

    fn facts_of(&mut self, needs: &[(LotId, Needs)]) -> Result<(Vec<Facts>, Timestamp), Failure> {
        let facts = needs.iter().map(|(lot, needs)| {
            let number = self.number_of(lot)?.ok_or(diesel::NotFound)?;
            self.facts_of_lot(number, needs)
        });
        let facts = facts.collect::<Result<_, _>>()?;
        Ok((facts, self.clock.now()))
    }

    pub(crate) fn ahead_of(&mut self, lot: &LotId, ticket: TicketId, turn: Turn) -> Result<i64, Failure> {
        let number = self.number_of(lot)?.ok_or(diesel::NotFound)?;
        let id = ticket.0.as_bytes().as_slice();
        let place = (turn.0.into_sql::<BigInt>(), id.into_sql::<Binary>());
        Ok(tickets::table
            .filter(tickets::lot_id.eq(number))
            .filter(Waiting)
            .filter(UpTo((tickets::turn, tickets::id), place))
            .filter(tickets::id.ne(id))
            .count()
            .get_result(&mut self.connection)?)
    }

    pub(crate) fn behind_of(&mut self, lot: &LotId, from: Turn) -> Result<Vec<(TicketId, Turn)>, Failure> {
        let number = self.number_of(lot)?.ok_or(diesel::NotFound)?;
        let waiting = tickets::table
            .filter(tickets::lot_id.eq(number))
            .filter(Waiting)
            .filter(tickets::turn.ge(from.0))
            .select((tickets::id, tickets::turn))
            .load_iter::<(Vec<u8>, i64), DefaultLoadingMode>(&mut self.connection)?;
        waiting.map(|row| Ok(member(row?)?)).collect()
    }
}

impl Transaction for SqliteTransaction {
    fn begin(&mut self) -> impl Future<Output = Result<(), PortError>> + Send {
        ready(self.begin_now().map_err(|failure| failure.during("opening a transaction")))
    }

    fn claim(&mut self, keys: &[&Key]) -> impl Future<Output = Result<Vec<Claim>, PortError>> + Send {
        ready(self.claims(keys).map_err(|failure| failure.during("claiming idempotency keys")))
    }

    /// A key that is not there was only looked for.
    fn release(&mut self, _keys: &[&Key]) -> impl Future<Output = Result<(), PortError>> + Send {
        ready(Ok(()))
    }

    fn lock(&mut self, targets: &[Target<'_>]) -> impl Future<Output = Result<Vec<Lock>, PortError>> + Send {
        ready(self.locks(targets).map_err(|failure| failure.during("finding the lots of requests")))
    }

    fn facts(
        &mut self,
        needs: &[(LotId, Needs)],
    ) -> impl Future<Output = Result<(Vec<Facts>, Timestamp), PortError>> + Send {
        ready(self.facts_of(needs).map_err(|failure| failure.during("reading the facts of lots")))
    }

    fn ahead(
        &mut self,
        lot: &LotId,
        ticket: TicketId,
        turn: Turn,
    ) -> impl Future<Output = Result<i64, PortError>> + Send {
        ready(self.ahead_of(lot, ticket, turn).map_err(|failure| failure.during("counting a queue")))
    }

    fn behind(
        &mut self,
        lot: &LotId,
        from: Turn,
    ) -> impl Future<Output = Result<Vec<(TicketId, Turn)>, PortError>> + Send {
        ready(self.behind_of(lot, from).map_err(|failure| failure.during("reading the end of a queue")))
    }

    fn documents(
        &mut self,
        versions: &[&TariffVersion],
    ) -> impl Future<Output = Result<Vec<(TariffVersion, DocumentText)>, PortError>> + Send {
        let documents = tariffs::documents(&mut self.connection, versions);
        ready(documents.map_err(|failure| failure.during("reading tariffs")))
    }

    fn earlier_stays(
        &mut self,
        lot: &LotId,
        plates: &[PlateKey],
        since: Timestamp,
    ) -> impl Future<Output = Result<Vec<(PlateKey, EarlierStay)>, PortError>> + Send {
        let stays = self.earlier_stays_of(lot, plates, since);
        ready(stays.map_err(|failure| failure.during("reading earlier stays")))
    }

    fn discounts(
        &mut self,
        lot: &LotId,
        codes: &[DiscountCode],
        uses: &[Use],
    ) -> impl Future<Output = Result<(Vec<Discount>, Vec<Uses>), PortError>> + Send {
        let discounts = self.discounts_of(lot, codes, uses);
        ready(discounts.map_err(|failure| failure.during("reading discounts")))
    }

    fn series(
        &mut self,
        tariff: &TariffId,
    ) -> impl Future<Output = Result<Option<Series>, PortError>> + Send {
        let series = tariffs::series(&mut self.connection, tariff);
        ready(series.map_err(|failure| failure.during("reading a tariff")))
    }

    fn write_series(
        &mut self,
        series: &Series,
        published: Option<&Published>,
    ) -> impl Future<Output = Result<(), PortError>> + Send {
        let written = self.put_series(series, published);
        ready(written.map_err(|failure| failure.during("writing a tariff")))
    }

    fn write(
        &mut self,
        changes: &[Changes],
        replies: &[(&Key, &Reply)],
        now: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send {
        ready(self.write_all(changes, replies, now).map_err(|failure| failure.during("writing changes")))
    }

    fn commit(&mut self) -> impl Future<Output = Result<(), PortError>> + Send {
        self.place.durability().announce();
        ready(self.commit_now().map_err(|failure| failure.during_commit("committing changes")))
    }

    fn rollback(&mut self) -> impl Future<Output = ()> + Send {
        self.undo();
        ready(())
    }
}
