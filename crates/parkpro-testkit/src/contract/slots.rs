//! What operators do with slots, and how the queue follows.

use parkpro_domain::{
    command::{ChangeSlot, Command, NewSlot},
    outcome::{Refusal, Subject as Changed},
    slot::{Level, Slot, SlotStatus},
    ticket::Ticket,
};

use super::Sentence;
use crate::{
    ask::{self, change_slot},
    subject::Subject,
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a new slot moves the queue", |s| Box::pin(a_new_slot_moves_the_queue(s))),
        ("fifty new slots move fifty vehicles", |s| Box::pin(fifty_new_slots_move_fifty_vehicles(s))),
        ("new slots are all added or none", |s| Box::pin(new_slots_are_all_added_or_none(s))),
        ("a slot out of service is not given out", |s| Box::pin(a_slot_out_of_service_is_not_given_out(s))),
        ("a slot with a vehicle in it drains", |s| Box::pin(a_slot_with_a_vehicle_in_it_drains(s))),
        ("a slot that is back in service moves the queue", |s| {
            Box::pin(a_slot_that_is_back_in_service_moves_the_queue(s))
        }),
        ("a removed slot is not there", |s| Box::pin(a_removed_slot_is_not_there(s))),
        ("a removed slot comes back under its label", |s| {
            Box::pin(a_removed_slot_comes_back_under_its_label(s))
        }),
        ("a renamed slot takes its vehicle along", |s| Box::pin(a_renamed_slot_takes_its_vehicle_along(s))),
        ("the label of a renamed slot can be given again", |s| {
            Box::pin(the_label_of_a_renamed_slot_can_be_given_again(s))
        }),
        ("a new rank changes which slot is next", |s| Box::pin(a_new_rank_changes_which_slot_is_next(s))),
        ("a slot that accepts others moves the queue", |s| {
            Box::pin(a_slot_that_accepts_others_moves_the_queue(s))
        }),
        ("a slot keeps its level and why it is out of service", |s| {
            Box::pin(a_slot_keeps_its_level_and_why_it_is_out_of_service(s))
        }),
        ("a change that changes nothing makes no version", |s| {
            Box::pin(a_change_that_changes_nothing_makes_no_version(s))
        }),
        ("a slot is the same when it is read", |s| Box::pin(a_slot_is_the_same_when_it_is_read(s))),
        ("a slot that was seen before is not changed again", |s| {
            Box::pin(a_slot_that_was_seen_before_is_not_changed_again(s))
        }),
    ]
}

fn rename(from: &str, to: &str) -> Command {
    Command::ChangeSlot(ChangeSlot { new_label: Some(ask::label(to)), ..change_slot("main", from) })
}

async fn added(s: &Subject, slots: Vec<NewSlot>) -> (Vec<Slot>, Vec<String>) {
    match s.done(ask::add_slots("main", slots)).await {
        (Changed::Slots(slots), promoted, _) => (slots, promoted),
        other => panic!("slots were added, not {other:?}"),
    }
}

pub async fn a_new_slot_moves_the_queue(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["P1", "P2", "P3"]).await;
    let (slots, promoted) = added(&s, vec![ask::slot("A-2")]).await;
    assert_eq!(promoted, ["P2 in A-2"]);
    assert_eq!(slots[0].occupant, Some(made[1].id()), "the slot is told as it now is");
    assert_eq!(s.place(made[2].id()).await.unwrap().position, 1);
}

pub async fn fifty_new_slots_move_fifty_vehicles(s: Subject) {
    s.with_slots(&["Z-1"]).await;
    for n in 0..60 {
        let class = if n % 6 == 5 { "van" } else { "car" };
        if n == 5 {
            added(&s, vec![ask::slot_for("van", "Z-2")]).await;
        }
        s.enter_as(&format!("P{n}"), class, "standard").await;
    }
    let before = s.lot("main").await.lot.version;
    let (slots, promoted) = added(&s, ask::slots(50)).await;
    assert_eq!(slots.len(), 50);
    let cars = (1..60).filter(|n| n % 6 != 5);
    let expected: Vec<_> = cars.zip(1..).map(|(n, slot)| format!("P{n} in A-{slot:03}")).take(50).collect();
    assert_eq!(promoted, expected, "cars in the order in which they came");
    assert_eq!(s.lot("main").await.lot.version, before.next(), "one request is one change");
    assert_eq!(s.lot("main").await.tally.waiting(), 9);
}

pub async fn new_slots_are_all_added_or_none(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let taken = ask::add_slots("main", vec![ask::slot("A-2"), ask::slot("A-1")]);
    assert_eq!(s.refused(taken).await, Refusal::LabelTaken(ask::label("A-1")));
    let twice = ask::add_slots("main", vec![ask::slot("A-3"), ask::slot("A-3")]);
    assert_eq!(s.refused(twice).await, Refusal::LabelTaken(ask::label("A-3")));
    assert_eq!(s.lot("main").await.tally.total().capacity, 1);
}

