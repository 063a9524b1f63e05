//! What the record in memory holds, how a turn is written into it, and what must hold then.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use parkpro_domain::{
    discount::{Discount, DiscountCode},
    event::{Entry, Principal},
    facts::Changes,
    lot::{Lot, LotId, Tally},
    ports::{Key, Reply},
    protocol::EARLIER_STAYS,
    slot::{Slot, SlotId},
    tariff::{EarlierStay, Published, Series, TariffId, TariffVersion},
    ticket::{Berth, PlateCorrection, Stage, Ticket, TicketId, TicketStatus, Turn},
    time::Timestamp,
    vehicle::PlateKey,
};

use crate::ask::tidy_tally;

/// Everything, removed lots and slots too.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) lots: BTreeMap<LotId, Lot>,
    pub(super) slots: BTreeMap<(LotId, SlotId), Slot>,
    tickets: BTreeMap<TicketId, Ticket>,
    pub(super) journal: Vec<Entry>,
    pub(super) corrections: Vec<PlateCorrection>,
    pub(super) kept: BTreeMap<(Principal, String), Kept>,
    pub(super) series: BTreeMap<TariffId, Series>,
    versions: BTreeMap<TariffVersion, Published>,
    pub(super) discounts: BTreeMap<(LotId, DiscountCode), Discount>,
    pub(super) uses: BTreeMap<(LotId, DiscountCode, PlateKey), i64>,
}

/// What is kept under an idempotency key.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) fingerprint: [u8; 32],
    pub(super) reply: Reply,
    used_at: Timestamp,
}

impl State {
    /// A lot that was not removed.
    pub(super) fn lot(&self, id: &LotId) -> Option<&Lot> {
        self.lots.get(id).filter(|lot| !lot.retired)
    }

    /// The slots of a lot, removed ones too, in the order of allocation.
    pub(super) fn slots_of(&self, lot: &LotId) -> Vec<&Slot> {
        let mut slots: Vec<_> =
            self.slots.iter().filter(|((of, _), _)| of == lot).map(|(_, slot)| slot).collect();
        slots.sort_by_key(|slot| (slot.rank, slot.label.clone()));
        slots
    }

    /// A ticket with the label that its slot has now.
    pub(super) fn ticket(&self, id: TicketId) -> Option<Ticket> {
        self.tickets.get(&id).map(|ticket| self.labelled(ticket))
    }

    /// The tickets of a lot, oldest first.
    pub(super) fn tickets_of(&self, lot: &LotId) -> Vec<Ticket> {
        let of_lot = self.tickets.values().filter(|ticket| ticket.lot == *lot);
        let mut tickets: Vec<_> = of_lot.map(|ticket| self.labelled(ticket)).collect();
        tickets.sort_by_key(|ticket| ticket.number);
        tickets
    }

    /// The waiting tickets of a lot, first served first.
    pub(super) fn waiting_in(&self, lot: &LotId) -> Vec<&Ticket> {
        let waiting = |ticket: &&Ticket| ticket.lot == *lot && ticket.status() == TicketStatus::Waiting;
        let mut tickets: Vec<_> = self.tickets.values().filter(waiting).collect();
        tickets.sort_by_key(|ticket| (ticket.turn, ticket.id));
        tickets
    }

    /// The open ticket of a plate, in whatever lot.
    pub(super) fn open_ticket(&self, plate: &PlateKey) -> Option<&Ticket> {
        self.tickets.values().find(|ticket| ticket.plate.key() == plate && ticket.status().is_open())
    }

    /// The newest ticket of a plate in a lot.
    pub(super) fn newest_ticket(&self, lot: &LotId, plate: &PlateKey) -> Option<Ticket> {
        let of_plate = |ticket: &&Ticket| ticket.lot == *lot && ticket.plate.key() == plate;
        let newest = self.tickets.values().filter(of_plate).max_by_key(|ticket| ticket.number);
        newest.map(|ticket| self.labelled(ticket))
    }

    /// What is in a lot, counted now.
    pub(super) fn tally(&self, lot: &LotId) -> Tally {
        let mut tally = Tally::default();
        for slot in self.slots_of(lot) {
            tally.count_slot(slot);
        }
        for ticket in self.waiting_in(lot) {
            tally.count_waiting(ticket.demand(), &ticket.priority, 1);
        }
        tally
    }

    /// A discount of a lot.
    pub(super) fn discount(&self, lot: &LotId, code: &DiscountCode) -> Option<&Discount> {
        self.discounts.get(&(lot.clone(), code.clone()))
    }

    /// A state of a tariff.
    pub(super) fn published(&self, version: &TariffVersion) -> Option<&Published> {
        self.versions.get(version)
    }

