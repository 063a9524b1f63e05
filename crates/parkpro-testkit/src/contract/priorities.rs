//! Whose turn it is: strictly by priority, or with head starts.

use parkpro_domain::{
    command::{ChangeLot, Command, OpenLot},
    lot::Priorities,
    outcome::Refusal,
};

use super::Sentence;
use crate::{
    ask,
    clock::{MINUTE, SECOND},
    reading,
    subject::{Made, Subject},
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a head start overtakes who came less than that before", |s| {
            Box::pin(a_head_start_overtakes_who_came_less_than_that_before(s))
        }),
        ("nobody starves under ageing", |s| Box::pin(nobody_starves_under_ageing(s))),
        ("equal turns go by the id of the ticket", |s| Box::pin(equal_turns_go_by_the_id_of_the_ticket(s))),
        ("another policy sorts the queue in the same change", |s| {
            Box::pin(another_policy_sorts_the_queue_in_the_same_change(s))
        }),
        ("a priority that somebody waits with cannot be removed", |s| {
            Box::pin(a_priority_that_somebody_waits_with_cannot_be_removed(s))
        }),
        ("a new priority keeps the time that was waited", |s| {
            Box::pin(a_new_priority_keeps_the_time_that_was_waited(s))
        }),
        ("places are right whoever comes at once", |s| Box::pin(places_are_right_whoever_comes_at_once(s))),
        ("the same order again is no change", |s| Box::pin(the_same_order_again_is_no_change(s))),
    ]
}

const AGEING: &str = "vip:900,permit:300,standard:0";

async fn open(s: &Subject, priorities: &str) {
    let priorities = Priorities::parse(priorities).unwrap();
    s.open(OpenLot { priorities, ..ask::open("main", ask::slots(1)) }).await;
}

/// Comes so many microseconds after whoever came last.
async fn after(s: &Subject, micros: i64, plate: &str, priority: &str) -> Made {
    s.clock.advance(micros);
    s.enter_as(plate, "car", priority).await
}

/// The plates of those who wait, in order; record and index tell everybody the same place.
async fn queue(s: &Subject) -> String {
    let queue = reading::waiting(&*s.records(), &ask::lot("main"), 3).await;
    s.index_follows().await;
    for (ticket, position) in queue.iter().zip(1..) {
        assert_eq!(s.place(ticket.id).await.unwrap().position, position, "{}", ticket.plate.shown());
    }
    queue.iter().map(|ticket| ticket.plate.shown()).collect::<Vec<_>>().join(" ")
}

pub async fn a_head_start_overtakes_who_came_less_than_that_before(s: Subject) {
    open(&s, AGEING).await;
    s.enter("P0").await;
    after(&s, MINUTE, "S1", "standard").await;
    after(&s, 4 * MINUTE, "S2", "standard").await;
    assert_eq!(after(&s, MINUTE, "T1", "permit").await.place(), "waits 2", "S1 came 5 minutes before");
    assert_eq!(after(&s, 9 * MINUTE, "V1", "vip").await.place(), "waits 1", "nobody came 15 minutes before");
    assert_eq!(after(&s, 5 * MINUTE, "V2", "vip").await.place(), "waits 5");
    assert_eq!(after(&s, MINUTE, "S3", "standard").await.place(), "waits 6");
    assert_eq!(queue(&s).await, "V1 S1 T1 S2 V2 S3");
}

pub async fn nobody_starves_under_ageing(s: Subject) {
    open(&s, "vip:900,standard:0").await;
    s.enter("P0").await;
    s.enter("LAST").await;
    let mut leaves = "P0".to_owned();
    let mut overtaken = 0;
    for n in 0..40 {
        let name = format!("V{n}");
        after(&s, MINUTE, &name, "vip").await;
        let left = s.exit(&leaves).await;
        if left.promoted == ["LAST in A-001"] {
            break;
        }
        assert_eq!(left.promoted, [format!("{name} in A-001")]);
        overtaken += 1;
        leaves = name;
    }
    assert_eq!(overtaken, 15, "one a minute, until it has waited as long as their head start");
}

pub async fn equal_turns_go_by_the_id_of_the_ticket(s: Subject) {
    open(&s, "vip:1,standard:0").await;
    s.enter("P0").await;
    s.clock.advance(MINUTE);
    let standard = s.enter("S1").await;
    s.clock.advance(SECOND);
    let vip = s.enter_as("V1", "car", "vip").await;
    assert_eq!(vip.ticket.turn, standard.ticket.turn, "one second later, one second ahead");
    assert!(vip.id() > standard.id());
    assert_eq!((vip.place().as_str(), queue(&s).await.as_str()), ("waits 2", "S1 V1"));
    let swapped = s.made(ask::prioritise(standard.id(), "vip")).await;
    assert_eq!(swapped.place(), "waits 1");
    let back = s.made(ask::prioritise(standard.id(), "standard")).await;
    assert_eq!((back.place().as_str(), queue(&s).await.as_str()), ("waits 1", "S1 V1"));
    let same = s.made(ask::prioritise(vip.id(), "vip")).await;
    assert_eq!(same.place(), "waits 2");
    assert_eq!(s.exit("P0").await.promoted, ["S1 in A-001"]);
}