pub async fn a_slot_out_of_service_is_not_given_out(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let (slot, promoted) = s.slot_made(ask::serve("main", "A-1", false)).await;
    assert_eq!((slot.status(), promoted.len()), (SlotStatus::OutOfService, 0));
    assert_eq!(s.enter("P1").await.place(), "in A-2");
    assert_eq!(s.enter("P2").await.place(), "waits 1");
    let total = s.lot("main").await.tally.total();
    assert_eq!((total.capacity, total.occupied, total.out_of_service), (2, 1, 1));
}

pub async fn a_slot_with_a_vehicle_in_it_drains(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.enter_all(&["P1", "P2"]).await;
    let (slot, _) = s.slot_made(ask::serve("main", "A-1", false)).await;
    assert_eq!(slot.status(), SlotStatus::Draining);
    assert_eq!(s.lot("main").await.tally.total().occupied, 1, "it counts as occupied");
    assert_eq!(s.exit("P1").await.promoted.len(), 0, "its slot is not given out again");
    assert_eq!(s.slot("A-1").await.status(), SlotStatus::OutOfService);
    assert_eq!(s.lot("main").await.tally.waiting(), 1);
}

pub async fn a_slot_that_is_back_in_service_moves_the_queue(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    s.slot_made(ask::serve("main", "A-1", false)).await;
    let made = s.enter_all(&["P1", "P2", "P3"]).await;
    let (slot, promoted) = s.slot_made(ask::serve("main", "A-1", true)).await;
    assert_eq!(promoted, ["P2 in A-1"]);
    assert_eq!((slot.status(), slot.occupant), (SlotStatus::Occupied, Some(made[1].id())));
}

pub async fn a_removed_slot_is_not_there(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let made = s.enter("P1").await;
    let occupied = s.refused(ask::remove_slot("main", "A-1")).await;
    assert_eq!(occupied, Refusal::SlotOccupied { label: ask::label("A-1"), ticket: made.id() });
    let (removed, _) = s.slot_made(ask::remove_slot("main", "A-2")).await;
    assert!(removed.retired);
    assert_eq!(s.records().slot(ask::lot("main"), ask::label("A-2")).await.unwrap(), None);
    assert_eq!(s.lot("main").await.tally.total().capacity, 1);
    let gone = Refusal::NoSuchSlot(ask::label("A-2"));
    assert_eq!(s.refused(ask::remove_slot("main", "A-2")).await, gone);
    assert_eq!(s.refused(ask::serve("main", "A-2", false)).await, gone);
    assert_eq!(s.enter("P2").await.place(), "waits 1");
}

pub async fn a_removed_slot_comes_back_under_its_label(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let first = s.enter("P1").await;
    s.exit("P1").await;
    s.slot_made(ask::serve("main", "A-1", false)).await;
    let (removed, _) = s.slot_made(ask::remove_slot("main", "A-1")).await;
    let refusal = s.refused(Command::Enter(s.entry("P2"))).await;
    assert_eq!(refusal, Refusal::NothingFits(ask::demand("car")));
    let (slots, _) = added(&s, vec![NewSlot { rank: 4, ..ask::slot_for("car+van", "A-1") }]).await;
    let back = &slots[0];
    assert_eq!((back.id, back.revision, back.rank), (removed.id, removed.revision + 1, 4));
    assert!(back.in_service && !back.retired, "it comes back like new");
    assert_eq!(s.enter("P2").await.place(), "in A-1");
    let remembered = s.ticket(first.id()).await.ticket;
    assert_eq!(remembered.berth().map(|berth| berth.slot), Some(removed.id));
}

pub async fn a_renamed_slot_takes_its_vehicle_along(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let gone = s.enter("GONE").await;
    s.exit("GONE").await;
    let made = s.enter("P1").await;
    let (slot, _) = s.slot_made(rename("A-1", "B-1")).await;
    assert_eq!((slot.label.as_str(), slot.occupant), ("B-1", Some(made.id())));
    let label = |ticket: Ticket| ticket.berth().unwrap().label.to_string();
    assert_eq!(label(s.ticket(made.id()).await.ticket), "B-1");
    assert_eq!(label(s.ticket(gone.id()).await.ticket), "B-1", "also of who stood there before");
    assert_eq!(s.refused(ask::serve("main", "A-1", false)).await, Refusal::NoSuchSlot(ask::label("A-1")));
    assert_eq!(label(s.exit("P1").await.ticket), "B-1");
}

pub async fn the_label_of_a_renamed_slot_can_be_given_again(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    assert_eq!(s.refused(rename("A-1", "A-2")).await, Refusal::LabelTaken(ask::label("A-2")));
    let old = s.slot("A-1").await.id;
    s.slot_made(rename("A-1", "A-3")).await;
    let (slots, _) = added(&s, vec![ask::slot("A-1")]).await;
    assert_ne!(slots[0].id, old, "it is another slot");
    s.slot_made(ask::remove_slot("main", "A-1")).await;
    s.slot_made(rename("A-2", "A-0")).await;
    assert_eq!(s.enter("P1").await.place(), "in A-0");
    assert_eq!(s.enter("P2").await.place(), "in A-3");
}

