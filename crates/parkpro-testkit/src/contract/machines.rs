//! Crowds, callers that hang up, programs that end.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use parkpro_domain::{
    command::Command,
    event::{Entry, Event},
    lot::Version,
    outcome::{Refusal, Subject as Changed},
    ports::{Answer, Ledger, LedgerError, Request},
};

use super::Sentence;
use crate::{
    ask,
    audit::{audit, everything},
    reading,
    subject::Subject,
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a rush never doubles a slot", |s| Box::pin(a_rush_never_doubles_a_slot(s))),
        ("a rush out and in serves everybody once", |s| Box::pin(a_rush_out_and_in_serves_everybody_once(s))),
        ("a rush at many lots lets a plate in once", |s| {
            Box::pin(a_rush_at_many_lots_lets_a_plate_in_once(s))
        }),
        ("a lot is opened once", |s| Box::pin(a_lot_is_opened_once(s))),
        ("a caller that hangs up leaves no lock", |s| Box::pin(a_caller_that_hangs_up_leaves_no_lock(s))),
        ("the witness hears a rush in order", |s| Box::pin(the_witness_hears_a_rush_in_order(s))),
        ("what is read is true for the version it names", |s| {
            Box::pin(what_is_read_is_true_for_the_version_it_names(s))
        }),
        ("the witness hears before the caller", |s| Box::pin(the_witness_hears_before_the_caller(s))),
        ("everything survives a restart", |s| Box::pin(everything_survives_a_restart(s))),
        ("what was taken is answered before the end", |s| {
            Box::pin(what_was_taken_is_answered_before_the_end(s))
        }),
    ]
}

/// Longer than any request may take.
const PATIENCE: Duration = Duration::from_secs(10);

async fn change(ledger: &dyn Ledger, request: Request) -> Answer {
    let answer = tokio::time::timeout(PATIENCE, ledger.change(request)).await;
    answer.expect("a request is answered in time").expect("the record is well")
}

/// Requests at once, through two instances if the adapter lets two in.
async fn at_once(s: &Subject, commands: Vec<Command>) -> Vec<Answer> {
    let instances = [s.ledger(), s.beside().await];
    let asked = commands.into_iter().zip(instances.iter().cycle()).map(|(command, ledger)| {
        let ledger = Arc::clone(ledger);
        tokio::spawn(async move { change(&*ledger, ask::request(command)).await })
    });
    join_all(asked).await.into_iter().map(|answer| answer.expect("it did not panic")).collect()
}

fn refusal(answer: &Answer) -> Option<&Refusal> {
    match answer {
        Answer::Decided { outcome, .. } => outcome.result.as_ref().err(),
        _ => None,
    }
}

pub async fn a_rush_never_doubles_a_slot(s: Subject) {
    s.open(ask::open("main", ask::slots(8))).await;
    let rush = (0..60).map(|n| Command::Enter(s.entry(&format!("P{n}")))).collect();
    let answers = at_once(&s, rush).await;
    let mut slots = BTreeSet::new();
    let mut positions = Vec::new();
    for answer in answers {
        let Answer::Decided { outcome, .. } = answer else { panic!("nothing has a key") };
        let Ok(Changed::Ticket { ticket, position }) = outcome.result.map(|done| done.subject) else {
            panic!("everybody may enter")
        };
        match (ticket.berth(), position) {
            (Some(berth), None) => assert!(slots.insert(berth.slot), "{} was given twice", berth.label),
            (None, Some(position)) => positions.push(position),
            other => panic!("parked or waiting, not {other:?}"),
        }
    }
    positions.sort_unstable();
    assert_eq!((slots.len(), positions), (8, (1..=52).collect()));
    audit(&*s.records()).await;
}

pub async fn a_rush_out_and_in_serves_everybody_once(s: Subject) {
    s.open(ask::open("main", ask::slots(5))).await;
    for n in 0..30 {
        s.enter(&format!("P{n}")).await;
    }
    for round in 0..6 {
        let leave = (0..5).map(|n| ask::exit("main", &format!("P{}", 5 * round + n)));
        let come = (0..5).map(|n| Command::Enter(s.entry(&format!("Q{round}-{n}"))));
        let answers = at_once(&s, leave.chain(come).collect()).await;
        assert!(answers.iter().all(|answer| refusal(answer).is_none()), "who was next is inside by now");
        audit(&*s.records()).await;
    }
    assert_eq!(s.lot("main").await.tally.waiting(), 25);
}

