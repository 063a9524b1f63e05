//! A crowd that asks ledgers.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    clippy::panic,
    reason = "for tests: an answer that cannot be is the end of the test"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;
use parkpro_domain::{
    command::{ChangeSlot, Command, Enter, NewSlot as AddedSlot},
    demand::Features,
    lot::{Lot, Priorities},
    outcome::{Outcome, Promotion, Refusal, Subject},
    ports::{Answer, Fault, IdGenerator, Ledger, LedgerError, Reply, Request, Wording},
    slot::Slot,
    ticket::{Ticket, TicketId},
    time::Timestamp,
};

use super::{
    Answered, Asked, NewSlot, Opening, Order, Promoted, SeenSlot, SeenTicket,
    crowd::{Ask, Seen},
};
use crate::{
    ask::{self, PlainWording},
    ids::CountingIds,
};

/// How a lot without tickets is told to the judge.
pub fn opening(lot: &Lot, slots: &[Slot]) -> Opening {
    Opening {
        lot: lot.id.to_string(),
        version: lot.version.0,
        order: order(&lot.priorities),
        queue_limit: lot.queue_limit.and_then(|limit| usize::try_from(limit).ok()),
        slots: slots
            .iter()
            .map(|slot| NewSlot {
                label: slot.label.to_string(),
                accepts: slot.accepts.classes().map(str::to_owned).collect(),
                features: slot.accepts.features().map(str::to_owned).collect(),
                reserved: slot.accepts.is_reserved(),
                rank: slot.rank,
            })
            .collect(),
    }
}

fn order(priorities: &Priorities) -> Order {
    let seconds = |name| priorities.head_start(name).map(|head_start| i64::from(head_start.seconds()));
    Order {
        priorities: priorities.iter().map(|priority| priority.as_str().to_owned()).collect(),
        head_starts: priorities.iter().filter_map(seconds).collect(),
    }
}

/// The text that a record keeps of an order.
fn order_text(Order { priorities, head_starts }: &Order) -> String {
    if head_starts.is_empty() {
        return priorities.join(",");
    }
    let aged = priorities.iter().zip(head_starts).map(|(name, seconds)| format!("{name}:{seconds}"));
    aged.collect::<Vec<_>>().join(",")
}

/// Asks these instances in turns; what is unwell is seen as lost.
pub fn through(
    ledgers: Vec<Arc<dyn Ledger>>,
    ids: CountingIds,
) -> impl Fn(Ask) -> BoxFuture<'static, Seen> + Send + Sync + 'static {
    let notebook = Arc::new(Notebook::default());
    move |ask| {
        let ledger = Arc::clone(&ledgers[ask.client % ledgers.len()]);
        let (ids, notebook) = (ids.clone(), Arc::clone(&notebook));
        Box::pin(async move {
            let command = command(&ask, &ids);
            let asked = ask
                .key
                .as_ref()
                .map_or_else(|| ask::request(command.clone()), |key| ask::keyed(command.clone(), key));
            let wording: Arc<dyn Wording> = notebook.clone();
            match ledger.change(Request { wording, ..asked }).await {
                Ok(Answer::Decided { outcome, .. }) => seen(&command, &outcome, false),
                Ok(Answer::Replayed(reply)) => {
                    let outcome = notebook.read(&reply);
                    Seen { bytes: reply.body, ..seen(&command, &outcome, true) }
                }
                Ok(Answer::KeyReused) => {
                    Seen { version: None, answered: Answered::KeyReused, bytes: vec![], replayed: false }
                }
                Err(LedgerError::Port(error)) if error.fault == Fault::Corrupt => panic!("{error}"),
                Err(_) => Seen { version: None, answered: Answered::Lost, bytes: vec![], replayed: false },
            }
        })
    }
}

/// Words outcomes plainly, and remembers which bytes stand for which outcome.
#[derive(Default)]
struct Notebook(Mutex<HashMap<Vec<u8>, Outcome>>);

