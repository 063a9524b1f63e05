//! An example of every problem, made by the code that tells it to clients.

use std::borrow::Cow;

use parkpro_domain::{
    demand::Demand,
    discount::DiscountCode,
    invalid::Invalid,
    lot::{LotId, LotName, Priorities, Version},
    money::Currency,
    outcome::Refusal,
    slot::{Accepts, SlotLabel, SlotStatus},
    tariff::{TariffId, TariffVersion},
    ticket::{Priority, TicketId, TicketStatus},
    time::{Timestamp, Zone},
    vehicle::{Plate, VehicleClass},
};
use serde_json::Value;
use uuid::Uuid;

use super::samples;
use crate::api::{
    Code, Fields, Json, Mistakes, Part, Problem, Read, RequestId, accepts, document, features, flag, instant,
    label, leaving, level, new_slots, policy, priorities, reason, seen_at, text, whole,
};

/// The example of a code.
pub(crate) fn problem(code: Code) -> Value {
    let refused = refusals().unwrap_or_default().into_iter();
    let problem = refused
        .map(|refusal| Problem::refused(&refusal, Some(Version(5311))))
        .find(|problem| problem.code() == code)
        .or_else(|| mistake(code).map(Problem::input))
        .or_else(|| query_mistake(code).map(Problem::query))
        .unwrap_or_else(|| Problem::plain(code));
    let body = problem.body("/api/v1/lots/main", RequestId::example().as_str());
    serde_json::from_slice(&body).unwrap_or_default()
}

/// Every refusal of the car park.
pub(crate) fn refusals() -> Result<Vec<Refusal>, Invalid> {
    let ticket = TicketId(Uuid::from_u128(0x0199_f0c2_7a10_7000_8000_0000_0000_1042));
    let (lot, label) = (LotId::parse("main")?, SlotLabel::parse("A-07")?);
    let (tariff, code) = (TariffId::parse("short-term")?, DiscountCode::parse("SHOP1")?);
    Ok(vec![
        Refusal::NoSuchLot(Some(lot.clone())),
        Refusal::NoSuchTicket(ticket),
        Refusal::NoSuchSlot(label.clone()),
        Refusal::LotIdTaken(lot),
        Refusal::LotInUse { open_tickets: 19 },
        Refusal::LabelTaken(label.clone()),
        Refusal::SlotOccupied { label, ticket },
        Refusal::Stale { revision: 4 },
        Refusal::PlateAlreadyActive { ticket },
        Refusal::LotClosed,
        Refusal::QueueFull { limit: 200 },
        Refusal::NothingFits(Demand::parse("bus/electric")?),
        Refusal::UnknownPriority { priority: Priority::parse("permit")?, known: Priorities::usual() },
        Refusal::NotInside,
        Refusal::StillWaiting { ticket },
        Refusal::AlreadyDeparted { ticket },
        Refusal::NotWaiting { ticket, status: TicketStatus::Parked },
        Refusal::NotParked { ticket, status: TicketStatus::Departed },
        Refusal::ReservedWithoutFeature(SlotLabel::parse("A-07")?),
        Refusal::PriorityInUse { priority: Priority::vip(), waiting: 3 },
        Refusal::NoSuchTariff(tariff.clone()),
        Refusal::NoSuchTariffVersion(TariffVersion { tariff: tariff.clone(), number: 4 }),
        Refusal::TariffIdTaken(tariff.clone()),
        Refusal::NoDraft(tariff),
        Refusal::TariffOfSettings(TariffId::usual()),
        Refusal::OtherCurrency { tariff: Currency::parse("USD")?, lot: Currency::parse("EUR")? },
        Refusal::TooManyTariffs,
        Refusal::NoSuchDiscount(code.clone()),
        Refusal::DiscountCodeTaken(code.clone()),
        Refusal::DiscountUsedUp(code.clone()),
        Refusal::DiscountUsedByPlate(code.clone()),
        Refusal::DiscountExpired(code.clone()),
        Refusal::DiscountNotYetValid(code.clone()),
        Refusal::DiscountAlreadyAttached(code.clone()),
        Refusal::DiscountStandsAlone(code.clone()),
        Refusal::TooManyDiscounts,
        Refusal::EndsBeforeItBegins {
            from: Timestamp::parse("2026-12-01T00:00:00Z")?,
            until: Timestamp::parse("2026-11-01T00:00:00Z")?,
        },
        Refusal::DiscountWithoutEffect { code, behind: None },
        Refusal::SlotEmpty(SlotLabel::parse("A-07")?),
    ])
}