pub async fn a_rush_at_many_lots_lets_a_plate_in_once(s: Subject) {
    let lots = ["a", "b", "c"];
    for lot in lots {
        s.open(ask::open(lot, ask::slots(4))).await;
    }
    for round in 0..8 {
        let plate = format!("P{round}");
        let rush = (0..9).map(|n| Command::Enter(ask::enter(lots[n % 3], s.entry("X").ticket, &plate)));
        let answers = at_once(&s, rush.collect()).await;
        assert_eq!(answers.iter().filter(|answer| refusal(answer).is_none()).count(), 1);
        let others = answers.iter().filter_map(refusal);
        let active = |refusal: &Refusal| matches!(refusal, Refusal::PlateAlreadyActive { .. });
        assert!({ others }.all(active), "the others are told that it is inside");
    }
    audit(&*s.records()).await;
}

pub async fn a_lot_is_opened_once(s: Subject) {
    let open = || Command::OpenLot(ask::open("main", ask::slots(2)));
    let answers = at_once(&s, (0..6).map(|_| open()).collect()).await;
    assert_eq!(answers.iter().filter(|answer| refusal(answer).is_none()).count(), 1);
    assert_eq!(s.lot("main").await.tally.total().capacity, 2);
}

pub async fn a_caller_that_hangs_up_leaves_no_lock(s: Subject) {
    s.open(ask::open("main", ask::slots(3))).await;
    let mut hung_up = Vec::new();
    for polls in 0..24 {
        let entry = s.entry(&format!("P{polls}"));
        hung_up.push(entry.ticket);
        let ledger = s.ledger();
        let mut call = ledger.change(ask::request(Command::Enter(entry)));
        for _ in 0..polls {
            // One look at a time, so that the caller is gone at every stage of the change.
            let answered = poll_fn(|context| Poll::Ready(call.poll_unpin(context).is_ready())).await;
            if answered {
                break;
            }
            tokio::time::sleep(Duration::from_micros(150)).await;
        }
        drop(call);
        let next = ask::request(Command::Enter(s.entry(&format!("Q{polls}"))));
        change(&*s.ledger(), next).await;
    }
    s.reopen().await;
    audit(&*s.records()).await;
    let mut carried_out = 0;
    for ticket in hung_up {
        carried_out += i64::from(s.records().ticket(ticket).await.unwrap().is_some());
    }
    assert_eq!(
        s.lot("main").await.lot.next_number.0,
        1 + 24 + carried_out,
        "done or not done, nothing between"
    );
    assert!(carried_out > 0, "what has begun is finished");
}

pub async fn the_witness_hears_before_the_caller(s: Subject) {
    let mut reached =
        [s.open(ask::open("a", ask::slots(1))).await, s.open(ask::open("b", ask::slots(1))).await];
    for n in 0..20 {
        let at = n % 2;
        let lot = ["a", "b"][at];
        let enter = ask::enter(lot, s.entry("X").ticket, &format!("P{n}"));
        reached[at] = s.made(Command::Enter(enter)).await.version;
        let heard = s.heard.commits();
        let last = heard.iter().rfind(|commit| commit.lot == ask::lot(lot));
        assert_eq!(last.map(|commit| commit.to), Some(reached[at]), "before the answer");
    }
    let before = s.heard.commits().len();
    s.refused(ask::exit("a", "NOBODY")).await;
    assert_eq!(s.heard.commits().len(), before, "a refusal is no change");
    for (lot, reached) in ["a", "b"].into_iter().zip(reached) {
        let heard = s.heard.commits().into_iter().filter(|commit| commit.lot == ask::lot(lot));
        let last = heard.fold(Version(0), |last, commit| {
            assert_eq!(commit.from, last, "each change once, in order");
            commit.to
        });
        assert_eq!(last, reached);
    }
}

pub async fn the_witness_hears_a_rush_in_order(s: Subject) {
    let lots = ["a", "b"];
    for lot in lots {
        s.open(ask::open(lot, ask::slots(3))).await;
    }
    let rush = (0..60).map(|n| {
        let (ledger, ticket) = (s.ledger(), s.entry("X").ticket);
        let enter = Command::Enter(ask::enter(lots[n % 2], ticket, &format!("P{n}")));
        tokio::spawn(async move { change(&*ledger, ask::request(enter)).await })
    });
    join_all(rush.collect::<Vec<_>>()).await;
    for lot in lots {
        let heard = s.heard.commits().into_iter().filter(|commit| commit.lot == ask::lot(lot));
        let last = heard.fold(Version(0), |last, commit| {
            assert_eq!(commit.from, last, "each turn once, in order");
            commit.to
        });
        assert_eq!(last, s.lot(lot).await.lot.version);
    }
    assert_eq!(s.heard.turns().iter().sum::<usize>(), 62, "every request is counted once");
}

