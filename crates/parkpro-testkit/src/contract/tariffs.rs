//! What a stay is priced by: tariffs through time, which one holds where, and which one is pinned to whom.

use futures_util::future::join_all;
use parkpro_domain::{
    command::{AssignTariff, Command, Revision},
    outcome::{Outcome, Refusal},
    parking::{follow_settings, quote},
    ports::{Answer, Clock, TicketFilter},
    tariff::{Change, DocumentText, TariffVersion},
    time::Timestamp,
};

use super::Sentence;
use crate::{
    ask,
    clock::{DAY, HOUR, MINUTE},
    reading,
    subject::{Subject, ok},
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a tariff is drafted, published and read", |s| Box::pin(a_tariff_is_drafted_published_and_read(s))),
        ("tariffs and their versions come in pages", |s| {
            Box::pin(tariffs_and_their_versions_come_in_pages(s))
        }),
        ("a draft that was never published can go", |s| Box::pin(a_draft_that_was_never_published_can_go(s))),
        ("a draft is published once, whoever asks at once", |s| {
            Box::pin(a_draft_is_published_once_whoever_asks_at_once(s))
        }),
        ("a change of a tariff is made once under its key", |s| {
            Box::pin(a_change_of_a_tariff_is_made_once_under_its_key(s))
        }),
        ("a stay is priced by what held when it began", |s| {
            Box::pin(a_stay_is_priced_by_what_held_when_it_began(s))
        }),
        ("who waits pays by what holds when it parks", |s| {
            Box::pin(who_waits_pays_by_what_holds_when_it_parks(s))
        }),
        ("a tariff holds from its instant on", |s| Box::pin(a_tariff_holds_from_its_instant_on(s))),
        ("a class may have a tariff of its own", |s| Box::pin(a_class_may_have_a_tariff_of_its_own(s))),
        ("a lot without a tariff has that of the settings", |s| {
            Box::pin(a_lot_without_a_tariff_has_that_of_the_settings(s))
        }),
        ("a pinned tariff outlives the program", |s| Box::pin(a_pinned_tariff_outlives_the_program(s))),
        ("a vehicle parks and leaves in one turn", |s| Box::pin(a_vehicle_parks_and_leaves_in_one_turn(s))),
        ("a lost ticket costs what the tariff says", |s| {
            Box::pin(a_lost_ticket_costs_what_the_tariff_says(s))
        }),
        ("a vehicle leaves by its slot", |s| Box::pin(a_vehicle_leaves_by_its_slot(s))),
        ("stays of one day add up if the tariff says so", |s| {
            Box::pin(stays_of_one_day_add_up_if_the_tariff_says_so(s))
        }),
        ("a quote is what would be paid", |s| Box::pin(a_quote_is_what_would_be_paid(s))),
    ]
}

async fn assign(s: &Subject, tariff: &TariffVersion) {
    s.done(Command::AssignTariff(ask::assign("main", tariff.clone()))).await;
}

pub async fn a_tariff_is_drafted_published_and_read(s: Subject) {
    let drafted = s.revised(ask::new_tariff("day", "2.00")).await;
    assert_eq!((drafted.revision, drafted.newest_version()), (1, None));
    assert_eq!(ok(s.records().tariff(ask::tariff("day")).await), Some(drafted));
    s.revised(ask::draft("day", "3.00")).await;
    let published = s.revised(ask::publish("day")).await;
    let newest = published.newest.clone().unwrap();
    assert_eq!((published.revision, published.draft.as_ref(), newest.number), (3, None, 1));
    assert_eq!((newest.document.clone(), newest.at), (ask::document("3.00"), s.clock.now()));
    s.published("day", "4.00").await;
    s.reopen().await;
    let first = ok(s.records().tariff_version(ask::version("day", 1)).await);
    assert_eq!(first, Some(newest), "what was published never changes");
    for nothing in [ask::version("day", 3), ask::version("night", 1)] {
        assert_eq!(ok(s.records().tariff_version(nothing).await), None);
    }
    assert_eq!(ok(s.records().tariff(ask::tariff("night")).await), None);
}

