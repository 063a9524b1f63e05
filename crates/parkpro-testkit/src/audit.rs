//! What must hold in every committed state, whatever happened before.

#![expect(clippy::missing_panics_doc, reason = "for tests: a state that must not be ends the test")]

use std::collections::{BTreeMap, BTreeSet};

use parkpro_domain::{
    discount::Discount,
    event::{Entry, Event},
    lot::{Lot, LotId, Tally, Version},
    ports::{LotView, Records, SlotFilter, TicketFilter},
    slot::Slot,
    tariff::Assignments,
    ticket::{Stage, Ticket, TicketId, TicketStatus},
};

use crate::{ask::tidy_tally, reading, subject::ok};

/// A page that is smaller than most lists, so that an audit pages.
const PAGE: u32 = 7;

/// Reads everything and checks what the car park promises about every state. The record must be quiet meanwhile.
pub async fn audit(records: &dyn Records) {
    let mut open_plates = BTreeSet::new();
    let lots = reading::lots(records, 2).await;
    assert!(lots.is_sorted_by_key(|view| &view.lot.id), "lots come by id");
    for LotView { lot, tally } in lots {
        let all_slots = reading::slots(records, &lot.id, SlotFilter::default(), PAGE).await;
        let mut tickets = reading::tickets(records, &lot.id, TicketFilter::default(), PAGE).await;
        tickets.reverse();
        let queue = reading::waiting(records, &lot.id, PAGE).await;
        let journal = reading::journal(records, &lot.id, PAGE).await;
        check_numbers(&lot, &tickets);
        check_slots(&all_slots, &tickets);
        check_queue(records, &lot, &queue, &tickets).await;
        check_counts(&tally, &all_slots, &queue);
        check_nobody_could_park(&all_slots, &queue);
        check_nobody_overtook(&tickets, &journal);
        check_journal(&lot, &journal, &tickets);
        check_prices(&tickets, &journal);
        check_uses(&reading::discounts(records, &lot.id, PAGE).await, &tickets);
        for ticket in tickets.iter().filter(|ticket| ticket.status().is_open()) {
            let plate = ticket.plate.key().as_str().to_owned();
            assert!(open_plates.insert(plate), "{} is inside twice", ticket.plate.shown());
        }
    }
}

/// Numbers and admissions count without gaps, and each has its own instant.
fn check_numbers(lot: &Lot, tickets: &[Ticket]) {
    let numbers: Vec<i64> = tickets.iter().map(|ticket| ticket.number.0).collect();
    assert_eq!(
        numbers,
        (1..lot.next_number.0).collect::<Vec<_>>(),
        "every arrival of {} has a ticket",
        lot.id
    );
    assert!(tickets.is_sorted_by(|one, next| one.arrived_at < next.arrived_at), "arrivals follow each other");
    let mut berths: Vec<_> = tickets.iter().filter_map(Ticket::berth).collect();
    berths.sort_by_key(|berth| berth.admission);
    let admissions: Vec<i64> = berths.iter().map(|berth| berth.admission).collect();
    assert_eq!(admissions, (1..lot.next_admission).collect::<Vec<_>>(), "admissions have no gaps");
    assert!(berths.is_sorted_by_key(|berth| berth.since), "admissions follow each other");
    for ticket in tickets {
        let mut life = vec![ticket.arrived_at];
        life.extend(ticket.berth().map(|berth| berth.since));
        assert!(life.is_sorted(), "a vehicle comes before it parks");
        let last = life.last().copied();
        assert!(ticket.ended_at().is_none_or(|end| Some(end) > last), "and parks before it leaves");
    }
}

