//! What is known about one lot while it is locked: as much as the commands at hand need, and what became of it since.
//!
//! A lot may have a million slots and a hundred thousand waiting vehicles, so only the first few free slots and the
//! heads of the queue are loaded. [`Needs`] says how many are enough: every command uses up at most as many as it
//! counts there, so the end of what was loaded is never mistaken for the end of the lot.

mod needs;
mod prices;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

pub use self::{needs::Needs, prices::Use};
use crate::{
    demand::Demand,
    discount::{Discount, DiscountCode, Uses},
    event::Entry,
    lot::{Lot, Tally, Version},
    ports::QueueDelta,
    slot::{Accepts, Slot, SlotId, SlotLabel},
    tariff::{EarlierStay, Tariff, TariffVersion},
    ticket::{PlateCorrection, Priority, Ticket, TicketId, TicketStatus, Turn},
    vehicle::{Plate, PlateKey},
};

/// What is known about one lot, evolving as commands are decided.
#[derive(Debug)]
pub struct Facts {
    /// The lot; none until it is opened.
    pub lot: Option<Lot>,
    /// What is in it.
    pub tally: Tally,
    /// Whether a new lot's id was given away before.
    pub id_taken: bool,
    /// How many waiting tickets come before the one that is about to be amended.
    pub ahead: i64,
    tickets: HashMap<TicketId, Ticket>,
    slots: HashMap<SlotId, Slot>,
    open: HashMap<PlateKey, TicketId>,
    newest: HashMap<PlateKey, TicketId>,
    labels: HashMap<SlotLabel, SlotId>,
    free: BTreeMap<Accepts, BTreeSet<(i32, SlotLabel, SlotId)>>,
    waiting: BTreeMap<Demand, BTreeSet<(Turn, TicketId)>>,
    /// At least those who wait behind somebody who overtakes in this turn; none if nobody does.
    behind: Option<BTreeSet<(Turn, TicketId)>>,
    tariffs: HashMap<TariffVersion, Arc<Tariff>>,
    earlier: HashMap<PlateKey, Vec<EarlierStay>>,
    discounts: BTreeMap<DiscountCode, Discount>,
    uses: BTreeMap<(DiscountCode, PlateKey), i64>,
    before: Before,
    journal: Vec<Entry>,
    corrections: Vec<PlateCorrection>,
}

/// What the record holds of everything that was touched.
#[derive(Debug, Default)]
struct Before {
    version: Version,
    opened: bool,
    new_tickets: HashSet<TicketId>,
    new_slots: HashSet<SlotId>,
    tickets: HashMap<TicketId, Touched>,
    slots: HashSet<SlotId>,
    tally: Tally,
    discounts: BTreeSet<DiscountCode>,
    uses: BTreeSet<(DiscountCode, PlateKey)>,
}

/// What a ticket was, and what is new about it.
#[derive(Debug, Default)]
struct Touched {
    /// The turn that it had, if it waited.
    turn: Option<Turn>,
    /// It is somewhere else in its life.
    moved: bool,
    /// Its plate, priority, turn or discounts are others.
    amended: bool,
}

/// What a record has to write for one lot after its commands were decided. Rows are as they end up. Written in the order
/// of the fields they break no constraint on the way, but for labels and plates that change hands within one turn; the
/// turn is then rolled back and its requests are carried out one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The lot's row.
    pub lot: Lot,
    /// Whether the lot's row is new.
    pub opened: bool,
    /// The counts that differ from what was loaded.
    pub tally: Tally,
    /// All counts.
    pub counts: Tally,
    /// New slots.
    pub new_slots: Vec<Slot>,
    /// Tickets that departed, withdrew or were voided.
    pub ended: Vec<Ticket>,
    /// Open tickets that got a slot.
    pub moved: Vec<Ticket>,
    /// Tickets that were there before with another plate, priority or turn or other discounts, also those that moved or ended as well.
    pub amended: Vec<Ticket>,
    /// New tickets.
    pub new_tickets: Vec<Ticket>,
    /// Slots that were there before.
    pub slots: Vec<Slot>,
    /// Discounts, new or not.
    pub discounts: Vec<Discount>,
    /// How often a vehicle has used a discount.
    pub discount_uses: Vec<Uses>,
    /// What happened.
    pub journal: Vec<Entry>,
    /// The plates that were corrected.
    pub corrections: Vec<PlateCorrection>,
    /// What became of the queue.
    pub queue: QueueDelta,
}