pub async fn tariffs_and_their_versions_come_in_pages(s: Subject) {
    for id in ["c", "a", "e", "b", "d"] {
        s.revised(ask::new_tariff(id, "1.00")).await;
    }
    for price in ["1.00", "2.00", "3.00", "4.00", "5.00"] {
        s.published("c", price).await;
    }
    s.revised(drop_draft("b")).await;
    for limit in [1, 2, 4, 9] {
        let all = reading::tariffs(&*s.records(), limit).await;
        let ids: Vec<&str> = all.iter().map(|(series, _)| series.id.as_str()).collect();
        assert_eq!(ids, ["a", "c", "d", "e"], "{limit} to the page");
        let versions: Vec<i64> = all[1].1.iter().map(|version| version.number).collect();
        assert_eq!(versions, [5, 4, 3, 2, 1]);
        assert_eq!(all[1].0.newest.as_ref(), all[1].1.first());
    }
}

fn drop_draft(tariff: &str) -> Command {
    Command::ReviseTariff { tariff: ask::tariff(tariff), revision: Revision::Drop { seen: None } }
}

pub async fn a_draft_that_was_never_published_can_go(s: Subject) {
    s.revised(ask::new_tariff("day", "2.00")).await;
    s.revised(drop_draft("day")).await;
    assert_eq!(ok(s.records().tariff(ask::tariff("day")).await), None);
    let gone = Refusal::NoSuchTariff(ask::tariff("day"));
    assert_eq!(s.refused(ask::publish("day")).await, gone);
    assert!(s.revised(ask::new_tariff("day", "3.00")).await.revision > 2, "nobody mistakes it for the first");
    s.revised(ask::publish("day")).await;
    s.revised(ask::draft("day", "4.00")).await;
    let left = s.revised(drop_draft("day")).await;
    assert_eq!(left.newest_version(), Some(ask::version("day", 1)), "what was published stays");
    assert_eq!(s.refused(drop_draft("day")).await, Refusal::NoDraft(ask::tariff("day")));
}

pub async fn a_draft_is_published_once_whoever_asks_at_once(s: Subject) {
    s.revised(ask::new_tariff("day", "2.00")).await;
    let beside = s.beside().await;
    let ledgers = [s.ledger(), beside.clone(), s.ledger(), beside];
    let asked = ledgers.iter().map(|ledger| ledger.change(ask::request(ask::publish("day"))));
    let answers: Vec<Answer> = join_all(asked).await.into_iter().map(ok).collect();
    let done = |answer: &&Answer| match answer {
        Answer::Decided { outcome: Outcome { result, .. }, .. } => result.is_ok(),
        other => panic!("it is decided: {other:?}"),
    };
    assert_eq!(answers.iter().filter(done).count(), 1);
    let versions = ok(s.records().tariff_versions(ask::tariff("day"), None, 9).await);
    assert_eq!(versions.len(), 1);
}

pub async fn a_change_of_a_tariff_is_made_once_under_its_key(s: Subject) {
    let kept = |answer| match answer {
        Answer::Decided { reply: Some(reply), .. } => reply,
        other => panic!("decided and kept, not {other:?}"),
    };
    s.revised(ask::new_tariff("day", "2.00")).await;
    let first = kept(s.answer(ask::keyed(ask::publish("day"), "k1")).await);
    let refused = kept(s.answer(ask::keyed(ask::publish("day"), "k2")).await);
    s.revised(ask::draft("day", "3.00")).await;
    assert_eq!(s.answer(ask::keyed(ask::publish("day"), "k1")).await, Answer::Replayed(first));
    assert_eq!(s.answer(ask::keyed(ask::publish("day"), "k2")).await, Answer::Replayed(refused));
    assert_eq!(s.answer(ask::keyed(ask::publish("night"), "k2")).await, Answer::KeyReused);
    let newest = ok(s.records().tariff(ask::tariff("day")).await).unwrap().newest_version();
    assert_eq!(newest, Some(ask::version("day", 1)));
}

pub async fn a_stay_is_priced_by_what_held_when_it_began(s: Subject) {
    s.with_slots(&["A-1", "A-2", "A-3"]).await;
    let before = s.enter("P1").await;
    assert_eq!(before.ticket.berth().unwrap().tariff, None, "nobody said what holds");
    let first = s.published("day", "2.00").await;
    assign(&s, &first).await;
    let pinned = s.enter("P2").await;
    assert_eq!(pinned.ticket.berth().unwrap().tariff, Some(first.clone()));
    let second = s.published("day", "7.00").await;
    assert_eq!(s.enter("P3").await.ticket.berth().unwrap().tariff, Some(first.clone()), "not yet assigned");
    assign(&s, &second).await;
    s.exit("P3").await;
    assert_eq!(s.enter("P3").await.ticket.berth().unwrap().tariff, Some(second.clone()));
    s.clock.advance(HOUR + MINUTE);
    let fees = [s.exit("P1").await.fee(), s.exit("P2").await.fee(), s.exit("P3").await.fee()];
    assert_eq!(fees, [2 * ask::PER_HOUR, 400, 1400], "each has begun its second hour");
    let left = s.ticket(pinned.id()).await.ticket;
    assert_eq!(left.berth().unwrap().tariff, Some(first), "it stays on the ticket");
}

