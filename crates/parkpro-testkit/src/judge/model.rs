//! A naive car park. It knows the rules as they are written for people, and nothing of the domain crate.

use std::collections::{BTreeMap, HashMap};

use super::{Asked, NewSlot, Observation, Opening, Order, SlotChange};

/// One lot.
#[derive(Debug, Clone)]
pub(super) struct Lot {
    pub(super) version: i64,
    /// The latest instant that is known to be over.
    pub(super) last_at: i64,
    next_number: i64,
    order: Order,
    queue_limit: Option<usize>,
    slots: Vec<Slot>,
    tickets: HashMap<String, Ticket>,
    /// Of every plate, its tickets by number.
    plates: HashMap<String, BTreeMap<i64, String>>,
    queue: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) label: String,
    accepts: Vec<String>,
    features: Vec<String>,
    reserved: bool,
    rank: i32,
    in_service: bool,
    occupant: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub(super) number: i64,
    pub(super) plate: String,
    pub(super) class: String,
    pub(super) needs: Vec<String>,
    pub(super) priority: String,
    pub(super) status: &'static str,
    pub(super) slot: Option<String>,
    pub(super) arrived_at: i64,
    /// None if it did not park, or if nobody saw when.
    pub(super) parked_at: Option<i64>,
}

/// What should come of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// A change.
    Change,
    /// It is granted and there is nothing to do.
    Nothing,
    /// A code, and the ticket that it names.
    Refused(&'static str, Option<String>),
}

/// What a change did.
#[derive(Debug)]
pub(super) struct Happened {
    /// The slots that were free when the queue began to move.
    pub(super) free: Vec<String>,
    /// Who got which slot, in order: ticket and label.
    pub(super) parked: Vec<(String, String)>,
    /// The last instant before.
    pub(super) after: i64,
}