/// Who is parked stands in one slot, and who stands in a slot is parked.
fn check_slots(slots: &[Slot], tickets: &[Ticket]) {
    assert!(slots.is_sorted_by_key(|slot| (slot.rank, &slot.label)), "slots come in the order of allocation");
    let occupied: BTreeMap<TicketId, _> =
        slots.iter().filter_map(|slot| Some((slot.occupant?, (slot.id, slot.label.clone())))).collect();
    let parked: BTreeMap<TicketId, _> = tickets
        .iter()
        .filter_map(|ticket| match &ticket.stage {
            Stage::Parked(berth) => Some((ticket.id, (berth.slot, berth.label.clone()))),
            _ => None,
        })
        .collect();
    let occupants = slots.iter().filter(|slot| slot.occupant.is_some()).count();
    assert_eq!(occupants, occupied.len(), "nobody stands in two slots");
    assert_eq!(occupied, parked, "who is parked stands in a slot");
    let taken: BTreeSet<_> = parked.values().map(|(slot, _)| slot).collect();
    assert_eq!(taken.len(), parked.len(), "a slot holds one vehicle");
}

/// Every way to ask for the queue tells the same.
async fn check_queue(records: &dyn Records, lot: &Lot, queue: &[Ticket], tickets: &[Ticket]) {
    assert!(
        queue.is_sorted_by(|one, next| (one.turn, one.id) < (next.turn, next.id)),
        "the queue is in order"
    );
    let mut waiting: Vec<&Ticket> =
        tickets.iter().filter(|ticket| ticket.status() == TicketStatus::Waiting).collect();
    let turn = |ticket: &Ticket| lot.priorities.turn(&ticket.priority, ticket.number, ticket.arrived_at);
    assert!(
        waiting.iter().all(|ticket| turn(ticket) == Some(ticket.turn)),
        "turns are those of the lot's order"
    );
    waiting.sort_by_key(|ticket| (ticket.turn, ticket.id));
    assert_eq!(queue.iter().collect::<Vec<_>>(), waiting, "the queue is of those who wait, in order");
    for (ticket, position) in queue.iter().zip(1..) {
        let place = ok(records.position(ticket.id).await);
        assert_eq!(place.map(|place| (place.position, place.version)), Some((position, lot.version)));
    }
    let snapshot = ok(records.snapshot(lot.id.clone()).await);
    let snapshot = snapshot.map(|snapshot| (snapshot.version, snapshot.members.into_iter().collect()));
    let members: BTreeMap<_, _> = queue.iter().map(|ticket| (ticket.id, ticket.turn)).collect();
    assert_eq!(snapshot, Some((lot.version, members)), "the snapshot is of the queue");
}

/// What is counted as it changes is what a scan counts.
fn check_counts(tally: &Tally, slots: &[Slot], queue: &[Ticket]) {
    let mut scanned = Tally::default();
    for slot in slots {
        scanned.count_slot(slot);
    }
    for ticket in queue {
        scanned.count_waiting(ticket.demand(), &ticket.priority, 1);
    }
    let mut counted = tally.clone();
    tidy_tally(&mut counted);
    tidy_tally(&mut scanned);
    assert_eq!(counted, scanned, "the counts are those of a scan");
}

/// No usable slot stands free while a vehicle that fits it waits.
fn check_nobody_could_park(slots: &[Slot], queue: &[Ticket]) {
    for ticket in queue {
        let idle = slots.iter().find(|slot| slot.is_free() && slot.accepts.fits(&ticket.demand()));
        assert!(idle.is_none(), "{} waits while {idle:?} is free", ticket.plate.shown());
    }
}

/// Of the same demand and priority, whoever came first parked first, and nobody parked while an earlier one waits.
fn check_nobody_overtook(tickets: &[Ticket], journal: &[Entry]) {
    let moved: BTreeSet<TicketId> = journal
        .iter()
        .filter_map(|entry| match entry.event {
            Event::PriorityChanged { ticket, .. } => Some(ticket.id),
            _ => None,
        })
        .collect();
    let mut last = BTreeMap::new();
    let mut waits = BTreeSet::new();
    for ticket in tickets.iter().filter(|ticket| !moved.contains(&ticket.id)) {
        let line = (ticket.demand(), ticket.priority.as_str().to_owned());
        match (ticket.berth(), ticket.status()) {
            (Some(berth), _) => {
                let before = last.insert(line.clone(), berth.admission);
                assert!(before < Some(berth.admission), "{} overtook", ticket.plate.shown());
                assert!(!waits.contains(&line), "{} overtook one who waits", ticket.plate.shown());
            }
            (None, TicketStatus::Waiting) => drop(waits.insert(line)),
            (None, _) => {}
        }
    }
}

