//! Reading the record, page by page.

use parkpro_domain::{
    command::{ChangeLot, ChangeSlot, Command, NewSlot},
    event::{Event, Principal},
    ports::{JournalCursor, QueueCursor, Request, SlotFilter, TicketFilter},
    slot::{Level, SlotStatus},
    ticket::{Ticket, TicketStatus},
};

use super::Sentence;
use crate::{
    ask,
    audit::audit,
    clock::{HOUR, MINUTE},
    reading,
    subject::Subject,
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("slots are listed as they are given out", |s| Box::pin(slots_are_listed_as_they_are_given_out(s))),
        ("slots are found by status, level and class", |s| {
            Box::pin(slots_are_found_by_status_level_and_class(s))
        }),
        ("tickets are listed newest first", |s| Box::pin(tickets_are_listed_newest_first(s))),
        ("tickets are found by plate, status and time", |s| {
            Box::pin(tickets_are_found_by_plate_status_and_time(s))
        }),
        ("the waiting are listed in order", |s| Box::pin(the_waiting_are_listed_in_order(s))),
        ("the journal tells every change in order", |s| Box::pin(the_journal_tells_every_change_in_order(s))),
        ("the journal goes on behind any event", |s| Box::pin(the_journal_goes_on_behind_any_event(s))),
        ("the journal knows no plate", |s| Box::pin(the_journal_knows_no_plate(s))),
        ("versions have no gaps", |s| Box::pin(versions_have_no_gaps(s))),
        ("counts are those of a scan", |s| Box::pin(counts_are_those_of_a_scan(s))),
        ("what is not there is not there", |s| Box::pin(what_is_not_there_is_not_there(s))),
    ]
}

const PAGES: [u32; 5] = [1, 2, 3, 7, 200];

pub async fn slots_are_listed_as_they_are_given_out(s: Subject) {
    let labels = ["A_1", "a1", "A-1", "A1", "A.1", "B", "A#1", "10", "9"];
    let mut slots: Vec<NewSlot> = labels.iter().map(|label| ask::slot(label)).collect();
    slots.push(NewSlot { rank: -1, ..ask::slot("z") });
    slots.push(NewSlot { rank: 1, ..ask::slot("0") });
    s.open(ask::open("main", slots)).await;
    for limit in PAGES {
        let all = reading::slots(&*s.records(), &ask::lot("main"), SlotFilter::default(), limit).await;
        let labels: Vec<_> = all.iter().map(|slot| slot.label.as_str()).collect();
        assert_eq!(labels, ["z", "10", "9", "A#1", "A-1", "A.1", "A1", "A_1", "B", "a1", "0"], "{limit}");
    }
    for (plate, expected) in [("P1", "in z"), ("P2", "in 10"), ("P3", "in 9"), ("P4", "in A#1")] {
        assert_eq!(s.enter(plate).await.place(), expected);
    }
}

pub async fn slots_are_found_by_status_level_and_class(s: Subject) {
    let deck = |n: usize| Level::parse(&format!("Deck {}", n % 2)).ok();
    let slots = (0..8).map(|n| {
        let classes = ["car", "car+van", "van", "motorcycle"][n % 4];
        NewSlot { level: deck(n / 4), ..ask::slot_for(classes, &format!("S{n}")) }
    });
    s.open(ask::open("main", slots.collect())).await;
    s.slot_made(ask::serve("main", "S0", false)).await;
    s.enter("P1").await;
    s.slot_made(ask::serve("main", "S4", false)).await;
    s.slot_made(ask::remove_slot("main", "S7")).await;
    let (level, accepts) = (deck(1), Some(ask::class("van")));
    for (status, level, accepts, expected) in [
        (None, None, None, "S0 S1 S2 S3 S4 S5 S6"),
        (Some(SlotStatus::Available), None, None, "S1 S2 S3 S5 S6"),
        (Some(SlotStatus::OutOfService), None, None, "S0"),
        (Some(SlotStatus::Draining), None, None, "S4"),
        (Some(SlotStatus::Occupied), None, None, ""),
        (None, level.clone(), None, "S4 S5 S6"),
        (None, None, accepts.clone(), "S1 S2 S5 S6"),
        (None, level, accepts, "S5 S6"),
        (None, deck(0), Some(ask::class("motorcycle")), "S3"),
        (None, None, Some(ask::class("va")), ""),
    ] {
        let filter = SlotFilter { status, level, accepts, feature: None };
        for limit in PAGES {
            let found = reading::slots(&*s.records(), &ask::lot("main"), filter.clone(), limit).await;
            let labels: Vec<_> = found.iter().map(|slot| slot.label.as_str()).collect();
            assert_eq!(labels.join(" "), expected, "{filter:?}, {limit} to the page");
        }
    }
}

