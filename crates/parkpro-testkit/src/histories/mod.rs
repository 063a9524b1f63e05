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

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use parkpro_domain::{
    command::{Command, Exit, Leaving, Target},
    lot::LotId,
    ports::Request,
    ticket::TicketId,
    vehicle::PlateKey,
};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

pub use self::replay::{answers, same_as_memory, same_as_memory_at_once};
use crate::{ask, stage::Stage, subject::Subject};

/// What is asked of a car park without lots, in order.
#[derive(Clone)]
pub struct History {
    steps: Vec<Step>,
}

/// One thing that happens.
#[expect(clippy::large_enum_variant, reason = "for tests: almost all of them are of the large one")]
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

/// How long a history that differs is made shorter, in milliseconds.
const PATIENCE: u32 = 30_000;

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
    let config = Config { cases, failure_persistence: None, max_shrink_time: PATIENCE, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let played = TestRunner::new_with_rng(config, rng).run(&history(100), |history| {
        runtime.block_on(async {
            let one_by_one = Subject::new(new_stage()).await;
            same_as_memory(&one_by_one, &history).await?;
            one_by_one.ledger().close().await;
            for most in [3, 12] {
                let at_once = Subject::new(new_stage()).await;
                same_as_memory_at_once(&at_once, &history, most).await?;
                at_once.ledger().close().await;
            }
            Ok(())
        })
    });
    if let Err(differs) = played {
        panic!("{differs}");
    }
}

impl History {
    /// The requests in groups of at most so many that may share a turn, with the time that passes before each group.
    ///
    /// In a group, a plate concerns one lot. So the order among requests of different lots cannot be told from the
    /// answers: they follow from the order within each lot, whatever turns a record makes of the group.
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

/// Every plate that a ticket may have in the course of a history, and its lot.
struct Plates(BTreeSet<(TicketId, PlateKey, LotId)>);

impl Plates {
    fn of(history: &History) -> Self {
        let asks = history.steps.iter().filter_map(|step| match step {
            Step::Ask(ask) => Some(&ask.command),
            Step::Wait(_) => None,
        });
        let lots: BTreeMap<TicketId, &LotId> = asks
            .clone()
            .filter_map(|command| match command {
                Command::Enter(enter) => Some((enter.ticket, &enter.lot)),
                _ => None,
            })
            .collect();
        let named = asks.filter_map(|command| Some((ticket(command)?, command.plate()?)));
        let of_lots = named.filter_map(|(ticket, plate)| {
            lots.get(&ticket).map(|lot| (ticket, plate.clone(), LotId::clone(lot)))
        });
        Self(of_lots.collect())
    }

    fn of_ticket(&self, ticket: TicketId) -> impl Iterator<Item = (PlateKey, LotId)> {
        let of_ticket = self.0.iter().filter(move |(of, ..)| *of == ticket);
        of_ticket.map(|(_, plate, lot)| (plate.clone(), lot.clone()))
    }
}

/// What the requests of a group are about.
#[derive(Default)]
struct Together {
    begun: bool,
    closed: bool,
    keys: BTreeSet<String>,
    /// Plates, each with the lot in which it is named.
    plates: BTreeMap<PlateKey, LotId>,
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
        let elsewhere = named(ask, plates)
            .into_iter()
            .any(|(plate, lot)| self.plates.get(&plate).is_some_and(|known| *known != lot));
        !(known_key || known_ticket || known_change || elsewhere)
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
    command.has_turn_alone() || matches!(command, Command::RemoveLot { .. })
}

/// The ticket that a command makes or names.
const fn ticket(command: &Command) -> Option<TicketId> {
    match command {
        Command::Enter(enter) => Some(enter.ticket),
        Command::Exit(Exit { vehicle: Leaving::Ticket(ticket), .. })
        | Command::Withdraw { ticket }
        | Command::Void { ticket, .. }
        | Command::AmendTicket { ticket, .. }
        | Command::AttachDiscount { ticket, .. }
        | Command::DetachDiscount { ticket, .. } => Some(*ticket),
        _ => None,
    }
}

/// The plates that a request names, or may name by a ticket, and where.
fn named(ask: &Ask, plates: &Plates) -> Vec<(PlateKey, LotId)> {
    match (&ask.command, ask.command.target()) {
        (Command::Enter(enter), _) => vec![(enter.plate.key().clone(), enter.lot.clone())],
        (Command::Exit(Exit { vehicle: Leaving::Plate(plate), .. }), Target::Lot(lot)) => {
            vec![(plate.clone(), lot.clone())]
        }
        (command, _) => ticket(command).into_iter().flat_map(|ticket| plates.of_ticket(ticket)).collect(),
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