impl Notebook {
    fn read(&self, reply: &Reply) -> Outcome {
        let notes = self.0.lock().expect("nothing fails while it is held");
        notes.get(&reply.body).cloned().expect("these bytes were worded here")
    }
}

impl Wording for Notebook {
    fn word(&self, command: &Command, outcome: &Outcome) -> Reply {
        let reply = PlainWording.word(command, outcome);
        let mut notes = self.0.lock().expect("nothing fails while it is held");
        notes.insert(reply.body.clone(), outcome.clone());
        reply
    }
}

fn command(ask: &Ask, ids: &CountingIds) -> Command {
    let lot = ask.lot.as_str();
    let id = |text: &String| TicketId::parse(text).expect("a ticket that was seen");
    let features = |names: &Vec<String>| Features::parse(&names.join("+")).expect("features");
    let accepts = |classes: &Vec<String>| ask::accepts(&classes.join("+"));
    match &ask.asked {
        Asked::Reorder(order) => ask::reorder(lot, &order_text(order)),
        Asked::Enter { plate, class, needs, priority } => Command::Enter(Enter {
            class: ask::class(class),
            needs: features(needs),
            priority: ask::priority(priority),
            ..ask::enter(lot, ids.ticket(), plate)
        }),
        Asked::Exit { plate } => ask::exit(lot, plate),
        Asked::ExitTicket { ticket } => ask::exit_by_ticket(lot, id(ticket)),
        Asked::Withdraw { ticket } => Command::Withdraw { ticket: id(ticket) },
        Asked::Void { ticket } => ask::void(id(ticket)),
        Asked::Correct { ticket, plate } => ask::correct(id(ticket), plate),
        Asked::Prioritise { ticket, priority } => ask::prioritise(id(ticket), priority),
        Asked::AddSlots(slots) => {
            let slot = |new: &NewSlot| AddedSlot {
                accepts: accepts(&new.accepts)
                    .with(&features(&new.features), new.reserved)
                    .expect("a slot that may be"),
                rank: new.rank,
                ..ask::slot(&new.label)
            };
            ask::add_slots(lot, slots.iter().map(slot).collect())
        }
        Asked::ChangeSlot(change) => Command::ChangeSlot(ChangeSlot {
            in_service: change.in_service,
            accepts: change.accepts.as_ref().map(accepts),
            rank: change.rank,
            ..ask::change_slot(lot, &change.label)
        }),
        Asked::RemoveSlot { label } => ask::remove_slot(lot, label),
    }
}

fn seen(command: &Command, outcome: &Outcome, replayed: bool) -> Seen {
    let answered = match &outcome.result {
        Err(refusal) => {
            let (code, ticket) = code(refusal);
            Answered::Refused { code: code.to_owned(), ticket: ticket.map(|ticket| ticket.to_string()) }
        }
        Ok(done) => {
            let promoted = done.promoted.iter().map(seen_promotion).collect();
            match &done.subject {
                Subject::Ticket { ticket, position } => {
                    Answered::Ticket(seen_ticket(ticket, *position), promoted)
                }
                Subject::Slot(slot) => Answered::Slots(vec![seen_slot(slot)], promoted),
                Subject::Slots(slots) => Answered::Slots(slots.iter().map(seen_slot).collect(), promoted),
                Subject::Lot(..) => Answered::Lot(promoted),
                Subject::Tariff(_) | Subject::Discount(_) => {
                    panic!("a crowd does not change tariffs or discounts")
                }
            }
        }
    };
    let version = outcome.version.map(|version| version.0);
    Seen { version, answered, bytes: PlainWording.word(command, outcome).body, replayed }
}

fn seen_ticket(ticket: &Ticket, position: Option<i64>) -> SeenTicket {
    SeenTicket {
        id: ticket.id.to_string(),
        number: ticket.number.0,
        plate: ticket.plate.shown().to_owned(),
        class: ticket.class.to_string(),
        needs: ticket.needs.iter().map(str::to_owned).collect(),
        priority: ticket.priority.as_str().to_owned(),
        status: ticket.status().as_str().to_owned(),
        slot: ticket.berth().map(|berth| berth.label.to_string()),
        position,
        arrived_at: ticket.arrived_at.micros(),
        parked_at: ticket.berth().map(|berth| berth.since.micros()),
        ended_at: ticket.ended_at().map(Timestamp::micros),
        fee: ticket.fee().map(|fee| fee.total.minor),
    }
}

