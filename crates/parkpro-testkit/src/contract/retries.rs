//! Asking twice under one idempotency key.

use futures_util::future::join_all;
use parkpro_domain::{
    command::Command,
    event::Principal,
    outcome::{Outcome, Refusal},
    ports::{Answer, Clock, Fault, Key, LedgerError, Reply, Request, Wording},
};

use super::Sentence;
use crate::{
    ask,
    clock::{DAY, SECOND},
    subject::Subject,
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a retry gets the same bytes", |s| Box::pin(a_retry_gets_the_same_bytes(s))),
        ("a retry of what was refused is refused again", |s| {
            Box::pin(a_retry_of_what_was_refused_is_refused_again(s))
        }),
        ("a key stands for one request", |s| Box::pin(a_key_stands_for_one_request(s))),
        ("a key belongs to whoever chose it", |s| Box::pin(a_key_belongs_to_whoever_chose_it(s))),
        ("a key of a lot that is not there is kept too", |s| {
            Box::pin(a_key_of_a_lot_that_is_not_there_is_kept_too(s))
        }),
        ("a key used many times at once works once", |s| {
            Box::pin(a_key_used_many_times_at_once_works_once(s))
        }),
        ("keys are forgotten after their time", |s| Box::pin(keys_are_forgotten_after_their_time(s))),
        ("bytes of every kind are kept", |s| Box::pin(bytes_of_every_kind_are_kept(s))),
    ]
}

/// Decided now: the reply that was kept.
fn kept(answer: Answer) -> Reply {
    match answer {
        Answer::Decided { reply: Some(reply), .. } => reply,
        other => panic!("decided and kept, not {other:?}"),
    }
}

async fn enter(s: &Subject, plate: &str, key: &str) -> Answer {
    s.answer(ask::keyed(Command::Enter(s.entry(plate)), key)).await
}

pub async fn a_retry_gets_the_same_bytes(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let first = kept(enter(&s, "P1", "k1").await);
    assert!(first.location.is_some() && !first.body.is_empty());
    let slot = ask::serve("main", "A-1", false);
    let changed = kept(s.answer(ask::keyed(slot.clone(), "k2")).await);
    assert!(changed.etag.is_some());
    s.exit("P1").await;
    s.clock.advance(DAY);
    for _ in 0..2 {
        assert_eq!(enter(&s, "P1", "k1").await, Answer::Replayed(first.clone()));
        assert_eq!(s.answer(ask::keyed(slot.clone(), "k2")).await, Answer::Replayed(changed.clone()));
        s.reopen().await;
    }
    assert_eq!(s.lot("main").await.lot.next_number.0, 2, "it happened once");
}

pub async fn a_retry_of_what_was_refused_is_refused_again(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    s.enter("P1").await;
    let refused = enter(&s, "P1", "k").await;
    assert!(matches!(&refused, Answer::Decided { outcome, .. }
        if matches!(outcome.result, Err(Refusal::PlateAlreadyActive { .. }))));
    let refused = kept(refused);
    s.exit("P1").await;
    assert_eq!(enter(&s, "P1", "k").await, Answer::Replayed(refused), "though now it could be done");
    assert_eq!(s.lot("main").await.tally.total().occupied, 0, "and leaves no phantom car");
}

pub async fn a_key_stands_for_one_request(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    enter(&s, "P1", "k").await;
    assert_eq!(enter(&s, "P2", "k").await, Answer::KeyReused);
    assert_eq!(s.answer(ask::keyed(ask::exit("main", "P1"), "k")).await, Answer::KeyReused);
    assert_eq!(s.lot("main").await.tally.total().occupied, 1);
    assert!(matches!(enter(&s, "P1", "k").await, Answer::Replayed(_)));
}

