//! Discounts of a lot: who may use them, how often, and what they take off.

use futures_util::future::join_all;
use parkpro_domain::{
    command::{Command, DiscountRevision, NewTerms},
    discount::{Discount, Gift, Terms},
    outcome::{Outcome, Refusal, Subject as Changed},
    parking::quote,
    ports::{Answer, Clock},
    ticket::TicketId,
};

use super::Sentence;
use crate::{
    ask,
    clock::HOUR,
    reading,
    subject::{Subject, ok},
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("a discount is made, changed, removed and made again", |s| {
            Box::pin(a_discount_is_made_changed_removed_and_made_again(s))
        }),
        ("a discount never ends before it begins", |s| Box::pin(a_discount_never_ends_before_it_begins(s))),
        ("discounts come in pages", |s| Box::pin(discounts_come_in_pages(s))),
        ("a code takes off what it says", |s| Box::pin(a_code_takes_off_what_it_says(s))),
        ("two exits that race for the last use give it to one", |s| {
            Box::pin(two_exits_that_race_for_the_last_use_give_it_to_one(s))
        }),
        ("a code that is refused costs nothing", |s| Box::pin(a_code_that_is_refused_costs_nothing(s))),
        ("a code that would take nothing off is refused and costs nothing", |s| {
            Box::pin(a_code_that_would_take_nothing_off_is_refused_and_costs_nothing(s))
        }),
        ("a use counts from when it is attached and is given back", |s| {
            Box::pin(a_use_counts_from_when_it_is_attached_and_is_given_back(s))
        }),
        ("what a ticket has it keeps", |s| Box::pin(what_a_ticket_has_it_keeps(s))),
        ("who waits may have a discount too", |s| Box::pin(who_waits_may_have_a_discount_too(s))),
        ("a vehicle uses a code as often as it may", |s| {
            Box::pin(a_vehicle_uses_a_code_as_often_as_it_may(s))
        }),
        ("a corrected plate takes its uses along", |s| Box::pin(a_corrected_plate_takes_its_uses_along(s))),
        ("a discount is of one lot", |s| Box::pin(a_discount_is_of_one_lot(s))),
    ]
}

/// `main` with slots, where an hour costs 10.00.
async fn park(s: &Subject, labels: &[&str]) {
    s.with_slots(labels).await;
    let day = s.published("day", "10.00").await;
    s.done(Command::AssignTariff(ask::assign("main", day))).await;
}

async fn new(s: &Subject, code: &str, terms: Terms) -> Discount {
    match s.done(ask::new_discount("main", code, terms)).await.0 {
        Changed::Discount(discount) => *discount,
        other => panic!("a discount was made, not {other:?}"),
    }
}

async fn uses(s: &Subject, code: &str) -> i64 {
    ok(s.records().discount(ask::lot("main"), ask::code(code)).await).unwrap().uses
}

async fn codes(s: &Subject, ticket: TicketId) -> Vec<String> {
    s.ticket(ticket).await.ticket.discounts.iter().map(ToString::to_string).collect()
}