impl Facts {
    /// A lot that is locked, with its counts.
    pub fn of(lot: Lot, tally: Tally) -> Self {
        let before = Before { version: lot.version, tally: tally.clone(), ..Before::default() };
        Self { lot: Some(lot), tally, before, ..Self::of_no_lot(false) }
    }

    /// A lot that does not exist, and may not if its id was given away before.
    pub fn of_no_lot(id_taken: bool) -> Self {
        Self {
            lot: None,
            tally: Tally::default(),
            id_taken,
            ahead: 0,
            tickets: HashMap::new(),
            slots: HashMap::new(),
            open: HashMap::new(),
            newest: HashMap::new(),
            labels: HashMap::new(),
            free: BTreeMap::new(),
            waiting: BTreeMap::new(),
            behind: None,
            tariffs: HashMap::new(),
            earlier: HashMap::new(),
            discounts: BTreeMap::new(),
            uses: BTreeMap::new(),
            before: Before::default(),
            journal: Vec::new(),
            corrections: Vec::new(),
        }
    }

    /// Adds a ticket of this lot, as the record has it.
    pub fn know_ticket(&mut self, ticket: Ticket) {
        if !self.tickets.contains_key(&ticket.id) {
            self.index_ticket(&ticket);
            self.tickets.insert(ticket.id, ticket);
        }
    }

    /// Adds a slot of this lot, as the record has it.
    pub fn know_slot(&mut self, slot: Slot) {
        if !self.slots.contains_key(&slot.id) {
            self.index_slot(&slot);
            self.slots.insert(slot.id, slot);
        }
    }

    /// Adds that a plate is waiting or parked in another lot.
    pub fn know_open_elsewhere(&mut self, plate: PlateKey, ticket: TicketId) {
        self.open.insert(plate, ticket);
    }

    /// Adds who waits from some turn on, as the record has it.
    pub fn know_behind(&mut self, waiting: impl IntoIterator<Item = (TicketId, Turn)>) {
        self.behind = Some(waiting.into_iter().map(|(ticket, turn)| (turn, ticket)).collect());
    }

    /// How many are known to wait behind a ticket.
    pub fn waiting_behind(&self, ticket: &Ticket) -> i64 {
        let place = (ticket.turn, ticket.id);
        let behind =
            self.behind.iter().map(|waiting| waiting.iter().rev().take_while(|other| **other > place));
        behind.map(Iterator::count).next().and_then(|count| i64::try_from(count).ok()).unwrap_or(0)
    }

    /// The waiting tickets that are known.
    pub fn known_waiting(&self) -> Vec<&Ticket> {
        self.waiting.values().flatten().filter_map(|(_, ticket)| self.tickets.get(ticket)).collect()
    }

    /// A ticket of this lot.
    pub fn ticket(&self, id: TicketId) -> Option<&Ticket> {
        self.tickets.get(&id)
    }

    /// The open ticket of a plate in the installation.
    pub fn open_ticket(&self, plate: &PlateKey) -> Option<TicketId> {
        self.open.get(plate).copied()
    }

    /// The newest ticket of a plate in this lot.
    pub fn newest_ticket(&self, plate: &PlateKey) -> Option<&Ticket> {
        self.newest.get(plate).and_then(|id| self.tickets.get(id))
    }

    /// A slot of this lot.
    pub fn slot(&self, id: SlotId) -> Option<&Slot> {
        self.slots.get(&id)
    }

    /// The slot with this label, also if it was removed.
    pub fn slot_labelled(&self, label: &SlotLabel) -> Option<&Slot> {
        self.labels.get(label).and_then(|id| self.slots.get(id))
    }

