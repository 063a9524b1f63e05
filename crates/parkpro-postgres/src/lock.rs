//! Locking lots.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::sql_types::{BigInt, Bool, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use parkpro_domain::{
    command::Target,
    lot::LotId,
    ports::{Fault, PortError},
    protocol::Lock,
    ticket::TicketId,
};
use uuid::Uuid;

use crate::{
    facts::{ReadAhead, ahead},
    fault::Trouble,
    rows::lot_id,
    session::PATIENT,
    statement::Statement,
    transaction::PgTransaction,
};

pub(crate) const BY_SLUG: &str =
    "SELECT l.id, l.slug FROM unnest($1) AS wanted (slug) JOIN lots l ON l.slug = wanted.slug";

pub(crate) const BY_TICKET: &str = "SELECT t.id, l.id, l.slug FROM unnest($1) AS wanted (id) \
     CROSS JOIN LATERAL (SELECT id, lot_id FROM tickets WHERE id = wanted.id LIMIT 1) t \
     CROSS JOIN LATERAL (SELECT id, slug FROM lots WHERE id = t.lot_id LIMIT 1) l";

/// Those that nobody holds, in ascending order. The lock reads nothing else: it would read what was before it waited.
pub(crate) const LOCK_FREE: &str =
    "SELECT id FROM lots WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED";

pub(crate) const LOCK_WAITING: &str = "SELECT id FROM lots WHERE id = $1 FOR NO KEY UPDATE";

/// Whoever changes a tariff takes this first; the number means nothing.
const REVISE_ONE_BY_ONE: &str = "SELECT pg_advisory_xact_lock(7036874417766403)";

/// Whoever opens a lot takes this first; the number means nothing.
const OPEN_ONE_BY_ONE: &str = "SELECT pg_advisory_xact_lock(7036874417766401)";

/// The first number of the locks that are places in the lines for lots; it means nothing.
pub(crate) const LINES: i32 = 1_886_544_235;

/// A place in the line for a lot, if nobody is in it. What the lot is held by is its row.
const TRY_LINE: &str = "SELECT pg_try_advisory_xact_lock($1, $2)";

/// Others have a turn every few milliseconds; who holds a lot for longer is not worth the wait.
const BRIEFLY: &str = "SET LOCAL lock_timeout = '1s'";

const TAKEN: &str = "SELECT id FROM lots WHERE slug = $1";

const LOCKING: &str = "locking lots";

/// Names and rows of lots. A lot keeps both for ever, so they are asked for once a connection.
#[derive(Default)]
pub(crate) struct KnownLots {
    ids: HashMap<LotId, i64>,
    names: HashMap<i64, LotId>,
}

impl KnownLots {
    pub(crate) fn id(&self, lot: &LotId) -> Option<i64> {
        self.ids.get(lot).copied()
    }

    pub(crate) fn name(&self, id: i64) -> Option<&LotId> {
        self.names.get(&id)
    }

    pub(crate) fn learn(&mut self, id: i64, lot: LotId) {
        self.names.insert(id, lot.clone());
        self.ids.insert(lot, id);
    }

    fn forget(&mut self, id: i64) {
        if let Some(lot) = self.names.remove(&id) {
            self.ids.remove(&lot);
        }
    }
}