pub async fn a_discount_is_made_changed_removed_and_made_again(s: Subject) {
    park(&s, &["A-1"]).await;
    let made = new(&s, "shop1", Terms { limit: Some(3), ..ask::terms("percent 10") }).await;
    assert_eq!((made.code.as_str(), made.uses, made.revision), ("SHOP1", 0, 1));
    let read = || async { ok(s.records().discount(ask::lot("main"), ask::code("SHOP1")).await).unwrap() };
    assert_eq!(read().await, made);
    let terms = NewTerms { gift: Gift::parse("amount 2.00").ok(), limit: Some(None), ..NewTerms::default() };
    let change = |terms: NewTerms, seen| Command::ReviseDiscount {
        lot: ask::lot("main"),
        code: ask::code("SHOP1"),
        revision: DiscountRevision::Change { terms: Box::new(terms), seen },
    };
    s.done(change(terms.clone(), Some(1))).await;
    let changed = read().await;
    assert_eq!((changed.terms.gift.to_string().as_str(), changed.terms.limit), ("amount 2.00", None));
    assert_eq!((changed.terms.stacks, changed.revision), (true, 2), "what is not said stays");
    assert_eq!(s.refused(change(terms.clone(), Some(1))).await, Refusal::Stale { revision: 2 });
    let version = s.lot("main").await.lot.version;
    s.done(change(terms.clone(), Some(2))).await;
    assert_eq!(s.lot("main").await.lot.version, version, "nothing was new");
    s.enter("P1").await;
    s.made(ask::exit_with("main", "P1", &["SHOP1"])).await;
    s.done(ask::remove_discount("main", "SHOP1")).await;
    let gone = Refusal::NoSuchDiscount(ask::code("SHOP1"));
    assert_eq!(s.refused(change(terms, None)).await, gone);
    assert_eq!(s.refused(ask::remove_discount("main", "SHOP1")).await, gone);
    let again = new(&s, "SHOP1", ask::terms("free 3600")).await;
    assert_eq!((again.uses, again.revision), (1, 4), "who has used it has used it");
    let tariff = || ask::terms("tariff staff 1");
    let unknown = Refusal::NoSuchTariffVersion(ask::version("staff", 1));
    assert_eq!(s.refused(ask::new_discount("main", "STAFF", tariff())).await, unknown);
    s.published("staff", "1.00").await;
    new(&s, "STAFF", tariff()).await;
    s.reopen().await;
    s.done(Command::ReviseDiscount {
        lot: ask::lot("main"),
        code: ask::code("STAFF"),
        revision: DiscountRevision::Change {
            terms: Box::new(NewTerms { stacks: Some(false), ..NewTerms::default() }),
            seen: None,
        },
    })
    .await;
}

pub async fn a_discount_never_ends_before_it_begins(s: Subject) {
    park(&s, &["A-1"]).await;
    let at = |hours| Some(s.clock.now().plus_micros(hours * HOUR));
    new(&s, "SHOP", Terms { valid_from: at(1), valid_until: at(3), ..ask::terms("free 3600") }).await;
    let terms = |valid_from, valid_until| NewTerms { valid_from, valid_until, ..NewTerms::default() };
    for (from, until) in [(None, Some(at(1))), (Some(at(3)), None), (Some(at(5)), Some(at(4)))] {
        let refused = s.refused(ask::change_discount("main", "SHOP", terms(from, until))).await;
        let (from, until) = (from.unwrap_or(at(1)).unwrap(), until.unwrap_or(at(3)).unwrap());
        assert_eq!(refused, Refusal::EndsBeforeItBegins { from, until });
    }
    let never = Terms { valid_from: at(2), valid_until: at(2), ..ask::terms("free 60") };
    let refused = s.refused(ask::new_discount("main", "NEVER", never)).await;
    assert!(matches!(refused, Refusal::EndsBeforeItBegins { .. }), "{refused:?}");
    for (from, until) in [(Some(at(5)), Some(at(6))), (Some(None), Some(at(1))), (Some(at(9)), Some(None))] {
        s.done(ask::change_discount("main", "SHOP", terms(from, until))).await;
    }
}

pub async fn discounts_come_in_pages(s: Subject) {
    park(&s, &["A-1"]).await;
    for code in ["C", "A", "E", "B", "D"] {
        new(&s, code, ask::terms("free 60")).await;
    }
    s.done(ask::remove_discount("main", "B")).await;
    for limit in [1, 2, 3, 9] {
        let all = reading::discounts(&*s.records(), &ask::lot("main"), limit).await;
        let codes: Vec<&str> = all.iter().map(|discount| discount.code.as_str()).collect();
        assert_eq!(codes, ["A", "C", "D", "E"], "{limit} to the page");
    }
    assert_eq!(ok(s.records().discounts(ask::lot("nowhere"), None, 9).await), None);
    assert_eq!(ok(s.records().discount(ask::lot("main"), ask::code("F")).await), None);
}

