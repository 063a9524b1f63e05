//! What operators do with lots.

use parkpro_domain::{
    command::{ChangeLot, Command, OpenLot},
    lot::{LotName, Priorities, Version},
    money::Currency,
    outcome::{Refusal, Subject as Changed},
    ports::{SlotFilter, TicketFilter},
    ticket::TicketStatus,
    time::Zone,
};

use super::Sentence;
use crate::{
    ask::{self, tidy_tally},
    reading,
    subject::Subject,
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a lot opens with its slots", |s| Box::pin(a_lot_opens_with_its_slots(s))),
        ("the settings of a lot change", |s| Box::pin(the_settings_of_a_lot_change(s))),
        ("lots do not see each other", |s| Box::pin(lots_do_not_see_each_other(s))),
        ("lots are listed by id", |s| Box::pin(lots_are_listed_by_id(s))),
        ("a lot in use is not removed", |s| Box::pin(a_lot_in_use_is_not_removed(s))),
        ("a removed lot is not there", |s| Box::pin(a_removed_lot_is_not_there(s))),
        ("the tickets of a removed lot are there", |s| Box::pin(the_tickets_of_a_removed_lot_are_there(s))),
        ("the id of a lot is not given again", |s| Box::pin(the_id_of_a_lot_is_not_given_again(s))),
    ]
}

fn remove(lot: &str) -> Command {
    Command::RemoveLot { lot: ask::lot(lot), revision: None }
}

pub async fn a_lot_opens_with_its_slots(s: Subject) {
    let open = OpenLot {
        name: LotName::parse("Flughafen – Süd").unwrap(),
        zone: Zone::parse("Europe/Berlin").unwrap(),
        currency: Currency::parse("JPY").unwrap(),
        accepting: false,
        queue_limit: Some(7),
        priorities: Priorities::parse("vip,permit,standard").unwrap(),
        ..ask::open("main", vec![ask::slot("A-1"), ask::slot_for("van", "A-2")])
    };
    let (changed, promoted, version) = s.done(Command::OpenLot(open.clone())).await;
    assert_eq!((promoted.len(), version), (0, Version(1)));
    let Changed::Lot(told, mut tally) = changed else { panic!("a lot was opened") };
    let mut view = s.lot("main").await;
    tidy_tally(&mut view.tally);
    tidy_tally(&mut tally);
    assert_eq!((&view.lot, &view.tally), (&*told, &tally), "it is the same when it is read");
    let lot = view.lot;
    assert_eq!((&lot.name, lot.zone, lot.currency), (&open.name, open.zone, open.currency));
    assert_eq!((lot.accepting, lot.queue_limit, lot.priorities), (false, Some(7), open.priorities));
    assert_eq!((lot.revision, lot.next_slot, view.tally.total().capacity), (1, 3, 2));
    let twice = ask::open("annex", vec![ask::slot("A-1"), ask::slot("A-1")]);
    let refusal = s.refused(Command::OpenLot(twice)).await;
    assert_eq!(refusal, Refusal::LabelTaken(ask::label("A-1")));
    assert_eq!(s.records().lot(ask::lot("annex")).await.unwrap(), None);
}

pub async fn the_settings_of_a_lot_change(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let change = ChangeLot {
        revision: Some(1),
        name: Some(LotName::parse("Main, north").unwrap()),
        zone: Some(Zone::parse("Asia/Singapore").unwrap()),
        queue_limit: Some(Some(3)),
        ..ask::change_lot("main")
    };
    s.done(Command::ChangeLot(change.clone())).await;
    let lot = s.lot("main").await.lot;
    assert_eq!((lot.name.as_str(), lot.zone.name()), ("Main, north", "Asia/Singapore"));
    assert_eq!((lot.queue_limit, lot.revision, lot.version), (Some(3), 2, Version(2)));
    assert_eq!(s.refused(Command::ChangeLot(change)).await, Refusal::Stale { revision: 2 });
    let remove = Command::RemoveLot { lot: ask::lot("main"), revision: Some(1) };
    assert_eq!(s.refused(remove).await, Refusal::Stale { revision: 2 });
    let unlimited = ChangeLot { queue_limit: Some(None), ..ask::change_lot("main") };
    s.done(Command::ChangeLot(unlimited)).await;
    assert_eq!(s.lot("main").await.lot.queue_limit, None);
}

