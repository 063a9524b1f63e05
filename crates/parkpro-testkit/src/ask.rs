//! Commands and requests in few words.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "for tests: a word of a test that cannot be parsed is a mistake in the test"
)]

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use parkpro_domain::{
    command::{
        AssignTariff, ChangeLot, ChangeSlot, Command, DiscountRevision, Enter, Exit, Leaving, NewSlot,
        NewTerms, OpenLot, Revision,
    },
    demand::{Demand, Feature, Features},
    discount::{DiscountCode, Gift, Terms},
    event::Principal,
    invalid::Invalid,
    lot::{LotId, LotName, Priorities, SlotCount, Tally},
    money::{Currency, MajorAmount},
    outcome::{Outcome, Subject},
    ports::{Answer, Key, Reply, Request, Wording},
    protocol::Rules,
    slot::{Accepts, SlotLabel},
    tariff::{
        Document, DocumentText, Language, StartedHours, Tariff, TariffId, TariffVersion, Tariffs,
        document::{Board, Period, Prices},
    },
    ticket::{Priority, Reason, TicketId},
    time::Zone,
    vehicle::{Plate, VehicleClass},
};

use crate::ids::nth_ticket;

/// Minor units that an hour costs by [`rules`], in a currency with two decimals.
pub const PER_HOUR: i64 = 5000;

/// 50.00 for every started hour, if a lot has no tariff.
pub fn rules() -> Rules {
    let fees = Arc::new(StartedHours::new(MajorAmount::parse("50.00").unwrap()));
    Rules { fees, tariffs: Arc::new(Tariffs::new(Arc::new(Words))) }
}

/// A language of tariffs in few words: `2.50` is the price of every started hour, in `2.50 EUR` of a currency; with
/// `2.50 a day`, the stays of a day add up; `2.50 or 40.00` is what a lost ticket costs.
#[derive(Debug)]
struct Words;

impl Language for Words {
    fn read(&self, text: &DocumentText) -> Result<Tariff, Invalid> {
        let (price, rest) = text.as_str().split_once(' ').unwrap_or((text.as_str(), ""));
        let plain = Document::started_hours(MajorAmount::parse(price)?);
        let document = match rest.split_once(' ') {
            None if rest.is_empty() => plain,
            None => Document { currency: Some(Currency::parse(rest)?), ..plain },
            Some(("or", lost)) => {
                let board = Board { lost_ticket: Some(MajorAmount::parse(lost)?), ..plain.board };
                Document { board, ..plain }
            }
            Some(_) => {
                let restart = Some(Period::Day);
                let prices = Prices { accumulate: true, restart, ..plain.board.prices };
                Document { board: Board { prices, ..plain.board }, ..plain }
            }
        };
        Tariff::new(document).map_err(|mistakes| Invalid::new("invalid-tariff", format!("{mistakes:?}")))
    }
}

/// The id of a lot.
pub fn lot(id: &str) -> LotId {
    LotId::parse(id).unwrap()
}

/// The label of a slot.
pub fn label(text: &str) -> SlotLabel {
    SlotLabel::parse(text).unwrap()
}

