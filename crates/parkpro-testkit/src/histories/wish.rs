//! What may happen, in small numbers, so that it shrinks well; and what that is as commands.

use parkpro_domain::{
    command::{AssignTariff, ChangeLot, ChangeSlot, Command, Enter, NewSlot, OpenLot},
    discount::Terms,
    lot::{LotId, Priorities},
    ports::IdGenerator,
    ticket::TicketId,
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
};

use super::{Ask, History, Step};
use crate::{
    ask,
    clock::{HOUR, MINUTE, MORNING, SECOND},
    ids::{CountingIds, nth_ticket},
};

/// A step that may depend on those before it.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Ask(Asked, Option<u8>),
    /// The n-th request before this one that had a key, again.
    Again(usize),
    Wait(i64),
}

type Text = &'static str;

/// A command, with its tickets counted backwards from the newest.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Open(Text),
    Accepting(Text, bool, Option<i64>),
    Limit(Text, Option<u32>, Option<i64>),
    Reorder(Text, Text, Option<i64>),
    RemoveLot(Text, Option<i64>),
    AddSlots(Text, Vec<(Text, Text, i32)>),
    Slot(Text, Text, SlotChange),
    RemoveSlot(Text, Text, Option<i64>),
    Enter(Text, Text, Text, Text),
    Exit(Text, Text),
    /// From the lot of the ticket if none.
    ExitTicket(Option<Text>, usize),
    /// One of the oldest that did not leave so yet.
    Leave(usize),
    Withdraw(usize),
    Void(usize),
    Amend(usize, Option<Text>, Option<Text>),
    /// Which slot is left.
    LeaveSlot(Text, Text, bool),
    /// From when on, counted from the beginning of the history, and for whom.
    Assign(Text, i64, Option<i64>, Option<Text>),
    /// The price of an hour.
    Publish(Text),
    /// What it takes off, how often, and how often for each; none removes it.
    Discount(Text, Text, Option<(Text, Option<u32>, Option<u32>)>),
    Attach(usize, Text, bool),
    /// One of the oldest that did not leave yet leaves with these.
    Redeem(usize, Vec<Text>),
}

#[derive(Debug, Clone)]
pub(super) struct SlotChange {
    revision: Option<i64>,
    label: Option<Text>,
    accepts: Option<Text>,
    reserved: Option<bool>,
    rank: Option<i32>,
    in_service: Option<bool>,
}

const LOTS: [Text; 2] = ["annex", "main"];
const PLATES: [Text; 20] = [
    "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "PA", "PB", "PC", "PD", "PE", "PF", "PG", "PH",
    "PI", "p-1", "p-2",
];
/// What vehicles ask for.
const DEMANDS: [Text; 6] = ["car", "car", "car", "van", "bike", "car/electric"];
const ACCEPTS: [Text; 9] =
    ["car", "car", "car", "van", "car+van", "bike", "bike+car", "car/electric", "bike+car/electric+wide!"];
/// Of the queue. Head starts of an instant, a second, and more than a history lasts.
const ORDERS: [Text; 7] = [
    "vip,standard",
    "standard,vip",
    "standard",
    "standard:10",
    "vip:1,standard:0",
    "vip:900,standard:0",
    "vip:60,royal:3600,standard:30",
];
const CLASSES: [Text; 2] = ["car", "van"];
const LABELS: [Text; 6] = ["A", "B", "C", "D", "E", "F"];
const PRICES: [Text; 3] = ["1.00", "2.50 a day", "3.00 or 20.00"];
const CODES: [Text; 3] = ["ONE", "TWO", "SIX"];
const GIFTS: [Text; 4] = ["free 1800", "percent 50", "amount 1.00", "tariff day 1"];
const KEYS: u8 = 20;

fn lot() -> impl Strategy<Value = Text> {
    prop_oneof![30 => select(&LOTS[..]), 1 => Just("nowhere")]
}

/// The revision that somebody has seen, rarely.
fn seen() -> impl Strategy<Value = Option<i64>> {
    option::weighted(0.2, 1..4_i64)
}

