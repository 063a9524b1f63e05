//! The index: what it follows, what it refuses, and what it does not claim to know.

use std::time::Instant;

use parkpro_domain::{
    lot::{LotId, Version},
    ports::{IndexOutcome, LoadOutcome, QueueDelta, QueueSnapshot, WaitingQueue},
    ticket::{TicketNumber, Turn},
};

use crate::setup::{EPOCH, apply, arrival, delta, fresh_queue, main_lot, place, snapshot, ticket, version};

/// What one word of a command's answer is, on the shared server.
fn redis(words: &str) -> String {
    parkpro_testkit::servers::redis().command(words)
}

#[tokio::test]
async fn turns_are_followed_in_order() {
    let (queue, _) = fresh_queue();
    assert_eq!(queue.load(snapshot(1, [])).await.unwrap(), LoadOutcome::Loaded);
    assert_eq!(apply(&queue, delta(1, 3, 2, &[], &[1, 2])).await, IndexOutcome::Current);
    assert_eq!((place(&queue, 1, 3).await, place(&queue, 2, 0).await), (Some((1, 3)), Some((2, 3))));
    assert_eq!(apply(&queue, delta(3, 4, 2, &[1], &[3])).await, IndexOutcome::Current);
    assert_eq!((place(&queue, 2, 4).await, place(&queue, 3, 4).await), (Some((1, 4)), Some((2, 4))));
    assert_eq!(place(&queue, 1, 4).await, None, "it left");
    assert_eq!(apply(&queue, delta(4, 5, 2, &[], &[])).await, IndexOutcome::Current);
    assert_eq!(apply(&queue, delta(5, 6, 0, &[2, 3], &[])).await, IndexOutcome::Current);
    assert_eq!(version(&queue).await, Some(6), "an empty queue is a queue");
    assert_eq!(apply(&queue, delta(6, 7, 1, &[], &[4])).await, IndexOutcome::Current);
    assert_eq!(place(&queue, 4, 7).await, Some((1, 7)));
    let health = queue.health();
    assert_eq!((health.applied, health.rebuilds, health.loaded), (5, 0, 1));
    assert_eq!((health.hits, health.misses, health.failures, health.breaker_open), (5, 1, 0, false));
    assert!(health.since_success.is_some());
}

#[tokio::test]
async fn a_ticket_that_left_and_joined_in_one_turn_has_its_new_place() {
    let (queue, _) = fresh_queue();
    queue.load(snapshot(1, [1, 2, 3])).await.unwrap();
    let mut promoted = delta(1, 2, 3, &[3], &[]);
    promoted.added = vec![(ticket(3), Turn::of(0, TicketNumber(3)))];
    assert_eq!(apply(&queue, promoted).await, IndexOutcome::Current);
    assert_eq!((place(&queue, 3, 2).await, place(&queue, 1, 2).await), (Some((1, 2)), Some((2, 2))));
    let mut back = delta(2, 3, 3, &[], &[]);
    back.added = vec![arrival(3)];
    assert_eq!(apply(&queue, back).await, IndexOutcome::Current);
    assert_eq!(place(&queue, 3, 3).await, Some((3, 3)));
    // What joined and left between two turns that were put together was never there.
    assert_eq!(apply(&queue, delta(3, 9, 2, &[1, 77], &[])).await, IndexOutcome::Current);
}

#[tokio::test]
async fn a_gap_asks_for_a_rebuild_and_changes_nothing() {
    let (queue, _) = fresh_queue();
    queue.load(snapshot(2, [1, 2])).await.unwrap();
    assert_eq!(apply(&queue, delta(3, 4, 3, &[], &[3])).await, IndexOutcome::Rebuild);
    assert_eq!(apply(&queue, delta(1, 3, 3, &[], &[3])).await, IndexOutcome::Rebuild, "an overlap");
    assert_eq!((version(&queue).await, place(&queue, 2, 2).await), (Some(2), Some((2, 2))));
    assert_eq!(place(&queue, 3, 2).await, None);
    assert_eq!(queue.health().rebuilds, 2);
}

#[tokio::test]
async fn a_turn_that_the_index_is_beyond_has_no_effect() {
    let (queue, _) = fresh_queue();
    queue.load(snapshot(5, [1])).await.unwrap();
    for stale in [delta(3, 5, 9, &[1], &[7]), delta(3, 4, 9, &[1], &[]), delta(4, 5, 9, &[], &[7])] {
        assert_eq!(apply(&queue, stale).await, IndexOutcome::Current);
    }
    assert_eq!((place(&queue, 1, 5).await, place(&queue, 7, 5).await), (Some((1, 5)), None));
}

