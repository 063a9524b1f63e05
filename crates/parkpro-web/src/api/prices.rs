//! What stays would cost: one that is tried out, and those of the usual lengths.

use std::{borrow::Cow, sync::Arc};

use actix_web::web::block;
use parkpro_domain::{
    discount::{DiscountCode, Gift, MOST_DISCOUNTS},
    invalid::Invalid,
    money::Currency,
    parking::{Tried, ready_tariff, trial},
    protocol::EARLIER_STAYS,
    tariff::{DocumentText, EarlierStay, Language, Stay, Tariff, TariffId, TariffVersion},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};

use super::{
    Answered, Call, Code, Instant, Place, Problem, SimulationBody, TableBody, TableRow, VersionName, at,
    body::{Fields, Mistakes, Read, few, flag, instant, text, whole, whole_text, wrong_type},
    call::{LARGE, read},
    discounts::gift,
    json::Json,
    ok,
    spelling::meant,
    tariff_text::{JsonDocuments, document},
    tariffs::{OF_DOCUMENTS, known},
};
use crate::docs::{
    Doc, Tag,
    parameter::{self, instant as an_instant},
    requests::Trial,
    samples,
};

pub(super) fn places() -> Vec<Place> {
    vec![
        at("/api/v1/tariffs/simulate").ask(simulate, simulated),
        at("/api/v1/tariffs/{tariff}/table").get(table, tabled),
    ]
}

fn tabled() -> Doc {
    Doc::read("getTariffTable", Tag::Tariffs, "What stays of 1 h to 7 d cost")
        .query("version", "By this version instead of the newest.", parameter::text())
        .query("draft", "`true`: by the draft instead.", parameter::one_of(&["true", "false"]))
        .query("time_zone", "IANA time zone of the lot; UTC without it.", parameter::text())
        .query("currency", "ISO 4217; needed if the tariff has none of its own.", parameter::text())
        .query("entry", "When the vehicle parks; now without it.", an_instant())
        .query("vehicle_class", "What kind of vehicle; a car without it.", parameter::text())
        .answers::<TableBody<'_>>(200, "The table", samples::price_table())
        .refuses(&[Code::NoSuchTariff, Code::NoSuchTariffVersion, Code::NoDraft, Code::OtherCurrency])
}

fn simulated() -> Doc {
    Doc::read("simulateTariff", Tag::Tariffs, "What a stay would cost")
        .says("By a document that need not be stored, by a version of a tariff, or by its draft. Nothing is changed.")
        .takes_much::<Trial>(samples::trial())
        .answers::<SimulationBody<'_>>(200, "The fee, line by line", samples::simulation())
        .refuses(&[Code::NoSuchTariff, Code::NoSuchTariffVersion, Code::NoDraft, Code::InvalidQuery])
        .refuses(&[Code::InvalidTariffId, Code::InvalidTimeZone, Code::InvalidInstant, Code::OutOfRange])
        .refuses(&[Code::EndsBeforeItBegins, Code::StaysOverlap, Code::InvalidDiscount, Code::ChooseOne])
        .refuses(&[Code::OtherCurrency, Code::DiscountWithoutEffect, Code::DiscountAlreadyAttached])
        .refuses(&OF_DOCUMENTS)
}

/// Which prices.
enum Asked {
    /// Those of a document that came with the request.
    Document(Box<Tariff>),
    /// Those of a tariff: its draft, or this version, or the newest.
    Stored { tariff: TariffId, version: Option<i64>, draft: bool },
}

/// Prices, and their version if they have one.
type Ready = (Arc<Tariff>, Option<TariffVersion>);

async fn ready(call: &Call, asked: Asked) -> Result<Ready, Problem> {
    let (tariff, version, draft) = match asked {
        Asked::Document(tariff) => return Ok((Arc::from(tariff), None)),
        Asked::Stored { tariff, version, draft } => (tariff, version, draft),
    };
    let series = known(call, &tariff).await?;
    if draft {
        let draft = series.draft.as_ref().ok_or_else(|| Problem::plain(Code::NoDraft))?;
        return Ok((Arc::new(kept(draft)?), None));
    }
    let newest = series.newest.as_ref().map(|newest| newest.number);
    let number = version.or(newest).ok_or_else(|| Problem::plain(Code::NoSuchTariffVersion))?;
    let version = TariffVersion { tariff, number };
    Ok((version_ready(call, &version).await?, Some(version)))
}

