//! What vehicles do: come, leave, give up waiting.

use super::Change;
use crate::{
    command::{Enter, Exit, Leaving},
    demand::Demand,
    event::{Event, SlotSeen, TicketSeen},
    lot::Lot,
    outcome::{Refusal, Subject},
    slot::SlotId,
    tariff::{EarlierStay, Stay},
    ticket::{Priority, Reason, Stage, Ticket, TicketId, TicketNumber, TicketStatus},
    vehicle::Plate,
};

impl Change<'_> {
    /// Every arrival joins the queue; `settle` takes it out again at once if there is a slot for it.
    pub(super) fn enter(&mut self, lot: Lot, enter: &Enter) -> Result<Subject, Refusal> {
        let number = lot.next_number;
        let turn = lot.priorities.turn(&enter.priority, number, self.now);
        let turn = turn.ok_or_else(|| unknown_priority(&lot, &enter.priority))?;
        if let Some(ticket) = self.facts.open_ticket(enter.plate.key()) {
            return Err(Refusal::PlateAlreadyActive { ticket });
        }
        if !lot.accepting {
            return Err(Refusal::LotClosed);
        }
        let demand = Demand::of(&enter.class, &enter.needs);
        if self.facts.tally.fitting(&demand).capacity == 0 {
            return Err(Refusal::NothingFits(demand));
        }
        // No waiting vehicle fits a free slot before this change, so this one waits only if none is free for it.
        let waits = self.facts.best_slot(&demand).is_none();
        if let Some(limit) =
            lot.queue_limit.filter(|&limit| waits && self.facts.tally.waiting() >= i64::from(limit))
        {
            return Err(Refusal::QueueFull { limit });
        }
        let ticket = Ticket {
            id: enter.ticket,
            lot: lot.id.clone(),
            number,
            plate: enter.plate.clone(),
            class: enter.class.clone(),
            needs: enter.needs.clone(),
            priority: enter.priority.clone(),
            turn,
            arrived_at: self.now,
            occurred_at: enter.occurred_at,
            discounts: Vec::new(),
            stage: Stage::Waiting,
        };
        self.events.push(Event::TicketArrived {
            ticket: TicketSeen::of(&ticket),
            class: ticket.class.clone(),
            needs: ticket.needs.clone(),
            priority: ticket.priority.clone(),
        });
        self.facts.put_ticket(ticket.clone());
        let position = self.place_of_newest(&lot, &ticket);
        self.facts.lot = Some(Lot { next_number: TicketNumber(number.0 + 1), ..lot });
        Ok(Subject::Ticket { ticket: Box::new(ticket), position: Some(position) })
    }

    /// Who leaves pays for the time in the slot, and the slot is free.
    pub(super) fn exit(&mut self, lot: &Lot, exit: &Exit) -> Result<Subject, Refusal> {
        let mut ticket = self.leaving(&exit.vehicle)?.clone();
        let berth = match &ticket.stage {
            Stage::Parked(berth) => berth.clone(),
            Stage::Waiting => return Err(Refusal::StillWaiting { ticket: ticket.id }),
            Stage::Departed { .. } => return Err(Refusal::AlreadyDeparted { ticket: ticket.id }),
            Stage::Withdrawn { .. } | Stage::Voided { .. } => return Err(Refusal::NotInside),
        };
        let mut stay = Stay::new(berth.since, self.now, ticket.class.clone(), lot.zone, lot.currency);
        stay.lost_ticket = exit.lost_ticket;
        if self.facts.policy(berth.tariff.as_ref(), self.rules).ignores_discounts(&stay) {
            if let Some(code) = exit.discounts.first() {
                return Err(Refusal::DiscountWithoutEffect { code: code.clone(), behind: None });
            }
            // What a shop gave before cannot keep the vehicle inside, but is not used up either.
            self.give_back(&mut ticket, |_all| true);
        }
        self.redeem(&mut ticket, &exit.discounts)?;
        stay.discounts = self.granted(&ticket);
        stay.earlier_stays = self.facts.earlier_stays(ticket.plate.key()).to_vec();
        let fee = self.facts.policy(berth.tariff.as_ref(), self.rules).fee(&stay);
        self.facts.end_stay(ticket.plate.key(), EarlierStay { from: berth.since, to: self.now });
        self.events.push(Event::TicketDeparted {
            ticket: TicketSeen::of(&ticket),
            slot: SlotSeen::of_berth(&berth),
            fee_minor: fee.total.minor,
        });
        self.vacate(berth.slot);
        let occurred_at = exit.occurred_at;
        Ok(self.end(ticket, Stage::Departed { berth, at: self.now, fee, occurred_at }))
    }

    /// The ticket of a vehicle that leaves, wherever that is in its life.
    fn leaving(&self, vehicle: &Leaving) -> Result<&Ticket, Refusal> {
        let ticket = match vehicle {
            Leaving::Ticket(id) => self.facts.ticket(*id),
            Leaving::Plate(plate) => {
                let open = self.facts.open_ticket(plate).and_then(|id| self.facts.ticket(id));
                open.or_else(|| self.facts.newest_ticket(plate))
            }
            Leaving::Slot(label) => {
                let occupant = self.slot_labelled(label)?.occupant;
                return occupant
                    .and_then(|id| self.facts.ticket(id))
                    .ok_or_else(|| Refusal::SlotEmpty(label.clone()));
            }
        };
        ticket.ok_or(Refusal::NotInside)
    }

    pub(super) fn withdraw(&mut self, id: TicketId) -> Result<Subject, Refusal> {
        let mut ticket = self.ticket_that(id, TicketStatus::Waiting)?;
        self.give_back(&mut ticket, |_all| true);
        self.events.push(Event::TicketWithdrawn(TicketSeen::of(&ticket)));
        Ok(self.end(ticket, Stage::Withdrawn { at: self.now }))
    }

    pub(super) fn void(&mut self, id: TicketId, reason: &Reason) -> Result<Subject, Refusal> {
        let mut ticket = self.ticket_that(id, TicketStatus::Parked)?;
        let Some(berth) = ticket.berth().cloned() else { return Err(Refusal::NoSuchTicket(id)) };
        self.give_back(&mut ticket, |_all| true);
        self.events
            .push(Event::TicketVoided { ticket: TicketSeen::of(&ticket), slot: SlotSeen::of_berth(&berth) });
        self.vacate(berth.slot);
        Ok(self.end(ticket, Stage::Voided { berth, at: self.now, reason: reason.clone() }))
    }

    pub(super) fn amend(
        &mut self,
        lot: &Lot,
        id: TicketId,
        plate: Option<&Plate>,
        priority: Option<&Priority>,
    ) -> Result<Subject, Refusal> {
        let mut ticket = self.facts.ticket(id).ok_or(Refusal::NoSuchTicket(id))?.clone();
        let plate = plate.filter(|plate| **plate != ticket.plate);
        if let Some(plate) = plate {
            let active =
                self.facts.open_ticket(plate.key()).filter(|open| *open != id && ticket.status().is_open());
            if let Some(ticket) = active {
                return Err(Refusal::PlateAlreadyActive { ticket });
            }
        }
        let priority = priority.filter(|priority| **priority != ticket.priority);
        let turn = priority.map(|priority| {
            let turn = lot.priorities.turn(priority, ticket.number, ticket.arrived_at);
            let turn = turn.ok_or_else(|| unknown_priority(lot, priority))?;
            match ticket.status() {
                TicketStatus::Waiting => Ok(turn),
                status => Err(Refusal::NotWaiting { ticket: id, status }),
            }
        });
        let turn = turn.transpose()?;
        if let Some(plate) = plate {
            for code in &ticket.discounts {
                self.facts.count_use(code, ticket.plate.key(), -1);
                self.facts.count_use(code, plate.key(), 1);
            }
            self.corrected = Some((id, std::mem::replace(&mut ticket.plate, plate.clone())));
            self.events.push(Event::PlateCorrected(TicketSeen::of(&ticket)));
        }
        if let Some((priority, turn)) = priority.zip(turn) {
            ticket.priority = priority.clone();
            ticket.turn = turn;
            self.events
                .push(Event::PriorityChanged { ticket: TicketSeen::of(&ticket), priority: priority.clone() });
        }
        Ok(self.put_amended(ticket))
    }

    /// A ticket that stays where it is in its life, with its place if it waits.
    pub(super) fn put_amended(&mut self, ticket: Ticket) -> Subject {
        let position = (ticket.status() == TicketStatus::Waiting).then_some(self.facts.ahead + 1);
        if !self.events.is_empty() {
            self.facts.put_ticket(ticket.clone());
        }
        Subject::Ticket { ticket: Box::new(ticket), position }
    }

    /// The place of the newest arrival: strictly, behind all of its priority and of those before; with ageing, before
    /// those only whom it overtakes.
    fn place_of_newest(&self, lot: &Lot, ticket: &Ticket) -> i64 {
        if lot.priorities.are_ageing() {
            return self.facts.tally.waiting() - self.facts.waiting_behind(ticket);
        }
        let better = lot.priorities.iter().take_while(|priority| **priority != ticket.priority);
        let up_to = better.chain([&ticket.priority]);
        up_to.map(|priority| self.facts.tally.waiting_with(priority)).sum()
    }

    fn ticket_that(&self, id: TicketId, status: TicketStatus) -> Result<Ticket, Refusal> {
        let ticket = self.facts.ticket(id).ok_or(Refusal::NoSuchTicket(id))?;
        match (ticket.status(), status) {
            (is, wanted) if is == wanted => Ok(ticket.clone()),
            (is, TicketStatus::Waiting) => Err(Refusal::NotWaiting { ticket: id, status: is }),
            (is, _) => Err(Refusal::NotParked { ticket: id, status: is }),
        }
    }

    fn vacate(&mut self, slot: SlotId) {
        if let Some(slot) = self.facts.slot(slot).cloned() {
            self.facts.put_slot(crate::slot::Slot { occupant: None, ..slot });
        }
    }

    fn end(&mut self, ticket: Ticket, stage: Stage) -> Subject {
        let ticket = Ticket { stage, ..ticket };
        self.facts.put_ticket(ticket.clone());
        Subject::Ticket { ticket: Box::new(ticket), position: None }
    }
}

fn unknown_priority(lot: &Lot, priority: &Priority) -> Refusal {
    Refusal::UnknownPriority { priority: priority.clone(), known: lot.priorities.clone() }
}
