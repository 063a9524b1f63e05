//! What the car park does about a command: the one place that knows who parks, who waits and what it costs.

mod discounts;
mod gate;
mod operator;
mod settle;
mod tariffs;
#[cfg(test)]
mod tests;

pub use self::tariffs::revise;
use crate::{
    command::Command,
    event::{Entry, Event, Principal},
    facts::Facts,
    lot::Lot,
    outcome::{Done, Outcome, Promotion, Refusal, Subject},
    protocol::Rules,
    ticket::{PlateCorrection, TicketId},
    time::Timestamp,
    vehicle::Plate,
};

/// Decides one command over the facts of its lot, which become the facts for the next. Pure: no clock, no I/O; the same
/// facts, command and instant give the same outcome. A refusal changes nothing and makes no version.
///
/// `now` is the record's clock, read after the lot was locked; within a lot the time of changes strictly rises.
pub fn decide(
    facts: &mut Facts,
    rules: &Rules,
    command: &Command,
    actor: &Principal,
    now: Timestamp,
) -> Outcome {
    let lot = facts.lot.clone();
    let now = lot.as_ref().map_or(now, |lot| lot.instant_after_last(now));
    let mut change = Change { facts, rules, now, events: Vec::new(), corrected: None };
    let result = match lot {
        None => change.without_lot(command),
        Some(lot) => change.within(lot, command),
    };
    let result = result.map(|subject| change.finish(subject, actor));
    let lot = change.facts.lot.as_ref();
    Outcome { lot: lot.map(|lot| lot.id.clone()), version: lot.map(|lot| lot.version), result }
}

/// One command being decided.
struct Change<'a> {
    facts: &'a mut Facts,
    rules: &'a Rules,
    now: Timestamp,
    events: Vec<Event>,
    /// Whose plate was corrected, and which it was.
    corrected: Option<(TicketId, Plate)>,
}

impl Change<'_> {
    fn without_lot(&mut self, command: &Command) -> Result<Subject, Refusal> {
        match command {
            Command::OpenLot(open) => self.open_lot(open),
            Command::ChangeLot(change) => Err(Refusal::NoSuchLot(Some(change.lot.clone()))),
            Command::ChangeSlot(change) => Err(Refusal::NoSuchLot(Some(change.lot.clone()))),
            Command::Enter(enter) => Err(Refusal::NoSuchLot(Some(enter.lot.clone()))),
            Command::Exit(exit) => Err(Refusal::NoSuchLot(Some(exit.lot.clone()))),
            Command::AssignTariff(assign) => Err(Refusal::NoSuchLot(Some(assign.lot.clone()))),
            Command::ReviseTariff { tariff, .. } => Err(Refusal::NoSuchTariff(tariff.clone())),
            Command::RemoveLot { lot, .. }
            | Command::AddSlots { lot, .. }
            | Command::RemoveSlot { lot, .. }
            | Command::ReviseDiscount { lot, .. } => Err(Refusal::NoSuchLot(Some(lot.clone()))),
            Command::Withdraw { ticket }
            | Command::Void { ticket, .. }
            | Command::AmendTicket { ticket, .. }
            | Command::AttachDiscount { ticket, .. }
            | Command::DetachDiscount { ticket, .. } => Err(Refusal::NoSuchTicket(*ticket)),
        }
    }

    fn within(&mut self, lot: Lot, command: &Command) -> Result<Subject, Refusal> {
        match command {
            Command::OpenLot(open) => Err(Refusal::LotIdTaken(open.lot.clone())),
            Command::Withdraw { ticket } => self.withdraw(*ticket),
            Command::Void { ticket, reason } => self.void(*ticket, reason),
            Command::AmendTicket { ticket, plate, priority } => {
                self.amend(&lot, *ticket, plate.as_ref(), priority.as_ref())
            }
            Command::AttachDiscount { ticket, code } => self.attach(*ticket, code),
            Command::DetachDiscount { ticket, code } => self.detach(*ticket, code),
            _ if lot.retired => Err(Refusal::NoSuchLot(Some(lot.id))),
            Command::ChangeLot(change) => self.change_lot(&lot, change),
            Command::RemoveLot { revision, .. } => self.remove_lot(&lot, *revision),
            Command::AddSlots { slots, .. } => self.add_slots(slots).map(Subject::Slots),
            Command::ChangeSlot(change) => self.change_slot(change),
            Command::RemoveSlot { label, revision, .. } => self.remove_slot(label, *revision),
            Command::Enter(enter) => self.enter(lot, enter),
            Command::Exit(exit) => self.exit(&lot, exit),
            Command::AssignTariff(assign) => self.assign_tariff(&lot, assign),
            Command::ReviseDiscount { code, revision, .. } => self.revise_discount(&lot, code, revision),
            Command::ReviseTariff { tariff, .. } => Err(Refusal::NoSuchTariff(tariff.clone())),
        }
    }

    /// Lets the queue move as far as it can, and gives the change its version.
    fn finish(&mut self, subject: Subject, actor: &Principal) -> Done {
        if self.events.is_empty() {
            return Done { subject, promoted: Vec::new() };
        }
        let promoted = self.settle();
        if let Some(lot) = &mut self.facts.lot {
            lot.version = lot.version.next();
            lot.last_at = self.now;
        }
        self.write_journal(actor);
        self.as_settled(subject, promoted)
    }

    fn write_journal(&mut self, actor: &Principal) {
        let Some(lot) = &self.facts.lot else { return };
        let (version, at) = (lot.version, self.now);
        let correction = self.corrected.take().map(|(ticket, plate)| PlateCorrection {
            ticket,
            version,
            at,
            actor: actor.clone(),
            plate,
        });
        let line = |(event, n)| Entry {
            lot: lot.id.clone(),
            version: lot.version,
            n,
            at: self.now,
            actor: actor.clone(),
            event,
        };
        let entries = std::mem::take(&mut self.events).into_iter().zip(0..).map(line).collect();
        self.facts.record(entries, correction);
    }

    /// The subject as it is after the queue has moved; it is not named among those who were promoted.
    fn as_settled(&self, subject: Subject, mut promoted: Vec<Promotion>) -> Done {
        let subject = match subject {
            Subject::Ticket { ticket, position } => {
                promoted.retain(|promotion| promotion.ticket != ticket.id);
                let ticket = self.facts.ticket(ticket.id).cloned().map_or(ticket, Box::new);
                let position = position.filter(|_| ticket.berth().is_none());
                Subject::Ticket { ticket, position }
            }
            Subject::Slot(slot) => Subject::Slot(self.facts.slot(slot.id).cloned().map_or(slot, Box::new)),
            Subject::Slots(slots) => {
                let now = |slot: crate::slot::Slot| self.facts.slot(slot.id).cloned().unwrap_or(slot);
                Subject::Slots(slots.into_iter().map(now).collect())
            }
            Subject::Lot(lot, _) => {
                let lot = self.facts.lot.clone().map_or(lot, Box::new);
                Subject::Lot(lot, self.facts.tally.clone())
            }
            unmoved @ (Subject::Tariff(_) | Subject::Discount(_)) => unmoved,
        };
        Done { subject, promoted }
    }
}