#[tokio::test]
async fn a_queue_of_another_size_is_dropped_and_rebuilt() {
    let (queue, prefix) = fresh_queue();
    queue.load(snapshot(1, [1, 2])).await.unwrap();
    assert_eq!(apply(&queue, delta(1, 2, 9, &[], &[3])).await, IndexOutcome::Rebuild, "the size after");
    assert_eq!(redis(&format!("EXISTS {prefix}:{{main}}:meta")), ":0");
    assert_eq!((version(&queue).await, place(&queue, 1, 0).await), (None, None));

    queue.load(snapshot(2, [1, 2])).await.unwrap();
    redis(&format!("ZREM {prefix}:{{main}}:queue {}", ticket(1).0.simple()));
    assert_eq!((version(&queue).await, place(&queue, 2, 0).await), (None, None), "the size before");
    assert_eq!(apply(&queue, delta(2, 3, 2, &[], &[3])).await, IndexOutcome::Rebuild);
    queue.load(snapshot(3, [1, 2, 3])).await.unwrap();
    assert_eq!(place(&queue, 3, 3).await, Some((3, 3)));
}

#[tokio::test]
async fn another_history_or_none_asks_for_a_rebuild() {
    let (queue, prefix) = fresh_queue();
    assert_eq!(apply(&queue, delta(1, 2, 1, &[], &[1])).await, IndexOutcome::Rebuild, "none");
    assert_eq!(version(&queue).await, None);
    queue.load(snapshot(1, [])).await.unwrap();
    let other = queue.apply("other".into(), delta(1, 2, 1, &[], &[1])).await.unwrap();
    assert_eq!(other, IndexOutcome::Rebuild);
    redis(&format!("HSET {prefix}:{{main}}:meta version nonsense"));
    assert_eq!(apply(&queue, delta(1, 2, 1, &[], &[1])).await, IndexOutcome::Rebuild, "nonsense");
    assert_eq!((version(&queue).await, place(&queue, 1, 0).await), (None, None));
    assert_eq!(queue.load(snapshot(1, [1])).await.unwrap(), LoadOutcome::Loaded);
}

#[tokio::test]
async fn queues_of_any_length_are_loaded() {
    let (queue, prefix) = fresh_queue();
    for (at, length) in [(1, 0), (2, 1), (3, 20_000), (4, 5_000), (5, 5_001), (6, 0)] {
        let begun = Instant::now();
        let loaded = queue.load(snapshot(at, 1..=length)).await.unwrap();
        println!("{length} tickets loaded in {:?}", begun.elapsed());
        assert_eq!((loaded, version(&queue).await), (LoadOutcome::Loaded, Some(at)), "{length}");
        assert_eq!(redis(&format!("ZCARD {prefix}:{{main}}:queue")), format!(":{length}"));
        let last = (length > 0).then_some((i64::from(length), at));
        assert_eq!((place(&queue, length, at).await, place(&queue, length + 1, at).await), (last, None));
        let expiry = if length == 0 { ":-2" } else { ":-1" };
        assert_eq!(redis(&format!("TTL {prefix}:{{main}}:queue")), expiry, "it must not expire");
        assert_eq!(redis(&format!("KEYS {prefix}:{{main}}:staging:*")), "*0");
    }
}

#[tokio::test]
async fn the_newer_version_of_a_history_stays() {
    let (queue, prefix) = fresh_queue();
    queue.load(snapshot(5, [1, 2])).await.unwrap();
    assert_eq!(queue.load(snapshot(4, [9])).await.unwrap(), LoadOutcome::Stale);
    assert_eq!((version(&queue).await, place(&queue, 2, 5).await), (Some(5), Some((2, 5))));
    assert_eq!(redis(&format!("KEYS {prefix}:{{main}}:staging:*")), "*0");
    assert_eq!(queue.load(snapshot(5, [2])).await.unwrap(), LoadOutcome::Loaded, "the same again");
    assert_eq!(place(&queue, 2, 5).await, Some((1, 5)));
    assert_eq!(queue.load(snapshot(6, [3])).await.unwrap(), LoadOutcome::Loaded);
    assert_eq!((place(&queue, 2, 5).await, place(&queue, 3, 5).await), (None, Some((1, 6))));
}

#[tokio::test]
async fn another_history_replaces_the_one_that_is_there() {
    let (queue, _) = fresh_queue();
    queue.load(snapshot(9, [1])).await.unwrap();
    let other = QueueSnapshot { epoch: "other".into(), ..snapshot(3, [2]) };
    assert_eq!(queue.load(other).await.unwrap(), LoadOutcome::Loaded);
    assert_eq!(place(&queue, 2, 0).await, None, "asked with the epoch that was");
    let found = queue.position("other".into(), main_lot(), ticket(2), Version(3)).await.unwrap();
    assert_eq!(found.map(|found| found.position), Some(1));
    let states = queue.states(vec![main_lot()]).await.unwrap();
    assert_eq!(states[0].as_ref().map(|state| state.epoch.as_str()), Some("other"));
}