/// A plate.
pub fn plate(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

/// A class of vehicles.
pub fn class(name: &str) -> VehicleClass {
    VehicleClass::parse(name).unwrap()
}

/// What a car or a van asks for: `car/accessible+electric`.
pub fn demand(text: &str) -> Demand {
    Demand::parse(text).unwrap()
}

/// Something that a slot may have.
pub fn feature(name: &str) -> Feature {
    Feature::parse(name).unwrap()
}

/// What a slot accepts: `car+van`, `car/electric`, `car/accessible!`.
pub fn accepts(classes: &str) -> Accepts {
    Accepts::parse(classes).unwrap()
}

/// A priority.
pub fn priority(name: &str) -> Priority {
    Priority::parse(name).unwrap()
}

/// A reason.
pub fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

/// A new lot in UTC and US dollars that takes any number of waiting vehicles.
pub fn open(id: &str, slots: Vec<NewSlot>) -> OpenLot {
    OpenLot {
        lot: lot(id),
        name: LotName::parse(id).unwrap(),
        zone: Zone::UTC,
        currency: Currency::parse("USD").unwrap(),
        accepting: true,
        queue_limit: None,
        priorities: Priorities::usual(),
        slots,
    }
}

/// A slot for cars with rank 0.
pub fn slot(text: &str) -> NewSlot {
    slot_for("car", text)
}

/// A slot that accepts this (`car+van`, `car/electric`) with rank 0.
pub fn slot_for(classes: &str, text: &str) -> NewSlot {
    NewSlot { label: label(text), level: None, accepts: accepts(classes), rank: 0 }
}

/// So many slots for cars: `A-001`, `A-002`, ….
pub fn slots(count: usize) -> Vec<NewSlot> {
    (1..=count).map(|n| slot(&format!("A-{n:03}"))).collect()
}

/// A change of a lot that changes nothing yet.
pub fn change_lot(id: &str) -> ChangeLot {
    ChangeLot {
        lot: lot(id),
        revision: None,
        name: None,
        zone: None,
        accepting: None,
        queue_limit: None,
        priorities: None,
    }
}

/// Another order of the queue: `vip,standard`, with ageing `vip:900,standard:0`.
pub fn reorder(id: &str, priorities: &str) -> Command {
    let priorities = Some(Priorities::parse(priorities).unwrap());
    Command::ChangeLot(ChangeLot { priorities, ..change_lot(id) })
}

/// A change of a slot that changes nothing yet.
pub fn change_slot(id: &str, text: &str) -> ChangeSlot {
    ChangeSlot {
        lot: lot(id),
        label: label(text),
        revision: None,
        new_label: None,
        level: None,
        accepts: None,
        features: None,
        reserved: None,
        rank: None,
        in_service: None,
        reason: None,
    }
}

/// Slots are added.
pub fn add_slots(id: &str, slots: Vec<NewSlot>) -> Command {
    Command::AddSlots { lot: lot(id), slots }
}

/// A slot is put out of service or back.
pub fn serve(id: &str, text: &str, in_service: bool) -> Command {
    Command::ChangeSlot(ChangeSlot { in_service: Some(in_service), ..change_slot(id, text) })
}

/// A slot goes.
pub fn remove_slot(id: &str, text: &str) -> Command {
    Command::RemoveSlot { lot: lot(id), label: label(text), revision: None }
}

/// A car without a priority of its own is at the gate.
pub fn enter(id: &str, ticket: TicketId, text: &str) -> Enter {
    Enter {
        lot: lot(id),
        ticket,
        plate: plate(text),
        class: VehicleClass::car(),
        needs: Features::default(),
        priority: Priority::standard(),
        occurred_at: None,
    }
}

/// A vehicle leaves, named by its plate.
pub fn exit(id: &str, text: &str) -> Command {
    leave(id, Leaving::Plate(plate(text).key().clone()))
}

/// A vehicle leaves, named by its ticket.
pub fn exit_by_ticket(id: &str, ticket: TicketId) -> Command {
    leave(id, Leaving::Ticket(ticket))
}

/// A vehicle leaves, named by its slot.
pub fn exit_from(id: &str, text: &str) -> Command {
    leave(id, Leaving::Slot(label(text)))
}

fn leave(id: &str, vehicle: Leaving) -> Command {
    Command::Exit(Exit {
        lot: lot(id),
        vehicle,
        occurred_at: None,
        lost_ticket: false,
        discounts: Vec::new(),
    })
}

/// The code of a discount.
pub fn code(text: &str) -> DiscountCode {
    DiscountCode::parse(text).unwrap()
}

/// Terms without limits: `free 3600`, `percent 10`, `amount 5.00`, `tariff staff 1`.
pub fn terms(gift: &str) -> Terms {
    Terms {
        gift: Gift::parse(gift).unwrap(),
        valid_from: None,
        valid_until: None,
        limit: None,
        limit_per_plate: None,
        stacks: true,
    }
}

/// A lot has a new discount.
pub fn new_discount(id: &str, text: &str, terms: Terms) -> Command {
    Command::ReviseDiscount { lot: lot(id), code: code(text), revision: DiscountRevision::New(terms) }
}

/// A discount has other terms, whatever its revision.
pub fn change_discount(id: &str, text: &str, terms: NewTerms) -> Command {
    let revision = DiscountRevision::Change { terms: Box::new(terms), seen: None };
    Command::ReviseDiscount { lot: lot(id), code: code(text), revision }
}

/// A lot has a discount no more.
pub fn remove_discount(id: &str, text: &str) -> Command {
    let revision = DiscountRevision::Remove { seen: None };
    Command::ReviseDiscount { lot: lot(id), code: code(text), revision }
}

/// A ticket gets a discount.
pub fn attach(ticket: TicketId, text: &str) -> Command {
    Command::AttachDiscount { ticket, code: code(text) }
}

/// A discount is taken off a ticket.
pub fn detach(ticket: TicketId, text: &str) -> Command {
    Command::DetachDiscount { ticket, code: code(text) }
}

/// A vehicle leaves, named by its plate, and redeems discounts.
pub fn exit_with(id: &str, text: &str, codes: &[&str]) -> Command {
    with_discounts(exit(id, text), codes)
}

/// The same exit, of a driver who has lost the ticket.
pub fn lost(exit: Command) -> Command {
    match exit {
        Command::Exit(exit) => Command::Exit(Exit { lost_ticket: true, ..exit }),
        other => other,
    }
}

/// The same exit, which redeems discounts.
pub fn with_discounts(exit: Command, codes: &[&str]) -> Command {
    match exit {
        Command::Exit(exit) => {
            Command::Exit(Exit { discounts: codes.iter().map(|text| code(text)).collect(), ..exit })
        }
        other => other,
    }
}

/// What a tariff says in the language of these tests: `2.50` is the price of a started hour.
pub fn document(text: &str) -> DocumentText {
    DocumentText::new(text)
}

/// The id of a tariff.
pub fn tariff(id: &str) -> TariffId {
    TariffId::parse(id).unwrap()
}

/// A version of a tariff.
pub fn version(id: &str, number: i64) -> TariffVersion {
    TariffVersion { tariff: tariff(id), number }
}

/// A new tariff with its draft.
pub fn new_tariff(id: &str, text: &str) -> Command {
    Command::ReviseTariff { tariff: tariff(id), revision: Revision::New(document(text)) }
}

/// Another draft of a tariff, whatever its revision.
pub fn draft(id: &str, text: &str) -> Command {
    let revision = Revision::Draft { document: document(text), seen: None };
    Command::ReviseTariff { tariff: tariff(id), revision }
}

/// The draft of a tariff is published.
pub fn publish(id: &str) -> Command {
    Command::ReviseTariff { tariff: tariff(id), revision: Revision::Publish }
}

/// A lot's stays pay by a version from now on.
pub fn assign(id: &str, tariff: TariffVersion) -> AssignTariff {
    AssignTariff { lot: lot(id), tariff, from: None, class: None }
}

/// The entry of a vehicle is cancelled.
pub fn void(ticket: TicketId) -> Command {
    Command::Void { ticket, reason: reason("entered by mistake") }
}

/// A ticket gets another plate.
pub fn correct(ticket: TicketId, text: &str) -> Command {
    Command::AmendTicket { ticket, plate: Some(plate(text)), priority: None }
}

/// A ticket gets another priority.
pub fn prioritise(ticket: TicketId, name: &str) -> Command {
    Command::AmendTicket { ticket, plate: None, priority: Some(priority(name)) }
}

/// A request of somebody, without a key.
pub fn request(command: Command) -> Request {
    Request { command, actor: Principal::anonymous(), key: None, wording: Arc::new(PlainWording) }
}

/// The same request under an idempotency key.
pub fn keyed(command: Command, key: &str) -> Request {
    let key =
        Key { principal: Principal::anonymous(), key: key.to_owned(), fingerprint: fingerprint(&command) };
    Request { key: Some(key), ..request(command) }
}

/// What a client asked, in 32 bytes. The id of a new ticket is not a part of it: the program gives that anew each time.
pub fn fingerprint(command: &Command) -> [u8; 32] {
    let asked = match command {
        Command::Enter(enter) => Command::Enter(Enter { ticket: nth_ticket(0), ..enter.clone() }),
        other => other.clone(),
    };
    let text = format!("{asked:?}");
    let mut bytes = [0; 32];
    for (salt, part) in bytes.chunks_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (salt, &text).hash(&mut hasher);
        part.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    bytes
}

/// Says everything about an outcome, so that replies are equal only if outcomes are.
pub struct PlainWording;

impl Wording for PlainWording {
    fn word(&self, command: &Command, outcome: &Outcome) -> Reply {
        let done = outcome.result.is_ok();
        let subject = outcome.result.as_ref().ok().map(|done| &done.subject);
        Reply {
            status: if done { 200 } else { 409 },
            location: match (command, subject) {
                (Command::Enter(_), Some(Subject::Ticket { ticket, .. })) => {
                    Some(format!("/tickets/{}", ticket.id))
                }
                _ => None,
            },
            etag: match subject {
                Some(Subject::Slot(slot)) => Some(format!("\"{}\"", slot.revision)),
                Some(Subject::Lot(lot, _)) => Some(format!("\"{}\"", lot.revision)),
                Some(Subject::Tariff(series)) => Some(format!("\"{}\"", series.revision)),
                Some(Subject::Discount(discount)) => Some(format!("\"{}\"", discount.revision)),
                _ => None,
            },
            body: format!("{:?}", tidy(outcome.clone())).into_bytes(),
        }
    }
}

/// The same outcome without counts of nothing: whether a record keeps a count that has fallen to zero is its own affair.
#[must_use]
pub fn tidy(mut outcome: Outcome) -> Outcome {
    if let Ok(done) = &mut outcome.result
        && let Subject::Lot(_, tally) = &mut done.subject
    {
        tidy_tally(tally);
    }
    outcome
}

/// The same answer without counts of nothing.
#[must_use]
pub fn tidy_answer(answer: Answer) -> Answer {
    match answer {
        Answer::Decided { outcome, reply } => Answer::Decided { outcome: tidy(outcome), reply },
        other => other,
    }
}

/// Leaves counts of nothing out.
pub fn tidy_tally(tally: &mut Tally) {
    tally.slots.retain(|_, count| *count != SlotCount::default());
    tally.waiting.retain(|_, count| *count != 0);
}