fn seen_promotion(promotion: &Promotion) -> Promoted {
    Promoted { ticket: promotion.ticket.to_string(), slot: promotion.slot.to_string() }
}

fn seen_slot(slot: &Slot) -> SeenSlot {
    SeenSlot { label: slot.label.to_string(), status: slot.status().as_str().to_owned() }
}

/// The code of a refusal in the API, and the ticket that it names.
const fn code(refusal: &Refusal) -> (&'static str, Option<TicketId>) {
    match refusal {
        Refusal::NoSuchLot(_) => ("no-such-lot", None),
        Refusal::NoSuchTicket(_) => ("no-such-ticket", None),
        Refusal::NoSuchSlot(_) => ("no-such-slot", None),
        Refusal::LotIdTaken(_) => ("lot-id-taken", None),
        Refusal::LotInUse { .. } => ("lot-in-use", None),
        Refusal::LabelTaken(_) => ("label-taken", None),
        Refusal::SlotOccupied { ticket, .. } => ("slot-occupied", Some(*ticket)),
        Refusal::Stale { .. } => ("stale", None),
        Refusal::PlateAlreadyActive { ticket } => ("plate-already-active", Some(*ticket)),
        Refusal::LotClosed => ("lot-closed", None),
        Refusal::QueueFull { .. } => ("queue-full", None),
        Refusal::NothingFits(_) => ("nothing-fits", None),
        Refusal::ReservedWithoutFeature(_) => ("reserved-without-feature", None),
        Refusal::UnknownPriority { .. } => ("unknown-priority", None),
        Refusal::PriorityInUse { .. } => ("priority-in-use", None),
        Refusal::NotInside => ("not-parked", None),
        Refusal::SlotEmpty(_) => ("slot-empty", None),
        Refusal::StillWaiting { ticket } => ("still-waiting", Some(*ticket)),
        Refusal::AlreadyDeparted { ticket } => ("already-departed", Some(*ticket)),
        Refusal::NotWaiting { ticket, .. } => ("not-waiting", Some(*ticket)),
        Refusal::NotParked { ticket, .. } => ("not-parked", Some(*ticket)),
        Refusal::NoSuchTariff(_) => ("no-such-tariff", None),
        Refusal::NoSuchTariffVersion(_) => ("no-such-tariff-version", None),
        Refusal::TariffIdTaken(_) => ("tariff-id-taken", None),
        Refusal::NoDraft(_) => ("no-draft", None),
        Refusal::TariffOfSettings(_) => ("tariff-of-settings", None),
        Refusal::OtherCurrency { .. } => ("other-currency", None),
        Refusal::TooManyTariffs => ("too-many-tariffs", None),
        Refusal::NoSuchDiscount(_) => ("no-such-discount", None),
        Refusal::DiscountCodeTaken(_) => ("discount-code-taken", None),
        Refusal::DiscountUsedUp(_) => ("discount-used-up", None),
        Refusal::DiscountUsedByPlate(_) => ("discount-used-by-plate", None),
        Refusal::DiscountExpired(_) => ("discount-expired", None),
        Refusal::DiscountNotYetValid(_) => ("discount-not-yet-valid", None),
        Refusal::DiscountAlreadyAttached(_) => ("discount-already-attached", None),
        Refusal::DiscountStandsAlone(_) => ("discount-stands-alone", None),
        Refusal::TooManyDiscounts => ("too-many-discounts", None),
        Refusal::DiscountWithoutEffect { .. } => ("discount-without-effect", None),
        Refusal::EndsBeforeItBegins { .. } => ("ends-before-it-begins", None),
    }
}
