//! What is known about one lot while it is locked: as much as the commands at hand need, and what became of it since.
//!
//! A lot may have a million slots and a hundred thousand waiting vehicles, so only the first few free slots and the
//! heads of the queue are loaded. [`Needs`] says how many are enough: every command uses up at most as many as it
//! counts there, so the end of what was loaded is never mistaken for the end of the lot.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use crate::{
    command::{Command, Exit, Leaving},
    demand::Demand,
    discount::{Discount, DiscountCode, Gift, Uses},
    event::Entry,
    lot::{Lot, Tally, Version},
    ports::QueueDelta,
    protocol::Rules,
    slot::{Accepts, Slot, SlotId, SlotLabel},
    tariff::{EarlierStay, FeePolicy, Tariff, TariffVersion},
    ticket::{PlateCorrection, Priority, Stage, Ticket, TicketId, TicketStatus, Turn},
    time::Timestamp,
    vehicle::{Plate, PlateKey},
};

/// What has to be loaded of a lot before its commands can be decided. With a parked ticket comes the slot that it is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// For each: its open ticket in the installation.
    pub plates: Vec<PlateKey>,
    /// For each: its open ticket in the installation, and its newest in this lot unless that is the open one.
    pub leaving: Vec<PlateKey>,
    /// Tickets of this lot.
    pub tickets: Vec<TicketId>,
    /// Slots by label, retired ones too.
    pub labels: Vec<SlotLabel>,
    /// Slots by label, each with the ticket of the vehicle that stands in it.
    pub occupants: Vec<SlotLabel>,
    /// Of all that slots accept, how many free slots at least, best first.
    pub free_slots: i64,
    /// Of every demand, how many waiting tickets at least, first served first.
    pub heads: i64,
    /// Whether stays are to be priced.
    pub prices: bool,
    /// Tariffs that are named.
    pub tariffs: Vec<TariffVersion>,
    /// Discounts that are named.
    pub discounts: Vec<DiscountCode>,
}

impl Needs {
    /// Adds what one more command needs.
    pub fn add(&mut self, command: &Command) {
        let plates =
            if matches!(command, Command::Exit { .. }) { &mut self.leaving } else { &mut self.plates };
        plates.extend(command.plate().cloned());
        match command {
            command if command.sorts_the_queue() => self.heads = i64::MAX,
            Command::OpenLot(_)
            | Command::ChangeLot(_)
            | Command::RemoveLot { .. }
            | Command::ReviseTariff { .. } => {}
            Command::AssignTariff(assign) => self.tariffs.push(assign.tariff.clone()),
            Command::AddSlots { slots, .. } => {
                self.labels.extend(slots.iter().map(|slot| slot.label.clone()));
                self.more_heads(slots.len());
            }
            Command::ChangeSlot(change) => {
                self.labels.push(change.label.clone());
                self.labels.extend(change.new_label.clone());
                self.more_heads(1);
                self.free_slots += 1;
            }
            Command::RemoveSlot { label, .. } => {
                self.labels.push(label.clone());
                self.free_slots += 1;
            }
            Command::Enter(_) => self.free_slots += 1,
            Command::ReviseDiscount { code, revision, .. } => {
                self.discounts.push(code.clone());
                self.tariffs.extend(revision.gift().and_then(Gift::tariff).cloned());
            }
            Command::Exit(Exit { vehicle, discounts, .. }) => {
                self.discounts.extend_from_slice(discounts);
                match vehicle {
                    Leaving::Plate(_) => {}
                    Leaving::Ticket(ticket) => self.tickets.push(*ticket),
                    Leaving::Slot(label) => self.occupants.push(label.clone()),
                }
                self.more_heads(1);
                self.prices = true;
            }
            Command::AttachDiscount { ticket, code } | Command::DetachDiscount { ticket, code } => {
                self.discounts.push(code.clone());
                self.tickets.push(*ticket);
                self.more_heads(1);
            }
            Command::Withdraw { ticket }
            | Command::Void { ticket, .. }
            | Command::AmendTicket { ticket, .. } => {
                self.tickets.push(*ticket);
                self.more_heads(1);
            }
        }
    }

