//! Coming and leaving.

use parkpro_domain::{
    command::{Command, Enter, Exit, NewSlot},
    outcome::Refusal,
    ports::Clock,
    ticket::{Stage, TicketStatus},
};

use super::Sentence;
use crate::{
    ask,
    clock::{MORNING, SECOND},
    subject::Subject,
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a vehicle takes the lowest free slot", |s| Box::pin(a_vehicle_takes_the_lowest_free_slot(s))),
        ("a full lot makes it wait", |s| Box::pin(a_full_lot_makes_it_wait(s))),
        ("a freed slot goes to whoever waited longest", |s| {
            Box::pin(a_freed_slot_goes_to_whoever_waited_longest(s))
        }),
        ("a plate is inside once", |s| Box::pin(a_plate_is_inside_once(s))),
        ("a plate is inside once, whatever the lot", |s| {
            Box::pin(a_plate_is_inside_once_whatever_the_lot(s))
        }),
        ("a plate is one however it is typed", |s| Box::pin(a_plate_is_one_however_it_is_typed(s))),
        ("a departed vehicle may come again", |s| Box::pin(a_departed_vehicle_may_come_again(s))),
        ("an exit happens once", |s| Box::pin(an_exit_happens_once(s))),
        ("a vehicle leaves the lot that it is in", |s| Box::pin(a_vehicle_leaves_the_lot_that_it_is_in(s))),
        ("who waits cannot exit", |s| Box::pin(who_waits_cannot_exit(s))),
        ("a change has its own instant", |s| Box::pin(a_change_has_its_own_instant(s))),
        ("the time of a gate is recorded and decides nothing", |s| {
            Box::pin(the_time_of_a_gate_is_recorded_and_decides_nothing(s))
        }),
        ("a ticket is the same when it is read", |s| Box::pin(a_ticket_is_the_same_when_it_is_read(s))),
    ]
}

pub async fn a_vehicle_takes_the_lowest_free_slot(s: Subject) {
    s.with_slots(&["B-1", "A-10", "A-02"]).await;
    let made = s.enter("P1").await;
    assert_eq!((made.place().as_str(), made.promoted.len()), ("in A-02", 0), "nobody else is moved");
    assert_eq!(s.enter("P2").await.place(), "in A-10");
    let preferred = NewSlot { rank: -1, ..ask::slot("Z-9") };
    s.done(ask::add_slots("main", vec![preferred])).await;
    assert_eq!(s.enter("P3").await.place(), "in Z-9");
    s.exit("P1").await;
    assert_eq!(s.enter("P4").await.place(), "in A-02");
}

pub async fn a_full_lot_makes_it_wait(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.enter("P1").await;
    let made = s.enter("P2").await;
    assert_eq!(made.place(), "waits 1");
    assert_eq!((made.ticket.status(), made.ticket.berth()), (TicketStatus::Waiting, None));
    assert_eq!(s.enter("P3").await.place(), "waits 2");
}

pub async fn a_freed_slot_goes_to_whoever_waited_longest(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let made = s.enter_all(&["P1", "P2", "P3", "P4"]).await;
    let left = s.exit("P2").await;
    assert_eq!(left.place(), "departed");
    assert_eq!(left.promoted, ["P3 in A-2"]);
    let parked = s.ticket(made[2].id()).await.ticket;
    assert_eq!(parked.berth().map(|berth| berth.since), left.ticket.ended_at(), "in the same instant");
    assert_eq!(s.place(made[3].id()).await.map(|place| place.position), Some(1));
}

pub async fn a_plate_is_inside_once(s: Subject) {
    s.with_slots(&["A-1"]).await;
    for plate in ["PARKED", "WAITING"] {
        let made = s.enter(plate).await;
        let refusal = s.refused(Command::Enter(s.entry(plate))).await;
        assert_eq!(refusal, Refusal::PlateAlreadyActive { ticket: made.id() });
    }
}

pub async fn a_plate_is_inside_once_whatever_the_lot(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.open(ask::open("annex", ask::slots(2))).await;
    let made = s.enter("P1").await;
    let there = || Enter { lot: ask::lot("annex"), ..s.entry("P1") };
    assert_eq!(s.refused(Command::Enter(there())).await, Refusal::PlateAlreadyActive { ticket: made.id() });
    s.exit("P1").await;
    assert_eq!(s.made(Command::Enter(there())).await.place(), "in A-001");
    assert!(matches!(s.refused(Command::Enter(s.entry("P1"))).await, Refusal::PlateAlreadyActive { .. }));
}