/// What a body with such a mistake is told.
fn mistake(code: Code) -> Option<Mistakes> {
    match code {
        Code::InvalidInput => of_body(r#"{"plate":7,"vehicle_clas":"car"}"#, |fields| {
            fields.required("plate", text(Plate::parse));
            fields.optional("vehicle_class", text(VehicleClass::parse));
        }),
        Code::UnknownField => wrong("plate", r#"{"plate":"ABC-123","plat":"ABC-123"}"#, text(Plate::parse)),
        Code::MissingField => wrong("plate", "{}", text(Plate::parse)),
        Code::WrongType => wrong("accepting", r#"{"accepting":"yes"}"#, flag),
        Code::OutOfRange => wrong("count", r#"{"count":0}"#, whole(1..=10_000_u32)),
        Code::ChooseOne => of_body("{}", |fields| {
            leaving(fields);
        }),
        Code::TooManySlots => wrong("slots", r#"{"slots":[]}"#, |json| new_slots(json, &usual()?)),
        Code::InvalidLotId => wrong("id", r#"{"id":"Main lot"}"#, text(LotId::parse)),
        Code::InvalidName => wrong("name", r#"{"name":" "}"#, text(LotName::parse)),
        Code::InvalidTimeZone => wrong("time_zone", r#"{"time_zone":"CEST"}"#, text(Zone::parse)),
        Code::InvalidCurrency => wrong("currency", r#"{"currency":"euro"}"#, text(Currency::parse)),
        Code::InvalidPriorities => wrong("priorities", r#"{"priorities":["vip"]}"#, priorities),
        Code::InvalidOrder => wrong(
            "priority_policy",
            r#"{"priority_policy":{"order":"fair","classes":[{"name":"standard"}]}}"#,
            policy,
        ),
        Code::InvalidLabel => wrong("label", r#"{"label":"A 07"}"#, label),
        Code::InvalidLevel => wrong("level", r#"{"level":""}"#, level),
        Code::InvalidAccepts => wrong("accepts", r#"{"accepts":[]}"#, accepts),
        Code::InvalidPlate => wrong("plate", r#"{"plate":"AB/12"}"#, text(Plate::parse)),
        Code::InvalidVehicleClass => {
            wrong("vehicle_class", r#"{"vehicle_class":"Big car"}"#, text(VehicleClass::parse))
        }
        Code::InvalidPriority => wrong("priority", r#"{"priority":"VIP"}"#, text(Priority::parse)),
        Code::InvalidFeature => wrong("needs", r#"{"needs":["wall box"]}"#, features),
        Code::InvalidFeatures => {
            wrong("features", r#"{"features":["a","b","c","d","e","f","g","h","i"]}"#, features)
        }
        Code::InvalidTicketId => wrong("ticket", r#"{"ticket":"1042"}"#, text(TicketId::parse)),
        Code::InvalidDiscount => wrong("code", r#"{"code":"SHOP 1"}"#, text(DiscountCode::parse)),
        Code::InvalidTariffId => wrong("id", r#"{"id":"Short term"}"#, text(TariffId::parse)),
        Code::NotRising => wrong("document", FALLING, document),
        Code::InvalidReason => wrong("reason", r#"{"reason":""}"#, reason),
        Code::InvalidInstant => wrong("occurred_at", r#"{"occurred_at":"22.11.2026"}"#, instant),
        Code::OccurredAtOutOfRange => {
            let eight = Timestamp::from_micros(samples::EIGHT);
            wrong("occurred_at", r#"{"occurred_at":"2026-11-20T08:00:00Z"}"#, seen_at(eight))
        }
        _ => None,
    }
}

/// A table of which the second row is for shorter stays than the first.
const FALLING: &str = r#"{"document":{"name":"Short term","rate":{"table":[{"up_to":"1h","total":"2.00"},{"up_to":"30min","total":"3.00"}],"then":{"step":"1h","price":"2.00"}}}}"#;

/// What a query with such a mistake is told.
fn query_mistake(code: Code) -> Option<Mistakes> {
    let query: &[(&str, &str)] = match code {
        Code::InvalidQuery | Code::InvalidStatus => &[("status", "gone")],
        Code::InvalidLimit => &[("limit", "1000")],
        Code::InvalidCursor => &[("cursor", "7")],
        Code::GivenTwice => &[("status", "available"), ("status", "occupied")],
        _ => return None,
    };
    let given: Vec<_> =
        query.iter().map(|(name, value)| (Cow::Borrowed(*name), Json::Text(Cow::Borrowed(*value)))).collect();
    let mut fields = Fields::of_query(&given);
    fields.optional("status", text(SlotStatus::parse));
    Part::<LotId>::of(&mut fields);
    fields.finish(|| Some(())).err()
}

/// What is wrong with a body that has one field.
fn wrong<T>(
    field: &'static str,
    body: &'static str,
    read: impl FnOnce(&Json<'_>) -> Read<T>,
) -> Option<Mistakes> {
    of_body(body, |fields| {
        fields.required(field, read);
    })
}

fn of_body(body: &'static str, read: impl FnOnce(&mut Fields<'_>)) -> Option<Mistakes> {
    let json = Json::parse(body.as_bytes()).ok()?;
    let mut fields = Fields::of(&json).ok()?;
    read(&mut fields);
    fields.finish(|| Some(())).err()
}

fn usual() -> Read<Accepts> {
    Ok(Accepts::parse("car")?)
}