impl PgTransaction {
    /// As [`parkpro_domain::protocol::Transaction::lock`].
    pub(crate) async fn lock_lots(&mut self, targets: &[Target<'_>]) -> Result<Vec<Lock>, PortError> {
        let mut vacant = BTreeMap::new();
        for target in targets {
            if let Target::NewLot(lot) = target {
                vacant.insert(*lot, self.vacancy(lot).await?);
            }
        }
        if targets.iter().any(|target| matches!(target, Target::Tariff(_))) {
            self.alone("waiting to change a tariff", REVISE_ONE_BY_ONE).await?;
        }
        let tickets = self.resolve(targets).await?;
        let wanted = |lots: &KnownLots, target: &Target<'_>| match target {
            Target::NewLot(_) | Target::Tariff(_) => None,
            Target::Lot(lot) => lots.id(lot),
            Target::LotOf(ticket) => tickets.get(ticket).copied(),
        };
        let ids: BTreeSet<i64> = targets.iter().filter_map(|target| wanted(&self.lots, target)).collect();
        let held = if ids.is_empty() {
            ids
        } else {
            let passed = self.pass(&ids).await?;
            self.take(&passed).await?
        };
        let lock = |target: &Target<'_>| match (target, wanted(&self.lots, target)) {
            (Target::NewLot(lot), _) => Lock::Vacant { id_taken: vacant.get(lot).copied().unwrap_or(true) },
            (Target::Tariff(_), _) => Lock::Tariff,
            (_, None) => Lock::Missing,
            (_, Some(id)) => match self.lots.name(id) {
                Some(lot) if held.contains(&id) => Lock::Held(lot.clone()),
                _ => Lock::Elsewhere,
            },
        };
        let locks: Vec<Lock> = targets.iter().map(lock).collect();
        for (target, lock) in targets.iter().zip(&locks) {
            if *lock == Lock::Elsewhere {
                self.elsewhere.add(target);
            }
        }
        Ok(locks)
    }

    /// Sees to it that nobody else opens a lot, and whether this id is taken.
    async fn vacancy(&mut self, lot: &LotId) -> Result<bool, PortError> {
        self.alone("waiting to open a lot", OPEN_ONE_BY_ONE).await?;
        let connection = self.connection()?;
        let taken = async {
            let slug = lot.as_str();
            Ok(Statement::<BigInt>::new(TAKEN, &[&slug]).row::<i64>(&connection).await?)
        };
        Ok(self.step(LOCKING, taken).await?.is_some())
    }

    /// Takes a lock that has no row.
    async fn alone(&mut self, doing: &'static str, lock: &str) -> Result<(), PortError> {
        let connection = self.connection()?;
        let alone = async { Ok(Statement::<()>::new(lock, &[]).touched(&connection).await?) };
        self.step(doing, alone).await.map(drop)
    }

    /// Learns which lots are meant; where tickets belong.
    async fn resolve(&mut self, targets: &[Target<'_>]) -> Result<HashMap<TicketId, i64>, PortError> {
        let mut slugs = Vec::new();
        let mut tickets = Vec::new();
        for target in targets {
            match target {
                Target::Lot(lot) if self.lots.id(lot).is_none() => slugs.push(lot.as_str()),
                Target::LotOf(ticket) => tickets.push(ticket.0),
                Target::Lot(_) | Target::NewLot(_) | Target::Tariff(_) => {}
            }
        }
        if slugs.is_empty() && tickets.is_empty() {
            return Ok(HashMap::new());
        }
        let connection = self.connection()?;
        let found = async {
            tokio::try_join!(biased; by_slug(&connection, &slugs), by_ticket(&connection, &tickets))
        };
        let (named, ticketed) = self.step(LOCKING, found).await?;
        for (id, lot) in named {
            self.lots.learn(id, lot);
        }
        let learn = |(ticket, id, lot)| {
            self.lots.learn(id, lot);
            (ticket, id)
        };
        Ok(ticketed.into_iter().map(learn).collect())
    }

    /// Takes a place in the line for a lot, and waits until it is the first. Who does so holds nothing else, so no lock of
    /// these is part of a deadlock.
    pub(crate) async fn stand_in_line(&mut self, lot: i64) -> Result<(), PortError> {
        const DOING: &str = "waiting in line for a lot";
        let connection = self.connection()?;
        let line = line(lot);
        let first = async { Ok(Statement::<Bool>::new(TRY_LINE, &[&LINES, &line]).row(&connection).await?) };
        let first: Option<bool> = self.step(DOING, first).await?;
        self.crowded = first != Some(true);
        if !self.crowded {
            return Ok(());
        }
        // In one message, so that it is one wait for the network.
        let wait = format!("{BRIEFLY}; SELECT pg_advisory_xact_lock({LINES}, {line}); {PATIENT}");
        let wait = async { Ok((&*connection).batch_execute(&wait).await?) };
        self.step(DOING, wait).await
    }

    /// Takes what can be had of these lots without waiting, or else the first by waiting.
    async fn take(&mut self, ids: &BTreeSet<i64>) -> Result<BTreeSet<i64>, PortError> {
        let Some(first) = ids.first().copied() else { return Ok(BTreeSet::new()) };
        let connection = self.connection()?;
        let wanted: Vec<i64> = ids.iter().copied().collect();
        let mut needs = std::mem::take(&mut self.foreseen);
        // Whoever asks for a lot that there is not needs nothing of it.
        needs.retain(|(lot, _)| self.lots.id(lot).is_some_and(|id| ids.contains(&id)));
        let lots: Vec<i64> = needs.iter().filter_map(|(lot, _)| self.lots.id(lot)).collect();
        let all = lots.len() == ids.len();
        // In this order, so that the lock is sent first.
        let free = async {
            tokio::try_join!(
                biased;
                async { Ok(Statement::<BigInt>::new(LOCK_FREE, &[&wanted]).rows::<i64>(&connection).await?) },
                ahead(&connection, if all { &lots } else { &[] }, &needs),
            )
        };
        let (free, read) = self.step(LOCKING, free).await?;
        if !free.is_empty() {
            self.read_ahead =
                read.map(|read| ReadAhead { needs, held: free.iter().copied().collect(), read });
            return Ok(free.into_iter().collect());
        }
        self.crowded |= ids.len() == 1;
        // In this turn it was waited for already, in vain.
        if self.in_vain.contains(&first) {
            return Err(PortError::new(LOCKING, Fault::Busy, "somebody else holds the lot"));
        }
        let had = async { Ok(Statement::<BigInt>::new(LOCK_WAITING, &[&first]).row(&connection).await?) };
        let had: Option<i64> = self.step(LOCKING, had).await.inspect_err(|error| {
            if error.fault == Fault::Busy {
                self.in_vain.insert(first);
            }
        })?;
        if had.is_none() {
            // Lots are never deleted, but records are put back to earlier states.
            self.lots.forget(first);
        }
        Ok(had.into_iter().collect())
    }
}

/// The second number of a place in the line for a lot. That two lots may share a line does no harm.
pub(crate) fn line(lot: i64) -> i32 {
    i32::try_from(lot % i64::from(i32::MAX)).unwrap_or_default()
}

async fn by_slug(connection: &AsyncPgConnection, slugs: &[&str]) -> Result<Vec<(i64, LotId)>, Trouble> {
    if slugs.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Statement::<(BigInt, Text)>::new(BY_SLUG, &[&slugs]).rows(connection);
    let rows: Vec<(i64, String)> = rows.await?;
    rows.into_iter().map(|(id, slug)| Ok((id, lot_id(&slug)?))).collect()
}

async fn by_ticket(
    connection: &AsyncPgConnection,
    tickets: &[Uuid],
) -> Result<Vec<(TicketId, i64, LotId)>, Trouble> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Statement::<(SqlUuid, BigInt, Text)>::new(BY_TICKET, &[&tickets]).rows(connection);
    let rows: Vec<(Uuid, i64, String)> = rows.await?;
    rows.into_iter().map(|(ticket, id, slug)| Ok((TicketId(ticket), id, lot_id(&slug)?))).collect()
}
