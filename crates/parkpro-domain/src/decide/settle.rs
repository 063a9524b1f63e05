//! How free slots meet waiting vehicles.

use super::Change;
use crate::{
    event::{Event, SlotSeen, TicketSeen},
    outcome::Promotion,
    slot::SlotId,
    ticket::{Berth, Stage, TicketId},
};

impl Change<'_> {
    /// Gives out slots until no head of the queue fits a free one. The only place that does.
    ///
    /// Of every demand the head is whoever has the lowest turn. The heads are walked in that order; the first that fits
    /// a free slot gets the best one, and the walk begins again.
    pub(super) fn settle(&mut self) -> Vec<Promotion> {
        let mut promoted = Vec::new();
        while let Some((ticket, slot)) = self.next_match() {
            promoted.extend(self.park(ticket, slot));
        }
        promoted
    }

    fn next_match(&self) -> Option<(TicketId, SlotId)> {
        let heads = self.facts.heads();
        heads.into_iter().find_map(|(ticket, demand)| self.facts.best_slot(demand).map(|slot| (ticket, slot)))
    }

    fn park(&mut self, ticket: TicketId, slot: SlotId) -> Option<Promotion> {
        let mut ticket = self.facts.ticket(ticket)?.clone();
        let mut slot = self.facts.slot(slot)?.clone();
        let lot = self.facts.lot.as_mut()?;
        let admission = lot.next_admission;
        lot.next_admission += 1;
        let tariff = lot.tariffs.at(self.now, &ticket.class).or(self.rules.tariffs.usual()).cloned();
        let label = slot.label.clone();
        ticket.stage = Stage::Parked(Berth { slot: slot.id, label, admission, since: self.now, tariff });
        slot.occupant = Some(ticket.id);
        self.events.push(Event::TicketParked { ticket: TicketSeen::of(&ticket), slot: SlotSeen::of(&slot) });
        let promotion = Promotion {
            ticket: ticket.id,
            number: ticket.number,
            plate: ticket.plate.clone(),
            slot: slot.label.clone(),
        };
        self.facts.put_ticket(ticket);
        self.facts.put_slot(slot);
        Some(promotion)
    }
}
