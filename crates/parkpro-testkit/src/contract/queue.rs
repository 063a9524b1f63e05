//! Who is next.

use parkpro_domain::{
    command::{ChangeLot, Command, NewSlot, OpenLot},
    lot::Priorities,
    outcome::Refusal,
    ticket::TicketStatus,
};

use super::Sentence;
use crate::{ask, audit::audit, reading, subject::Subject};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("nobody overtakes", |s| Box::pin(nobody_overtakes(s))),
        ("no slot idles while somebody waits", |s| Box::pin(no_slot_idles_while_somebody_waits(s))),
        ("who withdraws is passed over", |s| Box::pin(who_withdraws_is_passed_over(s))),
        ("vip comes before standard", |s| Box::pin(vip_comes_before_standard(s))),
        ("a lot has priorities of its own", |s| Box::pin(a_lot_has_priorities_of_its_own(s))),
        ("a motorcycle is not blocked by a lorry", |s| Box::pin(a_motorcycle_is_not_blocked_by_a_lorry(s))),
        ("a slot for both goes to whoever came first", |s| {
            Box::pin(a_slot_for_both_goes_to_whoever_came_first(s))
        }),
        ("an exact slot comes first, then rank, then label", |s| {
            Box::pin(an_exact_slot_comes_first_then_rank_then_label(s))
        }),
        ("a new priority moves a ticket and says its place", |s| {
            Box::pin(a_new_priority_moves_a_ticket_and_says_its_place(s))
        }),
        ("every way to ask for a place tells the same", |s| {
            Box::pin(every_way_to_ask_for_a_place_tells_the_same(s))
        }),
        ("a full queue takes only who need not wait", |s| {
            Box::pin(a_full_queue_takes_only_who_need_not_wait(s))
        }),
        ("a closed lot serves who is inside", |s| Box::pin(a_closed_lot_serves_who_is_inside(s))),
    ]
}

pub async fn nobody_overtakes(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let plates: Vec<String> = (1..=12).map(|n| format!("P{n}")).collect();
    for plate in &plates {
        s.enter(plate).await;
    }
    for (leaves, next) in plates.iter().zip(&plates[2..]) {
        let left = s.exit(leaves).await;
        let slot = left.ticket.berth().unwrap().label.clone();
        assert_eq!(left.promoted, [format!("{next} in {slot}")]);
        let comes = s.enter(leaves).await;
        assert_eq!(comes.ticket.status(), TicketStatus::Waiting, "who comes now is behind all who wait");
    }
}

pub async fn no_slot_idles_while_somebody_waits(s: Subject) {
    s.open(ask::open(
        "main",
        vec![ask::slot("A-1"), ask::slot_for("car+van", "A-2"), ask::slot_for("van", "A-3")],
    ))
    .await;
    let mut tickets = Vec::new();
    for (plate, class) in [("P1", "van"), ("P2", "van"), ("P3", "car"), ("P4", "van"), ("P5", "car")] {
        tickets.push(s.enter_as(plate, class, "standard").await.id());
        audit(&*s.records()).await;
    }
    for change in [
        ask::serve("main", "A-1", false),
        ask::exit("main", "P2"),
        Command::Withdraw { ticket: tickets[4] },
        ask::serve("main", "A-1", true),
        ask::void(tickets[0]),
        ask::add_slots("main", vec![ask::slot_for("car+van", "A-4")]),
        ask::exit("main", "P3"),
    ] {
        s.done(change).await;
        audit(&*s.records()).await;
    }
}

pub async fn who_withdraws_is_passed_over(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["P1", "P2", "P3"]).await;
    let gone = s.made(Command::Withdraw { ticket: made[1].id() }).await;
    assert_eq!((gone.place().as_str(), gone.promoted.len()), ("withdrawn", 0));
    assert!(gone.ticket.ended_at().is_some());
    assert_eq!(s.place(made[1].id()).await, None);
    assert_eq!(s.exit("P1").await.promoted, ["P3 in A-1"]);
    let again = s.refused(Command::Withdraw { ticket: made[1].id() }).await;
    assert_eq!(again, Refusal::NotWaiting { ticket: made[1].id(), status: TicketStatus::Withdrawn });
    assert_eq!(s.refused(ask::exit("main", "P2")).await, Refusal::NotInside);
    assert_eq!(s.enter("P2").await.place(), "waits 1", "it may come again");
}

