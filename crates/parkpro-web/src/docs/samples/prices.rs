//! Examples of tariffs, discounts and what they make of a stay.

use parkpro_domain::{
    discount::{Discount, DiscountCode, Gift, Terms},
    money::Currency,
    outcome::Subject,
    parking::Quote,
    tariff::{Change, Length, Stay, TariffId, TariffVersion},
    ticket::Ticket,
    time::Zone,
    vehicle::VehicleClass,
};
use serde_json::{Value, json};

use super::{
    Examples, HOUR, MINUTE, SHORT_TERM, Told, VERSION, a_published, a_series, a_version, after,
    an_assignment, answer, is_parked, of_ticket, the_tariff, told,
};
use crate::api::{
    AssignmentBody, DiscountBody, Form, Instant, LotTariffs, Page, PublishedBody, SimulationBody, TableBody,
    TableRow, TariffBody, TariffLine, VersionLine, VersionName,
};

pub(crate) fn a_discount() -> Told<Discount> {
    let terms = Terms {
        gift: Gift::parse("free 3600")?,
        valid_from: None,
        valid_until: Some(after(30 * 24 * HOUR)),
        limit: Some(500),
        limit_per_plate: Some(1),
        stacks: true,
    };
    Ok(Discount { code: DiscountCode::parse("SHOP1")?, terms, uses: 17, revision: 1, retired: false })
}

pub(crate) fn discount() -> Value {
    told(a_discount().map(|discount| json!(DiscountBody::of(&discount))))
}

pub(crate) fn discounts() -> Value {
    json!(Page { data: vec![discount()], next_cursor: None })
}

pub(crate) fn discount_added() -> Value {
    let new = a_discount().map(|discount| Subject::Discount(Box::new(Discount { uses: 0, ..discount })));
    answer(Form::Created, new, Vec::new())
}

pub(crate) fn discount_changed() -> Value {
    let changed =
        a_discount().map(|discount| Subject::Discount(Box::new(Discount { revision: 2, ..discount })));
    answer(Form::Changed, changed, Vec::new())
}

pub(crate) fn validated() -> Value {
    let ticket = is_parked()
        .and_then(|ticket| Ok(Ticket { discounts: vec![DiscountCode::parse("SHOP1")?], ..ticket }));
    answer(Form::Changed, of_ticket(ticket, None), Vec::new())
}

pub(crate) fn new_discount() -> Examples {
    vec![
        (
            "an hour",
            json!({ "code": "SHOP1", "grant": { "free_minutes": 60 }, "limit": 500, "limit_per_plate": 1 }),
        ),
        (
            "a share",
            json!({
                "code": "ADVENT", "grant": { "percent": "25" }, "stacks": false,
                "valid_from": after(HOUR).to_string(), "valid_until": after(30 * 24 * HOUR).to_string(),
            }),
        ),
        ("an amount", json!({ "code": "KINO", "grant": { "amount": "2.50" } })),
        ("a tariff", json!({ "code": "STAFF", "grant": { "tariff": "staff", "version": 2 } })),
    ]
}

pub(crate) fn discount_terms() -> Examples {
    vec![("no limit", json!({ "limit": null, "grant": { "percent": "20" } }))]
}

pub(crate) fn validation() -> Examples {
    vec![("a shop", json!({ "code": "SHOP1" }))]
}

pub(crate) fn tariff() -> Value {
    told(a_series(3).map(|series| json!(TariffBody::of(&series))))
}

pub(crate) fn tariffs() -> Value {
    told(a_series(3).map(|series| json!(Page { data: vec![TariffLine::of(&series)], next_cursor: None })))
}

fn of_tariff(revision: i64) -> Told<Subject> {
    a_series(revision).map(|series| Subject::Tariff(Box::new(series)))
}

pub(crate) fn tariff_created() -> Value {
    answer(Form::Created, of_tariff(1), Vec::new())
}

pub(crate) fn tariff_published() -> Value {
    answer(Form::Published, of_tariff(2), Vec::new())
}

pub(crate) fn tariff_drafted() -> Value {
    answer(Form::Changed, of_tariff(3), Vec::new())
}

pub(crate) fn tariff_versions() -> Value {
    json!(Page { data: vec![VersionLine::of(&a_published(1))], next_cursor: None })
}

pub(crate) fn tariff_version() -> Value {
    told(TariffId::parse("short-term").map(|id| json!(PublishedBody::of(&id, &a_published(1)))))
}

pub(crate) fn price_table() -> Value {
    told(a_version(1).and_then(|version| {
        let (tariff, currency) = (the_tariff(SHORT_TERM)?, Currency::parse("EUR")?);
        let rows = tariff.table(after(0), Zone::UTC, VehicleClass::car(), currency).into_iter();
        Ok(json!(TableBody {
            tariff: Some(VersionName::of(&version)),
            entry: Instant(after(0)),
            currency: currency.code(),
            rows: rows.filter(|(length, _)| *length <= Length::HOUR).map(TableRow::of).collect(),
        }))
    }))
}

pub(crate) fn simulation() -> Value {
    told(a_version(1).and_then(|version| {
        let (tariff, currency) = (the_tariff(SHORT_TERM)?, Currency::parse("EUR")?);
        let stay = Stay::new(after(0), after(100 * MINUTE), VehicleClass::car(), Zone::UTC, currency);
        let next = tariff.next_change(&stay);
        let valid_until = Some(Change::holds_until(next, &stay));
        let quote =
            Quote { at: stay.ended_at, fee: tariff.fee(&stay), tariff: Some(version), valid_until, next };
        Ok(json!(SimulationBody::of(&quote)))
    }))
}

pub(crate) fn lot_tariffs() -> Value {
    told(an_assignment().map(|assignment| {
        let usual = TariffVersion { tariff: TariffId::usual(), number: 1 };
        json!(LotTariffs {
            lot: "main",
            tariffs: vec![AssignmentBody::of(&assignment)],
            default: Some(VersionName::of(&usual)),
            lot_version: VERSION,
        })
    }))
}

pub(crate) fn new_tariff() -> Examples {
    vec![("short term", json!({ "id": "short-term", "document": document() }))]
}

pub(crate) fn new_draft() -> Examples {
    vec![("short term", json!({ "document": document() }))]
}

fn document() -> Value {
    serde_json::from_str(SHORT_TERM).unwrap_or_default()
}

pub(crate) fn new_lot_tariff() -> Examples {
    vec![
        ("from now on", json!({ "tariff": "short-term", "version": 1 })),
        (
            "later, for vans",
            json!({ "tariff": "vans", "version": 2, "from": after(HOUR).to_string(), "vehicle_class": "van" }),
        ),
    ]
}

pub(crate) fn trial() -> Examples {
    let (entry, exit) = (after(0).to_string(), after(100 * MINUTE).to_string());
    let zone = "Europe/Berlin";
    vec![
        ("a document", json!({ "tariff": document(), "time_zone": zone, "entry": entry, "exit": exit })),
        (
            "a version",
            json!({ "tariff": "short-term", "version": 1, "time_zone": zone, "entry": entry, "exit": exit }),
        ),
    ]
}
