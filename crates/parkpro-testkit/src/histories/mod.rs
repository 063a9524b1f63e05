//! Random histories, compared with the record in memory.
//!
//! [`history`] makes one: two lots with few slots, few plates and few keys, so that conflicts are frequent.
//! [`same_as_memory`] asks it of a record one request after the other, [`same_as_memory_at_once`] several at a time;
//! every answer and everything that can be read must be what the record in memory says. [`hold`] does both many times.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    clippy::panic,
    reason = "for tests: a history that differs ends the test"
)]

mod replay;
mod wish;

use std::{collections::BTreeSet, fmt, sync::Arc};

use parkpro_domain::{
    command::{Command, Leaving, Target},
    lot::LotId,
    ports::Request,
    ticket::TicketId,
    vehicle::PlateKey,
};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

pub use self::replay::{answers, same_as_memory, same_as_memory_at_once};
use crate::{ask, stage::Stage, subject::Subject};

/// What is asked of a car park without lots, in order.
#[derive(Clone)]
pub struct History {
    steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// Somebody asks for something.
    Ask(Ask),
    /// Time passes, in microseconds.
    Wait(i64),
}

/// A command, and the key under which it is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What is asked.
    pub command: Command,
    /// The client's idempotency key.
    pub key: Option<String>,
}

impl Ask {
    fn request(&self) -> Request {
        match &self.key {
            Some(key) => ask::keyed(self.command.clone(), key),
            None => ask::request(self.command.clone()),
        }
    }
}

/// A step to the line.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Ask(Ask { command, key: None }) => writeln!(f, "{command:?}"),
            Step::Ask(Ask { command, key: Some(key) }) => writeln!(f, "{command:?} under {key}"),
            Step::Wait(micros) => writeln!(f, "{micros} us pass"),
        })
    }
}

/// Any history with at most so many steps behind the opening of the lots.
pub fn history(most_steps: usize) -> impl Strategy<Value = History> {
    proptest::collection::vec(wish::wish(), 1..=most_steps).prop_map(|wishes| wish::spell_out(&wishes))
}

/// Asks so many random histories of a record, each on a new stage, one request after the other and several at once.
/// Always the same histories; a history that differs is made as short as it can be.
///
/// Not to be called within a runtime: it starts one.
pub fn hold(cases: u32, new_stage: impl Fn() -> Arc<dyn Stage>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be started");
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let played = TestRunner::new_with_rng(config, rng).run(&history(100), |history| {
        runtime.block_on(async {
            same_as_memory(&Subject::new(new_stage()).await, &history).await?;
            for at_once in [3, 12] {
                same_as_memory_at_once(&Subject::new(new_stage()).await, &history, at_once).await?;
            }
            Ok::<_, TestCaseError>(())
        })
    });
    if let Err(differs) = played {
        panic!("{differs}");
    }
}

impl History {
    /// The requests in groups of at most so many that may share a turn, with the time that passes before each group.
    ///
    /// In a group, no order of the requests of different lots can be told from another: so whatever turns a record
    /// makes of it, the answers follow from the order within each lot.
    pub fn groups(&self, most: usize) -> Vec<(i64, Vec<Ask>)> {
        let mut groups = vec![(0, Vec::new())];
        let mut together = Together::default();
        let plates = Plates::of(self);
        for step in &self.steps {
            match step {
                Step::Wait(micros) => {
                    groups.push((*micros, Vec::new()));
                    together = Together::default();
                }
                Step::Ask(ask) => {
                    let full = groups.last().is_some_and(|(_, group)| group.len() >= most);
                    if full || !together.has_room_for(ask, &plates) {
                        groups.push((0, Vec::new()));
                        together = Together::default();
                    }
                    together.add(ask, &plates);
                    groups.last_mut().expect("there is one").1.push(ask.clone());
                }
            }
        }
        groups
    }
}

/// Every plate that a ticket may have in the course of a history.
struct Plates(BTreeSet<(TicketId, PlateKey)>);