pub async fn tickets_are_listed_newest_first(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.open(ask::open("annex", ask::slots(1))).await;
    for n in 0..10 {
        s.enter(&format!("P{n}")).await;
        s.made(Command::Enter(ask::enter("annex", s.entry("X").ticket, &format!("Q{n}")))).await;
    }
    s.exit("P0").await;
    for limit in PAGES {
        let all = reading::tickets(&*s.records(), &ask::lot("main"), TicketFilter::default(), limit).await;
        let plates: Vec<_> = all.iter().map(|ticket| ticket.plate.shown()).collect();
        assert_eq!(plates, ["P9", "P8", "P7", "P6", "P5", "P4", "P3", "P2", "P1", "P0"], "{limit}");
    }
}

pub async fn tickets_are_found_by_plate_status_and_time(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let mut made = Vec::new();
    for plate in ["P1", "P2", "P3", "P4", "P5", "P6"] {
        made.push(s.enter(plate).await.ticket);
        s.clock.advance(MINUTE);
    }
    s.exit("P1").await;
    made.push(s.enter("P1").await.ticket);
    s.made(ask::void(made[1].id)).await;
    s.made(Command::Withdraw { ticket: made[4].id }).await;
    let numbers = |tickets: Vec<Ticket>| tickets.iter().map(|ticket| ticket.number.0).collect::<Vec<_>>();
    let (none, plate) = (TicketFilter::default(), Some(ask::plate("p-1").key().clone()));
    let of = |status| TicketFilter { status: Some(status), ..none.clone() };
    let (third, fifth) = (Some(made[2].arrived_at), Some(made[4].arrived_at));
    for (filter, expected) in [
        (TicketFilter { plate: plate.clone(), ..none.clone() }, vec![7, 1]),
        (TicketFilter { plate, status: Some(TicketStatus::Departed), ..none.clone() }, vec![1]),
        (of(TicketStatus::Waiting), vec![7, 6]),
        (of(TicketStatus::Parked), vec![4, 3]),
        (of(TicketStatus::Departed), vec![1]),
        (of(TicketStatus::Withdrawn), vec![5]),
        (of(TicketStatus::Voided), vec![2]),
        (TicketFilter { from: third, ..none.clone() }, vec![7, 6, 5, 4, 3]),
        (TicketFilter { to: fifth, ..none.clone() }, vec![4, 3, 2, 1]),
        (TicketFilter { from: third, to: fifth, ..none.clone() }, vec![4, 3]),
        (TicketFilter { from: fifth, status: Some(TicketStatus::Waiting), ..none.clone() }, vec![7, 6]),
        (TicketFilter { plate: Some(ask::plate("P").key().clone()), ..none.clone() }, vec![]),
    ] {
        for limit in PAGES {
            let found = reading::tickets(&*s.records(), &ask::lot("main"), filter.clone(), limit).await;
            assert_eq!(numbers(found), expected, "{filter:?}, {limit} to the page");
        }
    }
}

