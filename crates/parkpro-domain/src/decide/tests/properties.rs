//! What holds whatever is asked.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::yard::{
    Yard, add_slots, change_lot, change_slot, exit, exit_ticket, id, remove_slot, serve, void,
};
use crate::{
    command::{ChangeLot, ChangeSlot, Command},
    lot::{Priorities, SlotCount, Tally},
    outcome::Outcome,
    slot::Accepts,
    ticket::{TicketId, Turn},
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_the_queue_is_settled_fair_and_counted(
        asked in proptest::collection::vec((0..13_u8, 0..8_usize, 0..5_usize), 1..80)
    ) {
        let mut yard = Yard::new(&[
            ("A-1", "car"),
            ("A-2", "car+van"),
            ("A-3", "bike"),
            ("A-4", "car/electric"),
            ("A-5", "car+van/accessible+electric!"),
        ]);
        for (kind, which, sort) in asked {
            let command = command(&mut yard, kind, which, sort);
            let before: BTreeMap<_, _> = yard.waiting().iter().map(|t| (t.id, t.turn)).collect();
            let outcome = yard.ask(&command);
            is_settled(&yard)?;
            is_sorted(&yard)?;
            is_fair(&yard, &before, &outcome)?;
            is_counted(&yard)?;
        }
    }
}

const ORDERS: [&str; 5] =
    ["vip,standard", "standard,vip", "vip:1,standard:0", "vip:900,standard:60", "standard"];

fn command(yard: &mut Yard, kind: u8, which: usize, sort: usize) -> Command {
    let plate = format!("P{which}");
    let label = ["A-1", "A-2", "A-3", "A-4", "A-5", "B-1"][which % 6];
    let accepts = ["car", "car+van", "bike+van", "car/electric", "car/accessible!"][sort];
    let parsed = Accepts::parse(accepts).unwrap();
    let newest = yard.tickets.saturating_sub(u128::try_from(which).unwrap());
    match kind {
        0..5 => {
            let priority = if which.is_multiple_of(3) { "vip" } else { "standard" };
            yard.entry(&plate, ["car", "van", "bike", "car/electric", "van/accessible"][sort], priority)
        }
        5 => exit(&plate),
        6 => exit_ticket(newest),
        7 => Command::Withdraw { ticket: id(newest) },
        8 => void(newest),
        9 => serve(label, sort > 0),
        10 if sort == 0 => remove_slot(label),
        10 => add_slots(&[(label, accepts), ("B-2", "car")][..sort.min(2)]),
        11 => {
            Command::ChangeLot(ChangeLot { priorities: Priorities::parse(ORDERS[sort]).ok(), ..change_lot() })
        }
        _ => Command::ChangeSlot(ChangeSlot {
            features: Some(parsed.to_features()),
            reserved: Some(parsed.is_reserved()),
            accepts: Some(parsed),
            rank: i32::try_from(which).ok(),
            ..change_slot(label)
        }),
    }
}

/// Whoever waits has the turn that the lot's priorities give.
fn is_sorted(yard: &Yard) -> Result<(), TestCaseError> {
    let priorities = &yard.facts.lot.as_ref().unwrap().priorities;
    for ticket in yard.waiting() {
        let turn = priorities.turn(&ticket.priority, ticket.number, ticket.arrived_at);
        prop_assert_eq!(Some(ticket.turn), turn);
    }
    Ok(())
}

/// No head of the queue, nor anybody behind it, fits a free slot.
fn is_settled(yard: &Yard) -> Result<(), TestCaseError> {
    for ticket in yard.waiting() {
        let idle =
            yard.slots().into_iter().find(|slot| slot.is_free() && slot.accepts.fits(&ticket.demand()));
        prop_assert!(idle.is_none(), "{:?} waits while {:?} is free", ticket.plate, idle);
        prop_assert_eq!(yard.facts.best_slot(&ticket.demand()), None);
    }
    Ok(())
}

/// Nobody who still waits, was ahead, and fits the slot of somebody who got one.
fn is_fair(yard: &Yard, before: &BTreeMap<TicketId, Turn>, outcome: &Outcome) -> Result<(), TestCaseError> {
    let promoted = outcome.result.iter().flat_map(|done| &done.promoted);
    for promotion in promoted {
        let slot = yard.facts.slot_labelled(&promotion.slot).unwrap();
        prop_assert_eq!(slot.occupant, Some(promotion.ticket));
        let turn = before[&promotion.ticket];
        let passed = yard.waiting().into_iter().find(|t| t.turn < turn && slot.accepts.fits(&t.demand()));
        prop_assert!(passed.is_none(), "{:?} was overtaken", passed);
    }
    Ok(())
}

/// The counts are those of a scan.
fn is_counted(yard: &Yard) -> Result<(), TestCaseError> {
    let mut scan = Tally::default();
    yard.slots().into_iter().for_each(|slot| scan.count_slot(slot));
    yard.waiting().into_iter().for_each(|t| scan.count_waiting(t.demand(), &t.priority, 1));
    let mut counted = yard.facts.tally.clone();
    for tally in [&mut scan, &mut counted] {
        tally.slots.retain(|_, count| *count != SlotCount::default());
        tally.waiting.retain(|_, count| *count != 0);
    }
    prop_assert_eq!(scan, counted);
    Ok(())
}
