//! What slots have and what vehicles need.

use parkpro_domain::{
    command::{ChangeSlot, Command, NewSlot},
    outcome::Refusal,
    ports::SlotFilter,
};

use super::Sentence;
use crate::{
    ask::{self, change_slot, slot_for},
    reading,
    subject::Subject,
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("who needs something waits for a slot that has it while others pass", |s| {
            Box::pin(who_needs_something_waits_for_a_slot_that_has_it_while_others_pass(s))
        }),
        ("a reserved slot is not given to who does not need it", |s| {
            Box::pin(a_reserved_slot_is_not_given_to_who_does_not_need_it(s))
        }),
        ("what has no more than is needed is given first", |s| {
            Box::pin(what_has_no_more_than_is_needed_is_given_first(s))
        }),
        ("who needs more than any slot has is told so", |s| {
            Box::pin(who_needs_more_than_any_slot_has_is_told_so(s))
        }),
        ("other features move the queue", |s| Box::pin(other_features_move_the_queue(s))),
        ("each demand is served in its own order", |s| Box::pin(each_demand_is_served_in_its_own_order(s))),
        ("slots are found and counted by feature", |s| Box::pin(slots_are_found_and_counted_by_feature(s))),
    ]
}

async fn open(s: &Subject, slots: &[(&str, &str)]) {
    let slots = slots.iter().map(|(label, accepts)| slot_for(accepts, label)).collect();
    s.open(ask::open("main", slots)).await;
}

pub async fn who_needs_something_waits_for_a_slot_that_has_it_while_others_pass(s: Subject) {
    open(&s, &[("A-1", "car"), ("E-1", "car/electric")]).await;
    assert_eq!(s.enter_as("E1", "car/electric", "standard").await.place(), "in E-1");
    let waits = s.enter_as("E2", "car/electric", "vip").await;
    assert_eq!((waits.place().as_str(), waits.ticket.needs.as_str()), ("waits 1", "electric"));
    assert_eq!(s.enter("P1").await.place(), "in A-1", "the electric car before it does not fit there");
    assert_eq!(s.enter("P2").await.place(), "waits 2");
    assert_eq!(s.exit("P1").await.promoted, ["P2 in A-1"]);
    assert_eq!(s.exit("E1").await.promoted, ["E2 in E-1"]);
    assert_eq!(s.ticket(waits.id()).await.ticket.demand(), ask::demand("car/electric"));
}

pub async fn a_reserved_slot_is_not_given_to_who_does_not_need_it(s: Subject) {
    open(&s, &[("D-1", "car/accessible!"), ("A-1", "car")]).await;
    assert_eq!(s.enter("P1").await.place(), "in A-1");
    assert_eq!(s.enter("P2").await.place(), "waits 1", "D-1 is free, and not for it");
    assert_eq!(s.enter_as("D1", "car/accessible", "standard").await.place(), "in D-1");
    assert_eq!(s.exit("D1").await.promoted, Vec::<String>::new());
    let open_to_all = ChangeSlot { reserved: Some(false), ..change_slot("main", "D-1") };
    let (slot, promoted) = s.slot_made(Command::ChangeSlot(open_to_all)).await;
    assert_eq!((slot.accepts.as_str(), promoted), ("car/accessible", vec!["P2 in D-1".to_owned()]));
    let for_nobody = ChangeSlot { reserved: Some(true), ..change_slot("main", "A-1") };
    let refusal = s.refused(Command::ChangeSlot(for_nobody)).await;
    assert_eq!(refusal, Refusal::ReservedWithoutFeature(ask::label("A-1")));
}

pub async fn what_has_no_more_than_is_needed_is_given_first(s: Subject) {
    let ranked = |accepts, label, rank| NewSlot { rank, ..slot_for(accepts, label) };
    let slots = vec![
        ranked("car/accessible+electric!", "X-1", -9),
        ranked("car+van", "V-1", -8),
        ranked("car/electric", "E-1", -7),
        ranked("car", "A-2", 3),
        ranked("car", "A-1", 3),
    ];
    s.open(ask::open("main", slots)).await;
    for (plate, demand, place) in [
        ("P1", "car", "in A-1"),
        ("P2", "car", "in A-2"),
        ("P3", "car", "in V-1"),
        ("P4", "car", "in E-1"),
        ("P5", "car", "waits 1"),
        ("E1", "car/electric", "in X-1"),
        ("E2", "car/electric", "waits 2"),
    ] {
        assert_eq!(s.enter_as(plate, demand, "standard").await.place(), place, "{plate}");
    }
}

