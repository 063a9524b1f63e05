//! Every way to say no.

use std::collections::BTreeSet;

use parkpro_domain::{
    command::{AssignTariff, ChangeLot, ChangeSlot, Command, NewTerms, OpenLot},
    discount::Terms,
    outcome::Refusal,
    ports::Clock,
    ticket::TicketId,
};

use super::Sentence;
use crate::{ask, clock::DAY, subject::Subject};

pub(super) fn all() -> Vec<(&'static str, Sentence)> {
    vec![("every refusal is given, with its version", |s| {
        Box::pin(every_refusal_is_given_with_its_version(s))
    })]
}

const EVERY: usize = 39;

/// A number for each refusal, so that a new one does not compile until it is asked for below.
const fn number(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::NoSuchLot(_) => 1,
        Refusal::NoSuchTicket(_) => 2,
        Refusal::NoSuchSlot(_) => 3,
        Refusal::LotIdTaken(_) => 4,
        Refusal::LotInUse { .. } => 5,
        Refusal::LabelTaken(_) => 6,
        Refusal::SlotOccupied { .. } => 7,
        Refusal::Stale { .. } => 8,
        Refusal::PlateAlreadyActive { .. } => 9,
        Refusal::LotClosed => 10,
        Refusal::QueueFull { .. } => 11,
        Refusal::NothingFits(_) => 12,
        Refusal::UnknownPriority { .. } => 13,
        Refusal::NotInside => 14,
        Refusal::StillWaiting { .. } => 15,
        Refusal::AlreadyDeparted { .. } => 16,
        Refusal::NotWaiting { .. } => 17,
        Refusal::NotParked { .. } => 18,
        Refusal::ReservedWithoutFeature(_) => 19,
        Refusal::PriorityInUse { .. } => 20,
        Refusal::NoSuchTariff(_) => 21,
        Refusal::NoSuchTariffVersion(_) => 22,
        Refusal::TariffIdTaken(_) => 23,
        Refusal::NoDraft(_) => 24,
        Refusal::TariffOfSettings(_) => 25,
        Refusal::OtherCurrency { .. } => 26,
        Refusal::TooManyTariffs => 27,
        Refusal::NoSuchDiscount(_) => 28,
        Refusal::DiscountCodeTaken(_) => 29,
        Refusal::DiscountUsedUp(_) => 30,
        Refusal::DiscountUsedByPlate(_) => 31,
        Refusal::DiscountExpired(_) => 32,
        Refusal::DiscountNotYetValid(_) => 33,
        Refusal::DiscountAlreadyAttached(_) => 34,
        Refusal::DiscountStandsAlone(_) => 35,
        Refusal::TooManyDiscounts => 36,
        Refusal::EndsBeforeItBegins { .. } => 37,
        Refusal::DiscountWithoutEffect { .. } => 38,
        Refusal::SlotEmpty(_) => 39,
    }
}

/// A ticket with as many discounts as it may have, and discounts that it cannot get.
async fn discounts(s: &Subject, ticket: TicketId) {
    let plain = || ask::terms("free 60");
    for n in 0..9 {
        s.done(ask::new_discount("main", &format!("D{n}"), plain())).await;
    }
    let now = s.clock.now();
    let once = Terms { limit: Some(1), ..plain() };
    let each = Terms { limit_per_plate: Some(0), ..plain() };
    let late = Terms { valid_until: Some(now), ..plain() };
    let early = Terms { valid_from: Some(now.plus_micros(DAY)), ..plain() };
    let alone = Terms { stacks: false, ..plain() };
    let all = [("ONCE", once), ("EACH", each), ("LATE", late), ("EARLY", early), ("ALONE", alone)];
    for (code, terms) in all {
        s.done(ask::new_discount("main", code, terms)).await;
    }
    s.done(ask::attach(ticket, "ONCE")).await;
    for code in ["STAFF", "GUEST"] {
        s.done(ask::new_discount("main", code, ask::terms("tariff day 1"))).await;
    }
    s.done(ask::attach(ticket, "STAFF")).await;
    for n in 0..6 {
        s.done(ask::attach(ticket, &format!("D{n}"))).await;
    }
}