    /// What was published of a tariff, newest first.
    pub(super) fn published_of(&self, tariff: &TariffId) -> Vec<&Published> {
        let of_tariff = self.versions.iter().rev().filter(|(version, _)| version.tariff == *tariff);
        of_tariff.map(|(_, published)| published).collect()
    }

    /// A tariff as it now is, and what was published of it now.
    pub(super) fn revise(&mut self, series: Series, published: Option<Published>) {
        if let Some(published) = published {
            let version = TariffVersion { tariff: series.id.clone(), number: published.number };
            assert_eq!(series.newest.as_ref(), Some(&published), "what is published is the newest");
            assert!(self.versions.insert(version, published).is_none(), "a version is published once");
        }
        assert_eq!(self.published_of(&series.id).first().copied(), series.newest.as_ref());
        self.series.insert(series.id.clone(), series);
    }

    /// The last stays of a plate in a lot that ended after an instant.
    pub(super) fn stays_of(&self, lot: &LotId, plate: &PlateKey, since: Timestamp) -> Vec<EarlierStay> {
        let of_plate = self.tickets_of(lot).into_iter().rev().filter(|ticket| ticket.plate.key() == plate);
        let departed = of_plate.filter(|ticket| ticket.status() == TicketStatus::Departed);
        let stay = |ticket: Ticket| Some(EarlierStay { from: ticket.berth()?.since, to: ticket.ended_at()? });
        let recent = departed.filter_map(stay).filter(|stay| stay.to > since);
        recent.zip(0..EARLIER_STAYS).map(|(stay, _)| stay).collect()
    }

    /// Forgets the oldest keys.
    pub(super) fn forget_keys(&mut self, used_before: Timestamp, most: u32) -> u32 {
        let old = |kept: &Kept| kept.used_at < used_before;
        let mut old: Vec<_> = self.kept.iter().filter(|(_, kept)| old(kept)).collect();
        old.sort_by_key(|(_, kept)| kept.used_at);
        let forgotten: Vec<_> = old.into_iter().map(|(key, _)| key.clone()).zip(0..most).collect();
        for (key, _) in &forgotten {
            self.kept.remove(key);
        }
        u32::try_from(forgotten.len()).unwrap_or(most)
    }

    /// Keeps a reply under a key that nothing is kept under.
    pub(super) fn keep(&mut self, key: &Key, reply: Reply, now: Timestamp) {
        let kept = Kept { fingerprint: key.fingerprint, reply, used_at: now };
        let before = self.kept.insert((key.principal.clone(), key.key.clone()), kept);
        assert!(before.is_none(), "the key {} was used before", key.key);
    }

    /// Writes what was decided about one lot. The order does not matter here; it is all or nothing.
    pub(super) fn apply(&mut self, changes: Changes) {
        let id = changes.lot.id.clone();
        let mut counts = self.tally(&id);
        let mut queue: BTreeMap<_, _> = self.members(&id).into_iter().collect();
        self.check_order(&changes);

        let Changes {
            lot,
            tally,
            new_slots,
            ended,
            moved,
            amended,
            corrections,
            new_tickets,
            slots,
            journal,
            queue: delta,
            ..
        } = changes;
        let (discounts, uses) = (changes.discounts, changes.discount_uses);
        self.discounts.extend(discounts.into_iter().map(|one| ((id.clone(), one.code.clone()), one)));
        self.uses.extend(uses.into_iter().map(|used| ((id.clone(), used.code, used.plate), used.uses)));
        self.lots.insert(id.clone(), lot);
        self.slots.extend(new_slots.into_iter().chain(slots).map(|slot| ((id.clone(), slot.id), slot)));
        let tickets = ended.into_iter().chain(moved).chain(amended).chain(new_tickets);
        self.tickets.extend(tickets.map(|ticket| (ticket.id, ticket)));
        self.journal.extend(journal);
        self.corrections.extend(corrections);

        counts.slots.extend(tally.slots);
        counts.waiting.extend(tally.waiting);
        let mut scanned = self.tally(&id);
        tidy_tally(&mut counts);
        tidy_tally(&mut scanned);
        assert_eq!(counts, scanned, "the counts are those of a scan");

        queue.retain(|ticket, _| !delta.removed.contains(ticket));
        queue.extend(delta.added);
        assert_eq!(queue, self.members(&id).into_iter().collect(), "the delta leads to the queue");
        assert_eq!(usize::try_from(delta.count).ok(), Some(queue.len()), "the delta counts the queue");
        self.check_rows(&id);
        self.check_uses(&id);
    }

    /// The waiting tickets of a lot and their turns.
    pub(super) fn members(&self, lot: &LotId) -> Vec<(TicketId, Turn)> {
        self.waiting_in(lot).into_iter().map(|ticket| (ticket.id, ticket.turn)).collect()
    }