/// Every version is in the journal, in order and in time; and no plate is.
fn check_journal(lot: &Lot, journal: &[Entry], tickets: &[Ticket]) {
    let mut last: Option<&Entry> = None;
    for entry in journal {
        let (version, n) = last.map_or((Version(1), 0), |last| match last.version {
            same if entry.version == same => (same, last.n + 1),
            before => (before.next(), 0),
        });
        assert_eq!((&entry.lot, entry.version, entry.n), (&lot.id, version, n), "the journal has no gap");
        let rises = last.is_none_or(|last| entry.at > last.at || (entry.n > 0 && entry.at == last.at));
        assert!(rises, "time rises within a lot");
        last = Some(entry);
    }
    let last = last.map(|last| (last.version, last.at));
    assert_eq!(last, Some((lot.version, lot.last_at)), "the journal ends at the lot's version");
    let told = |wanted: fn(&Event) -> bool| journal.iter().filter(|entry| wanted(&entry.event)).count();
    assert_eq!(told(|event| matches!(event, Event::TicketArrived { .. })), tickets.len());
    let parked = tickets.iter().filter(|ticket| ticket.berth().is_some()).count();
    assert_eq!(told(|event| matches!(event, Event::TicketParked { .. })), parked);
}

/// Whoever parked has the tariff that held then. The tests have no settings that say what holds else.
fn check_prices(tickets: &[Ticket], journal: &[Entry]) {
    let tickets: BTreeMap<TicketId, &Ticket> = tickets.iter().map(|ticket| (ticket.id, ticket)).collect();
    let mut given = Assignments::default();
    for entry in journal {
        match &entry.event {
            Event::TariffAssigned(assignment) => {
                let next = given.with(assignment.clone(), entry.at);
                given = next.unwrap_or_else(|| panic!("it was assigned"));
            }
            Event::TicketParked { ticket, .. } => {
                let ticket = tickets[&ticket.id];
                let pinned = ticket.berth().and_then(|berth| berth.tariff.as_ref());
                assert_eq!(pinned, given.at(entry.at, &ticket.class), "{} parked", ticket.plate.shown());
            }
            _ => {}
        }
    }
}

/// A use of a discount is a ticket that has it.
fn check_uses(discounts: &[Discount], tickets: &[Ticket]) {
    for discount in discounts {
        let having = tickets.iter().filter(|ticket| ticket.discounts.contains(&discount.code)).count();
        assert_eq!(i64::try_from(having).ok(), Some(discount.uses), "tickets with {}", discount.code);
    }
}

/// Reads one lot whole, to be compared with what another record says of it.
pub async fn everything(records: &dyn Records, lot: &LotId) -> String {
    let view = reading::lots(records, PAGE).await.into_iter().find(|view| view.lot.id == *lot);
    if view.is_none() {
        return format!("{lot} is not there");
    }
    let slots = reading::slots(records, lot, SlotFilter::default(), PAGE).await;
    let tickets = reading::tickets(records, lot, TicketFilter::default(), PAGE).await;
    let waiting = reading::waiting(records, lot, PAGE).await;
    let journal = reading::journal(records, lot, PAGE).await;
    let mut plates = Vec::new();
    for ticket in &tickets {
        let history = ok(records.plates(ticket.id).await).map(|history| history.corrections);
        plates.push(format!("{} {history:?}", ticket.number));
    }
    let discounts = reading::discounts(records, lot, PAGE).await;
    let lines = |title: &str, all: Vec<String>| format!("{title}\n{}\n", all.join("\n"));
    [
        format!("{view:?}\n"),
        lines("slots", slots.iter().map(|slot| format!("{slot:?}")).collect()),
        lines("tickets", tickets.iter().map(|ticket| format!("{ticket:?}")).collect()),
        lines("plates", plates),
        lines("waiting", waiting.iter().map(|ticket| format!("{ticket:?}")).collect()),
        lines("discounts", discounts.iter().map(|discount| format!("{discount:?}")).collect()),
        lines("journal", journal.iter().map(|entry| format!("{entry:?}")).collect()),
    ]
    .concat()
}