pub async fn a_code_takes_off_what_it_says(s: Subject) {
    park(&s, &["A-1"]).await;
    let staff = s.published("staff", "1.50").await;
    for (gift, fee) in [
        ("free 3600", 1000),
        ("percent 25", 1500),
        ("amount 5.00", 1500),
        ("amount 99.00", 0),
        (&format!("tariff {staff}"), 300),
    ] {
        let code = gift.split(' ').collect::<Vec<_>>().join("-").replace('.', "_");
        new(&s, &code, ask::terms(gift)).await;
        let parked = s.enter("P1").await;
        let since = parked.ticket.berth().unwrap().since;
        s.clock.set(since.plus_micros(HOUR));
        s.done(ask::attach(parked.id(), &code)).await;
        let view = s.ticket(parked.id()).await;
        let quoted = ok(ok(quote(&*s.records(), &ask::rules(), &view, since.plus_micros(2 * HOUR)).await));
        assert_eq!(quoted.fee.total.minor, fee, "the quote has it: {gift}");
        s.clock.set(since.plus_micros(2 * HOUR));
        s.reopen().await;
        let left = s.exit("P1").await;
        assert_eq!(left.fee(), fee, "{gift}");
        let lines = &left.ticket.fee().unwrap().lines;
        let line = lines.iter().find(|line| line.rule == "discount").expect("it is a line of the fee");
        assert!(line.note.starts_with(&code.to_ascii_uppercase()), "{}", line.note);
    }
    let (half, five) = (ask::terms("percent 50"), ask::terms("amount 5.00"));
    new(&s, "HALF", half).await;
    new(&s, "FIVE", five).await;
    s.enter("P1").await;
    let left = s.made(ask::exit_with("main", "P1", &["five", "half"])).await;
    assert_eq!((left.fee(), codes(&s, left.id()).await), (0, vec!["FIVE".to_owned(), "HALF".to_owned()]));
}

pub async fn two_exits_that_race_for_the_last_use_give_it_to_one(s: Subject) {
    park(&s, &["A-1", "A-2", "A-3", "A-4"]).await;
    new(&s, "LAST", Terms { limit: Some(1), ..ask::terms("free 3600") }).await;
    let plates = ["P1", "P2", "P3", "P4"];
    s.enter_all(&plates).await;
    let beside = s.beside().await;
    let ledgers = [s.ledger(), beside.clone(), s.ledger(), beside];
    let asked = plates
        .iter()
        .zip(&ledgers)
        .map(|(plate, ledger)| ledger.change(ask::request(ask::exit_with("main", plate, &["LAST"]))));
    let answers: Vec<Answer> = join_all(asked).await.into_iter().map(ok).collect();
    let used_up = |answer: &Answer| match answer {
        Answer::Decided { outcome: Outcome { result: Ok(_), .. }, .. } => false,
        Answer::Decided { outcome: Outcome { result: Err(refusal), .. }, .. } => {
            assert_eq!(*refusal, Refusal::DiscountUsedUp(ask::code("LAST")));
            true
        }
        other => panic!("it is decided: {other:?}"),
    };
    assert_eq!(answers.iter().filter(|answer| used_up(answer)).count(), 3);
    assert_eq!((uses(&s, "LAST").await, s.lot("main").await.tally.total().occupied), (1, 3));
}

pub async fn a_code_that_is_refused_costs_nothing(s: Subject) {
    park(&s, &["A-1"]).await;
    new(&s, "GOOD", ask::terms("free 3600")).await;
    let parked = s.enter("P1").await;
    for (codes, refusal) in [
        (["GOOD", "NONE"], Refusal::NoSuchDiscount(ask::code("NONE"))),
        (["GOOD", "good"], Refusal::DiscountAlreadyAttached(ask::code("GOOD"))),
    ] {
        assert_eq!(s.refused(ask::exit_with("main", "P1", &codes)).await, refusal);
        assert_eq!((uses(&s, "GOOD").await, codes_of(&s, parked.id()).await), (0, 0));
    }
    assert_eq!(s.made(ask::exit_with("main", "P1", &["GOOD"])).await.fee(), 0);
}

