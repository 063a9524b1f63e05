//! One small story, told in the car park's own words and put into JSON by the code that answers clients. So every example
//! in the OpenAPI document is what the program really says.

mod prices;

use parkpro_domain::{
    demand::{Demand, Features},
    event::{Entry, Event, Principal, SlotSeen, TicketSeen},
    invalid::Invalid,
    lot::{Lot, LotId, LotName, Priorities, Tally, Version},
    money::Currency,
    outcome::{Done, Outcome, Promotion, Subject},
    parking::Quote,
    ports::{PlateHistory, TicketView},
    slot::{Accepts, Level, Slot, SlotId, SlotLabel},
    tariff::{
        Assignment, Assignments, Change, DocumentText, Fee, Language, Published, Series, Stay, Tariff,
        TariffId, TariffVersion,
    },
    ticket::{Berth, PlateCorrection, Priority, Reason, Stage, Ticket, TicketId, TicketNumber, Turn},
    time::{Timestamp, Zone},
    vehicle::{Plate, VehicleClass},
};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use self::prices::*;
use crate::api::{
    AvailabilityBody, EventBody, Form, Health, JsonDocuments, LotBody, Page, PlatesBody, PolicyBody,
    QueuePage, QuoteBody, RequestId, SlotBody, TicketBody, Words, event_frame,
};