pub async fn who_waits_pays_by_what_holds_when_it_parks(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let (first, second) = (s.published("day", "2.00").await, s.published("day", "7.00").await);
    assign(&s, &first).await;
    let made = s.enter_all(&["P1", "P2"]).await;
    assign(&s, &second).await;
    assert_eq!(s.exit("P1").await.fee(), 200);
    assert_eq!(s.ticket(made[1].id()).await.ticket.berth().unwrap().tariff, Some(second));
    assert_eq!(s.exit("P2").await.fee(), 700);
}

pub async fn a_tariff_holds_from_its_instant_on(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let (first, second) = (s.published("day", "2.00").await, s.published("day", "7.00").await);
    assign(&s, &first).await;
    let noon = s.clock.now().plus_micros(4 * HOUR);
    let later = AssignTariff { from: Some(noon), ..ask::assign("main", second) };
    s.done(Command::AssignTariff(later)).await;
    for (at, fee) in [(noon.plus_micros(-2), 200), (noon, 700), (noon.plus_micros(DAY), 700)] {
        s.clock.set(at);
        s.enter("P1").await;
        assert_eq!(s.exit("P1").await.fee(), fee, "{at}");
    }
    let past = AssignTariff { from: Some(Timestamp::from_micros(0)), ..ask::assign("main", first) };
    s.done(Command::AssignTariff(past)).await;
    s.enter("P1").await;
    assert_eq!(s.exit("P1").await.fee(), 200, "what is past begins now");
    assert_eq!(s.lot("main").await.lot.tariffs.iter().count(), 1, "the others can never hold again");
}

pub async fn a_class_may_have_a_tariff_of_its_own(s: Subject) {
    s.open(ask::open("main", vec![ask::slot_for("car+van", "A-1")])).await;
    let (all, vans) = (s.published("all", "2.00").await, s.published("vans", "9.00").await);
    let van = AssignTariff { class: Some(ask::class("van")), ..ask::assign("main", vans) };
    s.done(Command::AssignTariff(van)).await;
    assign(&s, &all).await;
    for (class, fee) in [("car", 200), ("van", 900)] {
        s.enter_as("P1", class, "standard").await;
        assert_eq!(s.exit("P1").await.fee(), fee, "{class}");
    }
}

pub async fn a_lot_without_a_tariff_has_that_of_the_settings(s: Subject) {
    let rules = ask::rules();
    for (says, number) in [("2.00", 1), ("2.00", 1), ("3.00", 2), ("2.00", 3)] {
        let again = ask::rules();
        let followed = follow_settings(&*s.ledger(), &again.tariffs, DocumentText::new(says)).await;
        assert_eq!(ok(followed), ask::version("default", number), "{says}");
    }
    let followed = follow_settings(&*s.ledger(), &rules.tariffs, DocumentText::new("2.00")).await;
    assert_eq!(rules.tariffs.usual(), Some(&ok(followed)));
    let of_settings = Refusal::TariffOfSettings(ask::tariff("default"));
    assert_eq!(s.refused(ask::publish("default")).await, of_settings);
}

pub async fn a_pinned_tariff_outlives_the_program(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let (first, second) = (s.published("day", "2.00").await, s.published("day", "7.00").await);
    assign(&s, &first).await;
    s.enter("P1").await;
    assign(&s, &second).await;
    s.enter("P2").await;
    s.reopen().await;
    assert_eq!(s.exit("P1").await.fee(), 200);
    assert_eq!(s.exit("P2").await.fee(), 700);
    let tariffs = s.lot("main").await.lot.tariffs;
    assert_eq!(tariffs.iter().map(|given| &given.tariff).collect::<Vec<_>>(), [&second]);
}