    /// Versions follow each other, and each has its lines in the journal, later than those before.
    fn check_order(&self, changes: &Changes) {
        let before = self.lots.get(&changes.lot.id);
        assert_eq!(before.is_none(), changes.opened, "a lot is opened once");
        let from = before.map_or_else(Default::default, |lot| lot.version);
        assert_eq!(changes.queue.from, from, "the changes follow what is there");
        assert_eq!(changes.queue.to, changes.lot.version);
        let mut last = (from, -1, before.map(|lot| lot.last_at));
        for entry in &changes.journal {
            let next = if entry.version == last.0 { (last.0, last.1 + 1) } else { (last.0.next(), 0) };
            assert_eq!((entry.version, entry.n), next, "the journal has no gap");
            let rises = last.2.is_none_or(|at| entry.at > at || (entry.n > 0 && entry.at == at));
            assert!(rises, "time rises within a lot");
            last = (entry.version, entry.n, Some(entry.at));
        }
        assert_eq!((last.0, last.2), (changes.lot.version, Some(changes.lot.last_at)));
    }

    /// A use is a ticket that has the discount.
    fn check_uses(&self, lot: &LotId) {
        let mut uses: BTreeMap<(LotId, DiscountCode, PlateKey), i64> = BTreeMap::new();
        for ticket in self.tickets.values().filter(|ticket| ticket.lot == *lot) {
            for code in &ticket.discounts {
                *uses.entry((lot.clone(), code.clone(), ticket.plate.key().clone())).or_default() += 1;
            }
        }
        let counted = self.uses.iter().filter(|((of, ..), uses)| of == lot && **uses != 0);
        let counted: BTreeMap<_, _> = counted.map(|(key, uses)| (key.clone(), *uses)).collect();
        assert_eq!(counted, uses, "each vehicle's uses are its tickets");
        for discount in self.discounts.iter().filter(|((of, _), _)| of == lot).map(|(_, discount)| discount) {
            let all: i64 =
                uses.iter().filter(|((_, code, _), _)| *code == discount.code).map(|(_, n)| n).sum();
            assert_eq!(discount.uses, all, "the uses of {} are its tickets", discount.code);
        }
    }

    /// What a database makes sure of by its constraints.
    fn check_rows(&self, lot: &LotId) {
        let slots = self.slots_of(lot);
        let tickets: Vec<&Ticket> = self.tickets.values().filter(|ticket| ticket.lot == *lot).collect();
        let open = self.tickets.values().filter(|ticket| ticket.status().is_open());
        once("an open plate", open.map(|ticket| ticket.plate.key()));
        once("a label", slots.iter().map(|slot| &slot.label));
        once("a number", tickets.iter().map(|ticket| ticket.number));
        once("an admission", tickets.iter().filter_map(|ticket| ticket.berth()).map(|berth| berth.admission));
        let stands = |ticket: &&Ticket| match &ticket.stage {
            Stage::Parked(berth) => Some((berth.slot, ticket.id)),
            _ => None,
        };
        let parked: BTreeSet<_> = tickets.iter().filter_map(stands).collect();
        once("a slot", parked.iter().map(|(slot, _)| slot));
        let occupied = slots.iter().filter_map(|slot| slot.occupant.map(|ticket| (slot.id, ticket)));
        assert_eq!(occupied.collect::<BTreeSet<_>>(), parked, "who is parked stands in a slot");
        assert!(slots.iter().all(|slot| !slot.retired || slot.occupant.is_none()), "a removed slot is empty");
    }

    /// A row of a ticket does not hold the label of its slot.
    fn labelled(&self, ticket: &Ticket) -> Ticket {
        let relabel = |berth: &Berth| {
            let slot = self.slots.get(&(ticket.lot.clone(), berth.slot));
            let label = slot.map_or_else(|| berth.label.clone(), |slot| slot.label.clone());
            Berth { label, ..berth.clone() }
        };
        let stage = match ticket.stage.clone() {
            Stage::Parked(berth) => Stage::Parked(relabel(&berth)),
            Stage::Departed { berth, at, fee, occurred_at } => {
                Stage::Departed { berth: relabel(&berth), at, fee, occurred_at }
            }
            Stage::Voided { berth, at, reason } => Stage::Voided { berth: relabel(&berth), at, reason },
            stage @ (Stage::Waiting | Stage::Withdrawn { .. }) => stage,
        };
        Ticket { stage, ..ticket.clone() }
    }
}

fn once<T: Ord + Debug>(what: &str, all: impl Iterator<Item = T>) {
    let mut seen = BTreeSet::new();
    for one in all {
        assert!(!seen.contains(&one), "{what} twice: {one:?}");
        seen.insert(one);
    }
}
