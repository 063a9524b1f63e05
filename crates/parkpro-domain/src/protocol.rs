//! How a lot changes, step by step: the one order in which every record carries requests out.
//!
//! A *turn* is one transaction that carries many requests: begin, claim the idempotency keys, lock the lots, read the
//! facts and the clock, decide over each request in order, write, commit. It is written here, over the primitive steps
//! that each record implements, so that no record can do it differently. A change of a tariff concerns no lot; it takes
//! the same steps, alone.

mod read;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use self::read::{needs, read};
use crate::{
    command::{Command, Target},
    decide::{decide, revise},
    discount::{Discount, DiscountCode, Uses},
    facts::{Changes, Facts, Needs, Use},
    lot::LotId,
    outcome::{Done, Outcome, Subject},
    ports::{Answer, Fault, Key, PortError, Reply, Request, Witness},
    tariff::{DocumentText, EarlierStay, FeePolicy, Published, Series, TariffId, TariffVersion, Tariffs},
    ticket::{TicketId, Turn},
    time::Timestamp,
    vehicle::PlateKey,
};

/// What [`decide`] goes by besides the facts.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What a stay costs that no version of a tariff is pinned to.
    pub fees: Arc<dyn FeePolicy>,
    /// What the others are priced by.
    pub tariffs: Arc<Tariffs>,
}

/// What the record knows of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It was not used before, and is this transaction's now.
    Fresh,
    /// It was used for a request with this fingerprint, which was answered so.
    Used {
        /// SHA-256 of the request.
        fingerprint: [u8; 32],
        /// The answer.
        reply: Reply,
    },
}

/// What came of trying to lock the lot of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// It is this transaction's until the end.
    Held(LotId),
    /// There is no such lot, or no such ticket.
    Missing,
    /// A lot may be opened, and nobody else opens one meanwhile.
    Vacant {
        /// Whether the id was given away before.
        id_taken: bool,
    },
    /// Nobody else changes a tariff meanwhile.
    Tariff,
    /// Another instance holds it; this transaction does not wait for it.
    Elsewhere,
}

/// One open transaction of a record, as the protocol sees it. Implemented inside the records; never leaves them.
///
/// Every `Err` before [`Transaction::commit`] means that nothing was committed once [`Transaction::rollback`] returns.
pub trait Transaction: Send {
    /// Opens the transaction.
    fn begin(&mut self) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Claims these different keys, in this order; what is known of each.
    fn claim(&mut self, keys: &[&Key]) -> impl Future<Output = Result<Vec<Claim>, PortError>> + Send;