pub(super) fn wish() -> impl Strategy<Value = Wish> {
    let key = option::weighted(0.1, 0..KEYS);
    prop_oneof![
        30 => (asked(), key).prop_map(|(asked, key)| Wish::Ask(asked, key)),
        2 => (0..4_usize).prop_map(Wish::Again),
        2 => prop_oneof![1..MINUTE, Just(SECOND), Just(MINUTE), HOUR..=HOUR, HOUR..30 * HOUR].prop_map(Wish::Wait),
    ]
}

fn priority() -> impl Strategy<Value = Text> {
    prop_oneof![12 => Just("standard"), 6 => Just("vip"), 1 => Just("royal")]
}

fn asked() -> impl Strategy<Value = Asked> {
    let (plate, demand) = (select(&PLATES[..]), select(&DEMANDS[..]));
    let (label, accepts) = (select(&LABELS[..]), select(&ACCEPTS[..]));
    let (label_left, class_priced) = (label.clone(), select(&CLASSES[..]));
    let code = select(&CODES[..]);
    let terms = (select(&GIFTS[..]), option::of(0..4_u32), option::of(0..2_u32));
    let new_slot = (accepts.clone(), -1..2_i32);
    let change = (
        seen(),
        option::weighted(0.2, label.clone()),
        option::weighted(0.3, accepts),
        option::weighted(0.1, any::<bool>()),
        option::weighted(0.3, -1..2_i32),
        option::weighted(0.6, any::<bool>()),
    );
    let change = change.prop_map(|(revision, label, accepts, reserved, rank, in_service)| SlotChange {
        revision,
        label,
        accepts,
        reserved,
        rank,
        in_service,
    });
    prop_oneof![
        44 => (lot(), plate.clone(), demand, priority()).prop_map(|(l, p, d, r)| Asked::Enter(l, p, d, r)),
        14 => (lot(), plate.clone()).prop_map(|(lot, plate)| Asked::Exit(lot, plate)),
        24 => (0..4_usize).prop_map(Asked::Leave),
        6 => (option::weighted(0.1, lot()), 0..12_usize).prop_map(|(lot, n)| Asked::ExitTicket(lot, n)),
        6 => (0..8_usize).prop_map(Asked::Withdraw),
        4 => (0..8_usize).prop_map(Asked::Void),
        4 => (0..8_usize, option::weighted(0.4, plate), option::weighted(0.7, priority()))
            .prop_map(|(ticket, plate, priority)| Asked::Amend(ticket, plate, priority)),
        10 => (lot(), label.clone(), change).prop_map(|(lot, label, change)| Asked::Slot(lot, label, change)),
        2 => (lot(), subsequence(&LABELS[2..], 1..=4), vec(new_slot, 4)).prop_map(|(lot, labels, slots)| {
            let labelled = labels.into_iter().zip(slots).map(|(label, (accepts, rank))| (label, accepts, rank));
            Asked::AddSlots(lot, labelled.collect())
        }),
        1 => (lot(), label.clone()).prop_map(|(lot, label)| Asked::AddSlots(lot, vec![(label, "car", 0); 2])),
        7 => (lot(), label, seen()).prop_map(|(lot, label, seen)| Asked::RemoveSlot(lot, label, seen)),
        4 => (lot(), select(&ORDERS[..]), seen()).prop_map(|(l, order, seen)| Asked::Reorder(l, order, seen)),
        2 => (lot(), any::<bool>(), seen()).prop_map(|(lot, yes, seen)| Asked::Accepting(lot, yes, seen)),
        2 => (lot(), option::of(0..4_u32), seen()).prop_map(|(lot, most, seen)| Asked::Limit(lot, most, seen)),
        1 => (lot(), option::weighted(0.8, 1..5_i64)).prop_map(|(lot, seen)| Asked::RemoveLot(lot, seen)),
        1 => lot().prop_map(Asked::Open),
        5 => (lot(), label_left, any::<bool>()).prop_map(|(lot, label, lost)| Asked::LeaveSlot(lot, label, lost)),
        3 => (lot(), 1..4_i64, option::weighted(0.4, 0..40 * HOUR), option::weighted(0.3, class_priced))
            .prop_map(|(lot, version, from, class)| Asked::Assign(lot, version, from, class)),
        1 => select(&PRICES[..]).prop_map(Asked::Publish),
        3 => (lot(), code.clone(), option::weighted(0.9, terms)).prop_map(|(l, c, t)| Asked::Discount(l, c, t)),
        4 => (0..6_usize, code.clone(), any::<bool>()).prop_map(|(ticket, code, on)| Asked::Attach(ticket, code, on)),
        6 => (0..4_usize, vec(code, 1..=2)).prop_map(|(nth, codes)| Asked::Redeem(nth, codes)),
    ]
}