/// By what plates are compared, as far as a crowd uses them.
pub(super) fn key(plate: &str) -> String {
    plate.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

fn refused(code: &'static str) -> Expected {
    Expected::Refused(code, None)
}

fn refused_for(code: &'static str, ticket: &str) -> Expected {
    Expected::Refused(code, Some(ticket.to_owned()))
}

impl Lot {
    pub(super) fn open(opening: &Opening) -> Self {
        Self {
            version: opening.version,
            last_at: i64::MIN,
            next_number: 1,
            order: opening.order.clone(),
            queue_limit: opening.queue_limit,
            slots: opening.slots.iter().map(Slot::new).collect(),
            tickets: HashMap::new(),
            plates: HashMap::new(),
            queue: Vec::new(),
        }
    }

    pub(super) fn ticket(&self, id: &str) -> Option<&Ticket> {
        self.tickets.get(id)
    }

    /// The status of a slot; none if there is no such slot.
    pub(super) fn slot_status(&self, label: &str) -> Option<&'static str> {
        self.slot(label).map(|slot| match (&slot.occupant, slot.in_service) {
            (None, true) => "available",
            (Some(_), true) => "occupied",
            (None, false) => "out_of_service",
            (Some(_), false) => "draining",
        })
    }

    /// The place of a waiting ticket: how many are served before it, and one.
    pub(super) fn position(&self, id: &str) -> Option<i64> {
        let turn = self.turn(id);
        let waits = self.queue.iter().any(|waiting| waiting == id);
        let ahead = self.queue.iter().filter(|other| self.turn(other) < turn).count();
        waits.then(|| i64::try_from(ahead).map_or(i64::MAX, |ahead| ahead + 1))
    }

    /// Whether a request would make a version.
    pub(super) fn would_change(&self, asked: &Asked) -> bool {
        self.expect(asked) == Expected::Change
    }

    /// What should come of a request.
    pub(super) fn expect(&self, asked: &Asked) -> Expected {
        match asked {
            Asked::Enter { plate, class, needs, priority } => {
                self.expect_enter(plate, class, needs, priority)
            }
            Asked::Exit { plate } => {
                let of_plate = self.plates.get(&key(plate)).into_iter().flat_map(BTreeMap::values);
                let open = of_plate.clone().find(|id| self.is_open(id));
                open.or_else(|| of_plate.last()).map_or(refused("not-parked"), |id| self.expect_exit(id))
            }
            Asked::ExitTicket { ticket } => self.expect_exit(ticket),
            Asked::Withdraw { ticket } => self.expect_status(ticket, "waiting", "not-waiting"),
            Asked::Void { ticket } => self.expect_status(ticket, "parked", "not-parked"),
            Asked::Correct { ticket, plate } => {
                let Some(known) = self.ticket(ticket) else { return refused("no-such-ticket") };
                let other = self.open_with(plate).filter(|open| *open != ticket && self.is_open(ticket));
                match other {
                    _ if known.plate == *plate => Expected::Nothing,
                    Some(other) => refused_for("plate-already-active", other),
                    None => Expected::Change,
                }
            }
            Asked::Prioritise { ticket, priority } => match self.ticket(ticket) {
                None => refused("no-such-ticket"),
                Some(known) if known.priority == *priority => Expected::Nothing,
                Some(_) if !self.order.priorities.contains(priority) => refused("unknown-priority"),
                Some(known) if known.status != "waiting" => refused_for("not-waiting", ticket),
                Some(_) => Expected::Change,
            },
            Asked::Reorder(order) => {
                let waits =
                    |id: &String| self.ticket(id).is_some_and(|t| !order.priorities.contains(&t.priority));
                match order {
                    _ if self.queue.iter().any(waits) => refused("priority-in-use"),
                    same if *same == self.order => Expected::Nothing,
                    _ => Expected::Change,
                }
            }
            Asked::AddSlots(slots) => {
                let repeated = |at: usize| slots[..at].iter().any(|other| other.label == slots[at].label);
                let taken = (0..slots.len()).any(|at| repeated(at) || self.slot(&slots[at].label).is_some());
                if taken { refused("label-taken") } else { Expected::Change }
            }
            Asked::ChangeSlot(change) => match self.slot(&change.label) {
                None => refused("no-such-slot"),
                Some(slot) if slot.changed(change) == *slot => Expected::Nothing,
                Some(_) => Expected::Change,
            },
            Asked::RemoveSlot { label } => match self.slot(label).map(|slot| &slot.occupant) {
                None => refused("no-such-slot"),
                Some(Some(ticket)) => refused_for("slot-occupied", ticket),
                Some(None) => Expected::Change,
            },
        }
    }

    fn expect_enter(&self, plate: &str, class: &str, needs: &[String], priority: &String) -> Expected {
        let fits = |slot: &&Slot| slot.fits(class, needs);
        let full = self.queue_limit.is_some_and(|limit| self.queue.len() >= limit);
        if !self.order.priorities.contains(priority) {
            refused("unknown-priority")
        } else if let Some(open) = self.open_with(plate) {
            refused_for("plate-already-active", open)
        } else if !self.slots.iter().any(|slot| fits(&slot)) {
            refused("nothing-fits")
        } else if full && !self.slots.iter().filter(fits).any(Slot::is_free) {
            refused("queue-full")
        } else {
            Expected::Change
        }
    }

    fn expect_exit(&self, ticket: &str) -> Expected {
        match self.ticket(ticket).map(|ticket| ticket.status) {
            Some("parked") => Expected::Change,
            Some("waiting") => refused_for("still-waiting", ticket),
            Some("departed") => refused_for("already-departed", ticket),
            _ => refused("not-parked"),
        }
    }

    fn expect_status(&self, ticket: &str, wanted: &str, code: &'static str) -> Expected {
        match self.ticket(ticket).map(|ticket| ticket.status) {
            None => refused("no-such-ticket"),
            Some(status) if status == wanted => Expected::Change,
            Some(_) => refused_for(code, ticket),
        }
    }

    /// Does what was asked, then lets the queue move. A new ticket gets the id that came back; the instant is the one
    /// that came back, if one did.
    pub(super) fn carry_out(&mut self, seen: &Observation) -> Happened {
        let after = self.last_at;
        let at = instant(seen);
        self.last_at = at.unwrap_or(after).max(after);
        self.version += 1;
        self.change(seen, at);
        let free = self.slots.iter().filter(|slot| slot.is_free()).map(|slot| slot.label.clone()).collect();
        let mut parked = Vec::new();
        while let Some((ticket, label)) = self.next_match() {
            self.queue.retain(|waiting| *waiting != ticket);
            if let Some(slot) = self.slots.iter_mut().find(|slot| slot.label == label) {
                slot.occupant = Some(ticket.clone());
            }
            if let Some(ticket) = self.tickets.get_mut(&ticket) {
                (ticket.status, ticket.slot, ticket.parked_at) = ("parked", Some(label.clone()), at);
            }
            parked.push((ticket, label));
        }
        Happened { free, parked, after }
    }

    fn change(&mut self, seen: &Observation, at: Option<i64>) {
        let id = || seen.ticket().map_or_else(String::new, |ticket| ticket.id.clone());
        match &seen.asked {
            Asked::Enter { plate, class, needs, priority } => {
                let ticket = Ticket {
                    number: self.next_number,
                    plate: plate.clone(),
                    class: class.clone(),
                    needs: needs.clone(),
                    priority: priority.clone(),
                    status: "waiting",
                    slot: None,
                    arrived_at: at.unwrap_or_default(),
                    parked_at: None,
                };
                self.next_number += 1;
                self.plates.entry(key(plate)).or_default().insert(ticket.number, id());
                self.tickets.insert(id(), ticket);
                self.queue.push(id());
            }
            Asked::Exit { plate } => {
                if let Some(ticket) = self.open_with(plate).cloned() {
                    self.end(&ticket, "departed");
                }
            }
            Asked::ExitTicket { ticket } => self.end(ticket, "departed"),
            Asked::Withdraw { ticket } => self.end(ticket, "withdrawn"),
            Asked::Void { ticket } => self.end(ticket, "voided"),
            Asked::Correct { ticket: id, plate } => {
                if let Some(ticket) = self.tickets.get_mut(id) {
                    let old = self.plates.entry(key(&ticket.plate)).or_default();
                    old.remove(&ticket.number);
                    ticket.plate.clone_from(plate);
                    self.plates.entry(key(plate)).or_default().insert(ticket.number, id.clone());
                }
            }
            Asked::Prioritise { ticket, priority } => {
                if let Some(ticket) = self.tickets.get_mut(ticket) {
                    ticket.priority.clone_from(priority);
                }
            }
            Asked::Reorder(order) => self.order = order.clone(),
            Asked::AddSlots(slots) => self.slots.extend(slots.iter().map(Slot::new)),
            Asked::ChangeSlot(change) => {
                if let Some(slot) = self.slots.iter_mut().find(|slot| slot.label == change.label) {
                    *slot = slot.changed(change);
                }
            }
            Asked::RemoveSlot { label } => self.slots.retain(|slot| slot.label != *label),
        }
    }

    fn end(&mut self, id: &str, status: &'static str) {
        self.queue.retain(|waiting| waiting != id);
        let stood = self.slots.iter_mut().filter(|slot| slot.occupant.as_deref() == Some(id));
        stood.for_each(|slot| slot.occupant = None);
        if let Some(ticket) = self.tickets.get_mut(id) {
            ticket.status = status;
        }
    }

    /// The first of the queue for whom there is a free slot, and the best one for it.
    fn next_match(&self) -> Option<(String, String)> {
        let mut queue: Vec<&String> = self.queue.iter().collect();
        queue.sort_by_key(|id| self.turn(id));
        queue.into_iter().find_map(|id| {
            let ticket = self.ticket(id)?;
            let fitting =
                self.slots.iter().filter(|slot| slot.is_free() && slot.fits(&ticket.class, &ticket.needs));
            let unneeded =
                |slot: &Slot| slot.features.iter().filter(|had| !ticket.needs.contains(had)).count();
            let best = fitting
                .min_by_key(|slot| (unneeded(slot), slot.accepts.len() > 1, slot.rank, slot.label.clone()))?;
            Some((id.clone(), best.label.clone()))
        })
    }

    /// Strictly by priority, then by number; with head starts by the instant as which the arrival counts, then by id.
    fn turn(&self, id: &str) -> (Option<usize>, Option<i64>, String) {
        let Some(ticket) = self.ticket(id) else { return (None, None, String::new()) };
        let rank = self.order.priorities.iter().position(|known| *known == ticket.priority);
        match rank.and_then(|rank| self.order.head_starts.get(rank)) {
            Some(seconds) => (None, Some(ticket.arrived_at - seconds * 1_000_000), id.to_owned()),
            None => (rank, Some(ticket.number), String::new()),
        }
    }

    fn slot(&self, label: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.label == label)
    }

    fn is_open(&self, ticket: &str) -> bool {
        self.ticket(ticket).is_some_and(|ticket| matches!(ticket.status, "waiting" | "parked"))
    }

    fn open_with(&self, plate: &str) -> Option<&String> {
        self.plates.get(&key(plate))?.values().find(|id| self.is_open(id))
    }
}