async fn version_ready(call: &Call, version: &TariffVersion) -> Result<Arc<Tariff>, Problem> {
    let ready = ready_tariff(&*call.park.records, &call.park.rules.tariffs, version).await?;
    ready.ok_or_else(|| Problem::plain(Code::NoSuchTariffVersion))
}

/// A draft was checked when it was drafted.
fn kept(draft: &DocumentText) -> Result<Tariff, Problem> {
    JsonDocuments.read(draft).map_err(|_unreadable| Problem::plain(Code::Internal))
}

/// The currency of prices: their own, else what was said.
fn priced_in(
    tariff: &Tariff,
    said: Option<Currency>,
    missing: impl FnOnce(Mistakes) -> Problem,
) -> Result<Currency, Problem> {
    match (tariff.document().currency, said) {
        (Some(own), Some(said)) if own != said => {
            let detail = format!("The prices of the tariff are in {own}, not in {said}.");
            Err(Problem::new(Code::OtherCurrency, detail))
        }
        (own, said) => own.or(said).ok_or_else(|| missing(no_currency())),
    }
}

fn no_currency() -> Mistakes {
    Mistakes::of("missing-field", "the tariff has no currency of its own; say which one it is")
}

/// A stay of years by a tariff of seconds takes a while, which no gate has to wait for.
async fn aside<T: Send + 'static>(count: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    block(count).await.map_err(|_ended| Problem::plain(Code::Internal))
}

/// A stay that is tried out; all but what the tariff says about it.
struct Asking {
    asked: Asked,
    currency: Option<Currency>,
    stay: Stay,
    discounts: Vec<(DiscountCode, Gift)>,
}

async fn simulate(mut call: Call) -> Answered {
    call.no_query()?;
    let body = call.body(LARGE).await?;
    let json = body.json()?;
    let Asking { asked, currency, mut stay, discounts } = read(&json, asking)?;
    let (tariff, version) = ready(&call, asked).await?;
    stay.currency = priced_in(&tariff, currency, |missing| Problem::input(missing.under('/', "currency")))?;
    let mut tried = Vec::with_capacity(discounts.len());
    for (code, gift) in discounts {
        let tariff = match gift.tariff() {
            Some(version) => Some(version_ready(&call, version).await?),
            None => None,
        };
        tried.push(Tried { code, gift, tariff });
    }
    let quote = aside(move || trial(&tariff, version, stay, tried)).await?;
    let quote = quote.map_err(|refusal| Problem::refused(&refusal, None))?;
    Ok(ok(&SimulationBody::of(&quote)))
}

fn asking(mut fields: Fields<'_>) -> Read<Asking> {
    let given = fields.required("tariff", |json| match json {
        Json::Text(_) => Ok(Err(text(TariffId::parse)(json)?)),
        Json::Object(_) => Ok(Ok(Box::new(Tariff::of(document(json)?)))),
        other => Err(wrong_type("the id of a tariff, or a document", other)),
    });
    let version = fields.optional("version", whole(1..=i64::MAX));
    let draft = fields.optional("draft", flag).unwrap_or(false);
    let zone = fields.required("time_zone", text(Zone::parse));
    let currency = fields.optional("currency", text(Currency::parse));
    let (entry, exit) = (fields.required("entry", instant), fields.required("exit", instant));
    let class = fields.optional("vehicle_class", text(VehicleClass::parse));
    let lost_ticket = fields.optional("lost_ticket", flag).unwrap_or(false);
    let earlier = earlier_stays(&mut fields, entry);
    let discounts =
        fields.optional("discounts", few(MOST_DISCOUNTS, "discounts", discount)).unwrap_or_default();
    if entry.zip(exit).is_some_and(|(entry, exit)| exit < entry) {
        fields.wrong_in("exit", Mistakes::of("ends-before-it-begins", "exit must not be before entry"));
    }
    match fields.given("tariff") {
        Some(Json::Object(document)) => {
            if draft || fields.has("version") {
                fields.wrong("choose-one", "a document in the body has no version and is no stored draft");
            }
            unless_one_currency(&mut fields, document, currency);
        }
        _ => one_of_its_texts(&mut fields, draft),
    }
    fields.finish(|| {
        let asked = match given? {
            Ok(tariff) => Asked::Document(tariff),
            Err(tariff) => Asked::Stored { tariff, version, draft },
        };
        let class = class.unwrap_or_else(VehicleClass::car);
        let unsaid = Currency::parse("USD").ok()?;
        let mut stay = Stay::new(entry?, exit?, class, zone?, currency.unwrap_or(unsaid));
        (stay.lost_ticket, stay.earlier_stays) = (lost_ticket, earlier);
        Some(Asking { asked, currency, stay, discounts })
    })
}