/// The history that begins with two lots and goes on with these wishes.
pub(super) fn spell_out(wishes: &[Wish]) -> History {
    let ids = CountingIds::default();
    let mut steps: Vec<Step> = Vec::new();
    let small = vec![ask::slot("A"), ask::slot_for("car+van", "B"), ask::slot_for("bike", "C")];
    let mut large = small.clone();
    large.push(ask::slot_for("car/electric", "D"));
    let usual = (small, None, Priorities::usual());
    let ageing = Priorities::parse("vip:900,standard:0").unwrap_or_else(|_wrong| Priorities::usual());
    for (lot, (slots, queue_limit, priorities)) in LOTS.into_iter().zip([(large, Some(3), ageing), usual]) {
        let open = OpenLot { queue_limit, priorities, ..ask::open(lot, slots) };
        steps.push(Step::Ask(Ask { command: Command::OpenLot(open), key: None }));
    }
    for price in ["2.00 a day", "4.00 EUR"] {
        steps.extend(published(price, steps.len() == LOTS.len()));
    }
    for (code, gift, limit) in [("ONE", "percent 50", Some(1)), ("SIX", "free 1800", None)] {
        let asked = Asked::Discount("main", code, Some((gift, limit, Some(1))));
        let mut none = Tickets { known: Vec::new(), staying: Vec::new() };
        steps.push(Step::Ask(Ask { command: command(&asked, &ids, &mut none), key: None }));
    }
    let mut tickets = Tickets { known: vec![(nth_ticket(0), ask::lot("nowhere"))], staying: Vec::new() };
    for wish in wishes {
        let step = match wish {
            Wish::Wait(micros) => Some(Step::Wait(*micros)),
            Wish::Again(nth) => again(&steps, *nth).map(|ask| Step::Ask(with_new_ticket(ask, &ids))),
            Wish::Ask(Asked::Publish(price), None) => {
                steps.extend(published(price, false));
                None
            }
            Wish::Ask(asked, key) => {
                let key = key.map(|key| format!("key {key}"));
                Some(Step::Ask(Ask { command: command(asked, &ids, &mut tickets), key }))
            }
        };
        if let Some(Step::Ask(Ask { command: Command::Enter(enter), .. })) = &step {
            tickets.known.push((enter.ticket, enter.lot.clone()));
            tickets.staying.push((enter.ticket, enter.lot.clone()));
        }
        steps.extend(step);
    }
    History { steps }
}

/// The tariff `day` as it now is drafted and published.
fn published(price: Text, new: bool) -> [Step; 2] {
    let draft = if new { ask::new_tariff("day", price) } else { ask::draft("day", price) };
    [draft, ask::publish("day")].map(|command| Step::Ask(Ask { command, key: None }))
}

/// The tickets that were asked for, whether they were given or not.
struct Tickets {
    known: Vec<(TicketId, LotId)>,
    staying: Vec<(TicketId, LotId)>,
}

impl Tickets {
    fn newest(&self, backwards: usize) -> &(TicketId, LotId) {
        &self.known[self.known.len() - 1 - backwards % self.known.len()]
    }

    fn leave(&mut self, nth: usize) -> (TicketId, LotId) {
        if self.staying.is_empty() {
            return self.known[0].clone();
        }
        self.staying.remove(nth % self.staying.len())
    }
}

fn again(steps: &[Step], nth: usize) -> Option<&Ask> {
    let keyed = steps.iter().rev().filter_map(|step| match step {
        Step::Ask(ask) if ask.key.is_some() => Some(ask),
        _ => None,
    });
    keyed.take(nth + 1).last()
}

/// The program makes the id of a ticket anew for each request, also for one that it has seen before.
fn with_new_ticket(ask: &Ask, ids: &CountingIds) -> Ask {
    match &ask.command {
        Command::Enter(enter) => {
            let command = Command::Enter(Enter { ticket: ids.ticket(), ..enter.clone() });
            Ask { command, ..ask.clone() }
        }
        _ => ask.clone(),
    }
}

