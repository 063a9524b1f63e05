//! What operators do with tickets.

use futures_util::future::join_all;
use parkpro_domain::{
    command::Command,
    event::Principal,
    outcome::Refusal,
    ports::{Answer, Request},
    ticket::{Stage, TicketStatus},
};

use super::Sentence;
use crate::{
    ask,
    clock::{HOUR, MINUTE},
    subject::{Subject, ok},
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a voided entry frees its slot without a fee", |s| {
            Box::pin(a_voided_entry_frees_its_slot_without_a_fee(s))
        }),
        ("only who is parked is voided", |s| Box::pin(only_who_is_parked_is_voided(s))),
        ("only who waits withdraws", |s| Box::pin(only_who_waits_withdraws(s))),
        ("a corrected plate is the one that counts", |s| {
            Box::pin(a_corrected_plate_is_the_one_that_counts(s))
        }),
        ("a plate is not corrected to one that is inside", |s| {
            Box::pin(a_plate_is_not_corrected_to_one_that_is_inside(s))
        }),
        ("a plate is corrected also after the vehicle left", |s| {
            Box::pin(a_plate_is_corrected_also_after_the_vehicle_left(s))
        }),
        ("of two exits at once one is told of the newest ticket", |s| {
            Box::pin(of_two_exits_at_once_one_is_told_of_the_newest_ticket(s))
        }),
        ("every plate that a ticket had is kept", |s| Box::pin(every_plate_that_a_ticket_had_is_kept(s))),
        ("plate and priority are amended together or not at all", |s| {
            Box::pin(plate_and_priority_are_amended_together_or_not_at_all(s))
        }),
    ]
}

pub async fn a_voided_entry_frees_its_slot_without_a_fee(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["P1", "P2"]).await;
    s.clock.advance(5 * HOUR);
    let voided = s.made(ask::void(made[0].id())).await;
    assert_eq!(voided.place(), "voided");
    assert_eq!(voided.promoted, ["P2 in A-1"]);
    assert_eq!((voided.ticket.fee(), voided.ticket.berth().is_some()), (None, true));
    let kept = s.ticket(made[0].id()).await.ticket;
    assert_eq!(kept, voided.ticket);
    let Stage::Voided { reason, .. } = kept.stage else { panic!("it is voided") };
    assert_eq!(reason.as_str(), "entered by mistake");
    assert_eq!(s.refused(ask::exit("main", "P1")).await, Refusal::NotInside);
    assert_eq!(s.refused(ask::exit_by_ticket("main", made[0].id())).await, Refusal::NotInside);
    assert_eq!(s.enter("P1").await.place(), "waits 1", "it may come again");
}

pub async fn only_who_is_parked_is_voided(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["P1", "P2"]).await;
    let (parked, waits) = (made[0].id(), made[1].id());
    let not_parked = |ticket, status| Refusal::NotParked { ticket, status };
    assert_eq!(s.refused(ask::void(waits)).await, not_parked(waits, TicketStatus::Waiting));
    s.exit("P1").await;
    assert_eq!(s.refused(ask::void(parked)).await, not_parked(parked, TicketStatus::Departed));
    s.made(ask::void(waits)).await;
    assert_eq!(s.refused(ask::void(waits)).await, not_parked(waits, TicketStatus::Voided));
    let unknown = s.entry("X").ticket;
    assert_eq!(s.refused(ask::void(unknown)).await, Refusal::NoSuchTicket(unknown));
}

pub async fn only_who_waits_withdraws(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let parked = s.enter("P1").await.id();
    let withdraw = || Command::Withdraw { ticket: parked };
    let not_waiting = |status| Refusal::NotWaiting { ticket: parked, status };
    assert_eq!(s.refused(withdraw()).await, not_waiting(TicketStatus::Parked));
    s.exit("P1").await;
    assert_eq!(s.refused(withdraw()).await, not_waiting(TicketStatus::Departed));
    let unknown = s.entry("X").ticket;
    let refusal = s.refused(Command::Withdraw { ticket: unknown }).await;
    assert_eq!(refusal, Refusal::NoSuchTicket(unknown));
}

pub async fn a_corrected_plate_is_the_one_that_counts(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["WR0NG", "P2"]).await;
    let corrected = s.made(ask::correct(made[0].id(), "Wr-ong")).await;
    assert_eq!((corrected.place().as_str(), corrected.ticket.plate.shown()), ("in A-1", "Wr-ong"));
    let waits = s.made(ask::correct(made[1].id(), "P-3")).await;
    assert_eq!(waits.place(), "waits 1", "a corrected plate keeps its place");
    assert_eq!(s.refused(ask::exit("main", "WR0NG")).await, Refusal::NotInside);
    assert_eq!(
        s.refused(Command::Enter(s.entry("WRONG"))).await,
        Refusal::PlateAlreadyActive { ticket: made[0].id() }
    );
    assert_eq!(s.exit("WRONG").await.promoted, ["P-3 in A-1"]);
    assert_eq!(s.enter("P2").await.place(), "waits 1", "the old plate is free");
}

pub async fn a_plate_is_not_corrected_to_one_that_is_inside(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.open(ask::open("annex", ask::slots(1))).await;
    let made = s.enter("P1").await;
    let there = s.made(Command::Enter(ask::enter("annex", s.entry("P2").ticket, "P2"))).await;
    let active = Refusal::PlateAlreadyActive { ticket: there.id() };
    assert_eq!(s.refused(ask::correct(made.id(), "p-2")).await, active);
    let shown = s.made(ask::correct(made.id(), "p-1")).await;
    assert_eq!(shown.ticket.plate.shown(), "p-1", "its own plate typed otherwise is no other");
    s.made(ask::exit("annex", "P2")).await;
    assert_eq!(s.made(ask::correct(made.id(), "p-2")).await.ticket.plate, ask::plate("p-2"));
}