pub async fn a_vehicle_parks_and_leaves_in_one_turn(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let day = s.published("day", "2.00").await;
    assign(&s, &day).await;
    s.reopen().await;
    let ledger = s.ledger();
    let (enter, exit) = (Command::Enter(s.entry("P1")), ask::exit("main", "P1"));
    let asked = [enter, exit].map(|command| ledger.change(ask::request(command)));
    let answers = join_all(asked).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    // If the exit came first, the vehicle is still there.
    let left = s.outcome(ask::exit("main", "P1")).await;
    assert!(matches!(left.result, Ok(_) | Err(Refusal::AlreadyDeparted { .. })), "{left:?}");
    let ticket =
        reading::tickets(&*s.records(), &ask::lot("main"), TicketFilter::default(), 9).await.remove(0);
    assert_eq!(ticket.fee().unwrap().total.minor, 200);
}

pub async fn a_lost_ticket_costs_what_the_tariff_says(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.enter("P1").await;
    assert_eq!(s.made(ask::lost(ask::exit("main", "P1"))).await.fee(), ask::PER_HOUR, "no price for it");
    let day = s.published("day", "2.00 or 40.00").await;
    assign(&s, &day).await;
    s.enter("P1").await;
    assert_eq!(s.exit("P1").await.fee(), 200);
    s.enter("P1").await;
    let left = s.made(ask::lost(ask::exit_from("main", "A-1"))).await;
    assert_eq!((left.fee(), left.ticket.plate.shown()), (4000, "P1"));
    assert_eq!(left.ticket.fee().unwrap().lines[0].rule, "lost-ticket");
}

pub async fn a_vehicle_leaves_by_its_slot(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    s.enter_all(&["P1", "P2", "P3"]).await;
    let left = s.made(ask::exit_from("main", "A-2")).await;
    assert_eq!((left.ticket.plate.shown(), left.promoted), ("P2", vec!["P3 in A-2".to_owned()]));
    assert_eq!(s.made(ask::exit_from("main", "A-2")).await.ticket.plate.shown(), "P3");
    assert_eq!(s.refused(ask::exit_from("main", "A-2")).await, Refusal::SlotEmpty(ask::label("A-2")));
    let unknown = Refusal::NoSuchSlot(ask::label("Z-9"));
    assert_eq!(s.refused(ask::exit_from("main", "Z-9")).await, unknown);
}

pub async fn stays_of_one_day_add_up_if_the_tariff_says_so(s: Subject) {
    s.with_slots(&["A-1", "A-2"]).await;
    let plain = s.published("plain", "2.00").await;
    let daily = s.published("daily", "2.00 a day").await;
    for (tariff, second) in [(plain, 200), (daily, 0)] {
        assign(&s, &tariff).await;
        s.enter_all(&["P1", "P2"]).await;
        s.clock.advance(30 * MINUTE);
        assert_eq!(s.exit("P1").await.fee(), 200);
        s.enter("P1").await;
        s.clock.advance(20 * MINUTE);
        assert_eq!(s.exit("P1").await.fee(), second, "the hour of {tariff}");
        s.enter("P1").await;
        s.clock.advance(20 * MINUTE);
        assert_eq!(s.exit("P1").await.fee(), 200, "its second hour has begun");
        assert_eq!(s.exit("P2").await.fee(), 400, "nobody else's stays count");
        s.clock.advance(DAY);
        s.enter("P1").await;
        assert_eq!(s.exit("P1").await.fee(), 200, "another day");
        s.clock.advance(DAY);
    }
}

pub async fn a_quote_is_what_would_be_paid(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let daily = s.published("daily", "2.00 a day").await;
    assign(&s, &daily).await;
    s.enter("P1").await;
    s.clock.advance(50 * MINUTE);
    s.exit("P1").await;
    let parked = s.enter("P1").await;
    let since = parked.ticket.berth().unwrap().since;
    for (stay, fee) in [(0, 0), (5 * MINUTE, 0), (30 * MINUTE, 200)] {
        let view = s.ticket(parked.id()).await;
        let at = since.plus_micros(stay);
        let quote = ok(ok(quote(&*s.records(), &ask::rules(), &view, at).await));
        assert_eq!((quote.at, quote.fee.total.minor, quote.tariff), (at, fee, Some(daily.clone())));
        let next: Change = quote.next.unwrap();
        assert_eq!((next.total.minor, quote.valid_until), (fee + 200, Some(next.at.plus_micros(-1))));
    }
    s.clock.set(since.plus_micros(30 * MINUTE));
    let left = s.exit("P1").await;
    let view = s.ticket(left.id()).await;
    let paid = ok(ok(quote(&*s.records(), &ask::rules(), &view, s.clock.now()).await));
    assert_eq!((paid.fee.total.minor, paid.next, paid.valid_until), (left.fee(), None, None));
}