    /// Gives claims back.
    fn release(&mut self, keys: &[&Key]) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Locks the lots of these different targets in ascending order, each as far as it can be had without waiting while
    /// another one is held. At least one MUST be held, missing or vacant. MUST be a statement of its own.
    fn lock(&mut self, targets: &[Target<'_>]) -> impl Future<Output = Result<Vec<Lock>, PortError>> + Send;

    /// Before the lock: what will be needed of these lots if they are held. A record to which every message takes a while
    /// may read it with the message that locks, in a statement after the one that locks.
    fn foresee(&mut self, _needs: impl FnOnce() -> Vec<(LotId, Needs)>) {}

    /// Reads what is needed of lots that are held, and then the clock.
    fn facts(
        &mut self,
        needs: &[(LotId, Needs)],
    ) -> impl Future<Output = Result<(Vec<Facts>, Timestamp), PortError>> + Send;

    /// How many waiting tickets of a lot, other than this one, have a lower turn, or the same and a lower id.
    fn ahead(
        &mut self,
        lot: &LotId,
        ticket: TicketId,
        turn: Turn,
    ) -> impl Future<Output = Result<i64, PortError>> + Send;

    /// The waiting tickets of a lot that have this turn or a higher one, in any order.
    fn behind(
        &mut self,
        lot: &LotId,
        from: Turn,
    ) -> impl Future<Output = Result<Vec<(TicketId, Turn)>, PortError>> + Send;

    /// What is kept of these different published versions, as far as there are such.
    fn documents(
        &mut self,
        versions: &[&TariffVersion],
    ) -> impl Future<Output = Result<Vec<(TariffVersion, DocumentText)>, PortError>> + Send;

    /// The stays of these different plates in a lot that ended after an instant: of each the last [`EARLIER_STAYS`].
    fn earlier_stays(
        &mut self,
        lot: &LotId,
        plates: &[PlateKey],
        since: Timestamp,
    ) -> impl Future<Output = Result<Vec<(PlateKey, EarlierStay)>, PortError>> + Send;

    /// These different discounts of a lot, as far as there are such, removed ones too; and of these different pairs how
    /// often the vehicle has used the discount, as far as it has.
    fn discounts(
        &mut self,
        lot: &LotId,
        codes: &[DiscountCode],
        uses: &[Use],
    ) -> impl Future<Output = Result<(Vec<Discount>, Vec<Uses>), PortError>> + Send;

    /// A tariff, also if there is nothing in it any more.
    fn series(&mut self, tariff: &TariffId)
    -> impl Future<Output = Result<Option<Series>, PortError>> + Send;

    /// Writes a tariff as it now is, and the version that was published now.
    fn write_series(
        &mut self,
        series: &Series,
        published: Option<&Published>,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Writes what was decided, and the replies under the keys that were claimed.
    fn write(
        &mut self,
        changes: &[Changes],
        replies: &[(&Key, &Reply)],
        now: Timestamp,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Makes it durable, or puts it where a later sync will. [`Fault::OutcomeUnknown`] if it cannot be known whether it was.
    fn commit(&mut self) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Undoes all since `begin`; after this a new transaction can begin. Cannot fail: a connection that cannot be
    /// rolled back is thrown away.
    fn rollback(&mut self) -> impl Future<Output = ()> + Send;
}

/// How many stays of a plate may count for another one of the same day.
pub const EARLIER_STAYS: u32 = 64;

/// What a turn did with one request.
#[derive(Debug)]
pub enum Verdict {
    /// It is answered, as durably as the record's commit is.
    Answered(Answer),
    /// It was not carried out and belongs to the next turn.
    Postponed,
    /// The record is unwell.
    Failed(PortError),
}

/// How often a request is tried again after a fault that left nothing behind.
const TRIES: usize = 3;

/// Hears of every commit at once: what it changed, and how many requests it answered.
pub type Committed<'c> = dyn FnMut(Vec<Changes>, usize) + Send + 'c;

/// Carries out a batch of requests in one transaction, tells the witness, and says what became of each.
pub async fn turn<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    batch: &[&Request],
    witness: &dyn Witness,
) -> Vec<Verdict> {
    let mut tell = |changes: Vec<Changes>, answered: usize| {
        for changes in &changes {
            witness.committed(changes);
        }
        witness.turned(answered);
    };
    carry_out(tx, rules, batch, &mut tell).await
}

/// Carries out a batch of requests in one transaction and says what became of each. A record that commits before it waits
/// for the disk MUST tell its witness, in this order, and give the answers when it has waited.
///
/// A request that cannot share this transaction with those before it is postponed; the first never is, unless another
/// instance holds its lot. If the batch fails as a whole, each request gets a transaction of its own, so that one bad
/// request never spoils the others.
pub async fn carry_out<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    batch: &[&Request],
    committed: &mut Committed<'_>,
) -> Vec<Verdict> {
    match batch {
        [] => Vec::new(),
        [request] => vec![alone(tx, rules, request, committed).await],
        batch => together(tx, rules, batch, committed).await,
    }
}

async fn together<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    batch: &[&Request],
    committed: &mut Committed<'_>,
) -> Vec<Verdict> {
    let mut carried = attempt(tx, rules, batch, committed).await;
    if carried.as_ref().is_err_and(|broken| broken.may_pass && broken.error.fault == Fault::Unavailable) {
        // Perhaps only the connection was lost.
        carried = attempt(tx, rules, batch, committed).await;
    }
    match carried {
        Ok(verdicts) => verdicts,
        // Nobody is helped by asking a record that is away once for each, and nothing may be done twice.
        Err(Broken { error, may_pass })
            if !may_pass || matches!(error.fault, Fault::Unavailable | Fault::OutcomeUnknown) =>
        {
            batch.iter().map(|_| Verdict::Failed(error.echo())).collect()
        }
        Err(_) => {
            let mut verdicts = Vec::with_capacity(batch.len());
            for request in batch {
                verdicts.push(alone(tx, rules, request, committed).await);
            }
            verdicts
        }
    }
}

async fn alone<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    request: &Request,
    committed: &mut Committed<'_>,
) -> Verdict {
    let mut tries = 0;
    loop {
        tries += 1;
        match attempt(tx, rules, &[request], committed).await {
            Ok(mut verdicts) => return verdicts.pop().unwrap_or(Verdict::Postponed),
            Err(Broken { error, may_pass: true })
                if tries < TRIES && matches!(error.fault, Fault::Conflict | Fault::Unavailable) => {}
            Err(Broken { error, .. }) => return Verdict::Failed(error),
        }
    }
}

