//! What vehicles and operators do, once through every statement.

use parkpro_domain::{
    command::{ChangeLot, Command},
    lot::LotName,
    outcome::{Refusal, Subject},
    ports::{Answer, JournalCursor, Ledger, Place, QueueCursor, Records, SlotFilter, TicketFilter},
    slot::SlotStatus,
    ticket::TicketStatus,
};
use parkpro_testkit::{ask, audit::audit};

use super::{decided, done, enter, main_lot, refused, slot_after, ticket};

#[tokio::test(flavor = "multi_thread")]
async fn vehicles_park_wait_leave_and_follow_each_other() {
    let (record, _url) = main_lot(2).await;
    assert_eq!(slot_after(&record, enter(1, "A 1")).await, Some(ask::label("A-001")));
    assert_eq!(slot_after(&record, enter(2, "B 1")).await, Some(ask::label("A-002")));
    assert_eq!(slot_after(&record, enter(3, "C 1")).await, None);
    assert_eq!(slot_after(&record, enter(4, "D 1")).await, None);
    assert_eq!(refused(&record, enter(5, "A-1")).await, Refusal::PlateAlreadyActive { ticket: ticket(1) });

    let place = record.position(ticket(4)).await.unwrap().unwrap();
    assert_eq!(place.position, 2);
    let left = decided(&record, ask::exit("main", "A1")).await.result.unwrap();
    assert_eq!(left.promoted.iter().map(|promotion| promotion.ticket).collect::<Vec<_>>(), [ticket(3)]);
    done(&record, Command::Withdraw { ticket: ticket(4) }).await;
    assert_eq!(record.position(ticket(4)).await.unwrap(), None);
    assert_eq!(refused(&record, ask::exit("main", "D1")).await, Refusal::NotInside);
    assert_eq!(
        refused(&record, ask::exit("main", "A1")).await,
        Refusal::AlreadyDeparted { ticket: ticket(1) }
    );
    done(&record, ask::void(ticket(2))).await;
    assert_eq!(slot_after(&record, enter(6, "A 1")).await, Some(ask::label("A-002")));
    audit(&record).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_change_lots_slots_and_tickets() {
    let (record, url) = main_lot(1).await;
    done(&record, ask::add_slots("main", vec![ask::slot_for("car+van", "B-1"), ask::slot("B-2")])).await;
    done(&record, ask::serve("main", "B-1", false)).await;
    done(&record, ask::remove_slot("main", "B-2")).await;
    done(&record, ask::add_slots("main", vec![ask::slot_for("van", "B-2")])).await;
    let name = LotName::parse("Harbour").unwrap();
    let change =
        ChangeLot { name: Some(name.clone()), queue_limit: Some(Some(3)), ..ask::change_lot("main") };
    done(&record, Command::ChangeLot(change)).await;
    let view = record.lot(ask::lot("main")).await.unwrap().unwrap();
    assert_eq!((view.lot.name, view.lot.queue_limit, view.lot.revision), (name, Some(3), 2));
    assert_eq!((view.tally.total().capacity, view.tally.total().out_of_service), (3, 1));

    slot_after(&record, enter(1, "A 1")).await;
    slot_after(&record, enter(2, "B 1")).await;
    slot_after(&record, enter(3, "C 1")).await;
    let vip = done(&record, ask::prioritise(ticket(3), "vip")).await;
    assert!(matches!(vip, Subject::Ticket { position: Some(1), .. }), "{vip:?}");
    done(&record, ask::correct(ticket(2), "X 9")).await;
    assert_eq!(
        refused(&record, ask::correct(ticket(2), "A 1")).await,
        Refusal::PlateAlreadyActive { ticket: ticket(1) }
    );
    done(&record, ask::serve("main", "B-1", true)).await;
    let parked = record.ticket(ticket(3)).await.unwrap().unwrap();
    assert_eq!(super::parked_in(&parked.ticket), Some(ask::label("B-1")));
    audit(&record).await;

    done(&record, ask::exit("main", "A1")).await;
    done(&record, ask::exit("main", "X9")).await;
    done(&record, ask::exit("main", "C1")).await;
    done(&record, Command::RemoveLot { lot: ask::lot("main"), revision: None }).await;
    assert!(record.lots(None, 10).await.unwrap().is_empty() && record.versions().await.unwrap().is_empty());
    assert!(record.ticket(ticket(1)).await.unwrap().unwrap().lot.retired);
    assert_eq!(
        refused(&record, Command::OpenLot(ask::open("main", vec![]))).await,
        Refusal::LotIdTaken(ask::lot("main"))
    );
    done(&record, Command::OpenLot(ask::open("other", ask::slots(1)))).await;
    assert_eq!(super::sql(&url, "SELECT string_agg(id || slug, ',' ORDER BY id) FROM lots"), "1main,2other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_answered_once() {
    let (record, _url) = main_lot(1).await;
    let asked = ask::keyed(enter(1, "A 1"), "k");
    let Answer::Decided { reply: Some(first), .. } = record.change(asked.clone()).await.unwrap() else {
        panic!("a fresh key is decided")
    };
    assert_eq!(record.change(asked).await.unwrap(), Answer::Replayed(first));
    assert_eq!(record.change(ask::keyed(enter(2, "B 1"), "k")).await.unwrap(), Answer::KeyReused);
    let refusal = ask::keyed(ask::exit("none", "A 1"), "l");
    assert!(matches!(record.change(refusal.clone()).await.unwrap(), Answer::Decided { .. }));
    assert!(matches!(record.change(refusal).await.unwrap(), Answer::Replayed(_)));

    let now = parkpro_testkit::clock::MORNING;
    assert_eq!(record.forget_keys(now, 10).await.unwrap(), 0);
    assert_eq!(record.forget_keys(now.plus_micros(1), 1).await.unwrap(), 1);
    assert_eq!(record.forget_keys(now.plus_micros(1), 10).await.unwrap(), 1);
    assert!(matches!(record.change(ask::keyed(enter(3, "C 1"), "k")).await.unwrap(), Answer::Decided { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_pages_and_filters() {
    let (record, _url) = main_lot(3).await;
    let main = || ask::lot("main");
    for (n, plate) in (1..=5).zip(["A1", "B1", "C1", "D1", "E1"]) {
        slot_after(&record, enter(n, plate)).await;
    }
    done(&record, ask::exit("main", "A1")).await;
    done(&record, Command::Withdraw { ticket: ticket(5) }).await;

    let numbers = async |filter, before| {
        let page = record.tickets(main(), filter, before, 2).await.unwrap().unwrap();
        page.iter().map(|ticket| ticket.number.0).collect::<Vec<_>>()
    };
    let with = |status| TicketFilter { status: Some(status), ..TicketFilter::default() };
    let number = |n| Some(parkpro_domain::ticket::TicketNumber(n));
    assert_eq!(numbers(TicketFilter::default(), None).await, [5, 4]);
    assert_eq!(numbers(TicketFilter::default(), number(4)).await, [3, 2]);
    assert_eq!(numbers(with(TicketStatus::Parked), None).await, [4, 3]);
    assert_eq!(numbers(with(TicketStatus::Parked), number(3)).await, [2]);
    assert_eq!(numbers(with(TicketStatus::Departed), None).await, [1]);
    assert_eq!(numbers(with(TicketStatus::Withdrawn), None).await, [5]);
    assert!(numbers(with(TicketStatus::Waiting), None).await.is_empty());
    let plate = Some(ask::plate("B 1").key().clone());
    assert_eq!(numbers(TicketFilter { plate, ..with(TicketStatus::Parked) }, None).await, [2]);
    let all = record.tickets(main(), TicketFilter::default(), None, 9).await.unwrap().unwrap();
    let (from, to) = (Some(all[3].arrived_at), Some(all[1].arrived_at));
    assert_eq!(numbers(TicketFilter { from, to, ..TicketFilter::default() }, None).await, [3, 2]);
    assert_eq!(numbers(TicketFilter { from: to, ..TicketFilter::default() }, None).await, [5, 4]);
    assert_eq!(numbers(TicketFilter { to: from, ..TicketFilter::default() }, None).await, [1]);
    let late = Some(all[0].arrived_at.plus_micros(1));
    assert!(numbers(TicketFilter { from: late, ..TicketFilter::default() }, None).await.is_empty());

    done(&record, ask::serve("main", "A-003", false)).await;
    let labels = async |status| {
        let filter = SlotFilter { status, accepts: Some(ask::class("car")), ..SlotFilter::default() };
        let page = record.slots(main(), filter, None, 9).await.unwrap().unwrap();
        page.iter().map(|slot| slot.label.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(labels(None).await, ["A-001", "A-002", "A-003"]);
    assert_eq!(labels(Some(SlotStatus::Occupied)).await, ["A-001", "A-002"]);
    assert_eq!(labels(Some(SlotStatus::Draining)).await, ["A-003"]);
    assert!(labels(Some(SlotStatus::Available)).await.is_empty());
    done(&record, ask::exit("main", "D1")).await;
    assert_eq!(labels(Some(SlotStatus::Available)).await, ["A-001"]);
    let no_van = SlotFilter { accepts: Some(ask::class("van")), ..SlotFilter::default() };
    assert!(record.slots(main(), no_van, None, 9).await.unwrap().unwrap().is_empty());

    assert_eq!(slot_after(&record, enter(6, "F1")).await, Some(ask::label("A-001")));
    slot_after(&record, enter(7, "G1")).await;
    slot_after(&record, enter(8, "H1")).await;
    let first = record.waiting(main(), None, 1).await.unwrap().unwrap();
    assert_eq!((first.ahead, first.tickets[0].id), (0, ticket(7)));
    let last = &first.tickets[0];
    let after = Some(QueueCursor { turn: last.turn, ticket: last.id });
    let second = record.waiting(main(), after, 1).await.unwrap().unwrap();
    assert_eq!((second.ahead, second.tickets[0].id), (1, ticket(8)));
    let version = second.lot.version;
    assert_eq!(record.position(ticket(8)).await.unwrap(), Some(Place { position: 2, version }));
    let snapshot = record.snapshot(main()).await.unwrap().unwrap();
    assert_eq!((snapshot.members.len(), snapshot.version), (2, version));
    assert_eq!(snapshot.epoch, record.epoch().await.unwrap());
    assert_eq!(record.versions().await.unwrap(), [(main(), version)]);

    let after = JournalCursor { version, n: 0 };
    assert!(record.journal(main(), after, 9).await.unwrap().unwrap().is_empty());
    let begun = record.journal(main(), JournalCursor::default(), 2).await.unwrap().unwrap();
    assert_eq!(begun.iter().map(|entry| (entry.version.0, entry.n)).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
    assert!(record.slots(ask::lot("none"), SlotFilter::default(), None, 9).await.unwrap().is_none());
    assert!(record.journal(ask::lot("none"), JournalCursor::default(), 9).await.unwrap().is_none());
}