pub async fn the_waiting_are_listed_in_order(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.enter("P0").await;
    for n in 1..=9 {
        let priority = if n % 3 == 0 { "vip" } else { "standard" };
        s.enter_as(&format!("P{n}"), "car", priority).await;
    }
    let version = s.lot("main").await.lot.version;
    for limit in PAGES {
        let queue = reading::waiting(&*s.records(), &ask::lot("main"), limit).await;
        let plates: Vec<_> = queue.iter().map(|ticket| ticket.plate.shown()).collect();
        assert_eq!(plates, ["P3", "P6", "P9", "P1", "P2", "P4", "P5", "P7", "P8"], "{limit}");
        let after = Some(QueueCursor { turn: queue[8].turn, ticket: queue[8].id });
        let page = s.records().waiting(ask::lot("main"), after, limit).await.unwrap().unwrap();
        assert_eq!((page.ahead, page.tickets, page.lot.version), (9, vec![], version));
    }
}

pub async fn the_journal_tells_every_change_in_order(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["P1", "P2", "P3", "P4"]).await;
    s.made(ask::prioritise(made[3].id(), "vip")).await;
    s.made(ask::correct(made[2].id(), "NEW")).await;
    s.clock.advance(HOUR);
    s.exit("P1").await;
    s.made(Command::Withdraw { ticket: made[1].id() }).await;
    s.made(ask::void(made[3].id())).await;
    s.done(ask::add_slots("main", ask::slots(1))).await;
    s.slot_made(ask::serve("main", "A-001", false)).await;
    s.slot_made(ask::remove_slot("main", "A-001")).await;
    let accepting = ChangeLot { accepting: Some(false), ..ask::change_lot("main") };
    let gate = Request { actor: Principal("gate-7".into()), ..ask::request(Command::ChangeLot(accepting)) };
    s.answer(gate).await;
    let journal = reading::journal(&*s.records(), &ask::lot("main"), 3).await;
    let told: Vec<_> =
        journal.iter().map(|entry| format!("{} {}", entry.version, entry.event.kind())).collect();
    let expected = "1 lot_opened, 1 slot_added, 2 ticket_arrived, 2 ticket_parked, 3 ticket_arrived, \
         4 ticket_arrived, 5 ticket_arrived, 6 priority_changed, 7 plate_corrected, 8 ticket_departed, \
         8 ticket_parked, 9 ticket_withdrawn, 10 ticket_voided, 10 ticket_parked, 11 slot_added, \
         12 slot_changed, 13 slot_removed, 14 lot_changed";
    assert_eq!(told.join(", "), expected);
    let departed = journal.iter().find(|entry| entry.event.kind() == "ticket_departed").unwrap();
    let Event::TicketDeparted { ticket, slot, fee_minor } = &departed.event else { panic!("it departed") };
    assert_eq!((ticket.id, ticket.number.0), (made[0].id(), 1));
    assert_eq!(
        (slot.label.as_str(), *fee_minor),
        ("A-1", s.ticket(made[0].id()).await.ticket.fee().unwrap().total.minor)
    );
    assert_eq!(departed.actor, Principal::anonymous());
    assert_eq!(journal.last().unwrap().actor, Principal("gate-7".into()));
}

pub async fn the_journal_goes_on_behind_any_event(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    s.enter_all(&["P1", "P2", "P3"]).await;
    let (records, main) = (s.records(), ask::lot("main"));
    let whole = records.journal(main.clone(), JournalCursor::default(), 200).await.unwrap().unwrap();
    for (place, entry) in (1..).zip(&whole) {
        let after = JournalCursor { version: entry.version, n: entry.n };
        let rest = records.journal(main.clone(), after, 200).await.unwrap().unwrap();
        assert_eq!(rest, whole[place..]);
        let whole_version = JournalCursor { version: entry.version, n: i32::MAX };
        let rest = records.journal(main.clone(), whole_version, 200).await.unwrap().unwrap();
        assert!(rest.iter().all(|later| later.version > entry.version));
    }
}