pub async fn a_code_that_would_take_nothing_off_is_refused_and_costs_nothing(s: Subject) {
    park(&s, &["A-1"]).await;
    s.published("staff", "1.50").await;
    for (code, gift) in [("STAFF", "tariff staff 1"), ("GUEST", "tariff staff 1"), ("FREE", "free 3600")] {
        new(&s, code, Terms { limit: Some(1), ..ask::terms(gift) }).await;
    }
    let useless = |code: &str, behind: Option<&str>| Refusal::DiscountWithoutEffect {
        code: ask::code(code),
        behind: behind.map(ask::code),
    };
    let parked = s.enter("P1").await;
    let both = ask::exit_with("main", "P1", &["STAFF", "GUEST"]);
    assert_eq!(s.refused(both).await, useless("GUEST", Some("STAFF")));
    s.done(ask::attach(parked.id(), "GUEST")).await;
    assert_eq!(s.refused(ask::attach(parked.id(), "STAFF")).await, useless("STAFF", Some("GUEST")));
    assert_eq!((uses(&s, "STAFF").await, uses(&s, "GUEST").await), (0, 1));
    assert_eq!(s.exit("P1").await.fee(), 150);

    let day = s.published("day", "10.00 or 40.00").await;
    s.done(Command::AssignTariff(ask::assign("main", day))).await;
    let parked = s.enter("P2").await;
    s.done(ask::attach(parked.id(), "FREE")).await;
    let lost = ask::lost(ask::exit_with("main", "P2", &["STAFF"]));
    assert_eq!(s.refused(lost).await, useless("STAFF", None));
    s.reopen().await;
    assert_eq!(s.made(ask::lost(ask::exit_from("main", "A-1"))).await.fee(), 4000);
    assert_eq!((codes_of(&s, parked.id()).await, uses(&s, "STAFF").await), (0, 0));
    s.enter("P3").await;
    let left = s.made(ask::exit_with("main", "P3", &["FREE"])).await;
    assert_eq!((left.fee(), uses(&s, "FREE").await), (0, 1), "what the shop gave was given back");

    s.enter("P4").await;
    let waits = s.enter("P5").await;
    for code in ["FULL", "SPARE"] {
        new(&s, code, ask::terms("tariff staff 1")).await;
        s.done(ask::attach(waits.id(), code)).await;
    }
    assert_eq!(codes_of(&s, waits.id()).await, 2, "by which tariff it will be priced is not known yet");
}

async fn codes_of(s: &Subject, ticket: TicketId) -> usize {
    codes(s, ticket).await.len()
}

pub async fn a_use_counts_from_when_it_is_attached_and_is_given_back(s: Subject) {
    park(&s, &["A-1", "A-2"]).await;
    new(&s, "ONE", Terms { limit: Some(1), ..ask::terms("free 3600") }).await;
    let made = s.enter_all(&["P1", "P2", "P3"]).await;
    let [first, second, waits] = [made[0].id(), made[1].id(), made[2].id()];
    let used_up = Refusal::DiscountUsedUp(ask::code("ONE"));
    s.done(ask::attach(first, "ONE")).await;
    assert_eq!(s.refused(ask::attach(second, "ONE")).await, used_up);
    s.done(ask::detach(first, "ONE")).await;
    let gone = Refusal::NoSuchDiscount(ask::code("ONE"));
    assert_eq!(s.refused(ask::detach(first, "ONE")).await, gone);
    s.done(ask::attach(waits, "ONE")).await;
    s.done(Command::Withdraw { ticket: waits }).await;
    assert_eq!((uses(&s, "ONE").await, codes_of(&s, waits).await), (0, 0), "who withdraws gives it back");
    s.done(ask::attach(second, "ONE")).await;
    s.done(ask::void(second)).await;
    assert_eq!(uses(&s, "ONE").await, 0, "and so does an entry that is cancelled");
    s.done(ask::attach(first, "ONE")).await;
    s.exit("P1").await;
    assert_eq!(uses(&s, "ONE").await, 1, "who leaves has used it");
    assert_eq!(s.refused(ask::detach(first, "ONE")).await, Refusal::AlreadyDeparted { ticket: first });
}

