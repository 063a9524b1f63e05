//! Several instances on one database.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use parkpro_domain::{
    command::Command,
    outcome::Refusal,
    ports::{Answer, Fault, Ledger, LedgerError, Records},
};
use parkpro_testkit::{ask, audit::audit, heard::Heard};
use tokio::task::JoinSet;

use super::{MOMENT, done, enter, fault, main_lot, open_with, rival, settings, sql, ticket};
use crate::{
    PgRecord, PgSettings,
    lock::{LINES, line},
};

/// Two instances, two writing tasks each, and a rush on few slots: versions have no gaps, and the state is right.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_race_and_every_version_is_given_once() {
    let (one, url) = main_lot(5).await;
    let two = PgSettings { write_connections: 2, batch: 8, ..settings(&url) };
    let instances = [Arc::new(one), Arc::new(open_with(two).await.unwrap())];
    let mut callers = JoinSet::new();
    for caller in 0..24_u64 {
        let record = Arc::clone(&instances[usize::try_from(caller % 2).unwrap()]);
        callers.spawn(async move {
            let mut versions = Vec::new();
            for round in 0..8 {
                let n = caller * 100 + round;
                let plate = format!("C {caller}");
                let withdraw = Command::Withdraw { ticket: ticket(n) };
                for (step, command) in
                    [enter(n, &plate), ask::exit("main", &plate), withdraw].into_iter().enumerate()
                {
                    let asked = ask::keyed(command, &format!("{n}-{step}"));
                    let Answer::Decided { outcome, .. } = record.change(asked).await.unwrap() else {
                        panic!("every key is fresh")
                    };
                    versions
                        .extend(outcome.version.filter(|_| outcome.result.is_ok()).map(|version| version.0));
                }
            }
            versions
        });
    }
    let mut versions = Vec::new();
    while let Some(caller) = callers.join_next().await {
        versions.extend(caller.unwrap());
    }
    let given: BTreeSet<i64> = versions.iter().copied().collect();
    assert_eq!(given.len(), versions.len(), "a version was given twice");
    let last = instances[0].versions().await.unwrap()[0].1.0;
    assert_eq!(given.into_iter().collect::<Vec<_>>(), (2..=last).collect::<Vec<_>>(), "a version is missing");
    audit(&*instances[1]).await;
}

/// Of instances that start together one makes the tables, and of those that open a lot together one does.
#[tokio::test(flavor = "multi_thread")]
async fn instances_that_start_together_do_not_meet() {
    let url = parkpro_testkit::servers::postgres().fresh_database();
    let (one, two, three) =
        tokio::join!(open_with(settings(&url)), open_with(settings(&url)), open_with(settings(&url)));
    let mut openings = JoinSet::new();
    for record in [one.unwrap(), two.unwrap(), three.unwrap()] {
        openings.spawn(async move {
            let answer =
                record.change(ask::request(Command::OpenLot(ask::open("main", ask::slots(2))))).await;
            let Answer::Decided { outcome, .. } = answer.unwrap() else { panic!("decided") };
            outcome.result.is_ok()
        });
    }
    let opened = openings.join_all().await;
    assert_eq!(opened.into_iter().filter(|opened| *opened).count(), 1);
}