#[tokio::test]
async fn a_place_is_told_only_for_the_version_asked_for_or_a_later_one() {
    let (queue, _) = fresh_queue();
    assert_eq!(place(&queue, 1, 0).await, None, "an empty index");
    queue.load(snapshot(5, [1, 2, 3])).await.unwrap();
    assert_eq!(place(&queue, 3, 5).await, Some((3, 5)));
    assert_eq!(place(&queue, 3, 2).await, Some((3, 5)), "later than asked for");
    assert_eq!(place(&queue, 3, 6).await, None, "the index is behind");
    assert_eq!(place(&queue, 4, 5).await, None, "it does not wait");
    let (west, epoch) = (LotId::parse("west").unwrap(), EPOCH.to_owned());
    assert_eq!(queue.position(epoch, west, ticket(3), Version(5)).await.unwrap(), None, "another lot");
    let elsewhere = queue.position("other".into(), main_lot(), ticket(3), Version(5)).await;
    assert_eq!(elsewhere.unwrap(), None, "another history");
}

#[tokio::test]
async fn states_are_told_in_the_order_of_the_lots() {
    let (queue, _) = fresh_queue();
    let lots: Vec<LotId> = ["a", "b", "c"].map(|lot| LotId::parse(lot).unwrap()).into();
    for (lot, at) in [(0, 7), (2, 9)] {
        queue.load(QueueSnapshot { lot: lots[lot].clone(), ..snapshot(at, [1]) }).await.unwrap();
    }
    let states = queue.states(lots.clone()).await.unwrap();
    let versions: Vec<_> = states.iter().map(|state| state.as_ref().map(|state| state.version.0)).collect();
    assert_eq!(versions, [Some(7), None, Some(9)]);
    assert_eq!(queue.states(Vec::new()).await.unwrap(), []);
    queue.forget(lots[0].clone()).await.unwrap();
    queue.forget(lots[1].clone()).await.unwrap();
    assert_eq!(queue.states(lots).await.unwrap()[0], None);
}

#[tokio::test]
async fn a_queue_that_was_evicted_is_missed_and_rebuilt() {
    for key in ["queue", "meta"] {
        let (queue, prefix) = fresh_queue();
        queue.load(snapshot(1, [1])).await.unwrap();
        assert_eq!(redis(&format!("DEL {prefix}:{{main}}:{key}")), ":1");
        assert_eq!((version(&queue).await, place(&queue, 1, 1).await), (None, None), "{key}");
        assert_eq!(apply(&queue, delta(1, 2, 2, &[], &[2])).await, IndexOutcome::Rebuild, "{key}");
    }
}

#[tokio::test]
async fn turns_up_to_the_last_number_of_the_last_priority_stay_exact() {
    let (queue, prefix) = fresh_queue();
    let last = (1_i64 << 44) - 1;
    let turns: Vec<Turn> = [(0, 1), (0, last - 1), (0, last), (1, 1), (15, 1), (15, last - 1), (15, last)]
        .map(|(rank, number)| Turn::of(rank, TicketNumber(number)))
        .into();
    // The ids run against the turns, so that a turn that is rounded to its neighbour is seen.
    let members: Vec<_> = turns.iter().zip((1..=7).rev()).map(|(turn, n)| (ticket(n), *turn)).collect();
    let (loaded, applied) = members.split_at(3);
    queue.load(QueueSnapshot { members: loaded.to_vec(), ..snapshot(1, []) }).await.unwrap();
    let added = QueueDelta { added: applied.to_vec(), ..delta(1, 2, 7, &[], &[]) };
    assert_eq!(apply(&queue, added).await, IndexOutcome::Current);
    for ((position, n), turn) in (1..).zip((1..=7).rev()).zip(turns) {
        assert_eq!(place(&queue, n, 2).await, Some((position, 2)), "{turn:?}");
        let exact = "return string.format('%.0f',redis.call('ZSCORE',KEYS[1],ARGV[1]))==ARGV[2]";
        let key = format!("{prefix}:{{main}}:queue");
        let asked = format!("EVAL \"{exact}\" 1 {key} {} {}", ticket(n).0.simple(), turn.0);
        assert_eq!(redis(&asked), ":1", "{turn:?}");
    }
}

#[tokio::test]
async fn a_long_turn_is_followed() {
    let (queue, _) = fresh_queue();
    queue.load(snapshot(1, 1..=10_000)).await.unwrap();
    let (leaving, joining): (Vec<u32>, Vec<u32>) = ((1..=9_999).collect(), (10_001..=20_000).collect());
    let begun = Instant::now();
    assert_eq!(apply(&queue, delta(1, 2, 10_001, &leaving, &joining)).await, IndexOutcome::Current);
    println!("a turn of 19,999 was followed in {:?}", begun.elapsed());
    assert_eq!(
        (place(&queue, 10_000, 2).await, place(&queue, 20_000, 2).await),
        (Some((1, 2)), Some((10_001, 2)))
    );
}
