//! The index of the queue: late, empty, gone or ahead, and never wrong. Without an index the record answers, and the
//! same sentences hold.

use std::sync::Arc;

use parkpro_domain::{
    lot::Version,
    ports::{IndexOutcome, IndexState, LoadOutcome, QueueDelta, QueueSnapshot, WaitingQueue},
    ticket::{TicketId, Turn},
};

use super::Sentence;
use crate::{ask, faults::FaultyQueue, ids::nth_ticket, reading, subject::Subject};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("the index follows the record", |s| Box::pin(the_index_follows_the_record(s))),
        ("a lost queue is rebuilt", |s| Box::pin(a_lost_queue_is_rebuilt(s))),
        ("a queue that is down closes no gate", |s| Box::pin(a_queue_that_is_down_closes_no_gate(s))),
        ("an index that is ahead of the record is thrown away", |s| {
            Box::pin(an_index_that_is_ahead_of_the_record_is_thrown_away(s))
        }),
        ("a delta is taken only where it belongs", |s| Box::pin(a_delta_is_taken_only_where_it_belongs(s))),
        ("a snapshot never replaces a newer one", |s| Box::pin(a_snapshot_never_replaces_a_newer_one(s))),
        ("the index knows only what it holds", |s| Box::pin(the_index_knows_only_what_it_holds(s))),
    ]
}

/// Everybody who waits in `main` is told the right place.
async fn places_are_right(s: &Subject) {
    let queue = reading::waiting(&*s.records(), &ask::lot("main"), 50).await;
    for (ticket, position) in queue.iter().zip(1..) {
        let place = s.place(ticket.id).await.unwrap();
        assert_eq!(place.position, position, "{}", ticket.plate.shown());
    }
}

/// The index itself tells everybody's place.
async fn index_is_right(s: &Subject) {
    let Some(index) = s.index() else { return };
    let (records, main) = (s.records(), ask::lot("main"));
    let (epoch, version) = (records.epoch().await.unwrap(), s.lot("main").await.lot.version);
    for (ticket, position) in reading::waiting(&*records, &main, 50).await.iter().zip(1..) {
        let place = index.position(epoch.clone(), main.clone(), ticket.id, version).await.unwrap();
        assert_eq!(place.map(|place| (place.position, place.version)), Some((position, version)));
    }
}

async fn crowd(s: &Subject, name: &str) {
    for n in 0..6 {
        let priority = if n % 3 == 0 { "vip" } else { "standard" };
        s.enter_as(&format!("{name}{n}"), "car", priority).await;
    }
}

pub async fn the_index_follows_the_record(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    crowd(&s, "P").await;
    s.index_follows().await;
    index_is_right(&s).await;
    let queue = reading::waiting(&*s.records(), &ask::lot("main"), 50).await;
    s.made(ask::prioritise(queue[3].id, "vip")).await;
    s.exit("P0").await;
    s.done(ask::add_slots("main", ask::slots(1))).await;
    s.index_follows().await;
    index_is_right(&s).await;
    places_are_right(&s).await;
}

pub async fn a_lost_queue_is_rebuilt(s: Subject) {
    s.with_slots(&["A-1"]).await;
    crowd(&s, "P").await;
    s.index_follows().await;
    if let Some(index) = s.index() {
        index.forget(ask::lot("main")).await.unwrap();
    }
    places_are_right(&s).await;
    let reconciled = s.reconcile().await;
    assert_eq!(reconciled.rebuilt, usize::from(s.index().is_some()));
    index_is_right(&s).await;
    assert_eq!(s.reconcile().await.rebuilt, 0, "once is enough");
    if let Some(index) = s.index() {
        index.forget(ask::lot("main")).await.unwrap();
    }
    s.exit("P0").await;
    s.index_follows().await;
    index_is_right(&s).await;
}

pub async fn a_queue_that_is_down_closes_no_gate(s: Subject) {
    s.with_slots(&["A-1"]).await;
    crowd(&s, "P").await;
    s.index_follows().await;
    let switch = |down| s.index().into_iter().for_each(|index: Arc<FaultyQueue>| index.set_down(down));
    switch(true);
    crowd(&s, "Q").await;
    let left = s.exit("P0").await;
    assert_eq!(left.promoted, ["P3 in A-1"]);
    places_are_right(&s).await;
    switch(false);
    places_are_right(&s).await;
    s.reconcile().await;
    s.reconcile().await;
    s.index_follows().await;
    index_is_right(&s).await;
}

pub async fn an_index_that_is_ahead_of_the_record_is_thrown_away(s: Subject) {
    s.with_slots(&["A-1"]).await;
    crowd(&s, "P").await;
    s.index_follows().await;
    if let Some(index) = s.index() {
        let snapshot = s.records().snapshot(ask::lot("main")).await.unwrap().unwrap();
        let ahead = QueueSnapshot { version: Version(snapshot.version.0 + 9), members: vec![], ..snapshot };
        assert_eq!(index.load(ahead).await.unwrap(), LoadOutcome::Loaded);
        assert_eq!(s.reconcile().await.rebuilt, 1);
    }
    index_is_right(&s).await;
    places_are_right(&s).await;
}

fn members(numbers: &[u64]) -> Vec<(TicketId, Turn)> {
    numbers.iter().map(|n| (nth_ticket(*n), Turn(i64::try_from(*n).unwrap()))).collect()
}