pub async fn what_a_ticket_has_it_keeps(s: Subject) {
    park(&s, &["A-1"]).await;
    let until = s.clock.now().plus_micros(HOUR);
    new(&s, "TODAY", Terms { valid_until: Some(until), ..ask::terms("free 36000") }).await;
    let parked = s.enter("P1").await;
    s.done(ask::attach(parked.id(), "TODAY")).await;
    s.clock.set(until.plus_micros(HOUR));
    s.done(ask::remove_discount("main", "TODAY")).await;
    assert_eq!(s.exit("P1").await.fee(), 0, "it was promised");
    let next = s.enter("P1").await;
    let gone = Refusal::NoSuchDiscount(ask::code("TODAY"));
    assert_eq!(s.refused(ask::attach(next.id(), "TODAY")).await, gone);
}

pub async fn who_waits_may_have_a_discount_too(s: Subject) {
    park(&s, &["A-1"]).await;
    new(&s, "SHOP", ask::terms("percent 100")).await;
    let made = s.enter_all(&["P1", "P2", "P3"]).await;
    let attached = s.made(ask::attach(made[2].id(), "SHOP")).await;
    assert_eq!(attached.place(), "waits 2");
    s.exit("P1").await;
    s.exit("P2").await;
    assert_eq!(s.exit("P3").await.fee(), 0);
}

pub async fn a_vehicle_uses_a_code_as_often_as_it_may(s: Subject) {
    park(&s, &["A-1"]).await;
    new(&s, "TWICE", Terms { limit_per_plate: Some(2), ..ask::terms("free 3600") }).await;
    for _ in 0..2 {
        s.enter("P1").await;
        assert_eq!(s.made(ask::exit_with("main", "p-1", &["TWICE"])).await.fee(), 0);
    }
    s.reopen().await;
    s.enter("P1").await;
    let used = Refusal::DiscountUsedByPlate(ask::code("TWICE"));
    assert_eq!(s.refused(ask::exit_with("main", "P1", &["TWICE"])).await, used);
    s.exit("P1").await;
    s.enter("P2").await;
    s.made(ask::exit_with("main", "P2", &["TWICE"])).await;
    assert_eq!(uses(&s, "TWICE").await, 3);
}

pub async fn a_corrected_plate_takes_its_uses_along(s: Subject) {
    park(&s, &["A-1"]).await;
    new(&s, "ONCE", Terms { limit_per_plate: Some(1), ..ask::terms("free 3600") }).await;
    let parked = s.enter("P1").await;
    s.done(ask::attach(parked.id(), "ONCE")).await;
    s.done(ask::correct(parked.id(), "P2")).await;
    s.exit("P2").await;
    s.enter("P2").await;
    let used = Refusal::DiscountUsedByPlate(ask::code("ONCE"));
    assert_eq!(s.refused(ask::exit_with("main", "P2", &["ONCE"])).await, used);
    s.exit("P2").await;
    s.enter("P1").await;
    assert_eq!(s.made(ask::exit_with("main", "P1", &["ONCE"])).await.fee(), 0);
}

pub async fn a_discount_is_of_one_lot(s: Subject) {
    park(&s, &["A-1"]).await;
    s.open(ask::open("annex", ask::slots(1))).await;
    new(&s, "SHOP", ask::terms("free 3600")).await;
    let inside = s.made(Command::Enter(ask::enter("annex", s.entry("X").ticket, "P1"))).await;
    let unknown = Refusal::NoSuchDiscount(ask::code("SHOP"));
    assert_eq!(s.refused(ask::attach(inside.id(), "SHOP")).await, unknown);
    s.done(ask::new_discount("annex", "SHOP", ask::terms("free 60"))).await;
    s.done(ask::attach(inside.id(), "SHOP")).await;
    assert_eq!(uses(&s, "SHOP").await, 0);
}