pub(crate) type Told<T> = Result<T, Invalid>;
type Examples = Vec<(&'static str, Value)>;

/// 2026-11-22T08:00:00Z.
pub(super) const EIGHT: i64 = 1_795_334_400_000_000;
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const VERSION: i64 = 5311;

/// Puts a part of the story into JSON. Its texts are right, which a test makes sure of; a wrong one would give null.
fn told<T: Serialize>(story: Told<T>) -> Value {
    story.ok().and_then(|shape| serde_json::to_value(shape).ok()).unwrap_or_default()
}

pub(crate) fn after(micros: i64) -> Timestamp {
    Timestamp::from_micros(EIGHT + micros)
}

/// A UUID of version 7 with the number of the ticket in its last group.
pub(crate) fn ticket_id(number: i64) -> TicketId {
    let number = u128::try_from(number).unwrap_or_default();
    TicketId(Uuid::from_u128(0x0199_f0c2_7a10_7000_8000_0000_0000_0000 + number))
}

pub(crate) fn the_lot() -> Told<Lot> {
    Ok(Lot {
        id: LotId::parse("main")?,
        name: LotName::parse("Main lot")?,
        zone: Zone::parse("Europe/Berlin")?,
        currency: Currency::parse("EUR")?,
        accepting: true,
        queue_limit: Some(200),
        priorities: Priorities::usual(),
        tariffs: Assignments::default(),
        revision: 3,
        retired: false,
        version: Version(VERSION),
        last_at: after(2 * HOUR),
        next_number: TicketNumber(1043),
        next_admission: 1030,
        next_slot: 21,
    })
}

/// Twenty slots: seventeen taken, two free, one out of service; two cars wait for one where they
/// can be charged.
pub(crate) fn the_tally() -> Told<Tally> {
    let mut tally = Tally::default();
    for n in 0..20 {
        let accepts = Accepts::parse(match n {
            0..16 => "car+motorcycle",
            16..18 => "car+motorcycle/electric",
            _ => "motorcycle",
        })?;
        let slot = Slot { accepts, in_service: n != 17, ..the_slot((n < 17).then(|| ticket_id(n)))? };
        tally.count_slot(&slot);
    }
    tally.count_waiting(Demand::parse("car/electric")?, &Priority::standard(), 2);
    Ok(tally)
}

pub(crate) fn the_slot(occupant: Option<TicketId>) -> Told<Slot> {
    Ok(Slot {
        id: SlotId(7),
        label: SlotLabel::parse("A-07")?,
        level: Some(Level::parse("P1")?),
        accepts: Accepts::parse("car+motorcycle")?,
        rank: 0,
        in_service: true,
        reason: None,
        retired: false,
        revision: 2,
        occupant,
    })
}

pub(crate) fn a_ticket(number: i64, plate: &str, arrived: i64, stage: Stage) -> Told<Ticket> {
    Ok(Ticket {
        id: ticket_id(number),
        lot: LotId::parse("main")?,
        number: TicketNumber(number),
        plate: Plate::parse(plate)?,
        class: VehicleClass::car(),
        needs: Features::default(),
        priority: Priority::standard(),
        turn: Turn::of(1, TicketNumber(number)),
        arrived_at: after(arrived),
        occurred_at: None,
        discounts: Vec::new(),
        stage,
    })
}

fn the_berth(since: i64) -> Told<Berth> {
    let tariff = Some(TariffVersion { tariff: TariffId::usual(), number: 1 });
    Ok(Berth {
        slot: SlotId(7),
        label: SlotLabel::parse("A-07")?,
        admission: 1029,
        since: after(since),
        tariff,
    })
}

fn the_fee(until: i64) -> Told<(Fee, Option<Change>)> {
    let stay = Stay::new(after(1), after(until), VehicleClass::car(), Zone::UTC, Currency::parse("EUR")?);
    let tariff = the_tariff(USUAL)?;
    Ok((tariff.fee(&stay), tariff.next_change(&stay)))
}

/// The tariff that a new installation has.
pub(crate) const USUAL: &str = include_str!("../../../../config/tariff.json");

/// A board at an airport.
const SHORT_TERM: &str = r#"{"name":"Short term","currency":"EUR","rate":{"blocks":[{"to":"1h","price":"2.00"},{"step":"30min","price":"1.00"}]},"caps":[{"name":"Daily maximum","max":"24.00","per":"24h"}],"tax":{"percent":"19","included":true}}"#;

fn the_tariff(document: &str) -> Told<Tariff> {
    JsonDocuments.read(&DocumentText::new(document))
}

fn a_version(number: i64) -> Told<TariffVersion> {
    Ok(TariffVersion { tariff: TariffId::parse("short-term")?, number })
}

fn a_published(number: i64) -> Published {
    Published { number, document: DocumentText::new(SHORT_TERM), at: after(0) }
}

/// A tariff at its n-th change: drafted, published, drafted again.
pub(crate) fn a_series(revision: i64) -> Told<Series> {
    let id = TariffId::parse("short-term")?;
    let draft = (revision != 2).then(|| DocumentText::new(SHORT_TERM));
    Ok(Series { id, revision, draft, newest: (revision > 1).then(|| a_published(1)) })
}

fn an_assignment() -> Told<Assignment> {
    Ok(Assignment { from: after(0), class: None, tariff: a_version(1)? })
}

pub(crate) fn is_parked() -> Told<Ticket> {
    a_ticket(1042, "ABC-123", 1, Stage::Parked(the_berth(1)?))
}

pub(crate) fn is_waiting() -> Told<Ticket> {
    a_ticket(1040, "XY-1", 3 * MINUTE, Stage::Waiting)
}

pub(crate) fn has_left() -> Told<Ticket> {
    let (fee, _) = the_fee(110 * MINUTE)?;
    let stage = Stage::Departed { berth: the_berth(1)?, at: after(110 * MINUTE), fee, occurred_at: None };
    a_ticket(1042, "ABC-123", 1, stage)
}

pub(crate) fn next_in_line() -> Told<Vec<Promotion>> {
    Ok(vec![Promotion {
        ticket: ticket_id(1040),
        number: TicketNumber(1040),
        plate: Plate::parse("XY-1")?,
        slot: SlotLabel::parse("A-07")?,
    }])
}

/// What a change answers, in the bytes that a client gets.
fn answer(form: Form, subject: Told<Subject>, promoted: Vec<Promotion>) -> Value {
    let words = Words { instance: String::new(), request_id: RequestId::example(), form };
    let told = subject.and_then(|subject| {
        let version = if let Subject::Lot(lot, _) = &subject { lot.version } else { Version(VERSION) };
        Ok(words.reply(&Outcome {
            lot: Some(LotId::parse("main")?),
            version: Some(version),
            result: Ok(Done { subject, promoted }),
        }))
    });
    told.ok().and_then(|reply| serde_json::from_slice(&reply.body).ok()).unwrap_or_default()
}

fn of_ticket(ticket: Told<Ticket>, position: Option<i64>) -> Told<Subject> {
    ticket.map(|ticket| Subject::Ticket { ticket: Box::new(ticket), position })
}

fn of_lot(change: impl FnOnce(Lot) -> Lot) -> Told<Subject> {
    Ok(Subject::Lot(Box::new(change(the_lot()?)), the_tally()?))
}

pub(crate) fn entered() -> Value {
    answer(Form::Created, of_ticket(is_parked(), None), Vec::new())
}

pub(crate) fn left() -> Value {
    answer(Form::Changed, of_ticket(has_left(), None), next_in_line().unwrap_or_default())
}

pub(crate) fn amended() -> Value {
    answer(Form::Changed, of_ticket(is_waiting(), Some(1)), Vec::new())
}

pub(crate) fn withdrawn() -> Value {
    let stage = Stage::Withdrawn { at: after(5 * MINUTE) };
    answer(Form::Changed, of_ticket(a_ticket(1040, "XY-1", 3 * MINUTE, stage), None), Vec::new())
}

pub(crate) fn voided() -> Value {
    let stage = || {
        let reason = Reason::parse("the barrier was opened by mistake")?;
        Ok(Stage::Voided { berth: the_berth(1)?, at: after(5 * MINUTE), reason })
    };
    let ticket = stage().and_then(|stage| a_ticket(1042, "ABC-123", 1, stage));
    answer(Form::Changed, of_ticket(ticket, None), next_in_line().unwrap_or_default())
}

pub(crate) fn waiting() -> Value {
    told(is_waiting().as_ref().map(|ticket| TicketBody::of(ticket, Some(1))).map_err(Clone::clone))
}

pub(crate) fn tickets() -> Value {
    told(has_left().and_then(|left| {
        let waiting = is_waiting()?;
        let data = vec![TicketBody::of(&left, None), TicketBody::of(&waiting, None)];
        Ok(json!(Page { data, next_cursor: Some("dGlja2V0czoxMDQw".to_owned()) }))
    }))
}

pub(crate) fn plates() -> Value {
    let history = || {
        let (ticket, lot) = (is_waiting()?, the_lot()?);
        let correction = PlateCorrection {
            ticket: ticket.id,
            version: Version(VERSION - 1),
            at: after(4 * MINUTE),
            actor: Principal("office".to_owned()),
            plate: Plate::parse("XV-1")?,
        };
        Ok(PlateHistory { view: TicketView { ticket, lot }, corrections: vec![correction] })
    };
    told(history().map(|history| json!(PlatesBody::of(&history))))
}

pub(crate) fn queue() -> Value {
    told(is_waiting().map(|ticket| {
        let priorities = Priorities::usual();
        let data = vec![TicketBody::queued(&ticket, &priorities, 1, after(10 * MINUTE))];
        let priority_policy = PolicyBody::of(&priorities);
        json!(QueuePage { data, next_cursor: None, priority_policy, lot_version: VERSION })
    }))
}

pub(crate) fn quote() -> Value {
    told(the_fee(65 * MINUTE).map(|(fee, next)| {
        let tariff = Some(TariffVersion { tariff: TariffId::usual(), number: 1 });
        let valid_until = next.map(|next| next.at.plus_micros(-1));
        let quote = Quote { at: after(65 * MINUTE), fee, tariff, valid_until, next };
        json!(QuoteBody::of(ticket_id(1042), &quote))
    }))
}

pub(crate) fn availability() -> Value {
    told(the_lot().and_then(|lot| Ok(json!(AvailabilityBody::of(&lot, &the_tally()?)))))
}

pub(crate) fn lot() -> Value {
    told(the_lot().and_then(|lot| Ok(json!(LotBody::of(&lot, &the_tally()?)))))
}

pub(crate) fn lots() -> Value {
    json!(Page { data: vec![lot()], next_cursor: None })
}

pub(crate) fn opened() -> Value {
    let subject = LotId::parse("north").and_then(|id| {
        let name = LotName::parse("North lot")?;
        of_lot(|lot| Lot { id, name, revision: 1, version: Version(1), ..lot })
    });
    answer(Form::Created, subject, Vec::new())
}

pub(crate) fn lot_changed() -> Value {
    answer(Form::Changed, of_lot(|lot| Lot { accepting: false, ..lot }), Vec::new())
}

pub(crate) fn lot_removed() -> Value {
    let subject = the_lot().map(|lot| {
        let removed = Lot { accepting: false, retired: true, ..lot };
        Subject::Lot(Box::new(removed), Tally::default())
    });
    answer(Form::Removed, subject, Vec::new())
}

pub(crate) fn slot() -> Value {
    told(the_slot(Some(ticket_id(1042))).map(|slot| json!(SlotBody::of("main", &slot))))
}

pub(crate) fn slots() -> Value {
    json!(Page { data: vec![slot()], next_cursor: Some("c2xvdHM6MDpBLTA3".to_owned()) })
}

pub(crate) fn slot_added() -> Value {
    let label = || SlotLabel::parse("B-01");
    let slot = || Ok(Slot { label: label()?, revision: 1, ..the_slot(Some(ticket_id(1040)))? });
    let promoted =
        || next_in_line()?.into_iter().map(|next| Ok(Promotion { slot: label()?, ..next })).collect();
    let promoted: Told<Vec<Promotion>> = promoted();
    answer(Form::Created, slot().map(|slot| Subject::Slots(vec![slot])), promoted.unwrap_or_default())
}

pub(crate) fn slot_changed() -> Value {
    let slot = the_slot(None).map(|slot| {
        let reason = Some("resurfacing".to_owned());
        Subject::Slot(Box::new(Slot { in_service: false, reason, revision: 3, ..slot }))
    });
    answer(Form::Changed, slot, Vec::new())
}

pub(crate) fn slot_removed() -> Value {
    let slot =
        the_slot(None).map(|slot| Subject::Slot(Box::new(Slot { retired: true, revision: 3, ..slot })));
    answer(Form::Removed, slot, Vec::new())
}

pub(crate) fn arrived_and_parked() -> Told<[Entry; 2]> {
    let entry = |n, event| {
        let actor = Principal::anonymous();
        Ok(Entry { lot: LotId::parse("main")?, version: Version(VERSION), n, at: after(1), actor, event })
    };
    let ticket = TicketSeen { id: ticket_id(1042), number: TicketNumber(1042) };
    let slot = SlotSeen { id: SlotId(7), label: SlotLabel::parse("A-07")? };
    let (class, needs, priority) = (VehicleClass::car(), Features::default(), Priority::standard());
    Ok([
        entry(0, Event::TicketArrived { ticket, class, needs, priority })?,
        entry(1, Event::TicketParked { ticket, slot })?,
    ])
}

pub(crate) fn events() -> Value {
    told(
        arrived_and_parked().map(|entries| {
            json!(Page { data: entries.iter().map(EventBody::of).collect(), next_cursor: None })
        }),
    )
}

pub(crate) fn stream() -> String {
    let frames = arrived_and_parked().map(|entries| entries.map(|entry| event_frame(&entry)).concat());
    frames.ok().and_then(|frames| String::from_utf8(frames).ok()).unwrap_or_default()
}

pub(crate) fn health(status: &'static str) -> Value {
    json!(Health { status })
}

pub(crate) fn arrival() -> Examples {
    vec![
        ("a car", json!({ "plate": "ABC-123" })),
        ("an electric car", json!({ "plate": "E-MOB 7E", "needs": ["electric"] })),
        ("with priority", json!({ "plate": "XY-1", "vehicle_class": "motorcycle", "priority": "vip" })),
    ]
}

pub(crate) fn departure() -> Examples {
    vec![
        ("plate", json!({ "plate": "abc 123" })),
        ("ticket", json!({ "ticket": ticket_id(1042).0 })),
        ("lost ticket", json!({ "slot": "A-07", "lost_ticket": true })),
        ("with a discount", json!({ "plate": "abc 123", "discounts": ["SHOP1"] })),
    ]
}

pub(crate) fn correction() -> Examples {
    vec![("plate", json!({ "plate": "XY-2" })), ("priority", json!({ "priority": "vip" }))]
}

pub(crate) fn voiding() -> Examples {
    vec![("reason", json!({ "reason": "the barrier was opened by mistake" }))]
}

pub(crate) fn new_lot() -> Examples {
    let bare = json!({ "id": "north", "name": "North lot", "time_zone": "Europe/Berlin", "currency": "EUR" });
    let mut full = bare.clone();
    full["queue_limit"] = json!(200);
    full["priorities"] = json!(["vip", "permit", "standard"]);
    full["slots"] = json!({ "count": 20, "prefix": "A-", "accepts": ["car", "motorcycle"] });
    let mut ageing = bare.clone();
    ageing["priority_policy"] = ageing_policy();
    vec![("bare", bare), ("everything", full), ("ageing", ageing)]
}

fn ageing_policy() -> Value {
    json!({
        "order": "ageing",
        "classes": [
            { "name": "vip", "head_start_seconds": 900 },
            { "name": "standard", "head_start_seconds": 0 },
        ],
    })
}

pub(crate) fn lot_settings() -> Examples {
    vec![
        ("close", json!({ "accepting": false })),
        (
            "queue",
            json!({ "name": "Main lot", "queue_limit": null, "priorities": ["vip", "permit", "standard"] }),
        ),
        ("ageing", json!({ "priority_policy": ageing_policy() })),
    ]
}

pub(crate) fn new_slots() -> Examples {
    vec![
        ("one", json!({ "label": "B-01", "level": "P1", "accepts": ["car", "motorcycle"], "rank": 0 })),
        (
            "several",
            json!({ "slots": [{ "label": "B-02" }, { "label": "M-01", "accepts": ["motorcycle"] }] }),
        ),
        (
            "reserved",
            json!({ "label": "D-01", "accepts": ["car", "van"], "features": ["accessible"], "reserved": true }),
        ),
        ("numbered", json!({ "count": 20, "prefix": "C-", "level": "P2", "accepts": ["car"] })),
    ]
}

pub(crate) fn slot_settings() -> Examples {
    vec![
        ("out of service", json!({ "in_service": false, "reason": "resurfacing" })),
        ("features", json!({ "features": ["electric"], "reserved": false })),
        ("rank", json!({ "rank": 10, "level": null, "accepts": ["van"] })),
    ]
}
