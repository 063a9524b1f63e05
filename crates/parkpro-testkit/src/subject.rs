//! A car park under test, and the few words in which tests talk to it.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    clippy::panic,
    reason = "for tests: what a test did not expect ends it"
)]

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};

use parkpro_domain::{
    command::{Command, Enter, OpenLot, Target},
    facts::Changes,
    lot::{LotId, Version},
    outcome::{Outcome, Promotion, Refusal, Subject as Changed},
    parking::{Aftermath, Follower, Outbox, Places, Reconciled, Reconciler},
    ports::{
        Answer, Bell, IdGenerator, IndexState, Ledger, LotView, Place, Records, Request, TicketView,
        WaitingQueue, Witness,
    },
    slot::Slot,
    tariff::{Series, TariffVersion},
    ticket::{Ticket, TicketId},
};

use crate::{
    ask,
    clock::HandClock,
    faults::FaultyQueue,
    heard::Heard,
    ids::CountingIds,
    stage::{Opened, Stage, With},
};

/// A car park under test. All clones are the same.
#[derive(Clone)]
pub struct Subject {
    /// The only time there is.
    pub clock: HandClock,
    /// Where the ids of tickets come from.
    pub ids: CountingIds,
    /// What the witness heard, over all openings.
    pub heard: Arc<Heard>,
    inner: Arc<Inner>,
}

struct Inner {
    stage: Arc<dyn Stage>,
    opened: Mutex<Opened>,
    witness: Arc<dyn Witness>,
    index: Option<Arc<FaultyQueue>>,
    follower: Mutex<Option<tokio::task::JoinHandle<()>>>,
    outbox: Arc<Outbox>,
    reconciler: Mutex<Option<Arc<Reconciler>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(follower) = self.follower.get_mut().ok().and_then(Option::take) {
            follower.abort();
        }
    }
}

/// Nobody listens.
struct NoBell;

impl Bell for NoBell {
    fn ring(&self, _lot: &LotId, _version: Version) {}
}

/// Tells two witnesses.
struct Both(Arc<Heard>, Aftermath);

impl Witness for Both {
    fn committed(&self, changes: &Changes) {
        self.0.committed(changes);
        self.1.committed(changes);
    }

    fn turned(&self, requests: usize) {
        self.0.turned(requests);
        self.1.turned(requests);
    }
}

/// A change of a ticket that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// As it now is.
    pub ticket: Ticket,
    /// Its place in the queue, while it waits.
    pub position: Option<i64>,
    /// Who else got a slot: `B in A-01`.
    pub promoted: Vec<String>,
    /// The state of the lot that the change made.
    pub version: Version,
}

impl Made {
    /// Where the vehicle is: `in A-01`, `waits 2`, or the name of its status.
    pub fn place(&self) -> String {
        match (self.position, self.ticket.berth()) {
            (Some(position), None) => format!("waits {position}"),
            (None, Some(berth)) if self.ticket.status().is_open() => format!("in {}", berth.label),
            _ => self.ticket.status().as_str().to_owned(),
        }
    }

    /// What the ticket is called in commands.
    pub const fn id(&self) -> TicketId {
        self.ticket.id
    }

    /// Minor units that were paid.
    pub fn fee(&self) -> i64 {
        self.ticket.fee().expect("a departed ticket has a fee").total.minor
    }
}

impl Subject {
    /// A car park without lots.
    pub async fn new(stage: Arc<dyn Stage>) -> Self {
        let (clock, heard, outbox) = (HandClock::default(), Arc::new(Heard::default()), Arc::default());
        let index = stage.index().await.map(|index| Arc::new(FaultyQueue::new(index)));
        let followed = index.is_some().then(|| Arc::clone(&outbox));
        let witness: Arc<dyn Witness> =
            Arc::new(Both(Arc::clone(&heard), Aftermath::new(Arc::new(NoBell), followed)));
        let with = with(&clock, &witness);
        let opened = stage.open(with).await;
        let inner = Inner {
            stage,
            opened: Mutex::new(opened),
            witness,
            index,
            follower: Mutex::default(),
            outbox,
            reconciler: Mutex::default(),
        };
        let subject = Self { clock, ids: CountingIds::default(), heard, inner: Arc::new(inner) };
        subject.follow();
        subject
    }