pub async fn the_journal_knows_no_plate(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["SECRET-1", "SECRET-2", "SECRET-3"]).await;
    s.made(ask::correct(made[1].id(), "SECRET-4")).await;
    s.exit("SECRET-1").await;
    s.made(ask::void(made[1].id())).await;
    s.made(ask::void(made[2].id())).await;
    let journal = reading::journal(&*s.records(), &ask::lot("main"), 200).await;
    assert!(!format!("{journal:?}").contains("SECRET"), "{journal:?}");
}

pub async fn versions_have_no_gaps(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let mut versions = Vec::new();
    for n in 0..10 {
        versions.push(s.enter(&format!("P{n}")).await.version.0);
        s.refused(Command::Enter(s.entry("P0"))).await;
        s.refused(ask::exit("main", "NOBODY")).await;
    }
    for n in 0..10 {
        versions.push(s.exit(&format!("P{n}")).await.version.0);
    }
    assert_eq!(versions, (2..22).collect::<Vec<_>>());
    assert_eq!(s.lot("main").await.lot.version.0, 21);
}

pub async fn counts_are_those_of_a_scan(s: Subject) {
    let slots = vec![ask::slot("A-1"), ask::slot_for("car+van", "A-2"), ask::slot_for("van", "A-3")];
    s.open(ask::open("main", slots)).await;
    for (plate, class, priority) in [
        ("P1", "car", "standard"),
        ("P2", "van", "vip"),
        ("P3", "car", "vip"),
        ("P4", "car", "standard"),
        ("P5", "van", "standard"),
        ("P6", "van", "vip"),
    ] {
        s.enter_as(plate, class, priority).await;
    }
    let drain = ChangeSlot { accepts: Some(ask::accepts("bus")), ..ask::change_slot("main", "A-2") };
    s.slot_made(Command::ChangeSlot(drain)).await;
    audit(&*s.records()).await;
    let tally = s.lot("main").await.tally;
    let of = |class| tally.of_class(&ask::class(class));
    assert_eq!((of("car").capacity, of("van").capacity, of("bus").occupied), (1, 1, 1));
    assert_eq!((tally.waiting(), tally.waiting_of(&ask::class("van"))), (3, 2));
    assert_eq!(tally.waiting_with(&ask::priority("vip")), 1);
}

pub async fn what_is_not_there_is_not_there(s: Subject) {
    let (records, nowhere) = (s.records(), ask::lot("nowhere"));
    records.ready().await.unwrap();
    assert!(!records.epoch().await.unwrap().is_empty());
    assert_eq!(records.lots(None, 200).await.unwrap(), []);
    assert_eq!(records.versions().await.unwrap(), []);
    assert_eq!(records.lot(nowhere.clone()).await.unwrap(), None);
    assert_eq!(records.slots(nowhere.clone(), SlotFilter::default(), None, 9).await.unwrap(), None);
    assert_eq!(records.slot(nowhere.clone(), ask::label("A-1")).await.unwrap(), None);
    assert_eq!(records.tickets(nowhere.clone(), TicketFilter::default(), None, 9).await.unwrap(), None);
    assert_eq!(records.waiting(nowhere.clone(), None, 9).await.unwrap(), None);
    assert_eq!(records.snapshot(nowhere.clone()).await.unwrap(), None);
    assert_eq!(records.journal(nowhere, JournalCursor::default(), 9).await.unwrap(), None);
    let nobody = s.entry("X").ticket;
    assert_eq!(records.ticket(nobody).await.unwrap(), None);
    assert_eq!(records.position(nobody).await.unwrap(), None);
    s.open(ask::open("main", vec![])).await;
    let main = ask::lot("main");
    assert_eq!(records.slots(main.clone(), SlotFilter::default(), None, 9).await.unwrap(), Some(vec![]));
    assert_eq!(records.slot(main.clone(), ask::label("A-1")).await.unwrap(), None);
    assert_eq!(records.tickets(main, TicketFilter::default(), None, 9).await.unwrap(), Some(vec![]));
}