pub async fn a_new_rank_changes_which_slot_is_next(s: Subject) {
    s.with_slots(&["A-1", "A-2", "A-3"]).await;
    let rank =
        |label, rank| Command::ChangeSlot(ChangeSlot { rank: Some(rank), ..change_slot("main", label) });
    s.slot_made(rank("A-1", 5)).await;
    s.slot_made(rank("A-3", i32::MIN)).await;
    assert_eq!(s.enter("P1").await.place(), "in A-3");
    assert_eq!(s.enter("P2").await.place(), "in A-2");
    assert_eq!(s.enter("P3").await.place(), "in A-1");
}

pub async fn a_slot_that_accepts_others_moves_the_queue(s: Subject) {
    s.open(ask::open("main", vec![ask::slot("A-1"), ask::slot_for("van", "V-1")])).await;
    s.enter_all(&["P1", "P2"]).await;
    let accept = |label, classes| {
        let accepts = Some(ask::accepts(classes));
        Command::ChangeSlot(ChangeSlot { accepts, ..change_slot("main", label) })
    };
    let (_, promoted) = s.slot_made(accept("V-1", "car+van")).await;
    assert_eq!(promoted, ["P2 in V-1"]);
    let (slot, _) = s.slot_made(accept("A-1", "van")).await;
    assert_eq!(slot.status(), SlotStatus::Occupied, "the car inside stays");
    s.enter_as("VAN", "van", "standard").await;
    assert_eq!(s.exit("P1").await.promoted, ["VAN in A-1"]);
    s.slot_made(accept("V-1", "bus")).await;
    let refusal = s.refused(Command::Enter(s.entry("P3"))).await;
    assert_eq!(refusal, Refusal::NothingFits(ask::demand("car")));
}

pub async fn a_slot_keeps_its_level_and_why_it_is_out_of_service(s: Subject) {
    let level = |text| Some(Level::parse(text).unwrap());
    s.open(ask::open("main", vec![NewSlot { level: level("Deck 1"), ..ask::slot("A-1") }])).await;
    assert_eq!(s.slot("A-1").await.level, level("Deck 1"));
    let closed = ChangeSlot {
        level: Some(level("Deck 2")),
        in_service: Some(false),
        reason: Some(ask::reason("oil on the floor")),
        ..change_slot("main", "A-1")
    };
    s.slot_made(Command::ChangeSlot(closed)).await;
    let slot = s.slot("A-1").await;
    assert_eq!((slot.level, slot.reason.as_deref()), (level("Deck 2"), Some("oil on the floor")));
    let back = ChangeSlot { level: Some(None), in_service: Some(true), ..change_slot("main", "A-1") };
    s.slot_made(Command::ChangeSlot(back)).await;
    let slot = s.slot("A-1").await;
    assert_eq!((slot.level, slot.reason), (None, None));
}

pub async fn a_change_that_changes_nothing_makes_no_version(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter("P1").await;
    for nothing in [
        ask::serve("main", "A-1", true),
        rename("A-1", "A-1"),
        Command::ChangeSlot(change_slot("main", "A-1")),
        Command::ChangeLot(ask::change_lot("main")),
        ask::correct(made.id(), "P1"),
        ask::prioritise(made.id(), "standard"),
    ] {
        let said = format!("{nothing:?}");
        let (_, promoted, version) = s.done(nothing).await;
        assert_eq!((version, promoted.len()), (made.version, 0), "{said}");
    }
    assert_eq!(s.lot("main").await.lot.version, made.version);
    assert_eq!(s.slot("A-1").await.revision, 1);
}

pub async fn a_slot_is_the_same_when_it_is_read(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let (slots, _) = added(&s, vec![NewSlot { rank: -3, ..ask::slot_for("motorcycle+car", "A-2") }]).await;
    assert_eq!(s.slot("A-2").await, slots[0]);
    let (slot, _) = s.slot_made(rename("A-2", "B-2")).await;
    assert_eq!((s.slot("B-2").await, slot.revision), (slot.clone(), 2));
    s.enter("P1").await;
    let occupied = s.slot("B-2").await;
    assert_eq!(occupied.occupant, None, "the slot for cars alone was first");
    assert_eq!(s.slot("A-1").await.revision, 1, "a vehicle is not a setting");
}

pub async fn a_slot_that_was_seen_before_is_not_changed_again(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let seen = |revision| ChangeSlot { revision, rank: Some(9), ..change_slot("main", "A-1") };
    assert_eq!(s.refused(Command::ChangeSlot(seen(Some(2)))).await, Refusal::Stale { revision: 1 });
    s.slot_made(Command::ChangeSlot(seen(Some(1)))).await;
    assert_eq!(s.refused(Command::ChangeSlot(seen(Some(1)))).await, Refusal::Stale { revision: 2 });
    let remove = |revision| Command::RemoveSlot { lot: ask::lot("main"), label: ask::label("A-1"), revision };
    assert_eq!(s.refused(remove(Some(1))).await, Refusal::Stale { revision: 2 });
    s.slot_made(remove(Some(2))).await;
}