    /// Where the record is changed.
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&lock(&self.inner.opened).ledger)
    }

    /// Where the record is read.
    pub fn records(&self) -> Arc<dyn Records> {
        Arc::clone(&lock(&self.inner.opened).records)
    }

    /// The index of the queue, with its switch; none if places are asked of the record.
    pub fn index(&self) -> Option<Arc<FaultyQueue>> {
        self.inner.index.clone()
    }

    /// Who answers where a vehicle stands.
    pub fn places(&self) -> Places {
        Places::new(self.records(), self.index().map(|index| -> Arc<dyn WaitingQueue> { index }))
    }

    /// Ends the program and starts it again on what it left.
    pub async fn reopen(&self) {
        self.ledger().close().await;
        let opened = self.inner.stage.open(with(&self.clock, &self.inner.witness)).await;
        *lock(&self.inner.opened) = opened;
        self.follow();
    }

    /// Another instance of the program on the same record; the same one if the adapter lets only one in.
    pub async fn beside(&self) -> Arc<dyn Ledger> {
        let beside = self.inner.stage.open_beside(with(&self.clock, &self.inner.witness)).await;
        beside.map_or_else(|| self.ledger(), |beside| beside.ledger)
    }

    /// Lets the index follow, as the program does.
    fn follow(&self) {
        let Some(index) = self.index() else { return };
        let index: Arc<dyn WaitingQueue> = index;
        let records = self.records();
        let follower =
            Follower::new(Arc::clone(&self.inner.outbox), Arc::clone(&index), Arc::clone(&records));
        *lock(&self.inner.reconciler) = Some(Arc::new(Reconciler::new(index, records)));
        let follower = tokio::spawn(async move {
            loop {
                if follower.follow().await.is_err() {
                    // The reconciler mends it.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        });
        if let Some(before) = lock(&self.inner.follower).replace(follower) {
            before.abort();
        }
    }

    /// Compares index and record once, as the program does about each second. Nothing to do without an index.
    pub async fn reconcile(&self) -> Reconciled {
        let reconciler = lock(&self.inner.reconciler).clone();
        match reconciler {
            Some(reconciler) => reconciler.reconcile().await.expect("index and record are up"),
            None => Reconciled::default(),
        }
    }

    /// Waits until the index is where the record is.
    pub async fn index_follows(&self) {
        let Some(index) = self.index() else { return };
        for _ in 0..500 {
            let (lots, versions): (Vec<_>, Vec<_>) = ok(self.records().versions().await).into_iter().unzip();
            let states = ok(index.states(lots).await);
            let reached = |(version, state): (&Version, &Option<_>)| {
                state.as_ref().is_some_and(|state: &IndexState| state.version == *version)
            };
            if versions.iter().zip(&states).all(reached) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the index did not follow the record within 5 s");
    }

    /// Sends a request.
    pub async fn answer(&self, request: Request) -> Answer {
        ok(self.ledger().change(request).await)
    }

    /// What comes of a command.
    pub async fn outcome(&self, command: Command) -> Outcome {
        match self.answer(ask::request(command)).await {
            Answer::Decided { outcome, reply: None } => outcome,
            other => panic!("what has no key is decided and not kept: {other:?}"),
        }
    }

    /// A change that is made, whatever it is about.
    pub async fn done(&self, command: Command) -> (Changed, Vec<String>, Version) {
        let said = format!("{command:?}");
        let Outcome { version, result, .. } = self.outcome(command).await;
        let done = result.unwrap_or_else(|refusal| panic!("{said} was refused: {refusal:?}"));
        let version = version.expect("a change has a version");
        (done.subject, done.promoted.iter().map(promoted).collect(), version)
    }

    /// A change of a ticket that is made.
    pub async fn made(&self, command: Command) -> Made {
        match self.done(command).await {
            (Changed::Ticket { ticket, position }, promoted, version) => {
                Made { ticket: *ticket, position, promoted, version }
            }
            other => panic!("a ticket was changed, not {other:?}"),
        }
    }

    /// A change of a slot that is made, and who got a slot by it.
    pub async fn slot_made(&self, command: Command) -> (Slot, Vec<String>) {
        match self.done(command).await {
            (Changed::Slot(slot), promoted, _) => (*slot, promoted),
            other => panic!("a slot was changed, not {other:?}"),
        }
    }

    /// A command that is refused, in the state in which its lot then is.
    pub async fn refused(&self, command: Command) -> Refusal {
        let said = format!("{command:?}");
        let before = self.record_of(&command).await;
        let Outcome { lot, version, result } = self.outcome(command.clone()).await;
        let refusal = result.err().unwrap_or_else(|| panic!("{said} was not refused"));
        if let Some((id, at)) = &before {
            assert_eq!((lot.as_ref(), version), (Some(id), Some(*at)), "{said}: a refusal names its version");
        }
        assert_eq!(self.record_of(&command).await, before, "{said}: a refusal changes nothing");
        refusal
    }

    /// The lot of a command and the version that it is at.
    async fn record_of(&self, command: &Command) -> Option<(LotId, Version)> {
        match command.target() {
            Target::NewLot(_) | Target::Tariff(_) => None,
            Target::Lot(lot) => ok(self.records().lot(lot.clone()).await).map(|v| (v.lot.id, v.lot.version)),
            Target::LotOf(ticket) => {
                ok(self.records().ticket(ticket).await).map(|view| (view.lot.id, view.lot.version))
            }
        }
    }

    /// A change of a tariff that is made.
    pub async fn revised(&self, command: Command) -> Series {
        let said = format!("{command:?}");
        match self.outcome(command).await {
            Outcome { lot: None, version: None, result: Ok(done) } => match done.subject {
                Changed::Tariff(series) => *series,
                other => panic!("a tariff was changed, not {other:?}"),
            },
            other => panic!("{said}: {other:?}"),
        }
    }

    /// Publishes a tariff, drafted now.
    pub async fn published(&self, tariff: &str, text: &str) -> TariffVersion {
        let known = ok(self.records().tariff(ask::tariff(tariff)).await).is_some();
        let draft = if known { ask::draft(tariff, text) } else { ask::new_tariff(tariff, text) };
        self.revised(draft).await;
        self.revised(ask::publish(tariff)).await.newest_version().expect("it is published")
    }

    /// Opens a lot.
    pub async fn open(&self, open: OpenLot) -> Version {
        self.done(Command::OpenLot(open)).await.2
    }

    /// Opens `main` with slots for cars.
    pub async fn with_slots(&self, labels: &[&str]) {
        let slots = labels.iter().map(|label| ask::slot(label)).collect();
        self.open(ask::open("main", slots)).await;
    }

    /// A car is at the gate of `main`.
    pub fn entry(&self, plate: &str) -> Enter {
        ask::enter("main", self.ids.ticket(), plate)
    }

    /// A vehicle that asks for this (`van`, `car/electric`) is at the gate of `main`, with a priority.
    pub fn entry_as(&self, plate: &str, demand: &str, priority: &str) -> Enter {
        let (class, needs) = ask::demand(demand).into_parts();
        Enter { class, needs, priority: ask::priority(priority), ..self.entry(plate) }
    }

    /// A car enters `main`.
    pub async fn enter(&self, plate: &str) -> Made {
        self.made(Command::Enter(self.entry(plate))).await
    }

    /// A vehicle that asks for this (`van`, `car/electric`) enters `main`, with a priority.
    pub async fn enter_as(&self, plate: &str, demand: &str, priority: &str) -> Made {
        self.made(Command::Enter(self.entry_as(plate, demand, priority))).await
    }

    /// Cars enter `main` one after the other.
    pub async fn enter_all(&self, plates: &[&str]) -> Vec<Made> {
        let mut made = Vec::new();
        for plate in plates {
            made.push(self.enter(plate).await);
        }
        made
    }

    /// A vehicle leaves `main`.
    pub async fn exit(&self, plate: &str) -> Made {
        self.made(ask::exit("main", plate)).await
    }

    /// A lot, with its counts.
    pub async fn lot(&self, lot: &str) -> LotView {
        ok(self.records().lot(ask::lot(lot)).await).expect("the lot is there")
    }

    /// A ticket, with its lot.
    pub async fn ticket(&self, ticket: TicketId) -> TicketView {
        ok(self.records().ticket(ticket).await).expect("the ticket is there")
    }

    /// Where a waiting ticket stands, by whoever can tell.
    pub async fn place(&self, ticket: TicketId) -> Option<Place> {
        let view = self.ticket(ticket).await;
        ok(self.places().of(&view).await)
    }

    /// A slot of `main`.
    pub async fn slot(&self, label: &str) -> Slot {
        let slot = ok(self.records().slot(ask::lot("main"), ask::label(label)).await);
        slot.expect("the slot is there")
    }
}

fn with(clock: &HandClock, witness: &Arc<dyn Witness>) -> With {
    With { clock: Arc::new(clock.clone()), rules: ask::rules(), witness: Arc::clone(witness) }
}

/// `B in A-01`.
fn promoted(promotion: &Promotion) -> String {
    format!("{} in {}", promotion.plate.shown(), promotion.slot)
}

/// What a port answers when its machine is well.
pub fn ok<T, E: Debug>(answer: Result<T, E>) -> T {
    answer.expect("the record is well")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("nothing fails while it is held")
}