fn one_of_its_texts(fields: &mut Fields<'_>, draft: bool) {
    if draft && fields.has("version") {
        fields.wrong_in("version", Mistakes::of("choose-one", "give either version or draft"));
    }
}

/// The currency is said by the document, or beside it, or by both alike; also of a document with mistakes.
fn unless_one_currency(
    fields: &mut Fields<'_>,
    document: &[(Cow<'_, str>, Json<'_>)],
    beside: Option<Currency>,
) {
    let named = |name: &str| document.iter().find(|(given, own)| given == name && *own != Json::Null);
    let misspelt = || document.iter().find(|(given, _)| meant(given, ["currency"]).is_some());
    match named("currency").or_else(misspelt) {
        None if !fields.has("currency") => fields.wrong_in("currency", no_currency()),
        Some((_, Json::Text(own))) => {
            let own = Currency::parse(own).ok();
            if let Some((own, _)) = own.zip(beside).filter(|(own, beside)| own != beside) {
                let detail = format!("the prices of the document are in {own}");
                fields.wrong_in("currency", Mistakes::of("contradiction", detail));
            }
        }
        _ => {}
    }
}

fn discount(json: &Json<'_>) -> Read<(DiscountCode, Gift)> {
    let mut fields = Fields::of(json)?;
    let code = fields.required("code", text(DiscountCode::parse));
    let gift = fields.required("grant", gift);
    fields.finish(|| Some((code?, gift?)))
}

fn earlier_stays(fields: &mut Fields<'_>, entry: Option<Timestamp>) -> Vec<EarlierStay> {
    let stays =
        fields.parts("earlier_stays", |stay| (stay.required("from", instant), stay.required("to", instant)));
    if u32::try_from(stays.len()).is_ok_and(|count| count > EARLIER_STAYS) {
        let detail = format!("at most {EARLIER_STAYS} earlier stays count");
        fields.wrong_in("earlier_stays", Mistakes::of("out-of-range", detail));
    }
    fields.wrong_in("earlier_stays", EarlierStay::mistakes(&stays, entry).into());
    stays.into_iter().filter_map(|(from, to)| Some(EarlierStay { from: from?, to: to? })).collect()
}

/// What is asked of a table.
struct Tabled {
    version: Option<i64>,
    draft: bool,
    zone: Zone,
    currency: Option<Currency>,
    entry: Option<Timestamp>,
    class: VehicleClass,
}

async fn table(call: Call) -> Answered {
    let tariff = call.tariff()?;
    let Tabled { version, draft, zone, currency, entry, class } = call.query(|mut fields| {
        let version = fields.optional("version", whole_text(1..=i64::MAX));
        let draft = fields.optional("draft", text(yes_or_no)).unwrap_or(false);
        let zone = fields.optional("time_zone", text(Zone::parse)).unwrap_or(Zone::UTC);
        let currency = fields.optional("currency", text(Currency::parse));
        let entry = fields.optional("entry", instant);
        let class = fields.optional("vehicle_class", text(VehicleClass::parse));
        let class = class.unwrap_or_else(VehicleClass::car);
        one_of_its_texts(&mut fields, draft);
        fields.finish(|| Some(Tabled { version, draft, zone, currency, entry, class }))
    })?;
    let (tariff, version) = ready(&call, Asked::Stored { tariff, version, draft }).await?;
    let currency = priced_in(&tariff, currency, |missing| Problem::query(missing.under('?', "currency")))?;
    let entry = entry.unwrap_or_else(|| call.park.clock.now());
    let rows = aside(move || tariff.table(entry, zone, class, currency)).await?;
    Ok(ok(&TableBody {
        tariff: version.as_ref().map(VersionName::of),
        entry: Instant(entry),
        currency: currency.code(),
        rows: rows.into_iter().map(TableRow::of).collect(),
    }))
}

fn yes_or_no(text: &str) -> Result<bool, Invalid> {
    text.parse().map_err(|_neither| Invalid::new("wrong-type", "must be true or false"))
}