pub async fn vip_comes_before_standard(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.enter_all(&["P1", "S1", "S2"]).await;
    assert_eq!(s.enter_as("V1", "car", "vip").await.place(), "waits 1");
    assert_eq!(s.enter_as("V2", "car", "vip").await.place(), "waits 2");
    assert_eq!(s.enter("S3").await.place(), "waits 5");
    let mut leaves = "P1".to_owned();
    for next in ["V1", "V2", "S1", "S2", "S3"] {
        assert_eq!(s.exit(&leaves).await.promoted, [format!("{next} in A-1")]);
        next.clone_into(&mut leaves);
    }
}

pub async fn a_lot_has_priorities_of_its_own(s: Subject) {
    let priorities = Priorities::parse("doctor,standard,cheap").unwrap();
    s.open(OpenLot { priorities: priorities.clone(), ..ask::open("main", ask::slots(1)) }).await;
    s.enter("P1").await;
    assert_eq!(s.enter_as("C1", "car", "cheap").await.place(), "waits 1");
    assert_eq!(s.enter("S1").await.place(), "waits 1");
    assert_eq!(s.enter_as("D1", "car", "doctor").await.place(), "waits 1");
    let refusal = s.refused(Command::Enter(s.entry_as("V1", "car", "vip"))).await;
    assert_eq!(refusal, Refusal::UnknownPriority { priority: ask::priority("vip"), known: priorities });
    assert_eq!(s.exit("P1").await.promoted, ["D1 in A-001"]);
    assert_eq!(s.exit("D1").await.promoted, ["S1 in A-001"]);
    assert_eq!(s.exit("S1").await.promoted, ["C1 in A-001"]);
}

pub async fn a_motorcycle_is_not_blocked_by_a_lorry(s: Subject) {
    s.open(ask::open("main", vec![ask::slot_for("lorry", "L-1"), ask::slot_for("motorcycle", "M-1")])).await;
    assert_eq!(s.enter_as("L1", "lorry", "standard").await.place(), "in L-1");
    assert_eq!(s.enter_as("L2", "lorry", "vip").await.place(), "waits 1");
    assert_eq!(s.enter_as("M1", "motorcycle", "standard").await.place(), "in M-1");
    assert_eq!(s.enter_as("M2", "motorcycle", "standard").await.place(), "waits 2");
    assert_eq!(s.exit("M1").await.promoted, ["M2 in M-1"], "the lorry at the head does not fit");
    assert_eq!(s.exit("L1").await.promoted, ["L2 in L-1"]);
}

pub async fn a_slot_for_both_goes_to_whoever_came_first(s: Subject) {
    s.open(ask::open("main", vec![ask::slot_for("car+van", "A-1")])).await;
    for (plate, class) in [("P1", "car"), ("V2", "van"), ("C3", "car"), ("C4", "car"), ("V5", "van")] {
        s.enter_as(plate, class, "standard").await;
    }
    s.enter_as("V6", "van", "vip").await;
    let mut leaves = "P1";
    for next in ["V6", "V2", "C3", "C4", "V5"] {
        assert_eq!(s.exit(leaves).await.promoted, [format!("{next} in A-1")]);
        leaves = next;
    }
}

pub async fn an_exact_slot_comes_first_then_rank_then_label(s: Subject) {
    let ranked = |classes, label, rank| NewSlot { rank, ..ask::slot_for(classes, label) };
    let slots = vec![
        ranked("car+van", "A-1", -5),
        ranked("car", "C-2", 7),
        ranked("car", "C-1", 7),
        ranked("car", "D-9", 3),
        ranked("van", "V-1", -9),
    ];
    s.open(ask::open("main", slots)).await;
    for (plate, place) in
        [("P1", "in D-9"), ("P2", "in C-1"), ("P3", "in C-2"), ("P4", "in A-1"), ("P5", "waits 1")]
    {
        assert_eq!(s.enter(plate).await.place(), place, "{plate}");
    }
}

