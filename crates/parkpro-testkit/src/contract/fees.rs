//! What a stay costs, by 50.00 for every started hour.

use parkpro_domain::{
    command::{Command, OpenLot},
    money::Currency,
    ports::Clock,
};

use super::Sentence;
use crate::{
    ask,
    clock::{DAY, HOUR},
    subject::Subject,
};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![
        ("every started hour costs", |s| Box::pin(every_started_hour_costs(s))),
        ("who waits pays from the slot on", |s| Box::pin(who_waits_pays_from_the_slot_on(s))),
        ("a fee is in the currency of the lot", |s| Box::pin(a_fee_is_in_the_currency_of_the_lot(s))),
        ("a fee says how it came about", |s| Box::pin(a_fee_says_how_it_came_about(s))),
    ]
}

pub async fn every_started_hour_costs(s: Subject) {
    s.with_slots(&["A-1"]).await;
    for (stay, hours) in [
        (1, 1),
        (HOUR - 1, 1),
        (HOUR, 1),
        (HOUR + 1, 2),
        (2 * HOUR, 2),
        (DAY, 24),
        (DAY + 1, 25),
        (400 * DAY, 9600),
    ] {
        let parked = s.enter("P1").await.ticket.berth().unwrap().since;
        s.clock.set(parked.plus_micros(stay));
        let left = s.exit("P1").await;
        assert_eq!(left.ticket.ended_at(), Some(parked.plus_micros(stay)));
        assert_eq!(left.fee(), hours * ask::PER_HOUR, "{stay} us");
    }
    s.enter("P1").await;
    assert_eq!(s.exit("P1").await.fee(), ask::PER_HOUR, "no stay takes no time, so none is for nothing");
}

pub async fn who_waits_pays_from_the_slot_on(s: Subject) {
    s.with_slots(&["A-1"]).await;
    s.enter_all(&["P1", "P2"]).await;
    s.clock.advance(10 * HOUR);
    let freed = s.exit("P1").await.ticket.ended_at().unwrap();
    s.clock.set(freed.plus_micros(HOUR));
    assert_eq!(s.exit("P2").await.fee(), ask::PER_HOUR);
}

pub async fn a_fee_is_in_the_currency_of_the_lot(s: Subject) {
    for (lot, code, minor) in [("tokyo", "JPY", 50), ("kuwait", "KWD", 50_000), ("paris", "EUR", 5000)] {
        let currency = Currency::parse(code).unwrap();
        s.open(OpenLot { currency, ..ask::open(lot, ask::slots(1)) }).await;
        let enter = ask::enter(lot, s.entry("X").ticket, "P1");
        s.made(Command::Enter(enter)).await;
        let left = s.made(ask::exit(lot, "P1")).await;
        let total = left.ticket.fee().unwrap().total;
        assert_eq!((total.minor, total.currency), (minor, currency));
        assert_eq!(s.ticket(left.id()).await.ticket.fee().unwrap().total, total);
    }
}

pub async fn a_fee_says_how_it_came_about(s: Subject) {
    s.with_slots(&["A-1"]).await;
    let parked = s.enter("P1").await.ticket.berth().unwrap().since;
    s.clock.advance(HOUR + HOUR / 2);
    let left = s.exit("P1").await;
    assert_eq!(left.ticket.ended_at(), Some(s.clock.now()));
    let fee = left.ticket.fee().unwrap().clone();
    assert_eq!(fee.lines.len(), 1);
    let line = &fee.lines[0];
    assert_eq!((line.units, line.unit_price, line.amount), (2, ask::PER_HOUR, 2 * ask::PER_HOUR));
    assert_eq!((line.from, line.to), (parked, parked.plus_micros(2 * HOUR)));
    s.reopen().await;
    assert_eq!(s.ticket(left.id()).await.ticket.fee(), Some(&fee), "line by line, for ever");
}