/// A transaction that came to nothing.
struct Broken {
    error: PortError,
    /// False if it could not even begin: the record has just been tried, and those in line wait.
    may_pass: bool,
}

/// One transaction. `Err` means that it is rolled back, or that its outcome is unknown.
async fn attempt<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    batch: &[&Request],
    committed: &mut Committed<'_>,
) -> Result<Vec<Verdict>, Broken> {
    tx.begin().await.map_err(|error| Broken { error, may_pass: false })?;
    let carried = match run(tx, rules, batch).await {
        Ok(carried) => tx.commit().await.map(|()| carried),
        Err(error) => Err(error),
    };
    match carried {
        Ok((verdicts, changes)) => {
            let answered = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Answered(_))).count();
            committed(changes, answered);
            Ok(verdicts)
        }
        Err(error) => {
            tx.rollback().await;
            Err(Broken { error, may_pass: true })
        }
    }
}

/// The steps between begin and commit.
async fn run<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    batch: &[&Request],
) -> Result<(Vec<Verdict>, Vec<Changes>), PortError> {
    let mut verdicts: Vec<Verdict> = batch.iter().map(|_| Verdict::Postponed).collect();
    let fresh = claim(tx, batch, seats(batch), &mut verdicts).await?;
    let seated = lock(tx, batch, fresh).await?;
    if let [(place, Ground::Tariff)] = seated.as_slice() {
        verdicts[*place] = revise_alone(tx, batch[*place]).await?;
        return Ok((verdicts, Vec::new()));
    }
    let (mut facts, now) = read(tx, rules, batch, &seated).await?;

    let mut replies: Vec<(&Key, Reply)> = Vec::new();
    for (place, lot) in &seated {
        let Request { command, actor, key, wording } = batch[*place];
        let Some(facts) = facts.get_mut(lot) else { continue };
        let outcome = decide(facts, rules, command, actor, now);
        let reply = key.as_ref().map(|key| (key, wording.word(command, &outcome)));
        replies.extend(reply.clone());
        verdicts[*place] =
            Verdict::Answered(Answer::Decided { outcome, reply: reply.map(|(_, reply)| reply) });
    }

    let changes: Vec<Changes> = facts.into_values().filter_map(Facts::into_changes).collect();
    let replies: Vec<_> = replies.iter().map(|(key, reply)| (*key, reply)).collect();
    tx.write(&changes, &replies, now).await?;
    Ok((verdicts, changes))
}

/// Who shares the transaction. A plate concerns one lot in a turn, and a key one request, because neither is visible to
/// others before the commit. A command that needs more facts than its lot's has the turn to itself.
fn seats(batch: &[&Request]) -> Vec<usize> {
    let mut keys = HashSet::new();
    let mut plates: HashMap<&PlateKey, Target<'_>> = HashMap::new();
    let mut seats = Vec::with_capacity(batch.len());
    for (place, request) in batch.iter().enumerate() {
        let alone = request.command.has_turn_alone();
        if alone && place > 0 {
            continue;
        }
        let target = request.command.target();
        let plate = request.command.plate();
        let elsewhere = plate.and_then(|plate| plates.get(plate)).is_some_and(|known| *known != target);
        let repeated = request.key.as_ref().is_some_and(|key| keys.contains(&(&key.principal, &key.key)));
        if elsewhere || repeated {
            continue;
        }
        keys.extend(request.key.as_ref().map(|key| (&key.principal, &key.key)));
        plates.extend(plate.map(|plate| (plate, target)));
        seats.push(place);
        if alone {
            break;
        }
    }
    seats
}