pub async fn another_policy_sorts_the_queue_in_the_same_change(s: Subject) {
    open(&s, "vip,permit,standard").await;
    s.enter("P0").await;
    after(&s, MINUTE, "S1", "standard").await;
    after(&s, 6 * MINUTE, "T1", "permit").await;
    after(&s, MINUTE, "S2", "standard").await;
    after(&s, MINUTE, "V1", "vip").await;
    assert_eq!(queue(&s).await, "V1 T1 S1 S2");
    let before = s.lot("main").await.lot;
    s.done(ask::reorder("main", AGEING)).await;
    let lot = s.lot("main").await.lot;
    assert_eq!((lot.version, lot.revision), (before.version.next(), before.revision + 1));
    assert_eq!(lot.priorities.to_string(), AGEING);
    assert_eq!(
        queue(&s).await,
        "V1 S1 T1 S2",
        "the permit came 6 minutes after S1 and has a head start of 5"
    );
    s.done(ask::reorder("main", "standard,permit,vip")).await;
    assert_eq!(queue(&s).await, "S1 S2 T1 V1");
    s.done(ask::reorder("main", "standard:0,permit:0,vip:0,none:9")).await;
    assert_eq!(queue(&s).await, "S1 T1 S2 V1", "as they came");
    assert_eq!(s.exit("P0").await.promoted, ["S1 in A-001"]);
    s.reopen().await;
    assert_eq!(queue(&s).await, "T1 S2 V1");
}

pub async fn a_priority_that_somebody_waits_with_cannot_be_removed(s: Subject) {
    open(&s, "vip,permit,standard").await;
    s.enter_as("P0", "car", "permit").await;
    let vip = s.enter_as("V1", "car", "vip").await;
    let refusal = s.refused(ask::reorder("main", "standard")).await;
    assert_eq!(refusal, Refusal::PriorityInUse { priority: ask::priority("vip"), waiting: 1 });
    s.done(ask::reorder("main", "vip:60,standard:0")).await;
    s.made(ask::prioritise(vip.id(), "standard")).await;
    s.done(ask::reorder("main", "standard")).await;
    let unknown = s.refused(ask::prioritise(vip.id(), "vip")).await;
    let known = Priorities::parse("standard").unwrap();
    assert_eq!(unknown, Refusal::UnknownPriority { priority: ask::priority("vip"), known });
    assert_eq!(s.exit("P0").await.promoted, ["V1 in A-001"], "who is parked keeps what it had");
}

pub async fn a_new_priority_keeps_the_time_that_was_waited(s: Subject) {
    open(&s, AGEING).await;
    s.enter("P0").await;
    let first = after(&s, MINUTE, "S1", "standard").await;
    after(&s, MINUTE, "S2", "standard").await;
    let last = after(&s, 20 * MINUTE, "S3", "standard").await;
    assert_eq!(
        s.made(ask::prioritise(last.id(), "vip")).await.place(),
        "waits 3",
        "they came 20 minutes before"
    );
    assert_eq!(s.made(ask::prioritise(first.id(), "vip")).await.place(), "waits 1");
    assert_eq!(after(&s, MINUTE, "V1", "vip").await.place(), "waits 4");
    assert_eq!(queue(&s).await, "S1 S2 S3 V1");
}

/// Several arrivals may share a turn: each is told the place that it has in the state that it made.
pub async fn places_are_right_whoever_comes_at_once(s: Subject) {
    open(&s, AGEING).await;
    s.enter("P0").await;
    for n in 0..4 {
        after(&s, 2 * MINUTE, &format!("W{n}"), ["standard", "permit"][n % 2]).await;
    }
    let arrivals: Vec<_> =
        (0..24).map(|n| s.entry_as(&format!("N{n}"), "car", ["standard", "vip", "permit"][n % 3])).collect();
    let made = arrivals.into_iter().map(|enter| s.made(Command::Enter(enter)));
    let mut made = futures_util::future::join_all(made).await;
    made.sort_by_key(|made| made.version);
    let before = reading::waiting(&*s.records(), &ask::lot("main"), 50).await;
    let mut queue: Vec<_> = before.iter().filter(|ticket| ticket.plate.shown().starts_with('W')).collect();
    for arrival in &made {
        queue.push(&arrival.ticket);
        queue.sort_by_key(|ticket| (ticket.turn, ticket.id));
        let place = queue.iter().position(|ticket| ticket.id == arrival.id()).unwrap() + 1;
        assert_eq!(arrival.position, i64::try_from(place).ok(), "{}", arrival.ticket.plate.shown());
    }
    assert_eq!(
        before.iter().map(|ticket| ticket.id).collect::<Vec<_>>(),
        queue.iter().map(|t| t.id).collect::<Vec<_>>()
    );
}

pub async fn the_same_order_again_is_no_change(s: Subject) {
    open(&s, AGEING).await;
    s.enter("P0").await;
    after(&s, MINUTE, "S1", "standard").await;
    let before = s.lot("main").await.lot;
    s.done(ask::reorder("main", AGEING)).await;
    s.done(ask::reorder("main", "standard:0,vip:900,permit:300")).await;
    assert_eq!(s.lot("main").await.lot, before);
    let stale =
        ChangeLot { revision: Some(9), priorities: Some(Priorities::usual()), ..ask::change_lot("main") };
    assert_eq!(s.refused(Command::ChangeLot(stale)).await, Refusal::Stale { revision: before.revision });
}
