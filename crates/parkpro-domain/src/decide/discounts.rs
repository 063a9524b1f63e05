//! Discounts: what operators do with them, and who uses them.

use super::{Change, operator::unless_stale};
use crate::{
    command::{DiscountRevision, NewTerms},
    discount::{Discount, DiscountCode, Gift, MOST_DISCOUNTS, Terms, counts_before, ends_before_it_begins},
    event::{Event, TicketSeen},
    lot::Lot,
    outcome::{Refusal, Subject},
    tariff,
    ticket::{Stage, Ticket, TicketId},
};

impl Change<'_> {
    /// A code that was removed comes back under new terms; who has used it has used it.
    pub(super) fn revise_discount(
        &mut self,
        lot: &Lot,
        code: &DiscountCode,
        revision: &DiscountRevision,
    ) -> Result<Subject, Refusal> {
        let known = self.facts.discount(code).cloned();
        let (discount, event) = match revision {
            DiscountRevision::New(terms) => {
                if known.as_ref().is_some_and(|known| !known.retired) {
                    return Err(Refusal::DiscountCodeTaken(code.clone()));
                }
                unless_never(terms)?;
                let (uses, revision) = known.map_or((0, 1), |known| (known.uses, known.revision + 1));
                let discount =
                    Discount { code: code.clone(), terms: terms.clone(), uses, revision, retired: false };
                (discount, Event::DiscountAdded(code.clone()))
            }
            DiscountRevision::Change { terms, seen } => {
                let known = there(known, code)?;
                unless_stale(*seen, known.revision)?;
                let changed = changed(&known.terms, terms);
                if changed == known.terms {
                    return Ok(Subject::Discount(Box::new(known)));
                }
                unless_never(&changed)?;
                let discount = Discount { terms: changed, revision: known.revision + 1, ..known };
                (discount, Event::DiscountChanged(code.clone()))
            }
            DiscountRevision::Remove { seen } => {
                let known = there(known, code)?;
                unless_stale(*seen, known.revision)?;
                let discount = Discount { retired: true, revision: known.revision + 1, ..known };
                (discount, Event::DiscountRemoved(code.clone()))
            }
        };
        // What was given before is known to be there, and to be in the lot's currency.
        if let Some(version) = revision.gift().and_then(Gift::tariff) {
            self.tariff_for(lot, version)?;
        }
        self.events.push(event);
        self.facts.put_discount(discount.clone());
        Ok(Subject::Discount(Box::new(discount)))
    }

    /// A shop, say, gives a driver a discount; it counts as used from now on.
    pub(super) fn attach(&mut self, id: TicketId, code: &DiscountCode) -> Result<Subject, Refusal> {
        let mut ticket = self.open_ticket(id)?;
        self.redeem(&mut ticket, std::slice::from_ref(code))?;
        Ok(self.put_amended(ticket))
    }

    /// The use is given back.
    pub(super) fn detach(&mut self, id: TicketId, code: &DiscountCode) -> Result<Subject, Refusal> {
        let mut ticket = self.open_ticket(id)?;
        if !ticket.discounts.contains(code) {
            return Err(Refusal::NoSuchDiscount(code.clone()));
        }
        self.give_back(&mut ticket, |one| one == code);
        Ok(self.put_amended(ticket))
    }

    /// Adds codes to a ticket, all of them or none.
    pub(super) fn redeem(&mut self, ticket: &mut Ticket, codes: &[DiscountCode]) -> Result<(), Refusal> {
        let mut all = ticket.discounts.clone();
        for code in codes {
            self.may_use(ticket, &all, code)?;
            all.push(code.clone());
        }
        for code in codes {
            self.facts.count_use(code, ticket.plate.key(), 1);
            self.events.push(Event::DiscountAttached { ticket: TicketSeen::of(ticket), code: code.clone() });
        }
        ticket.discounts = all;
        Ok(())
    }

    /// Takes codes off a ticket, and gives their uses back.
    pub(super) fn give_back(&mut self, ticket: &mut Ticket, which: impl Fn(&DiscountCode) -> bool) {
        let (given, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut ticket.discounts).into_iter().partition(|code| which(code));
        ticket.discounts = kept;
        for code in given {
            self.facts.count_use(&code, ticket.plate.key(), -1);
            self.events.push(Event::DiscountDetached { ticket: TicketSeen::of(ticket), code });
        }
    }

    /// What the discounts of a ticket take off its fee.
    pub(super) fn granted(&self, ticket: &Ticket) -> Vec<tariff::Discount> {
        let known = ticket.discounts.iter().filter_map(|code| self.facts.discount(code));
        let granted = |discount: &Discount| {
            discount.terms.gift.granted(&discount.code, |version| self.facts.ready(version))
        };
        known.filter_map(granted).collect()
    }

    fn may_use(&self, ticket: &Ticket, others: &[DiscountCode], code: &DiscountCode) -> Result<(), Refusal> {
        let discount = there(self.facts.discount(code).cloned(), code)?;
        let Terms { valid_from, valid_until, limit, limit_per_plate, stacks, .. } = discount.terms;
        let code = || code.clone();
        if others.contains(&discount.code) {
            return Err(Refusal::DiscountAlreadyAttached(code()));
        }
        if valid_from.is_some_and(|from| self.now < from) {
            return Err(Refusal::DiscountNotYetValid(code()));
        }
        if valid_until.is_some_and(|until| until <= self.now) {
            return Err(Refusal::DiscountExpired(code()));
        }
        if limit.is_some_and(|limit| discount.uses >= i64::from(limit)) {
            return Err(Refusal::DiscountUsedUp(code()));
        }
        // Nobody knows by what a stay is priced before the vehicle is parked.
        let policy = ticket.berth().map(|berth| self.facts.policy(berth.tariff.as_ref(), self.rules));
        let has = others.iter().filter_map(|code| self.facts.discount(code));
        let has = has.map(|discount| (&discount.code, &discount.terms.gift));
        if let Some(behind) = policy.and_then(|policy| counts_before(policy, has, &discount.terms.gift)) {
            return Err(Refusal::DiscountWithoutEffect { code: code(), behind: Some(behind.clone()) });
        }
        let by_plate = self.facts.uses(&discount.code, ticket.plate.key());
        if limit_per_plate.is_some_and(|limit| by_plate >= i64::from(limit)) {
            return Err(Refusal::DiscountUsedByPlate(code()));
        }
        let alone =
            |other: &DiscountCode| self.facts.discount(other).is_some_and(|other| !other.terms.stacks);
        if !others.is_empty() && (!stacks || others.iter().any(alone)) {
            return Err(Refusal::DiscountStandsAlone(code()));
        }
        if others.len() >= MOST_DISCOUNTS {
            return Err(Refusal::TooManyDiscounts);
        }
        Ok(())
    }

    fn open_ticket(&self, id: TicketId) -> Result<Ticket, Refusal> {
        let ticket = self.facts.ticket(id).ok_or(Refusal::NoSuchTicket(id))?;
        match &ticket.stage {
            Stage::Waiting | Stage::Parked(_) => Ok(ticket.clone()),
            Stage::Departed { .. } => Err(Refusal::AlreadyDeparted { ticket: id }),
            Stage::Withdrawn { .. } | Stage::Voided { .. } => {
                Err(Refusal::NotParked { ticket: id, status: ticket.status() })
            }
        }
    }
}

fn there(known: Option<Discount>, code: &DiscountCode) -> Result<Discount, Refusal> {
    known.filter(|known| !known.retired).ok_or_else(|| Refusal::NoSuchDiscount(code.clone()))
}

/// What is new about terms may be right and yet not go with what was said before.
fn unless_never(terms: &Terms) -> Result<(), Refusal> {
    match ends_before_it_begins(terms.valid_from, terms.valid_until) {
        Some((from, until)) => Err(Refusal::EndsBeforeItBegins { from, until }),
        None => Ok(()),
    }
}

fn changed(before: &Terms, new: &NewTerms) -> Terms {
    Terms {
        gift: new.gift.clone().unwrap_or_else(|| before.gift.clone()),
        valid_from: new.valid_from.unwrap_or(before.valid_from),
        valid_until: new.valid_until.unwrap_or(before.valid_until),
        limit: new.limit.unwrap_or(before.limit),
        limit_per_plate: new.limit_per_plate.unwrap_or(before.limit_per_plate),
        stacks: new.stacks.unwrap_or(before.stacks),
    }
}
