//! Many at once, and one among them who misbehaves.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use parkpro_domain::{
    command::Command,
    outcome::Outcome,
    ports::{Answer, Fault, Ledger, LedgerError, Records, Reply, Request, TicketFilter, Wording},
    ticket::Ticket,
};
use parkpro_sqlite::SqliteSettings;
use parkpro_testkit::ask;

use crate::park::{Park, begin, begun};

/// Fails whenever it is asked.
struct Fails;

impl Wording for Fails {
    fn word(&self, _command: &Command, _outcome: &Outcome) -> Reply {
        panic!("as it should in this test")
    }
}

/// A rush of entries and exits, handed in before the first is answered.
async fn rush(batch: usize) -> (Vec<Answer>, Vec<Ticket>) {
    let park = Park::with(40, |settings| SqliteSettings { batch, ..settings }).await;
    let mut asked = Vec::new();
    for n in 0..400 {
        let command = match n % 5 {
            3 => ask::exit("main", &format!("A {}", n / 2)),
            4 => ask::exit("main", &format!("A {}", n - 2)),
            _ => park.entry(&format!("A {n}")),
        };
        asked.push(begun(park.record.change(ask::keyed(command, &format!("key {}", n / 2 * 2)))));
    }
    let mut answers = Vec::new();
    for asked in asked {
        answers.push(asked.over().await.unwrap());
    }
    let all = park.record.tickets(ask::lot("main"), TicketFilter::default(), None, 999).await;
    (answers, all.unwrap().unwrap())
}

#[tokio::test]
async fn batches_of_any_size_come_to_the_same() {
    let one_by_one = rush(1).await;
    for batch in 2..=256 {
        assert!(rush(batch).await == one_by_one, "batches of {batch}");
    }
}

#[tokio::test]
async fn a_panic_spoils_nothing_but_its_own_request() {
    let park = Park::with_slots(64).await;
    let mut asked = Vec::new();
    for n in 0..64 {
        let request = ask::keyed(park.entry(&format!("A {n}")), &format!("key {n}"));
        let wording: Arc<dyn Wording> = if n == 30 { Arc::new(Fails) } else { Arc::clone(&request.wording) };
        asked.push(begun(park.record.change(Request { wording, ..request })));
    }
    for (n, asked) in asked.into_iter().enumerate() {
        match asked.over().await {
            Ok(Answer::Decided { outcome, .. }) => assert!(n != 30 && outcome.result.is_ok()),
            Err(LedgerError::Port(error)) => assert!(n == 30 && error.fault == Fault::Corrupt, "{error}"),
            other => panic!("{other:?}"),
        }
    }
    let lot = park.lot().await;
    assert_eq!((lot.tally.total().occupied, lot.lot.version.0), (63, 64));
    park.record.ready().await.unwrap();
    park.enter("A 30").await;
}

#[tokio::test]
async fn whoever_goes_away_keeps_nobody_from_being_served() {
    let park = Park::with_slots(2).await;
    let mut entry = park.record.change(ask::request(park.entry("A 1")));
    drop(begin(&mut entry));
    drop(entry);
    let mut question = park.record.lot(ask::lot("main"));
    drop(begin(&mut question));
    drop(question);
    park.record.ready().await.unwrap();
    park.enter("A 2").await;
    let occupied = park.lot().await.tally.total().occupied;
    assert!((1..=2).contains(&occupied), "A 1 was served before it went, or not at all");
}

#[tokio::test]
async fn more_than_may_wait_are_refused_at_once() {
    let park = Park::with(1, |settings| SqliteSettings { queue_length: 2, ..settings }).await;
    let (mut taken, mut refused) = (Vec::new(), 0);
    for n in 0..2000 {
        let mut asked = park.record.change(ask::request(park.entry(&format!("A {n}"))));
        match begin(&mut asked) {
            Poll::Ready(Err(LedgerError::Overloaded)) => refused += 1,
            // The writer was quicker than this test.
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(other)) => panic!("{other:?}"),
            Poll::Pending => taken.push(asked),
        }
    }
    assert!(refused > 0);
    for taken in taken {
        taken.await.unwrap();
    }
}

#[tokio::test]
async fn the_witness_hears_every_version_in_order() {
    let park = Park::with_slots(50).await;
    let mut asked = Vec::new();
    for n in 0..100 {
        asked.push(begun(park.record.change(ask::request(park.entry(&format!("A {n}"))))));
    }
    for asked in asked {
        asked.over().await.unwrap();
    }
    let commits = park.heard.commits();
    assert!(commits.windows(2).all(|pair| pair[0].to == pair[1].from), "{commits:?}");
    assert_eq!(commits.last().unwrap().to.0, 101);
    assert_eq!(park.heard.turns().iter().sum::<usize>(), 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_stays_short_although_somebody_always_reads() {
    const MEBIBYTE: u64 = 1024 * 1024;
    let park = Park::with_slots(40).await;
    let over = Arc::new(AtomicBool::new(false));
    let read = |_| {
        let (record, over) = (Arc::clone(&park.record), Arc::clone(&over));
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let page = record.tickets(ask::lot("main"), TicketFilter::default(), None, 200).await;
                page.unwrap().unwrap();
            }
        })
    };
    let readers: Vec<_> = (0..2).map(read).collect();
    let log = park.folder.path().join("park.db-wal");
    let mut longest = 0;
    for turn in 0..800 {
        let asked = (0..20).map(|n| {
            let plate = format!("A {}", turn / 2 * 20 + n);
            let command = if turn % 2 == 0 { park.entry(&plate) } else { ask::exit("main", &plate) };
            begun(park.record.change(ask::keyed(command, &format!("{n} {turn}"))))
        });
        for asked in asked.collect::<Vec<_>>() {
            asked.over().await.unwrap();
        }
        longest = longest.max(fs::metadata(&log).unwrap().len());
    }
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(longest < 60 * MEBIBYTE, "{} MiB", longest / MEBIBYTE);
}