impl Plates {
    fn of(history: &History) -> Self {
        let named = history.steps.iter().filter_map(|step| match step {
            Step::Ask(Ask { command: Command::Enter(enter), .. }) => {
                Some((enter.ticket, enter.plate.key().clone()))
            }
            Step::Ask(Ask { command: Command::AmendTicket { ticket, plate: Some(plate), .. }, .. }) => {
                Some((*ticket, plate.key().clone()))
            }
            _ => None,
        });
        Self(named.collect())
    }

    fn of_ticket(&self, ticket: TicketId) -> impl Iterator<Item = PlateKey> + '_ {
        self.0.iter().filter(move |(of, _)| *of == ticket).map(|(_, plate)| plate.clone())
    }
}

/// What the requests of a group are about.
#[derive(Default)]
struct Together {
    begun: bool,
    closed: bool,
    keys: BTreeSet<String>,
    /// Plates, each with the lot in which it is named; none if that is the lot of a ticket, whichever it is.
    plates: BTreeSet<(PlateKey, Option<LotId>)>,
    tickets: BTreeSet<TicketId>,
    /// Lots whose settings, or those of their slots, may be changed, or not, by a request that is granted.
    changed: BTreeSet<LotId>,
}

impl Together {
    fn has_room_for(&self, ask: &Ask, plates: &Plates) -> bool {
        if self.closed || (self.begun && is_alone(&ask.command)) {
            return false;
        }
        let known_key = ask.key.as_ref().is_some_and(|key| self.keys.contains(key));
        let known_ticket = ticket(&ask.command).is_some_and(|ticket| self.tickets.contains(&ticket));
        let known_change = maybe_change(&ask.command).is_some_and(|lot| self.changed.contains(lot));
        let clash = named(ask, plates).into_iter().any(|(plate, lot)| {
            let mut known = self.plates.iter().filter(|(known, _)| *known == plate);
            known.any(|(_, known)| known.is_none() || lot.is_none() || *known != lot)
        });
        !(known_key || known_ticket || known_change || clash)
    }

    fn add(&mut self, ask: &Ask, plates: &Plates) {
        self.begun = true;
        self.closed = is_alone(&ask.command);
        self.keys.extend(ask.key.clone());
        self.plates.extend(named(ask, plates));
        self.tickets.extend(ticket(&ask.command));
        self.changed.extend(maybe_change(&ask.command).cloned());
    }
}

/// Who has a turn alone.
const fn is_alone(command: &Command) -> bool {
    matches!(command, Command::OpenLot(_) | Command::AmendTicket { .. } | Command::RemoveLot { .. })
}

/// The ticket that a command makes or names.
const fn ticket(command: &Command) -> Option<TicketId> {
    match command {
        Command::Enter(enter) => Some(enter.ticket),
        Command::Exit { vehicle: Leaving::Ticket(ticket), .. }
        | Command::Withdraw { ticket }
        | Command::Void { ticket, .. }
        | Command::AmendTicket { ticket, .. } => Some(*ticket),
        _ => None,
    }
}

/// The plates that a request names, or may name by a ticket, and where.
fn named(ask: &Ask, plates: &Plates) -> Vec<(PlateKey, Option<LotId>)> {
    let lot = match ask.command.target() {
        Target::Lot(lot) => Some(lot.clone()),
        Target::NewLot(_) | Target::LotOf(_) => None,
    };
    let by_ticket = ticket(&ask.command).into_iter().flat_map(|ticket| plates.of_ticket(ticket));
    let by_ticket = by_ticket.map(|plate| (plate, None));
    let by_plate = ask.command.plate().map(|plate| (plate.clone(), lot));
    match ask.command {
        Command::Enter(_) => by_plate.into_iter().collect(),
        _ => by_ticket.chain(by_plate).collect(),
    }
}

/// The lot of a command that may be granted and change nothing.
const fn maybe_change(command: &Command) -> Option<&LotId> {
    match command {
        Command::ChangeLot(change) => Some(&change.lot),
        Command::ChangeSlot(change) => Some(&change.lot),
        _ => None,
    }
}