/// Claims the keys of those seated; whose key was used before is answered. Who is left.
async fn claim<T: Transaction>(
    tx: &mut T,
    batch: &[&Request],
    seated: Vec<usize>,
    verdicts: &mut [Verdict],
) -> Result<Vec<usize>, PortError> {
    let mut keyed: Vec<(&Key, usize)> =
        seated.iter().filter_map(|place| batch[*place].key.as_ref().map(|key| (key, *place))).collect();
    if keyed.is_empty() {
        return Ok(seated);
    }
    keyed.sort_unstable();
    let keys: Vec<&Key> = keyed.iter().map(|(key, _)| *key).collect();
    for (claim, (key, place)) in tx.claim(&keys).await?.into_iter().zip(&keyed) {
        if let Claim::Used { fingerprint, reply } = claim {
            let same = fingerprint == key.fingerprint;
            verdicts[*place] =
                Verdict::Answered(if same { Answer::Replayed(reply) } else { Answer::KeyReused });
        }
    }
    Ok(seated.into_iter().filter(|place| matches!(verdicts[*place], Verdict::Postponed)).collect())
}

/// A lot of this turn: one that is held, or the place of one that is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Ground {
    Held(LotId),
    Missing,
    Vacant { id_taken: bool },
    Tariff,
}

/// Locks the lots of those who are left; who finds its lot held by another instance leaves, with its key.
async fn lock<T: Transaction>(
    tx: &mut T,
    batch: &[&Request],
    fresh: Vec<usize>,
) -> Result<Vec<(usize, Ground)>, PortError> {
    let mut targets: Vec<Target<'_>> = fresh.iter().map(|place| batch[*place].command.target()).collect();
    targets.sort_unstable();
    targets.dedup();
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let lots = fresh.iter().map(|place| match batch[*place].command.target() {
        Target::Lot(lot) => Some((*place, lot)),
        _ => None,
    });
    tx.foresee(|| lots.collect::<Option<Vec<_>>>().map(|lots| needs(batch, lots)).unwrap_or_default());
    let locks: BTreeMap<Target<'_>, Lock> = targets.iter().copied().zip(tx.lock(&targets).await?).collect();
    let mut unheld = Vec::new();
    let mut seated = Vec::with_capacity(fresh.len());
    for place in fresh {
        let request = batch[place];
        match locks.get(&request.command.target()) {
            Some(Lock::Held(lot)) => seated.push((place, Ground::Held(lot.clone()))),
            Some(Lock::Missing) => seated.push((place, Ground::Missing)),
            Some(Lock::Vacant { id_taken }) => seated.push((place, Ground::Vacant { id_taken: *id_taken })),
            Some(Lock::Tariff) => seated.push((place, Ground::Tariff)),
            Some(Lock::Elsewhere) | None => unheld.extend(&request.key),
        }
    }
    if !unheld.is_empty() {
        tx.release(&unheld).await?;
    }
    Ok(seated)
}

/// A change of a tariff, which has the turn to itself.
async fn revise_alone<T: Transaction>(tx: &mut T, request: &Request) -> Result<Verdict, PortError> {
    let Request { command, key, wording, .. } = request;
    let Command::ReviseTariff { tariff, revision } = command else { return Ok(Verdict::Postponed) };
    let before = tx.series(tariff).await?;
    let (_, now) = tx.facts(&[]).await?;
    let result = revise(before.as_ref(), tariff, revision, now);
    if let Ok(series) = &result
        && before.as_ref() != Some(series)
    {
        let known = before.as_ref().and_then(|before| before.newest.as_ref());
        let published = series.newest.as_ref().filter(|newest| Some(*newest) != known);
        tx.write_series(series, published).await?;
    }
    let done = |series| Done { subject: Subject::Tariff(Box::new(series)), promoted: Vec::new() };
    let outcome = Outcome { lot: None, version: None, result: result.map(done) };
    let reply = key.as_ref().map(|_| wording.word(command, &outcome));
    let replies: Vec<(&Key, &Reply)> = key.iter().zip(&reply).collect();
    tx.write(&[], &replies, now).await?;
    Ok(Verdict::Answered(Answer::Decided { outcome, reply }))
}