pub async fn lots_do_not_see_each_other(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.open(ask::open("annex", vec![ask::slot("A-1"), ask::slot("A-2")])).await;
    let enter = |plate| Command::Enter(ask::enter("annex", s.entry("X").ticket, plate));
    assert_eq!(s.enter("P1").await.place(), "in A-1");
    assert_eq!(s.made(enter("P2")).await.place(), "in A-1");
    assert_eq!(s.enter("P3").await.place(), "waits 1");
    let there = s.made(enter("P4")).await;
    assert_eq!((there.place().as_str(), there.ticket.number.0, there.version), ("in A-2", 2, Version(3)));
    assert_eq!(s.made(enter("P5")).await.place(), "waits 1");
    assert_eq!(s.made(ask::exit("annex", "P2")).await.promoted, ["P5 in A-1"]);
    assert_eq!(s.lot("main").await.lot.version, Version(3));
    assert_eq!(s.refused(ask::exit("main", "P5")).await, Refusal::NotInside);
}

pub async fn lots_are_listed_by_id(s: Subject) {
    for lot in ["m_1", "b", "m-1", "m1", "a", "0"] {
        s.open(ask::open(lot, vec![])).await;
    }
    for limit in [1, 2, 6, 200] {
        let lots = reading::lots(&*s.records(), limit).await;
        let ids: Vec<_> = lots.iter().map(|view| view.lot.id.as_str()).collect();
        assert_eq!(ids, ["0", "a", "b", "m-1", "m1", "m_1"], "byte by byte, {limit} to the page");
    }
    let mut versions = s.records().versions().await.unwrap();
    versions.sort();
    assert_eq!(versions.len(), 6);
    assert_eq!(versions[0], (ask::lot("0"), Version(1)));
}

pub async fn a_lot_in_use_is_not_removed(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let made = s.enter_all(&["P1", "P2"]).await;
    assert_eq!(s.refused(remove("main")).await, Refusal::LotInUse { open_tickets: 2 });
    s.exit("P1").await;
    assert_eq!(s.refused(remove("main")).await, Refusal::LotInUse { open_tickets: 1 });
    s.made(ask::void(made[1].id())).await;
    s.done(remove("main")).await;
}

pub async fn a_removed_lot_is_not_there(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.open(ask::open("annex", vec![])).await;
    let (_, _, version) = s.done(remove("main")).await;
    assert_eq!(version, Version(2));
    let (records, main) = (s.records(), ask::lot("main"));
    assert_eq!(records.lot(main.clone()).await.unwrap(), None);
    assert_eq!(records.slots(main.clone(), SlotFilter::default(), None, 9).await.unwrap(), None);
    assert_eq!(records.slot(main.clone(), ask::label("A-1")).await.unwrap(), None);
    assert_eq!(records.tickets(main.clone(), TicketFilter::default(), None, 9).await.unwrap(), None);
    assert_eq!(records.waiting(main.clone(), None, 9).await.unwrap(), None);
    assert_eq!(records.snapshot(main.clone()).await.unwrap(), None);
    assert_eq!(reading::lots(&*records, 9).await.len(), 1);
    assert_eq!(records.versions().await.unwrap(), [(ask::lot("annex"), Version(1))]);
    for command in [
        remove("main"),
        Command::ChangeLot(ask::change_lot("main")),
        ask::add_slots("main", ask::slots(1)),
        ask::serve("main", "A-1", false),
        ask::remove_slot("main", "A-1"),
        Command::Enter(s.entry("P1")),
        ask::exit("main", "P1"),
    ] {
        let outcome = s.outcome(command.clone()).await;
        assert_eq!(outcome.result, Err(Refusal::NoSuchLot(Some(main.clone()))), "{command:?}");
        assert_eq!(outcome.version, Some(version), "a refusal names its version: {command:?}");
    }
    let nowhere = s.outcome(Command::ChangeLot(ask::change_lot("nowhere"))).await;
    assert_eq!((nowhere.lot, nowhere.version), (None, None), "what never was has no version");
    assert_eq!(nowhere.result, Err(Refusal::NoSuchLot(Some(ask::lot("nowhere")))));
}

pub async fn the_tickets_of_a_removed_lot_are_there(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let gone = s.enter("P1").await;
    s.exit("P1").await;
    let (_, _, version) = s.done(remove("main")).await;
    let view = s.ticket(gone.id()).await;
    assert_eq!(view.ticket.status(), TicketStatus::Departed);
    assert_eq!((view.lot.retired, view.lot.version), (true, version));
    let refusal = s.refused(ask::void(gone.id())).await;
    assert_eq!(refusal, Refusal::NotParked { ticket: gone.id(), status: TicketStatus::Departed });
    assert_eq!(s.records().position(gone.id()).await.unwrap(), None);
}

pub async fn the_id_of_a_lot_is_not_given_again(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let open = || Command::OpenLot(ask::open("main", ask::slots(2)));
    let taken = Refusal::LotIdTaken(ask::lot("main"));
    assert_eq!(s.refused(open()).await, taken);
    assert_eq!(s.lot("main").await.tally.total().capacity, 1);
    s.done(remove("main")).await;
    assert_eq!(s.refused(open()).await, taken);
}
