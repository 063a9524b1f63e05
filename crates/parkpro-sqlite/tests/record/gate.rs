//! Vehicles come, wait, get slots and leave. The whole behaviour is judged by the suite of the test kit; this is what
//! depends on statements that only SQLite has.

use parkpro_domain::{
    command::Command,
    outcome::Refusal,
    ports::{Answer, JournalCursor, Ledger, QueueCursor, Records, SlotCursor, SlotFilter, TicketFilter},
    slot::SlotStatus,
    ticket::{TicketNumber, TicketStatus},
    time::Timestamp,
};
use parkpro_testkit::{ask, clock::MORNING};

use crate::park::Park;

#[tokio::test]
async fn a_day_at_the_gate() {
    let park = Park::with_slots(2).await;
    let first = park.enter("A 1").await;
    assert_eq!(first.berth().unwrap().label.as_str(), "A-001");
    assert_eq!(park.enter("A 2").await.berth().unwrap().label.as_str(), "A-002");
    let waiting = [park.enter("A 3").await, park.enter("A 4").await, park.enter("A 5").await];
    assert!(waiting.iter().all(|ticket| ticket.status() == TicketStatus::Waiting));
    let place = park.record.position(waiting[2].id).await.unwrap().unwrap();
    assert_eq!((place.position, place.version.0), (3, 6));
    let again = park.outcome(park.entry("A 1")).await;
    assert_eq!(again.result, Err(Refusal::PlateAlreadyActive { ticket: first.id }));

    park.outcome(Command::Withdraw { ticket: waiting[0].id }).await.result.unwrap();
    let left = park.outcome(ask::exit("main", "A 2")).await.result.unwrap();
    assert_eq!(left.promoted.iter().map(|next| next.ticket).collect::<Vec<_>>(), [waiting[1].id]);
    let next = park.record.ticket(waiting[1].id).await.unwrap().unwrap();
    assert_eq!((next.ticket.berth().unwrap().label.as_str(), next.lot.version.0), ("A-002", 8));
    let again = park.outcome(ask::exit("main", "A 2")).await;
    assert!(matches!(again.result, Err(Refusal::AlreadyDeparted { .. })));
    let early = park.outcome(ask::exit("main", "A 5")).await;
    assert_eq!(early.result, Err(Refusal::StillWaiting { ticket: waiting[2].id }));

    let view = park.lot().await;
    assert_eq!((view.tally.total().occupied, view.tally.waiting()), (2, 1));
    let after = JournalCursor { version: parkpro_domain::lot::Version(6), n: 0 };
    let journal = park.record.journal(ask::lot("main"), after, 99).await.unwrap().unwrap();
    let kinds: Vec<_> = journal.iter().map(|entry| (entry.version.0, entry.n, entry.event.kind())).collect();
    assert_eq!(kinds, [(7, 0, "ticket_withdrawn"), (8, 0, "ticket_departed"), (8, 1, "ticket_parked")]);
}

#[tokio::test]
async fn a_key_is_answered_once_and_the_same_again() {
    let before = Park::with_slots(1).await;
    let entry = ask::keyed(before.entry("A 1"), "k");
    let Answer::Decided { reply: Some(reply), .. } = before.record.change(entry.clone()).await.unwrap()
    else {
        panic!("it is new");
    };
    let park = before.reopened().await;
    assert_eq!(park.record.change(entry).await.unwrap(), Answer::Replayed(reply));
    let exit = ask::keyed(ask::exit("main", "A 1"), "k");
    assert_eq!(park.record.change(exit).await.unwrap(), Answer::KeyReused);
    let stranger = ask::keyed(ask::exit("main", "A 9"), "refused");
    let refused = park.record.change(stranger.clone()).await.unwrap();
    assert!(matches!(refused, Answer::Decided { reply: Some(_), .. }), "a refusal is kept too");
    assert!(matches!(park.record.change(stranger).await.unwrap(), Answer::Replayed(_)));
}

#[tokio::test]
async fn old_keys_are_forgotten_a_few_at_a_time() {
    let park = Park::with_slots(1).await;
    let ask = async |key| park.record.change(ask::keyed(ask::exit("main", "A 1"), key)).await.unwrap();
    for key in ["a", "b", "c"] {
        ask(key).await;
    }
    let (then, later) = (MORNING, Timestamp::from_micros(i64::MAX));
    assert_eq!(park.record.forget_keys(then, 9).await.unwrap(), 0);
    assert_eq!(park.record.forget_keys(later, 2).await.unwrap(), 2);
    assert_eq!(park.record.forget_keys(later, 9).await.unwrap(), 1);
    assert!(matches!(ask("a").await, Answer::Decided { .. }));
}

#[tokio::test]
async fn pages_follow_each_other() {
    let park = Park::with_slots(5).await;
    for plate in ["A 1", "A 2", "A 3", "A 4", "A 5", "A 6", "A 7"] {
        park.enter(plate).await;
    }
    park.outcome(ask::exit("main", "A 2")).await.result.unwrap();
    let (record, main) = (&park.record, ask::lot("main"));
    let slots = async |filter, after| record.slots(main.clone(), filter, after, 2).await.unwrap().unwrap();
    let (mut labels, mut after) = (Vec::new(), None);
    loop {
        let page = slots(SlotFilter::default(), after).await;
        let Some(last) = page.last() else { break };
        after = Some(SlotCursor { rank: last.rank, label: last.label.clone() });
        labels.extend(page.iter().map(|slot| slot.label.as_str().to_owned()));
    }
    assert_eq!(labels, ["A-001", "A-002", "A-003", "A-004", "A-005"]);
    let with = |status| SlotFilter { status: Some(status), ..SlotFilter::default() };
    assert_eq!(slots(with(SlotStatus::Available), None).await, []);
    assert_eq!(slots(with(SlotStatus::Occupied), None).await.len(), 2);

    let numbers = async |filter, before: Option<i64>| {
        let page = record.tickets(main.clone(), filter, before.map(TicketNumber), 3).await.unwrap().unwrap();
        page.iter().map(|ticket| ticket.number.0).collect::<Vec<_>>()
    };
    let all = TicketFilter::default;
    let with = |status| TicketFilter { status: Some(status), ..all() };
    assert_eq!(numbers(all(), None).await, [7, 6, 5]);
    assert_eq!(numbers(all(), Some(5)).await, [4, 3, 2]);
    assert_eq!(numbers(with(TicketStatus::Waiting), None).await, [7]);
    assert_eq!(numbers(with(TicketStatus::Departed), None).await, [2]);
    assert_eq!(numbers(with(TicketStatus::Voided), None).await, [0_i64; 0]);
    let arrivals = record.tickets(main.clone(), all(), None, 9).await.unwrap().unwrap();
    let (third, fifth) = (arrivals[4].arrived_at, arrivals[2].arrived_at);
    assert_eq!(numbers(TicketFilter { from: Some(third), to: Some(fifth), ..all() }, None).await, [4, 3]);
    assert_eq!(numbers(TicketFilter { to: Some(MORNING), ..all() }, None).await, [0_i64; 0]);

    let queue = record.waiting(main.clone(), None, 9).await.unwrap().unwrap();
    assert_eq!((queue.ahead, queue.tickets.len()), (0, 1));
    let first = &queue.tickets[0];
    let after = Some(QueueCursor { turn: first.turn, ticket: first.id });
    let behind = record.waiting(main.clone(), after, 9).await.unwrap().unwrap();
    assert_eq!((behind.ahead, behind.tickets.len()), (1, 0));
    assert_eq!(record.snapshot(main).await.unwrap().unwrap().members.len(), 1);
}