    /// The free slot that a vehicle would get: of those that fit it one that has the fewest features that it does not need,
    /// then one for exactly its class before one for others too, then by rank, then by label.
    pub fn best_slot(&self, demand: &Demand) -> Option<SlotId> {
        let fitting = self.free.iter().filter(|(accepts, _)| accepts.fits(demand));
        let first =
            fitting.filter_map(|(accepts, free)| free.first().map(|slot| (accepts.waste(demand), slot)));
        first.min().map(|(_, (_, _, id))| *id)
    }

    /// The head of every demand that waits, first served first.
    pub fn heads(&self) -> Vec<(TicketId, &Demand)> {
        let first =
            self.waiting.iter().filter_map(|(demand, queue)| queue.first().map(|head| (head, demand)));
        let mut heads: Vec<_> = first.collect();
        heads.sort();
        heads.into_iter().map(|((_, ticket), demand)| (*ticket, demand)).collect()
    }

    /// Puts a ticket in, or a new state of one that is known.
    pub(crate) fn put_ticket(&mut self, ticket: Ticket) {
        if let Some(old) = self.tickets.remove(&ticket.id) {
            let first = || Touched { turn: waiting_turn(&old), ..Touched::default() };
            let touched = self.before.tickets.entry(old.id).or_insert_with(first);
            touched.moved |= old.stage != ticket.stage;
            touched.amended |= particulars(&old) != particulars(&ticket);
            self.unindex_ticket(&old);
            self.count_waiting(&old, -1);
        } else {
            self.before.new_tickets.insert(ticket.id);
            self.before.tickets.insert(ticket.id, Touched::default());
        }
        self.index_ticket(&ticket);
        self.count_waiting(&ticket, 1);
        self.tickets.insert(ticket.id, ticket);
    }

    /// Puts a slot in, or a new state of one that is known.
    pub(crate) fn put_slot(&mut self, slot: Slot) {
        if let Some(old) = self.slots.remove(&slot.id) {
            self.tally.discount_slot(&old);
            self.labels.remove(&old.label);
            if let Some(free) = self.free.get_mut(&old.accepts) {
                free.remove(&(old.rank, old.label, old.id));
            }
        } else {
            self.before.new_slots.insert(slot.id);
        }
        self.before.slots.insert(slot.id);
        self.tally.count_slot(&slot);
        self.index_slot(&slot);
        self.slots.insert(slot.id, slot);
    }

    /// Puts a new lot in.
    pub(crate) fn open_lot(&mut self, lot: Lot) {
        self.lot = Some(lot);
        self.before.opened = true;
    }

    /// Adds lines to the journal, and the plate that was corrected, which the journal does not name.
    pub(crate) fn record(&mut self, entries: Vec<Entry>, correction: Option<PlateCorrection>) {
        self.journal.extend(entries);
        self.corrections.extend(correction);
    }

    /// What has to be written; none if nothing was changed.
    pub fn into_changes(mut self) -> Option<Changes> {
        let lot = self.lot.take()?;
        if lot.version == self.before.version {
            return None;
        }
        let queue = self.queue_delta(&lot);
        let tally = self.changed_counts();
        let (new_slots, mut slots): (Vec<_>, Vec<_>) = std::mem::take(&mut self.before.slots)
            .into_iter()
            .filter_map(|id| self.slots.remove(&id))
            .partition(|slot| self.before.new_slots.contains(&slot.id));
        slots.sort_by_key(|slot| slot.id);
        let (mut ended, mut moved, mut amended, mut new_tickets) = (vec![], vec![], vec![], vec![]);
        for (id, touched) in std::mem::take(&mut self.before.tickets) {
            let Some(ticket) = self.tickets.remove(&id) else { continue };
            if self.before.new_tickets.contains(&id) {
                new_tickets.push(ticket);
                continue;
            }
            amended.extend(touched.amended.then(|| ticket.clone()));
            if !ticket.status().is_open() {
                ended.push(ticket);
            } else if touched.moved {
                moved.push(ticket);
            }
        }
        new_tickets.sort_by_key(|ticket| ticket.number);
        let opened = self.before.opened;
        let discounts = &mut self.discounts;
        let changed = std::mem::take(&mut self.before.discounts);
        let discounts = changed.iter().filter_map(|code| discounts.remove(code)).collect();
        let uses = std::mem::take(&mut self.before.uses).into_iter();
        let discount_uses = uses.map(|(code, plate)| {
            let uses = self.uses(&code, &plate);
            Uses { code, plate, uses }
        });
        let discount_uses = discount_uses.collect();
        Some(Changes {
            lot,
            opened,
            tally,
            counts: self.tally,
            new_slots,
            ended,
            moved,
            amended,
            new_tickets,
            slots,
            discounts,
            discount_uses,
            journal: self.journal,
            corrections: self.corrections,
            queue,
        })
    }