    fn more_heads(&mut self, more: usize) {
        self.heads = self.heads.saturating_add(i64::try_from(more).unwrap_or(i64::MAX));
    }
}

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

    /// The tariffs by which the stays of this turn may be priced: of those who are parked, and of those who may yet park.
    pub fn prices(&self) -> HashSet<&TariffVersion> {
        let parked = self.tickets.values().filter_map(|ticket| match &ticket.stage {
            Stage::Parked(berth) => berth.tariff.as_ref(),
            _ => None,
        });
        let given = self.lot.iter().flat_map(|lot| lot.tariffs.iter()).map(|given| &given.tariff);
        let gifts = self.discounts.values().filter_map(|discount| discount.terms.gift.tariff());
        parked.chain(given).chain(gifts).collect()
    }

    /// Adds a tariff, ready to price stays.
    pub fn know_tariff(&mut self, version: TariffVersion, tariff: Arc<Tariff>) {
        self.tariffs.insert(version, tariff);
    }

    /// A tariff that is needed here.
    pub fn tariff(&self, version: &TariffVersion) -> Option<&Tariff> {
        self.tariffs.get(version).map(|tariff| &**tariff)
    }

    /// A tariff that is needed here, to be kept.
    pub fn ready(&self, version: &TariffVersion) -> Option<Arc<Tariff>> {
        self.tariffs.get(version).cloned()
    }

    /// The discounts that the commands at hand name, and those of the tickets that they may be about; and the vehicles.
    pub fn discounted(&self, needs: &Needs) -> Option<(BTreeSet<DiscountCode>, BTreeSet<PlateKey>)> {
        let at_hand = |ticket: &&Ticket| ticket.status().is_open() || needs.tickets.contains(&ticket.id);
        let tickets = || self.tickets.values().filter(at_hand);
        let codes = tickets().flat_map(|ticket| &ticket.discounts).chain(&needs.discounts);
        let codes: BTreeSet<DiscountCode> = codes.cloned().collect();
        if codes.is_empty() {
            return None;
        }
        let plates = tickets().map(|ticket| ticket.plate.key()).chain(&needs.plates).cloned();
        Some((codes, plates.collect()))
    }

    /// Adds a discount, as the record has it.
    pub fn know_discount(&mut self, discount: Discount) {
        self.discounts.insert(discount.code.clone(), discount);
    }

    /// Adds how often a vehicle has used a discount; what is not added was not used.
    pub fn know_uses(&mut self, Uses { code, plate, uses }: Uses) {
        self.uses.insert((code, plate), uses);
    }

    /// A discount that is needed here, also if it was removed.
    pub fn discount(&self, code: &DiscountCode) -> Option<&Discount> {
        self.discounts.get(code)
    }

    /// How often a vehicle has used a discount.
    pub fn uses(&self, code: &DiscountCode, plate: &PlateKey) -> i64 {
        self.uses.get(&(code.clone(), plate.clone())).copied().unwrap_or(0)
    }

    /// Puts a discount in, or a new state of one that is known.
    pub(crate) fn put_discount(&mut self, discount: Discount) {
        self.before.discounts.insert(discount.code.clone());
        self.discounts.insert(discount.code.clone(), discount);
    }

    /// Counts uses of a discount by a vehicle in (or out, if negative).
    pub(crate) fn count_use(&mut self, code: &DiscountCode, plate: &PlateKey, by: i64) {
        if let Some(discount) = self.discounts.get_mut(code) {
            discount.uses += by;
            self.before.discounts.insert(code.clone());
        }
        let key = (code.clone(), plate.clone());
        self.before.uses.insert(key.clone());
        *self.uses.entry(key).or_default() += by;
    }

    /// What a stay is priced by. The tariffs of all stays that may end are known; one that began before tariffs had
    /// versions is priced by the settings.
    pub fn policy<'a>(&'a self, version: Option<&TariffVersion>, rules: &'a Rules) -> &'a dyn FeePolicy {
        match version.and_then(|version| self.tariff(version)) {
            Some(tariff) => tariff,
            None => &*rules.fees,
        }
    }

    /// If some fee depends on earlier stays of its day: whose stays have to be known, and when the oldest began that
    /// may end here.
    pub fn accumulating(
        &self,
        needs: &Needs,
        rules: &Rules,
        now: Timestamp,
    ) -> Option<(Vec<PlateKey>, Timestamp)> {
        if !self.tariffs.values().any(|tariff| tariff.accumulates()) && !rules.fees.accumulates() {
            return None;
        }
        let open = self.tickets.values().filter(|ticket| ticket.status().is_open());
        let since = open.clone().filter_map(|ticket| ticket.berth().map(|berth| berth.since)).min();
        let plates: BTreeSet<&PlateKey> =
            open.map(|ticket| ticket.plate.key()).chain(&needs.plates).collect();
        Some((plates.into_iter().cloned().collect(), since.unwrap_or(now)))
    }

    /// Adds the stays of a plate that are over, as far as a fee may depend on them.
    pub fn know_earlier_stays(&mut self, plate: PlateKey, stays: Vec<EarlierStay>) {
        self.earlier.insert(plate, stays);
    }

    /// Another stay of a plate is over.
    pub(crate) fn end_stay(&mut self, plate: &PlateKey, stay: EarlierStay) {
        if let Some(stays) = self.earlier.get_mut(plate) {
            stays.push(stay);
        }
    }

    /// The stays of a plate that are over; none are known if no fee depends on them.
    pub fn earlier_stays(&self, plate: &PlateKey) -> &[EarlierStay] {
        self.earlier.get(plate).map_or(&[], Vec::as_slice)
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