pub async fn a_new_priority_moves_a_ticket_and_says_its_place(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["P1", "P2", "P3", "P4"]).await;
    let vip = s.enter_as("V1", "car", "vip").await;
    let moved = s.made(ask::prioritise(made[3].id(), "vip")).await;
    assert_eq!((moved.place().as_str(), moved.ticket.priority.as_str()), ("waits 1", "vip"));
    assert_eq!(s.place(vip.id()).await.unwrap().position, 2, "P4 came before V1");
    let same = s.made(ask::prioritise(made[2].id(), "standard")).await;
    assert_eq!((same.place().as_str(), same.version), ("waits 4", moved.version), "nothing changed");
    assert_eq!(s.made(ask::prioritise(vip.id(), "standard")).await.place(), "waits 4");
    assert_eq!(s.exit("P1").await.promoted, ["P4 in A-1"]);
    let parked = s.refused(ask::prioritise(made[3].id(), "standard")).await;
    assert_eq!(parked, Refusal::NotWaiting { ticket: made[3].id(), status: TicketStatus::Parked });
    let unknown = s.refused(ask::prioritise(vip.id(), "royal")).await;
    assert_eq!(
        unknown,
        Refusal::UnknownPriority { priority: ask::priority("royal"), known: Priorities::usual() }
    );
}

pub async fn every_way_to_ask_for_a_place_tells_the_same(s: Subject) {
    s.open(ask::open("main", vec![ask::slot("A-1"), ask::slot_for("van", "A-2")])).await;
    s.open(ask::open("annex", ask::slots(1))).await;
    let mut told = Vec::new();
    for n in 0..12 {
        let (class, priority) =
            (if n % 3 == 0 { "van" } else { "car" }, if n % 4 == 1 { "vip" } else { "standard" });
        let made = s.enter_as(&format!("P{n}"), class, priority).await;
        if let Some(position) = made.position {
            let place = s.place(made.id()).await.unwrap();
            assert_eq!((place.position, place.version), (position, made.version));
            told.push(made);
        }
    }
    let queue = reading::waiting(&*s.records(), &ask::lot("main"), 4).await;
    assert_eq!(queue.len(), told.len());
    s.index_follows().await;
    for (ticket, position) in queue.iter().zip(1..) {
        assert_eq!(s.place(ticket.id).await.unwrap().position, position);
        let amended = s.made(ask::prioritise(ticket.id, ticket.priority.as_str())).await;
        assert_eq!(amended.position, Some(position), "asked by a change that changes nothing");
    }
}

pub async fn a_full_queue_takes_only_who_need_not_wait(s: Subject) {
    let slots = vec![ask::slot("A-1"), ask::slot_for("van", "V-1")];
    s.open(OpenLot { queue_limit: Some(1), ..ask::open("main", slots) }).await;
    assert_eq!(s.enter("P1").await.place(), "in A-1");
    assert_eq!(s.enter("P2").await.place(), "waits 1");
    assert_eq!(s.refused(Command::Enter(s.entry("P3"))).await, Refusal::QueueFull { limit: 1 });
    assert_eq!(s.enter_as("VAN", "van", "standard").await.place(), "in V-1");
    let refusal = s.refused(Command::Enter(s.entry_as("VAN2", "van", "vip"))).await;
    assert_eq!(refusal, Refusal::QueueFull { limit: 1 }, "the limit is of all classes and priorities");
    let change = ChangeLot { queue_limit: Some(None), ..ask::change_lot("main") };
    s.done(Command::ChangeLot(change)).await;
    assert_eq!(s.enter("P3").await.place(), "waits 2");
    let change = ChangeLot { queue_limit: Some(Some(0)), ..ask::change_lot("main") };
    s.done(Command::ChangeLot(change)).await;
    assert_eq!(s.refused(Command::Enter(s.entry("P4"))).await, Refusal::QueueFull { limit: 0 });
    assert_eq!(s.exit("P1").await.promoted, ["P2 in A-1"], "who waits already stays");
}

pub async fn a_closed_lot_serves_who_is_inside(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.enter_all(&["P1", "P2"]).await;
    let accepting =
        |accepting| Command::ChangeLot(ChangeLot { accepting: Some(accepting), ..ask::change_lot("main") });
    s.done(accepting(false)).await;
    assert_eq!(s.refused(Command::Enter(s.entry("P3"))).await, Refusal::LotClosed);
    assert_eq!(s.exit("P1").await.promoted, ["P2 in A-1"]);
    s.done(accepting(true)).await;
    assert_eq!(s.enter("P3").await.place(), "waits 1");
}