    fn queue_delta(&self, lot: &Lot) -> QueueDelta {
        let mut delta = QueueDelta {
            lot: lot.id.clone(),
            from: self.before.version,
            to: lot.version,
            count: self.tally.waiting(),
            removed: Vec::new(),
            added: Vec::new(),
        };
        for (id, Touched { turn: before, .. }) in &self.before.tickets {
            let after = self.tickets.get(id).and_then(waiting_turn);
            if *before != after {
                delta.removed.extend(before.map(|_| *id));
                delta.added.extend(after.map(|turn| (*id, turn)));
            }
        }
        delta
    }

    fn changed_counts(&self) -> Tally {
        let (now, before) = (&self.tally, &self.before.tally);
        let slots = now.slots.iter().filter(|(accepts, count)| before.slots.get(*accepts) != Some(*count));
        let waiting = now.waiting.iter().filter(|(kind, count)| before.waiting.get(*kind) != Some(*count));
        Tally {
            slots: slots.map(|(accepts, count)| (accepts.clone(), *count)).collect(),
            waiting: waiting.map(|(kind, count)| (kind.clone(), *count)).collect(),
        }
    }

    fn index_ticket(&mut self, ticket: &Ticket) {
        let key = ticket.plate.key();
        if ticket.status().is_open() {
            self.open.insert(key.clone(), ticket.id);
        }
        if ticket.status() == TicketStatus::Waiting {
            self.waiting.entry(ticket.demand()).or_default().insert((ticket.turn, ticket.id));
            self.behind.iter_mut().for_each(|behind| behind.extend([(ticket.turn, ticket.id)]));
        }
        let newer = self.newest_ticket(key).is_none_or(|known| known.number <= ticket.number);
        if newer {
            self.newest.insert(key.clone(), ticket.id);
        }
    }

    fn unindex_ticket(&mut self, ticket: &Ticket) {
        let key = ticket.plate.key();
        if self.open.get(key) == Some(&ticket.id) {
            self.open.remove(key);
        }
        if self.newest.get(key) == Some(&ticket.id) {
            self.newest.remove(key);
        }
        if let Some(queue) = self.waiting.get_mut(&ticket.demand()) {
            queue.remove(&(ticket.turn, ticket.id));
        }
        if let Some(behind) = &mut self.behind {
            behind.remove(&(ticket.turn, ticket.id));
        }
    }

    fn count_waiting(&mut self, ticket: &Ticket, by: i64) {
        if ticket.status() == TicketStatus::Waiting {
            self.tally.count_waiting(ticket.demand(), &ticket.priority, by);
        }
    }

    fn index_slot(&mut self, slot: &Slot) {
        self.labels.insert(slot.label.clone(), slot.id);
        if slot.is_free() {
            let free = self.free.entry(slot.accepts.clone()).or_default();
            free.insert((slot.rank, slot.label.clone(), slot.id));
        }
    }
}

/// What of a ticket may change without its moving on in its life.
fn particulars(ticket: &Ticket) -> (&Plate, &Priority, Turn, &[DiscountCode]) {
    (&ticket.plate, &ticket.priority, ticket.turn, &ticket.discounts)
}

fn waiting_turn(ticket: &Ticket) -> Option<Turn> {
    (ticket.status() == TicketStatus::Waiting).then_some(ticket.turn)
}