pub async fn a_plate_is_corrected_also_after_the_vehicle_left(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let gone = s.enter("P1").await;
    s.exit("P1").await;
    s.enter("P2").await;
    let corrected = s.made(ask::correct(gone.id(), "P2")).await;
    assert_eq!(corrected.place(), "departed");
    assert_eq!(s.ticket(gone.id()).await.ticket, corrected.ticket);
    assert_eq!(s.refused(ask::exit("main", "P1")).await, Refusal::NotInside, "no ticket has that plate");
    assert_eq!(s.exit("P2").await.ticket.number.0, 2, "who is inside leaves");
    let stays = s.enter("P3").await;
    let goes = s.enter("P4").await;
    s.exit("P4").await;
    s.made(ask::correct(goes.id(), "P3")).await;
    assert_eq!(s.exit("P3").await.id(), stays.id(), "who is inside, not whoever came last");
}

/// The open ticket is older than the last one that left, because its plate was misread at first.
pub async fn of_two_exits_at_once_one_is_told_of_the_newest_ticket(s: Subject) {
    s.open(ask::open("main", ask::slots(9))).await;
    let (mut plates, mut newest) = (Vec::new(), Vec::new());
    for n in 1..9 {
        let (misread, plate) = (s.enter(&format!("MISREAD{n}")).await, format!("P{n}"));
        newest.push(s.enter(&plate).await.id());
        s.exit(&plate).await;
        s.done(ask::correct(misread.id(), &plate)).await;
        plates.push(plate);
    }
    let ledger = s.ledger();
    let twice = plates.iter().flat_map(|plate| [plate, plate]);
    let exits = twice.map(|plate| ledger.change(ask::request(ask::exit("main", plate))));
    let answers: Vec<Answer> = join_all(exits).await.into_iter().map(ok).collect();
    for (answers, ticket) in answers.chunks(2).zip(newest) {
        let refusals = answers.iter().filter_map(|answer| match answer {
            Answer::Decided { outcome, .. } => outcome.result.clone().err(),
            other => panic!("it is decided: {other:?}"),
        });
        assert_eq!(refusals.collect::<Vec<_>>(), [Refusal::AlreadyDeparted { ticket }]);
    }
}

pub async fn every_plate_that_a_ticket_had_is_kept(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let (made, other) = (s.enter("WR0NG").await, s.enter("P2").await);
    let mut versions = Vec::new();
    for (minutes, actor, plate) in [(1, "gate-7", "WRONG"), (2, "office", "Wr-ong"), (9, "office", "WR0NG")] {
        s.clock.advance(minutes * MINUTE);
        let correct =
            Request { actor: Principal(actor.into()), ..ask::request(ask::correct(made.id(), plate)) };
        let Answer::Decided { outcome, .. } = s.answer(correct).await else { panic!("it is decided") };
        versions.extend(outcome.version);
    }
    s.made(ask::correct(made.id(), "WR0NG")).await;
    s.refused(ask::correct(made.id(), "P2")).await;
    s.exit("WR0NG").await;
    s.made(ask::correct(made.id(), "GONE")).await;
    s.reopen().await;
    let history = s.records().plates(made.id()).await.unwrap().unwrap();
    let told: Vec<_> = history
        .corrections
        .iter()
        .map(|was| (was.plate.shown(), was.plate.key().as_str(), was.actor.0.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("WR0NG", "WR0NG", "gate-7"),
            ("WRONG", "WRONG", "office"),
            ("Wr-ong", "WRONG", "office"),
            ("WR0NG", "WR0NG", "anonymous"),
        ]
    );
    assert_eq!(history.view.ticket.plate, ask::plate("GONE"));
    let corrected: Vec<_> = history.corrections.iter().map(|was| was.version).collect();
    assert_eq!(corrected[..3], versions);
    assert!(history.corrections.is_sorted_by(|one, next| one.at < next.at), "each at its own time");
    assert!(history.corrections.iter().all(|was| was.ticket == made.id()));
    let untouched = s.records().plates(other.id()).await.unwrap().unwrap();
    assert_eq!((untouched.view.ticket.plate, untouched.corrections), (ask::plate("P2"), vec![]));
    assert_eq!(s.records().plates(s.entry("X").ticket).await.unwrap(), None);
}

pub async fn plate_and_priority_are_amended_together_or_not_at_all(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["P1", "P2", "P3"]).await;
    let both = |ticket, name| Command::AmendTicket {
        ticket,
        plate: Some(ask::plate("NEW")),
        priority: Some(ask::priority(name)),
    };
    let (parked, waits) = (made[0].id(), made[2].id());
    s.refused(both(parked, "vip")).await;
    s.refused(both(waits, "royal")).await;
    assert_eq!(s.ticket(parked).await.ticket.plate, ask::plate("P1"));
    let amended = s.made(both(waits, "vip")).await;
    assert_eq!((amended.place().as_str(), amended.ticket.plate.shown()), ("waits 1", "NEW"));
    let unknown = s.entry("X").ticket;
    assert_eq!(s.refused(both(unknown, "vip")).await, Refusal::NoSuchTicket(unknown));
}