pub async fn every_refusal_is_given_with_its_version(s: Subject) {
    let slots = vec![ask::slot("A-1"), ask::slot("A-2")];
    s.open(OpenLot { queue_limit: Some(1), ..ask::open("main", slots) }).await;
    s.open(OpenLot { accepting: false, ..ask::open("closed", ask::slots(1)) }).await;
    let gone = s.enter("GONE").await;
    s.exit("GONE").await;
    let made = s.enter_all(&["P1", "P2", "P3"]).await;
    let (parked, waits, nobody) = (made[0].id(), made[2].id(), s.entry("X").ticket);
    let closed = ask::enter("closed", nobody, "P9");
    s.made(ask::prioritise(waits, "vip")).await;
    let euros = s.published("euros", "2.00 EUR").await;
    let later = |n| Some(s.clock.now().plus_micros(DAY + n));
    let day = s.published("day", "2.00").await;
    for n in 0..32 {
        let assign = AssignTariff { from: later(n), ..ask::assign("main", day.clone()) };
        s.done(Command::AssignTariff(assign)).await;
    }
    discounts(&s, parked).await;
    let mut given = BTreeSet::new();
    for command in [
        Command::ChangeLot(ask::change_lot("nowhere")),
        Command::Withdraw { ticket: nobody },
        ask::remove_slot("main", "Z-9"),
        Command::OpenLot(ask::open("main", vec![])),
        Command::RemoveLot { lot: ask::lot("main"), revision: None },
        ask::add_slots("main", vec![ask::slot("A-1")]),
        ask::remove_slot("main", "A-1"),
        Command::ChangeLot(ChangeLot { revision: Some(9), ..ask::change_lot("main") }),
        Command::ChangeSlot(ChangeSlot { revision: Some(9), ..ask::change_slot("main", "A-1") }),
        Command::ChangeSlot(ChangeSlot { reserved: Some(true), ..ask::change_slot("main", "A-1") }),
        ask::reorder("main", "standard"),
        Command::Enter(s.entry("P1")),
        Command::Enter(closed),
        Command::Enter(s.entry("P9")),
        Command::Enter(s.entry_as("P9", "bus", "standard")),
        Command::Enter(s.entry_as("P9", "car", "royal")),
        ask::exit("main", "NOBODY"),
        ask::exit_from("closed", "A-001"),
        ask::exit("main", "P3"),
        ask::exit_by_ticket("main", gone.id()),
        Command::Withdraw { ticket: parked },
        ask::void(waits),
        ask::draft("night", "1.00"),
        Command::AssignTariff(ask::assign("main", ask::version("day", 99))),
        ask::new_tariff("day", "1.00"),
        ask::publish("day"),
        ask::draft("default", "1.00"),
        Command::AssignTariff(ask::assign("main", euros)),
        Command::AssignTariff(AssignTariff {
            from: later(99),
            ..ask::assign("main", ask::version("day", 1))
        }),
        ask::attach(parked, "NONE"),
        ask::new_discount("main", "D0", ask::terms("free 60")),
        ask::change_discount(
            "main",
            "EARLY",
            NewTerms { valid_until: Some(Some(s.clock.now())), ..NewTerms::default() },
        ),
        ask::attach(waits, "ONCE"),
        ask::attach(parked, "EACH"),
        ask::attach(parked, "LATE"),
        ask::attach(parked, "EARLY"),
        ask::attach(parked, "D0"),
        ask::attach(parked, "ALONE"),
        ask::attach(parked, "GUEST"),
        ask::attach(parked, "D8"),
    ] {
        given.insert(number(&s.refused(command).await));
    }
    assert_eq!(given.len(), EVERY, "{given:?}");
}