fn command(asked: &Asked, ids: &CountingIds, tickets: &mut Tickets) -> Command {
    let ticket = |backwards: &usize| tickets.newest(*backwards).0;
    match asked {
        Asked::Open(lot) => Command::OpenLot(ask::open(lot, ask::slots(1))),
        Asked::Accepting(lot, yes, revision) => Command::ChangeLot(ChangeLot {
            revision: *revision,
            accepting: Some(*yes),
            ..ask::change_lot(lot)
        }),
        Asked::Limit(lot, most, revision) => Command::ChangeLot(ChangeLot {
            revision: *revision,
            queue_limit: Some(*most),
            ..ask::change_lot(lot)
        }),
        Asked::Reorder(lot, order, revision) => Command::ChangeLot(ChangeLot {
            revision: *revision,
            priorities: Priorities::parse(order).ok(),
            ..ask::change_lot(lot)
        }),
        Asked::RemoveLot(lot, revision) => Command::RemoveLot { lot: ask::lot(lot), revision: *revision },
        Asked::AddSlots(lot, slots) => {
            let slot = |(label, accepts, rank): &(Text, Text, i32)| NewSlot {
                rank: *rank,
                ..ask::slot_for(accepts, label)
            };
            ask::add_slots(lot, slots.iter().map(slot).collect())
        }
        Asked::Slot(lot, label, change) => Command::ChangeSlot(ChangeSlot {
            revision: change.revision,
            new_label: change.label.map(ask::label),
            features: change.accepts.map(|accepts| ask::accepts(accepts).to_features()),
            reserved: change.reserved,
            accepts: change.accepts.map(ask::accepts),
            rank: change.rank,
            in_service: change.in_service,
            ..ask::change_slot(lot, label)
        }),
        Asked::RemoveSlot(lot, label, revision) => {
            Command::RemoveSlot { lot: ask::lot(lot), label: ask::label(label), revision: *revision }
        }
        Asked::Enter(lot, plate, demand, priority) => {
            let (class, needs) = ask::demand(demand).into_parts();
            let enter = ask::enter(lot, ids.ticket(), plate);
            Command::Enter(Enter { class, needs, priority: ask::priority(priority), ..enter })
        }
        Asked::Exit(lot, plate) => ask::exit(lot, plate),
        Asked::ExitTicket(lot, backwards) => {
            let (ticket, of) = tickets.newest(*backwards);
            ask::exit_by_ticket(lot.unwrap_or_else(|| of.as_str()), *ticket)
        }
        Asked::Leave(nth) => {
            let (ticket, lot) = tickets.leave(*nth);
            ask::exit_by_ticket(lot.as_str(), ticket)
        }
        Asked::Withdraw(backwards) => Command::Withdraw { ticket: ticket(backwards) },
        Asked::Void(backwards) => ask::void(ticket(backwards)),
        Asked::Amend(backwards, plate, priority) => Command::AmendTicket {
            ticket: ticket(backwards),
            plate: plate.map(ask::plate),
            priority: priority.map(ask::priority),
        },
        Asked::LeaveSlot(lot, label, true) => ask::lost(ask::exit_from(lot, label)),
        Asked::LeaveSlot(lot, label, false) => ask::exit_from(lot, label),
        Asked::Assign(lot, version, from, class) => Command::AssignTariff(AssignTariff {
            from: from.map(|from| MORNING.plus_micros(from)),
            class: class.map(ask::class),
            ..ask::assign(lot, ask::version("day", *version))
        }),
        Asked::Publish(price) => ask::draft("day", price),
        Asked::Discount(lot, code, None) => ask::remove_discount(lot, code),
        Asked::Discount(lot, code, Some((gift, limit, limit_per_plate))) => {
            let (limit, limit_per_plate) = (*limit, *limit_per_plate);
            let stacks = *code != "SIX";
            ask::new_discount(lot, code, Terms { limit, limit_per_plate, stacks, ..ask::terms(gift) })
        }
        Asked::Attach(backwards, code, true) => ask::attach(ticket(backwards), code),
        Asked::Attach(backwards, code, false) => ask::detach(ticket(backwards), code),
        Asked::Redeem(nth, codes) => {
            let (ticket, lot) = tickets.leave(*nth);
            ask::with_discounts(ask::exit_by_ticket(lot.as_str(), ticket), codes)
        }
    }
}