impl Slot {
    fn new(new: &NewSlot) -> Self {
        let NewSlot { label, accepts, features, reserved, rank } = new.clone();
        Self { label, accepts, features, reserved, rank, in_service: true, occupant: None }
    }

    fn fits(&self, class: &str, needs: &[String]) -> bool {
        self.accepts.iter().any(|accepted| accepted == class)
            && needs.iter().all(|needed| self.features.contains(needed))
            && (!self.reserved || !needs.is_empty())
    }

    const fn is_free(&self) -> bool {
        self.in_service && self.occupant.is_none()
    }

    fn changed(&self, change: &SlotChange) -> Self {
        Self {
            label: self.label.clone(),
            accepts: change.accepts.clone().unwrap_or_else(|| self.accepts.clone()),
            features: self.features.clone(),
            reserved: self.reserved,
            rank: change.rank.unwrap_or(self.rank),
            in_service: change.in_service.unwrap_or(self.in_service),
            occupant: self.occupant.clone(),
        }
    }
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        (&self.label, &self.accepts, self.rank, self.in_service)
            == (&other.label, &other.accepts, other.rank, other.in_service)
    }
}

/// The instant of a change, if its answer tells it.
pub(super) fn instant(seen: &Observation) -> Option<i64> {
    let ticket = seen.ticket()?;
    match seen.asked {
        Asked::Enter { .. } => Some(ticket.arrived_at),
        Asked::Exit { .. } | Asked::ExitTicket { .. } | Asked::Withdraw { .. } | Asked::Void { .. } => {
            ticket.ended_at
        }
        _ => None,
    }
}