pub async fn who_needs_more_than_any_slot_has_is_told_so(s: Subject) {
    open(&s, &[("A-1", "car"), ("E-1", "car/electric"), ("D-1", "van/accessible+electric!")]).await;
    for demand in ["car/accessible", "car/accessible+electric", "van", "bus/electric"] {
        let refusal = s.refused(Command::Enter(s.entry_as("P1", demand, "standard"))).await;
        assert_eq!(refusal, Refusal::NothingFits(ask::demand(demand)));
    }
    s.done(ask::remove_slot("main", "E-1")).await;
    let refusal = s.refused(Command::Enter(s.entry_as("P1", "car/electric", "standard"))).await;
    assert_eq!(refusal, Refusal::NothingFits(ask::demand("car/electric")));
    assert_eq!(s.enter_as("P1", "van/electric", "standard").await.place(), "in D-1");
}

pub async fn other_features_move_the_queue(s: Subject) {
    open(&s, &[("A-1", "car"), ("E-1", "car/electric")]).await;
    s.enter_as("E1", "car/electric", "standard").await;
    s.enter_as("E2", "car/electric", "standard").await;
    let change = |features: &str| {
        let features = ask::accepts(&format!("car/{features}")).to_features();
        Command::ChangeSlot(ChangeSlot { features: Some(features), ..change_slot("main", "A-1") })
    };
    let (slot, promoted) = s.slot_made(change("accessible")).await;
    assert_eq!((slot.accepts.as_str(), promoted.len()), ("car/accessible", 0));
    let (slot, promoted) = s.slot_made(change("electric+accessible")).await;
    assert_eq!((slot.accepts.as_str(), promoted), ("car/accessible+electric", vec!["E2 in A-1".to_owned()]));
    assert_eq!(s.slot("A-1").await, slot);
    let (slot, _) = s.slot_made(change("")).await;
    assert_eq!(slot.accepts.as_str(), "car", "whoever is in it stays");
    assert_eq!(s.exit("E2").await.place(), "departed");
}

pub async fn each_demand_is_served_in_its_own_order(s: Subject) {
    open(&s, &[("A-1", "car"), ("B-1", "car/electric"), ("C-1", "car+van/accessible+electric!")]).await;
    let arrivals = [
        ("P1", "car", "in A-1"),
        ("P2", "car", "in B-1"),
        ("D1", "van/accessible", "in C-1"),
        ("E1", "car/electric", "waits 1"),
        ("D2", "van/accessible", "waits 2"),
        ("P3", "car", "waits 3"),
        ("X1", "car/accessible+electric", "waits 4"),
        ("E2", "car/electric", "waits 5"),
    ];
    for (plate, demand, place) in arrivals {
        assert_eq!(s.enter_as(plate, demand, "standard").await.place(), place, "{plate}");
    }
    for (leaves, next) in [
        ("P1", "P3 in A-1"),
        ("D1", "E1 in C-1"),
        ("E1", "D2 in C-1"),
        ("P2", "E2 in B-1"),
        ("D2", "X1 in C-1"),
    ] {
        assert_eq!(s.exit(leaves).await.promoted, [next], "{leaves}");
    }
}

pub async fn slots_are_found_and_counted_by_feature(s: Subject) {
    let slots = [
        ("A-1", "car"),
        ("A-2", "car+van/electric"),
        ("A-3", "car/accessible!"),
        ("A-4", "van/accessible+electric!"),
        ("A-5", "car/electric"),
    ];
    open(&s, &slots).await;
    s.slot_made(ask::serve("main", "A-2", false)).await;
    s.enter_as("E1", "car/electric", "standard").await;
    s.enter_as("E2", "car/electric", "standard").await;
    for (feature, class, labels) in [
        ("electric", None, "A-2 A-4 A-5"),
        ("electric", Some("car"), "A-2 A-5"),
        ("accessible", None, "A-3 A-4"),
        ("access", None, ""),
        ("car", None, ""),
    ] {
        for status in [None, Some(parkpro_domain::slot::SlotStatus::Available)] {
            let (feature, accepts) = (Some(ask::feature(feature)), class.map(ask::class));
            let filter = SlotFilter { status, feature, accepts, level: None };
            let free = ["A-3", "A-4"];
            let expected = labels.split(' ').filter(|label| status.is_none() || free.contains(label));
            let found = reading::slots(&*s.records(), &ask::lot("main"), filter, 2).await;
            let found: Vec<_> = found.iter().map(|slot| slot.label.as_str()).collect();
            assert_eq!(found.join(" "), expected.collect::<Vec<_>>().join(" "), "{labels} {status:?}");
        }
    }
    let tally = s.lot("main").await.tally;
    let names: Vec<_> = tally.features().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["accessible", "electric"]);
    let electric = tally.with_feature(&ask::feature("electric"));
    assert_eq!((electric.capacity, electric.occupied, electric.out_of_service), (3, 1, 1));
    assert_eq!(tally.waiting_for(&ask::feature("electric")), 1);
    assert_eq!(tally.waiting_for(&ask::feature("accessible")), 0);
    assert_eq!(tally.waiting_of(&ask::class("car")), 1, "by its class it counts too");
}