fn snapshot(epoch: &str, version: i64, numbers: &[u64]) -> QueueSnapshot {
    let (lot, epoch) = (ask::lot("main"), epoch.to_owned());
    QueueSnapshot { lot, epoch, version: Version(version), members: members(numbers) }
}

fn delta(from: i64, to: i64, count: i64, removed: &[u64], added: &[u64]) -> QueueDelta {
    let removed = removed.iter().map(|n| nth_ticket(*n)).collect();
    let (from, to) = (Version(from), Version(to));
    QueueDelta { lot: ask::lot("main"), from, to, count, removed, added: members(added) }
}

async fn state(index: &FaultyQueue) -> Option<(String, i64)> {
    let states = index.states(vec![ask::lot("main")]).await.unwrap();
    states[0].clone().map(|IndexState { epoch, version }| (epoch, version.0))
}

/// The places of tickets 1 to 6 as the index tells them.
async fn held(index: &FaultyQueue, epoch: &str, at_least: i64) -> [Option<i64>; 6] {
    let mut places = [None; 6];
    for (n, place) in (1..).zip(&mut places) {
        let told = index.position(epoch.to_owned(), ask::lot("main"), nth_ticket(n), Version(at_least)).await;
        *place = told.unwrap().map(|place| place.position);
    }
    places
}

pub async fn a_delta_is_taken_only_where_it_belongs(s: Subject) {
    let Some(index) = s.index() else { return };
    let apply = |epoch: &str, delta| index.apply(epoch.to_owned(), delta);
    let first = delta(4, 5, 1, &[], &[1]);
    assert_eq!(apply("e", first).await.unwrap(), IndexOutcome::Rebuild, "nothing is held");
    index.load(snapshot("e", 5, &[3, 1, 2])).await.unwrap();
    assert_eq!(apply("e", delta(5, 7, 3, &[1], &[4])).await.unwrap(), IndexOutcome::Current);
    assert_eq!(held(&index, "e", 7).await, [None, Some(1), Some(2), Some(3), None, None]);
    assert_eq!(apply("e", delta(5, 7, 3, &[1], &[4])).await.unwrap(), IndexOutcome::Current, "it is known");
    assert_eq!(
        apply("e", delta(9, 10, 2, &[2], &[])).await.unwrap(),
        IndexOutcome::Rebuild,
        "there is a gap"
    );
    assert_eq!(
        apply("f", delta(7, 8, 2, &[2], &[])).await.unwrap(),
        IndexOutcome::Rebuild,
        "another history"
    );
    assert_eq!(held(&index, "e", 7).await, [None, Some(1), Some(2), Some(3), None, None]);
    let moved = QueueDelta { added: vec![(nth_ticket(4), Turn(0))], ..delta(7, 8, 3, &[4], &[]) };
    assert_eq!(apply("e", moved).await.unwrap(), IndexOutcome::Current);
    assert_eq!(held(&index, "e", 8).await, [None, Some(2), Some(3), Some(1), None, None]);
    let torn = delta(8, 9, 17, &[], &[5]);
    assert_eq!(apply("e", torn).await.unwrap(), IndexOutcome::Rebuild, "it does not add up");
    assert_eq!(held(&index, "e", 1).await, [None; 6], "what does not add up tells nothing");
}

pub async fn a_snapshot_never_replaces_a_newer_one(s: Subject) {
    let Some(index) = s.index() else { return };
    assert_eq!(index.load(snapshot("e", 5, &[1, 2])).await.unwrap(), LoadOutcome::Loaded);
    assert_eq!(index.load(snapshot("e", 4, &[3])).await.unwrap(), LoadOutcome::Stale);
    assert_eq!(state(&index).await, Some(("e".to_owned(), 5)));
    assert_eq!(held(&index, "e", 5).await, [Some(1), Some(2), None, None, None, None]);
    assert_eq!(index.load(snapshot("e", 6, &[])).await.unwrap(), LoadOutcome::Loaded, "an empty one too");
    assert_eq!(held(&index, "e", 6).await, [None; 6]);
    assert_eq!(index.apply("e".to_owned(), delta(6, 7, 1, &[], &[4])).await.unwrap(), IndexOutcome::Current);
    assert_eq!(held(&index, "e", 7).await[3], Some(1));
    let many: Vec<u64> = (1..=5000).collect();
    assert_eq!(index.load(snapshot("e", 8, &many)).await.unwrap(), LoadOutcome::Loaded, "in pieces");
    assert_eq!(held(&index, "e", 8).await[5], Some(6));
}

pub async fn the_index_knows_only_what_it_holds(s: Subject) {
    let Some(index) = s.index() else { return };
    assert_eq!(state(&index).await, None);
    assert_eq!(held(&index, "e", 0).await, [None; 6]);
    index.load(snapshot("e", 5, &[1, 2])).await.unwrap();
    assert_eq!(held(&index, "e", 5).await[1], Some(2));
    assert_eq!(held(&index, "e", 3).await[1], Some(2), "a later state will do");
    assert_eq!(held(&index, "e", 6).await, [None; 6], "an earlier state will not");
    assert_eq!(held(&index, "f", 5).await, [None; 6], "another history");
    let known = index.states(vec![ask::lot("other"), ask::lot("main")]).await.unwrap();
    assert_eq!((known[0].is_none(), known[1].is_some()), (true, true));
    index.forget(ask::lot("main")).await.unwrap();
    index.forget(ask::lot("main")).await.unwrap();
    assert_eq!(state(&index).await, None);
}