/// How many waited and how many were parked at each version, by the journal.
fn told_by_journal(journal: &[Entry]) -> BTreeMap<Version, (i64, i64)> {
    let (mut waiting, mut parked) = (0, 0);
    let mut told = BTreeMap::new();
    for entry in journal {
        match entry.event {
            Event::TicketArrived { .. } => waiting += 1,
            Event::TicketParked { .. } => (waiting, parked) = (waiting - 1, parked + 1),
            Event::TicketWithdrawn(_) => waiting -= 1,
            Event::TicketDeparted { .. } | Event::TicketVoided { .. } => parked -= 1,
            _ => {}
        }
        told.insert(entry.version, (waiting, parked));
    }
    told
}

pub async fn what_is_read_is_true_for_the_version_it_names(s: Subject) {
    s.open(ask::open("main", ask::slots(3))).await;
    let (records, main) = (s.records(), ask::lot("main"));
    let busy = s.clone();
    let rush = tokio::spawn(async move {
        for round in 0..6 {
            let come = (0..5).map(|n| Command::Enter(busy.entry(&format!("P{round}-{n}"))));
            let leave = (0..5).map(|n| ask::exit("main", &format!("P{}-{n}", round / 2)));
            at_once(&busy, come.chain(leave).collect()).await;
        }
    });
    let (mut counts, mut queues) = (Vec::new(), Vec::new());
    while !rush.is_finished() {
        let view = s.lot("main").await;
        counts.push((view.lot.version, (view.tally.waiting(), view.tally.total().occupied)));
        let snapshot = records.snapshot(main.clone()).await.unwrap().unwrap();
        queues.push((snapshot.version, snapshot.members.len()));
        let page = records.waiting(main.clone(), None, 200).await.unwrap().unwrap();
        queues.push((page.lot.version, page.tickets.len()));
        if let Some(last) = page.tickets.last()
            && let Some(place) = records.position(last.id).await.unwrap()
        {
            assert!(place.version >= page.lot.version, "what is read later is not older");
        }
        tokio::task::yield_now().await;
    }
    rush.await.expect("it did not panic");
    let told = told_by_journal(&reading::journal(&*records, &main, 200).await);
    for (version, read) in counts {
        assert_eq!(read, told[&version], "the counts at {version}");
    }
    for (version, length) in queues {
        assert_eq!(i64::try_from(length), Ok(told[&version].0), "the queue at {version}");
    }
}

pub async fn everything_survives_a_restart(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    s.open(ask::open("annex", vec![ask::slot_for("car+van", "B-1")])).await;
    let made = s.enter_all(&["P1", "P2", "P3", "P4", "P5"]).await;
    s.made(ask::prioritise(made[4].id(), "vip")).await;
    s.exit("P1").await;
    s.made(ask::void(made[1].id())).await;
    s.slot_made(ask::serve("main", "A-2", false)).await;
    s.made(Command::Enter(ask::enter("annex", s.entry("X").ticket, "P9"))).await;
    let lots = ["main", "annex"].map(ask::lot);
    let before = [everything(&*s.records(), &lots[0]).await, everything(&*s.records(), &lots[1]).await];
    s.reopen().await;
    let after = [everything(&*s.records(), &lots[0]).await, everything(&*s.records(), &lots[1]).await];
    assert_eq!(before, after);
    assert_eq!(s.enter("P6").await.ticket.number.0, 6, "numbers go on");
    assert_eq!(s.exit("P5").await.promoted, ["P4 in A-1"]);
}

pub async fn what_was_taken_is_answered_before_the_end(s: Subject) {
    s.open(ask::open("main", ask::slots(50))).await;
    let ledger = s.ledger();
    let ask = |plate: String| {
        let (ledger, entry) = (s.ledger(), s.entry(&plate));
        tokio::spawn(async move { ledger.change(ask::request(Command::Enter(entry))).await })
    };
    let calls: Vec<_> = (0..40).map(|n| ask(format!("P{n}"))).collect();
    tokio::task::yield_now().await;
    tokio::time::timeout(PATIENCE, ledger.close()).await.expect("it closes in time");
    let answers = tokio::time::timeout(PATIENCE, join_all(calls)).await.expect("all are answered");
    let taken = answers.into_iter().filter(|answer| match answer.as_ref().expect("it did not panic") {
        Ok(_) => true,
        Err(LedgerError::Closing) => false,
        Err(other) => panic!("answered or not taken, not {other:?}"),
    });
    let taken = taken.count();
    let late = ledger.change(ask::request(Command::Enter(s.entry("LATE")))).await;
    assert!(matches!(late, Err(LedgerError::Closing)), "it takes no more");
    s.reopen().await;
    assert_eq!(usize::try_from(s.lot("main").await.tally.total().occupied), Ok(taken));
}