pub async fn a_key_belongs_to_whoever_chose_it(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let as_gate = |plate: &str, gate: &str| {
        let request = ask::keyed(Command::Enter(s.entry(plate)), "k");
        let key = request.key.clone().map(|key| Key { principal: Principal(gate.to_owned()), ..key });
        Request { key, actor: Principal(gate.to_owned()), ..request }
    };
    kept(s.answer(as_gate("P1", "north")).await);
    kept(s.answer(as_gate("P2", "south")).await);
    assert!(matches!(s.answer(as_gate("P1", "north")).await, Answer::Replayed(_)));
    assert_eq!(s.answer(as_gate("P1", "south")).await, Answer::KeyReused);
}

pub async fn a_key_of_a_lot_that_is_not_there_is_kept_too(s: Subject) {
    let refused = kept(enter(&s, "P1", "k").await);
    s.with_slots(&["A-1"]).await;
    assert_eq!(enter(&s, "P1", "k").await, Answer::Replayed(refused));
    let nobody = ask::keyed(Command::Withdraw { ticket: s.entry("X").ticket }, "n");
    let refused = kept(s.answer(nobody.clone()).await);
    assert_eq!(s.answer(nobody).await, Answer::Replayed(refused));
    let open = || ask::keyed(Command::OpenLot(ask::open("annex", ask::slots(1))), "o");
    let opened = kept(s.answer(open()).await);
    assert_eq!(s.answer(open()).await, Answer::Replayed(opened));
}

pub async fn a_key_used_many_times_at_once_works_once(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let (here, beside) = (s.ledger(), s.beside().await);
    let request = |n: usize| {
        let ledger = if n.is_multiple_of(2) { &here } else { &beside };
        ledger.change(ask::keyed(Command::Enter(s.entry("P1")), "k"))
    };
    let mut replies = Vec::new();
    let mut decided = 0;
    for answer in join_all((0..12).map(request)).await {
        match answer {
            Ok(Answer::Decided { reply, .. }) => {
                decided += 1;
                replies.extend(reply);
            }
            Ok(Answer::Replayed(reply)) => replies.push(reply),
            Err(LedgerError::Port(error)) if error.fault == Fault::KeyBusy => {}
            other => panic!("done, done before, or still running, not {other:?}"),
        }
    }
    assert_eq!(decided, 1);
    assert!(replies.iter().all(|reply| *reply == replies[0]), "everybody gets the same bytes");
    assert_eq!(s.lot("main").await.lot.next_number.0, 2);
}

pub async fn keys_are_forgotten_after_their_time(s: Subject) {
    s.with_slots(&["A-1"]).await;
    for n in 0..5 {
        enter(&s, &format!("P{n}"), &format!("old{n}")).await;
    }
    s.clock.advance(DAY);
    let noon = s.clock.now();
    enter(&s, "P9", "young").await;
    s.clock.advance(SECOND);
    let ledger = s.ledger();
    let forget = |before, most| ledger.forget_keys(before, most);
    assert_eq!(forget(noon.plus_micros(-DAY), 100).await.unwrap(), 0);
    assert_eq!(forget(noon, 3).await.unwrap(), 3, "at most so many at a time");
    assert_eq!(forget(noon, 100).await.unwrap(), 2);
    assert_eq!(forget(noon, 100).await.unwrap(), 0);
    assert!(matches!(enter(&s, "P9", "young").await, Answer::Replayed(_)));
    let again = enter(&s, "P1", "old1").await;
    assert!(matches!(again, Answer::Decided { .. }), "it is asked for the first time");
}

pub async fn bytes_of_every_kind_are_kept(s: Subject) {
    struct Odd;
    impl Wording for Odd {
        fn word(&self, _command: &Command, _outcome: &Outcome) -> Reply {
            Reply { status: 599, location: None, etag: None, body: (0..=255).collect() }
        }
    }
    s.with_slots(&["A-1"]).await;
    let key = "~ !\"'\\%_:$1 ÿ".repeat(10);
    let request =
        || Request { wording: std::sync::Arc::new(Odd), ..ask::keyed(Command::Enter(s.entry("P1")), &key) };
    let first = kept(s.answer(request()).await);
    assert_eq!((first.status, first.body.len()), (599, 256));
    assert_eq!(s.answer(request()).await, Answer::Replayed(first));
}