pub async fn a_plate_is_one_however_it_is_typed(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let made = s.enter("AB-c 12").await;
    assert_eq!(made.ticket.plate.shown(), "AB-c 12");
    assert_eq!(
        s.refused(Command::Enter(s.entry("abc.12"))).await,
        Refusal::PlateAlreadyActive { ticket: made.id() }
    );
    assert_eq!(s.exit("ABC12").await.id(), made.id());
    let umlaut = s.enter("B-MÜ 1").await;
    assert_eq!(s.ticket(umlaut.id()).await.ticket.plate, ask::plate("B-MÜ 1"));
}

pub async fn a_departed_vehicle_may_come_again(s: Subject) {
    s.with_slots(&["A-1"]).await;
    for number in 1..=3 {
        let made = s.enter("P1").await;
        assert_eq!((made.place().as_str(), made.ticket.number.0), ("in A-1", number));
        s.exit("P1").await;
    }
}

pub async fn an_exit_happens_once(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter("P1").await;
    assert_eq!(s.made(ask::exit_by_ticket("main", made.id())).await.place(), "departed");
    let departed = Refusal::AlreadyDeparted { ticket: made.id() };
    assert_eq!(s.refused(ask::exit("main", "P1")).await, departed);
    assert_eq!(s.refused(ask::exit_by_ticket("main", made.id())).await, departed);
    let again = s.enter("P1").await;
    assert_eq!(s.exit("P1").await.id(), again.id(), "the plate names the ticket that is inside");
    let departed = Refusal::AlreadyDeparted { ticket: again.id() };
    assert_eq!(s.refused(ask::exit("main", "P1")).await, departed, "and then the newest");
}

pub async fn a_vehicle_leaves_the_lot_that_it_is_in(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.open(ask::open("annex", ask::slots(1))).await;
    let made = s.enter("P1").await;
    assert_eq!(s.refused(ask::exit("annex", "P1")).await, Refusal::NotInside);
    assert_eq!(s.refused(ask::exit_by_ticket("annex", made.id())).await, Refusal::NotInside);
    assert_eq!(s.exit("P1").await.id(), made.id());
    assert_eq!(s.refused(ask::exit("main", "NOBODY")).await, Refusal::NotInside);
    assert_eq!(s.refused(ask::exit_by_ticket("main", s.entry("X").ticket)).await, Refusal::NotInside);
}

pub async fn who_waits_cannot_exit(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.enter("P1").await;
    let waits = s.enter("P2").await.id();
    let refusal = Refusal::StillWaiting { ticket: waits };
    assert_eq!(s.refused(ask::exit("main", "P2")).await, refusal);
    assert_eq!(s.refused(ask::exit_by_ticket("main", waits)).await, refusal);
}

pub async fn a_change_has_its_own_instant(s: Subject) {
    s.with_slots(&["A-1", "A-2", "A-3"]).await;
    let first = s.enter("P1").await.ticket.arrived_at;
    let second = s.enter("P2").await.ticket.arrived_at;
    assert_eq!(second, first.plus_micros(1), "the clock stands still");
    s.clock.advance(-10 * SECOND);
    let third = s.enter("P3").await.ticket.arrived_at;
    assert_eq!(third, second.plus_micros(1), "the clock was put back");
    s.clock.advance(60 * SECOND);
    let departed = s.exit("P1").await;
    assert_eq!(departed.ticket.ended_at(), Some(s.clock.now()));
    assert_eq!(s.lot("main").await.lot.last_at, departed.ticket.ended_at().unwrap());
}

pub async fn the_time_of_a_gate_is_recorded_and_decides_nothing(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let early = MORNING.plus_micros(-3600 * SECOND);
    let entry = s.entry("P1");
    let made = s.made(Command::Enter(Enter { occurred_at: Some(early), ..entry })).await;
    assert_eq!(made.ticket.occurred_at, Some(early));
    assert!(made.ticket.arrived_at > early);
    let exit = match ask::exit("main", "P1") {
        Command::Exit(exit) => Command::Exit(Exit { occurred_at: Some(early), ..exit }),
        other => other,
    };
    let left = s.made(exit).await;
    assert_eq!(left.fee(), ask::PER_HOUR, "the fee goes by the lot's clock");
    let kept = s.ticket(made.id()).await.ticket;
    assert_eq!(kept.occurred_at, Some(early));
    assert!(matches!(kept.stage, Stage::Departed { occurred_at: Some(at), .. } if at == early));
}

pub async fn a_ticket_is_the_same_when_it_is_read(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.open(ask::open("annex", ask::slots(1))).await;
    for plate in ["P1", "P2"] {
        let made = s.enter(plate).await;
        let view = s.ticket(made.id()).await;
        assert_eq!((view.ticket, view.lot.version), (made.ticket, made.version));
    }
    let left = s.exit("P1").await;
    let view = s.ticket(left.id()).await;
    assert_eq!((view.ticket, view.lot.version), (left.ticket, left.version));
    assert_eq!(view.lot.id, ask::lot("main"));
}
