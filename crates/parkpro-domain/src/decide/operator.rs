//! What operators do: open, change and remove lots and slots.

use std::collections::HashSet;

use super::Change;
use crate::{
    command::{ChangeLot, ChangeSlot, NewSlot, OpenLot},
    event::{Event, SlotSeen},
    lot::{Lot, Priorities, Tally, Version},
    outcome::{Refusal, Subject},
    slot::{Slot, SlotId, SlotLabel},
    tariff::Assignments,
    ticket::{Berth, Stage, Ticket, TicketNumber},
};

impl Change<'_> {
    pub(super) fn open_lot(&mut self, open: &OpenLot) -> Result<Subject, Refusal> {
        if self.facts.id_taken {
            return Err(Refusal::LotIdTaken(open.lot.clone()));
        }
        if let Some(label) = repeated(&open.slots) {
            return Err(Refusal::LabelTaken(label));
        }
        let lot = Lot {
            id: open.lot.clone(),
            name: open.name.clone(),
            zone: open.zone,
            currency: open.currency,
            accepting: open.accepting,
            queue_limit: open.queue_limit,
            priorities: open.priorities.clone(),
            tariffs: Assignments::default(),
            revision: 1,
            retired: false,
            version: Version(0),
            last_at: self.now,
            next_number: TicketNumber(1),
            next_admission: 1,
            next_slot: 1,
        };
        self.facts.open_lot(lot.clone());
        self.events.push(Event::LotOpened);
        self.add_slots(&open.slots)?;
        Ok(Subject::Lot(Box::new(lot), Tally::default()))
    }

    pub(super) fn change_lot(&mut self, lot: &Lot, change: &ChangeLot) -> Result<Subject, Refusal> {
        unless_stale(change.revision, lot.revision)?;
        let priorities = change.priorities.as_ref().unwrap_or(&lot.priorities);
        self.unless_in_use(lot, priorities)?;
        let changed = Lot {
            name: change.name.clone().unwrap_or_else(|| lot.name.clone()),
            zone: change.zone.unwrap_or(lot.zone),
            accepting: change.accepting.unwrap_or(lot.accepting),
            queue_limit: change.queue_limit.unwrap_or(lot.queue_limit),
            priorities: priorities.clone(),
            ..lot.clone()
        };
        if priorities != &lot.priorities {
            self.sort_queue(priorities);
        }
        Ok(self.put_lot(lot, changed, Event::LotChanged))
    }

    pub(super) fn remove_lot(&mut self, lot: &Lot, revision: Option<i64>) -> Result<Subject, Refusal> {
        unless_stale(revision, lot.revision)?;
        let open_tickets = self.facts.tally.total().occupied + self.facts.tally.waiting();
        if open_tickets > 0 {
            return Err(Refusal::LotInUse { open_tickets });
        }
        let removed = Lot { retired: true, accepting: false, ..lot.clone() };
        Ok(self.put_lot(lot, removed, Event::LotRemoved))
    }

    /// All of them or none; a slot that was removed comes back under its label.
    pub(super) fn add_slots(&mut self, slots: &[NewSlot]) -> Result<Vec<Slot>, Refusal> {
        let in_use = |label: &SlotLabel| self.facts.slot_labelled(label).is_some_and(|slot| !slot.retired);
        let taken = slots.iter().map(|slot| &slot.label).find(|label| in_use(label)).cloned();
        if let Some(label) = taken.or_else(|| repeated(slots)) {
            return Err(Refusal::LabelTaken(label));
        }
        Ok(slots.iter().map(|slot| self.add_slot(slot)).collect())
    }

    pub(super) fn change_slot(&mut self, change: &ChangeSlot) -> Result<Subject, Refusal> {
        let slot = self.slot_labelled(&change.label)?;
        unless_stale(change.revision, slot.revision)?;
        let label = change.new_label.clone().unwrap_or_else(|| slot.label.clone());
        if self.facts.slot_labelled(&label).is_some_and(|other| other.id != slot.id) {
            return Err(Refusal::LabelTaken(label));
        }
        let in_service = change.in_service.unwrap_or(slot.in_service);
        let reason = change.reason.as_ref().map(|reason| reason.as_str().to_owned());
        let accepts = change.accepts.as_ref().unwrap_or(&slot.accepts);
        let features = change.features.clone().unwrap_or_else(|| slot.accepts.to_features());
        let reserved = change.reserved.unwrap_or_else(|| slot.accepts.is_reserved());
        let accepts = accepts
            .with(&features, reserved)
            .map_err(|_wrong| Refusal::ReservedWithoutFeature(slot.label.clone()))?;
        let changed = Slot {
            label,
            level: change.level.clone().unwrap_or_else(|| slot.level.clone()),
            accepts,
            rank: change.rank.unwrap_or(slot.rank),
            in_service,
            reason: if in_service { None } else { reason.or_else(|| slot.reason.clone()) },
            ..slot.clone()
        };
        if changed == slot {
            return Ok(Subject::Slot(Box::new(slot)));
        }
        let changed = Slot { revision: slot.revision + 1, ..changed };
        self.relabel_berth(&changed);
        self.events.push(Event::SlotChanged { slot: SlotSeen::of(&changed), in_service });
        self.facts.put_slot(changed.clone());
        Ok(Subject::Slot(Box::new(changed)))
    }

    pub(super) fn remove_slot(
        &mut self,
        label: &SlotLabel,
        revision: Option<i64>,
    ) -> Result<Subject, Refusal> {
        let slot = self.slot_labelled(label)?;
        unless_stale(revision, slot.revision)?;
        if let Some(ticket) = slot.occupant {
            return Err(Refusal::SlotOccupied { label: label.clone(), ticket });
        }
        let removed = Slot { retired: true, revision: slot.revision + 1, ..slot };
        self.events.push(Event::SlotRemoved(SlotSeen::of(&removed)));
        self.facts.put_slot(removed.clone());
        Ok(Subject::Slot(Box::new(removed)))
    }

    /// Everybody who waits gets the turn that these priorities give. All of them are known.
    fn sort_queue(&mut self, priorities: &Priorities) {
        for ticket in self.facts.known_waiting().into_iter().cloned().collect::<Vec<_>>() {
            let turn = priorities.turn(&ticket.priority, ticket.number, ticket.arrived_at);
            if let Some(turn) = turn.filter(|turn| *turn != ticket.turn) {
                self.facts.put_ticket(Ticket { turn, ..ticket });
            }
        }
    }

    /// A priority that somebody waits with stays.
    fn unless_in_use(&self, lot: &Lot, priorities: &Priorities) -> Result<(), Refusal> {
        let mut gone = lot.priorities.iter().filter(|priority| priorities.rank(priority).is_none());
        let in_use = gone.find_map(|priority| {
            let waiting = self.facts.tally.waiting_with(priority);
            (waiting > 0).then(|| Refusal::PriorityInUse { priority: priority.clone(), waiting })
        });
        in_use.map_or(Ok(()), Err)
    }

    pub(super) fn put_lot(&mut self, before: &Lot, after: Lot, event: Event) -> Subject {
        if *before != after {
            self.events.push(event);
            self.facts.lot = Some(Lot { revision: before.revision + 1, ..after.clone() });
        }
        Subject::Lot(Box::new(after), self.facts.tally.clone())
    }

    fn add_slot(&mut self, new: &NewSlot) -> Slot {
        let removed = self.facts.slot_labelled(&new.label).map(|slot| (slot.id, slot.revision));
        let (id, revision) =
            removed.map_or_else(|| (self.next_slot(), 1), |(id, revision)| (id, revision + 1));
        let slot = Slot {
            id,
            label: new.label.clone(),
            level: new.level.clone(),
            accepts: new.accepts.clone(),
            rank: new.rank,
            in_service: true,
            reason: None,
            retired: false,
            revision,
            occupant: None,
        };
        self.events.push(Event::SlotAdded(SlotSeen::of(&slot)));
        self.facts.put_slot(slot.clone());
        slot
    }

    fn next_slot(&mut self) -> SlotId {
        let Some(lot) = &mut self.facts.lot else { return SlotId(0) };
        lot.next_slot += 1;
        SlotId(lot.next_slot - 1)
    }

    pub(super) fn slot_labelled(&self, label: &SlotLabel) -> Result<Slot, Refusal> {
        let slot = self.facts.slot_labelled(label).filter(|slot| !slot.retired);
        slot.cloned().ok_or_else(|| Refusal::NoSuchSlot(label.clone()))
    }

    /// The vehicle in a renamed slot stands in the slot of the new name. Its row does not hold the label.
    fn relabel_berth(&mut self, slot: &Slot) {
        let ticket = slot.occupant.and_then(|id| self.facts.ticket(id)).cloned();
        if let Some(mut ticket) = ticket
            && let Stage::Parked(berth) = &mut ticket.stage
        {
            *berth = Berth { label: slot.label.clone(), ..berth.clone() };
            self.facts.put_ticket(ticket);
        }
    }
}

fn repeated(slots: &[NewSlot]) -> Option<SlotLabel> {
    let mut seen = HashSet::new();
    slots.iter().find(|slot| !seen.insert(&slot.label)).map(|slot| slot.label.clone())
}

pub(super) fn unless_stale(seen: Option<i64>, revision: i64) -> Result<(), Refusal> {
    match seen {
        Some(seen) if seen != revision => Err(Refusal::Stale { revision }),
        _ => Ok(()),
    }
}