/// A lot that somebody holds for long makes its own requests wait, two seconds in all, and no others.
#[tokio::test(flavor = "multi_thread")]
async fn a_lot_that_is_held_elsewhere_holds_up_nobody_else() {
    let (record, url) = main_lot(5).await;
    done(&record, Command::OpenLot(ask::open("other", ask::slots(9)))).await;
    let rival = rival(&url).await;
    rival.batch_execute("BEGIN; SELECT 1 FROM lots WHERE slug = 'main' FOR UPDATE").await.unwrap();
    let record = Arc::new(record);
    let begun = Instant::now();
    let mut held = JoinSet::new();
    for n in 1..=5 {
        let record = Arc::clone(&record);
        held.spawn(async move { record.change(ask::request(enter(n, &format!("A {n}")))).await });
    }
    tokio::time::sleep(MOMENT).await;
    // Those of the other lot come into the next turn, together with more for the one that is held.
    let more = {
        let record = Arc::clone(&record);
        tokio::spawn(async move { record.change(ask::request(enter(6, "A 6"))).await })
    };
    let other = Command::Enter(ask::enter("other", ticket(7), "A 7"));
    done(&record, other).await;
    let faults = held.join_all().await.into_iter().map(fault).collect::<Vec<_>>();
    assert_eq!(faults, [Fault::Busy; 5]);
    assert!(begun.elapsed() < Duration::from_secs(4), "waited {:?} one after the other", begun.elapsed());
    assert_eq!(fault(more.await.unwrap()), Fault::Busy);

    rival.batch_execute("ROLLBACK").await.unwrap();
    done(&record, enter(1, "A 1")).await;
}

/// What is read with the message that locks is read anew if somebody else had the lot.
#[tokio::test(flavor = "multi_thread")]
async fn what_changed_while_a_lot_was_waited_for_is_seen() {
    let (record, url) = main_lot(5).await;
    done(&record, enter(1, "A 1")).await;
    let (record, rival) = (Arc::new(record), rival(&url).await);
    for request in [ask::request(enter(2, "A 2")), ask::keyed(enter(2, "A 2"), "key")] {
        rival.batch_execute("BEGIN; UPDATE lots SET accepting = false WHERE slug = 'main'").await.unwrap();
        let waiting = {
            let record = Arc::clone(&record);
            tokio::spawn(async move { record.change(request).await })
        };
        tokio::time::sleep(MOMENT).await;
        rival.batch_execute("COMMIT").await.unwrap();
        let Answer::Decided { outcome, .. } = waiting.await.unwrap().unwrap() else { panic!("decided") };
        assert_eq!(outcome.result, Err(Refusal::LotClosed));
        rival.batch_execute("UPDATE lots SET accepting = true WHERE slug = 'main'").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_key_holds_no_lot() {
    let (record, url) = main_lot(5).await;
    done(&record, enter(1, "A 1")).await;
    let (holder, other) = (rival(&url).await, rival(&url).await);
    let claim = "BEGIN; INSERT INTO idempotency (principal, key, fingerprint, created_at) \
         VALUES ('anonymous', 'key', decode(repeat('00', 32), 'hex'), 0)";
    holder.batch_execute(claim).await.unwrap();
    let waiting = tokio::spawn(async move { record.change(ask::keyed(enter(2, "A 2"), "key")).await });
    tokio::time::sleep(MOMENT).await;
    assert!(!waiting.is_finished(), "it waits for the key");
    other.batch_execute("BEGIN; SELECT 1 FROM lots FOR UPDATE NOWAIT; ROLLBACK").await.unwrap();
    holder.batch_execute("ROLLBACK").await.unwrap();
    let Answer::Decided { outcome, .. } = waiting.await.unwrap().unwrap() else { panic!("decided") };
    assert!(outcome.result.is_ok());
}

/// Where instances take turns with a lot, who comes while another one has its turn is in the next.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_a_lot_is_waited_for_is_in_the_next_turn() {
    let (record, url) = main_lot(5).await;
    record.close().await;
    let heard = Arc::new(Heard::default());
    let record = PgRecord::open(settings(&url), ask::rules(), heard.clone()).await.unwrap();
    let record = Arc::new(record);
    let enter_all = |numbers: std::ops::RangeInclusive<u64>| {
        let record = Arc::clone(&record);
        let mut callers = JoinSet::new();
        for n in numbers {
            let record = Arc::clone(&record);
            callers.spawn(async move { record.change(ask::request(enter(n, &format!("A {n}")))).await });
        }
        callers
    };
    // Learns the lot, then that it has to be waited for.
    done(&record, enter(1, "A 1")).await;
    let (rival, watcher) = (rival(&url).await, rival(&url).await);
    rival.batch_execute("BEGIN; SELECT 1 FROM lots WHERE slug = 'main' FOR UPDATE").await.unwrap();
    let second = enter_all(2..=2);
    somebody_waits(&watcher).await;
    rival.batch_execute("COMMIT").await.unwrap();
    assert!(second.join_all().await.iter().all(Result::is_ok));

    let lot: i64 = sql(&url, "SELECT id FROM lots WHERE slug = 'main'").parse().unwrap();
    let line = format!("BEGIN; SELECT pg_advisory_xact_lock({LINES}, {})", line(lot));
    rival.batch_execute(&line).await.unwrap();
    let third = enter_all(3..=3);
    somebody_waits(&watcher).await;
    let later = enter_all(4..=5);
    soon("two are in line", async || record.in_line() == 2).await;
    rival.batch_execute("COMMIT").await.unwrap();
    for entered in third.join_all().await.into_iter().chain(later.join_all().await) {
        assert!(matches!(entered, Ok(Answer::Decided { .. })));
    }
    assert_eq!(heard.turns(), [1, 1, 3]);
    record.close().await;
}

/// Returns when a session of the database waits for a lock.
async fn somebody_waits(watcher: &tokio_postgres::Client) {
    const WAITING: &str = "SELECT count(*) > 0 FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    soon("somebody waits", async || watcher.query_one(WAITING, &[]).await.unwrap().get(0)).await;
}

async fn soon(what: &str, is: impl AsyncFn() -> bool) {
    let waited = async {
        while !is().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect(what);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_in_use_elsewhere_is_told_apart() {
    let (record, url) = main_lot(5).await;
    let rival = rival(&url).await;
    rival
        .batch_execute(
            "BEGIN; INSERT INTO idempotency (principal, key, fingerprint, created_at) \
             VALUES ('anonymous', 'k', decode(repeat('00', 32), 'hex'), 0)",
        )
        .await
        .unwrap();
    let asked = ask::keyed(enter(1, "A 1"), "k");
    assert_eq!(fault(record.change(asked.clone()).await), Fault::KeyBusy);
    rival.batch_execute("ROLLBACK").await.unwrap();
    assert!(matches!(record.change(asked).await.unwrap(), Answer::Decided { .. }));
}

/// Who finds the line full is refused at once; who has gone before its turn is left out; a closing record serves the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_bounded_and_is_served_to_its_end() {
    let (record, url) = main_lot(5).await;
    record.close().await;
    let record = open_with(PgSettings { queue_length: 2, batch: 1, ..settings(&url) }).await.unwrap();
    let record = Arc::new(record);
    let rival = rival(&url).await;
    rival.batch_execute("BEGIN; SELECT 1 FROM lots FOR UPDATE").await.unwrap();
    let mut callers = Vec::new();
    for n in 1..=3 {
        let record = Arc::clone(&record);
        callers.push(tokio::spawn(
            async move { record.change(ask::request(enter(n, &format!("A {n}")))).await },
        ));
        tokio::time::sleep(MOMENT).await;
    }
    assert_eq!(record.in_line(), 2);
    let refused = record.change(ask::request(enter(4, "A 4"))).await;
    assert!(matches!(refused, Err(LedgerError::Overloaded)), "{refused:?}");
    callers.pop().unwrap().abort();
    rival.batch_execute("ROLLBACK").await.unwrap();
    record.close().await;
    for caller in callers {
        assert!(matches!(caller.await.unwrap(), Ok(Answer::Decided { .. })));
    }
    let refused = record.change(ask::request(enter(4, "A 4"))).await;
    assert!(matches!(refused, Err(LedgerError::Closing)), "{refused:?}");
    assert!(record.ready().await.is_err());
    assert_eq!(record.lot(ask::lot("main")).await.unwrap().unwrap().tally.total().occupied, 2);
}
