//! Tariffs: drafted, published, tried out, and given to lots.

use std::sync::Arc;

use actix_web::web::block;
use parkpro_domain::{
    command::{AssignTariff, Command, Revision},
    discount::{DiscountCode, Gift, MOST_DISCOUNTS},
    invalid::Invalid,
    money::Currency,
    parking::{Quote, ready_tariff},
    protocol::EARLIER_STAYS,
    tariff::{Change, DocumentText, EarlierStay, Language, Series, Stay, Tariff, TariffId, TariffVersion},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};

use super::{
    Answered, AssignmentBody, Call, Code, Form, Instant, LotChange, LotTariffs, Page, Place, Problem,
    PublishedBody, SimulationBody, TableBody, TableRow, TariffBody, TariffChange, TariffLine, VersionLine,
    VersionName, at,
    body::{Fields, Mistakes, Read, flag, instant, list, text, whole, whole_text},
    call::{LARGE, SMALL, read},
    discounts::gift,
    etag,
    json::Json,
    ok,
    paging::Part,
    tariff_text::{JsonDocuments, document, document_text},
};
use crate::docs::{
    Doc, Tag,
    parameter::{self, instant as an_instant},
    requests::{LotTariff, NewDraft, NewTariff, Trial},
    samples,
};

pub(super) fn places() -> Vec<Place> {
    vec![
        at("/api/v1/tariffs").get(list_tariffs, listed).post(create, created),
        at("/api/v1/tariffs/simulate").ask(simulate, simulated),
        at("/api/v1/tariffs/{tariff}").get(show, shown).patch(redraft, redrafted).delete(remove, removed),
        at("/api/v1/tariffs/{tariff}/publish").post(publish, published),
        at("/api/v1/tariffs/{tariff}/versions").get(list_versions, versions_listed),
        at("/api/v1/tariffs/{tariff}/versions/{version}").get(show_version, version_shown),
        at("/api/v1/tariffs/{tariff}/table").get(table, tabled),
        at("/api/v1/lots/{lot}/tariffs").get(of_lot, of_lot_shown).post(assign, assigned),
    ]
}

/// What can be wrong with a document.
const OF_DOCUMENTS: [Code; 31] = [
    Code::InvalidName,
    Code::InvalidCurrency,
    Code::InvalidVehicleClass,
    Code::OneOf,
    Code::Missing,
    Code::Empty,
    Code::UnknownWord,
    Code::InvalidAmount,
    Code::InvalidPercent,
    Code::InvalidDate,
    Code::InvalidLength,
    Code::InvalidPeriod,
    Code::InvalidWhen,
    Code::FinerThanMinorUnit,
    Code::NotPositive,
    Code::NotRising,
    Code::NotOpen,
    Code::NoEnd,
    Code::NoTax,
    Code::NoCondition,
    Code::Contradiction,
    Code::StepMissing,
    Code::SeveralSteps,
    Code::CalendarStep,
    Code::NotDaily,
    Code::NotWholeDays,
    Code::NotCombinable,
    Code::WindowHidden,
    Code::CapBelowFirstPrice,
    Code::CapBelowShorter,
    Code::Overflow,
];

fn listed() -> Doc {
    Doc::read("listTariffs", Tag::Tariffs, "All tariffs, by id")
        .paged()
        .answers_page::<TariffLine<'_>>("A page", samples::tariffs())
}

fn created() -> Doc {
    Doc::change("createTariff", Tag::Tariffs, "A new tariff, with its first draft")
        .says("A document says what stays cost: blocks, tables, free time, windows, caps, packages, offers, tax. `docs/tariffs.md` teaches the language by real boards. Every mistake of a document is named with its place.")
        .takes_much::<NewTariff>(samples::new_tariff())
        .creates::<TariffChange<'_>>("The tariff", samples::tariff_created())
        .tagged()
        .refuses(&[Code::TariffIdTaken, Code::TariffOfSettings, Code::InvalidTariffId])
        .refuses(&OF_DOCUMENTS)
}

fn shown() -> Doc {
    Doc::read("getTariff", Tag::Tariffs, "One tariff")
        .answers::<TariffBody<'_>>(200, "What was published last, and the draft", samples::tariff())
        .tagged()
        .refuses(&[Code::NoSuchTariff, Code::InvalidQuery])
}

fn redrafted() -> Doc {
    Doc::change("draftTariff", Tag::Tariffs, "Another draft")
        .says("It takes the place of the draft that there is, if there is one. What was published does not change.")
        .takes_much::<NewDraft>(samples::new_draft())
        .conditional()
        .answers::<TariffChange<'_>>(200, "The tariff as it now is", samples::tariff_drafted())
        .tagged()
        .refuses(&[Code::NoSuchTariff, Code::TariffOfSettings])
        .refuses(&OF_DOCUMENTS)
}

fn removed() -> Doc {
    Doc::change("dropTariffDraft", Tag::Tariffs, "The draft goes")
        .says("What was published stays for ever. A tariff of which nothing was published is gone with its draft.")
        .conditional()
        .answers::<TariffChange<'_>>(200, "The tariff without it", samples::tariff_published())
        .refuses(&[Code::NoSuchTariff, Code::NoDraft, Code::TariffOfSettings])
}

fn published() -> Doc {
    Doc::change("publishTariff", Tag::Tariffs, "The draft becomes the next version")
        .says("A version never changes. It holds where it is given to a lot, for stays that begin later.")
        .takes_nothing()
        .creates::<TariffChange<'_>>("The tariff as it now is", samples::tariff_published())
        .tagged()
        .refuses(&[Code::NoSuchTariff, Code::NoDraft, Code::TariffOfSettings])
}

fn versions_listed() -> Doc {
    Doc::read("listTariffVersions", Tag::Tariffs, "What was published of a tariff, newest first")
        .paged()
        .answers_page::<VersionLine>("A page", samples::tariff_versions())
        .refuses(&[Code::NoSuchTariff])
}

fn version_shown() -> Doc {
    Doc::read("getTariffVersion", Tag::Tariffs, "One version of a tariff")
        .says("It never changes, and so does its `ETag`.")
        .answers::<PublishedBody<'_>>(200, "What it says", samples::tariff_version())
        .tagged()
        .refuses(&[Code::NoSuchTariff, Code::NoSuchTariffVersion, Code::InvalidQuery])
}

fn tabled() -> Doc {
    Doc::read("getTariffTable", Tag::Tariffs, "What stays of 1 h to 7 d cost")
        .query("version", "By this version instead of the newest.", parameter::text())
        .query("draft", "`true`: by the draft instead.", parameter::one_of(&["true", "false"]))
        .query("time_zone", "IANA time zone of the lot; UTC without it.", parameter::text())
        .query("currency", "ISO 4217, if the tariff has none of its own.", parameter::text())
        .query("entry", "When the vehicle parks; now without it.", an_instant())
        .query("vehicle_class", "What kind of vehicle; a car without it.", parameter::text())
        .answers::<TableBody<'_>>(200, "The table", samples::price_table())
        .refuses(&[Code::NoSuchTariff, Code::NoSuchTariffVersion, Code::NoDraft])
}

fn simulated() -> Doc {
    Doc::read("simulateTariff", Tag::Tariffs, "What a stay would cost")
        .says("By a document that need not be stored, by a version of a tariff, or by its draft. Nothing is changed.")
        .takes_much::<Trial>(samples::trial())
        .answers::<SimulationBody<'_>>(200, "The fee, line by line", samples::simulation())
        .refuses(&[Code::NoSuchTariff, Code::NoSuchTariffVersion, Code::NoDraft, Code::InvalidQuery])
        .refuses(&[Code::InvalidTariffId, Code::InvalidTimeZone, Code::InvalidInstant, Code::OutOfRange])
        .refuses(&[Code::EndsBeforeItBegins, Code::StaysOverlap, Code::InvalidDiscount, Code::ChooseOne])
        .refuses(&OF_DOCUMENTS)
}

fn of_lot_shown() -> Doc {
    Doc::read("getLotTariffs", Tag::Tariffs, "What stays in a lot cost that begin from now on")
        .answers::<LotTariffs<'_>>(200, "Its tariffs", samples::lot_tariffs())
        .tagged()
        .refuses(&[Code::NoSuchLot, Code::InvalidQuery])
}

fn assigned() -> Doc {
    Doc::change("assignTariff", Tag::Tariffs, "A tariff for stays that begin later")
        .says("Vehicles that park from `from` on pay by it; those inside pay by what held when they parked. One that begins at the same instant for the same vehicles is overwritten, and those that can never hold again are dropped.")
        .takes::<LotTariff>(samples::new_lot_tariff())
        .answers::<LotChange<'_>>(200, "The lot as it now is", samples::lot_changed())
        .tagged()
        .refuses(&[Code::NoSuchLot, Code::NoSuchTariffVersion, Code::OtherCurrency, Code::TooManyTariffs])
        .refuses(&[Code::InvalidTariffId, Code::OutOfRange, Code::InvalidInstant, Code::InvalidVehicleClass])
}

/// What names an address below `/tariffs` cannot name a tariff.
const SIMULATE: &str = "simulate";

fn tariff_id(json: &Json<'_>) -> Read<TariffId> {
    let parse = |name: &str| match name {
        SIMULATE => Err(Invalid::new("invalid-tariff-id", "`simulate` is an address of its own")),
        name => TariffId::parse(name),
    };
    text(parse)(json)
}

async fn list_tariffs(call: Call) -> Answered {
    let part = call.query(|mut fields| {
        let part = Part::<TariffId>::of(&mut fields);
        fields.finish(|| Some(part))
    })?;
    let mut tariffs = call.park.records.tariffs(part.after.clone(), part.limit()).await?;
    let next_cursor = part.cut(&mut tariffs, |series| series.id.clone());
    Ok(ok(&Page { data: tariffs.iter().map(TariffLine::of).collect(), next_cursor }))
}

async fn create(mut call: Call) -> Answered {
    let body = call.body(LARGE).await?;
    let json = body.json()?;
    let (tariff, document) = read(&json, |mut fields| {
        let id = fields.required("id", tariff_id);
        let document = fields.required("document", document_text);
        fields.finish(|| Some((id?, document?)))
    })?;
    revise(&call, tariff, Revision::New(document), Form::Created, Some(&json)).await
}

async fn show(call: Call) -> Answered {
    call.no_query()?;
    let series = known(&call, &call.tariff()?).await?;
    let mut response = ok(&TariffBody::of(&series));
    super::tag(&mut response, &etag(series.revision));
    Ok(response)
}

async fn redraft(mut call: Call) -> Answered {
    let (tariff, seen) = (call.tariff()?, call.if_match()?);
    let body = call.body(LARGE).await?;
    let json = body.json()?;
    let document = read(&json, |mut fields| {
        let document = fields.required("document", document_text);
        fields.finish(|| document)
    })?;
    revise(&call, tariff, Revision::Draft { document, seen }, Form::Changed, Some(&json)).await
}

async fn remove(call: Call) -> Answered {
    let (tariff, seen) = (call.tariff()?, call.if_match()?);
    revise(&call, tariff, Revision::Drop { seen }, Form::Removed, None).await
}

async fn publish(mut call: Call) -> Answered {
    let tariff = call.tariff()?;
    let body = call.body_if_any().await?;
    let json = body.json()?;
    read(&json, |fields| fields.finish(|| Some(())))?;
    revise(&call, tariff, Revision::Publish, Form::Published, Some(&json)).await
}

async fn revise(
    call: &Call,
    tariff: TariffId,
    revision: Revision,
    form: Form,
    body: Option<&Json<'_>>,
) -> Answered {
    call.change(Command::ReviseTariff { tariff, revision }, form, body).await
}

async fn list_versions(call: Call) -> Answered {
    let tariff = call.tariff()?;
    let part = call.query(|mut fields| {
        let part = Part::<VersionCursor>::of(&mut fields);
        fields.finish(|| Some(part))
    })?;
    known(&call, &tariff).await?;
    let before = part.after.map(|cursor| cursor.0);
    let mut versions = call.park.records.tariff_versions(tariff, before, part.limit()).await?;
    let next_cursor = part.cut(&mut versions, |version| VersionCursor(version.number));
    Ok(ok(&Page { data: versions.iter().map(VersionLine::of).collect(), next_cursor }))
}

async fn show_version(call: Call) -> Answered {
    call.no_query()?;
    let version = call.tariff_version()?;
    let Some(published) = call.park.records.tariff_version(version.clone()).await? else {
        known(&call, &version.tariff).await?;
        return Err(Problem::plain(Code::NoSuchTariffVersion));
    };
    let mut response = ok(&PublishedBody::of(&version.tariff, &published));
    super::tag(&mut response, &etag(version.number));
    Ok(response)
}

/// A page of versions goes on before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VersionCursor(pub(super) i64);

async fn known(call: &Call, tariff: &TariffId) -> Result<Series, Problem> {
    let series = call.park.records.tariff(tariff.clone()).await?;
    series.ok_or_else(|| Problem::plain(Code::NoSuchTariff))
}

async fn of_lot(call: Call) -> Answered {
    call.no_query()?;
    let view = call.park.records.lot(call.lot()?).await?;
    let lot = view.ok_or_else(|| Problem::plain(Code::NoSuchLot))?.lot;
    let mut response = ok(&LotTariffs {
        lot: lot.id.as_str(),
        tariffs: lot.tariffs.iter().map(AssignmentBody::of).collect(),
        default: call.park.rules.tariffs.usual().map(VersionName::of),
        lot_version: lot.version.0,
    });
    super::tag(&mut response, &etag(lot.revision));
    Ok(response)
}

async fn assign(mut call: Call) -> Answered {
    let lot = call.lot()?;
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let assign = read(&json, |mut fields| {
        let tariff = fields.required("tariff", text(TariffId::parse));
        let number = fields.required("version", whole(1..=i64::MAX));
        let from = fields.optional("from", instant);
        let class = fields.optional("vehicle_class", text(VehicleClass::parse));
        fields.finish(|| {
            Some(AssignTariff {
                lot,
                tariff: TariffVersion { tariff: tariff?, number: number? },
                from,
                class,
            })
        })
    })?;
    call.change(Command::AssignTariff(assign), Form::Changed, Some(&json)).await
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

/// A stay that is tried out; all but what the tariff says about it.
struct Tried {
    asked: Asked,
    currency: Option<Currency>,
    stay: Stay,
    discounts: Vec<(DiscountCode, Gift)>,
}

async fn simulate(mut call: Call) -> Answered {
    call.no_query()?;
    let body = call.body(LARGE).await?;
    let json = body.json()?;
    let Tried { asked, currency, mut stay, discounts } = read(&json, tried)?;
    let (tariff, version) = ready(&call, asked).await?;
    stay.currency = tariff.document().currency.or(currency).ok_or_else(no_currency)?;
    for (code, gift) in discounts {
        let ready = match gift.tariff() {
            Some(version) => Some(version_ready(&call, version).await?),
            None => None,
        };
        stay.discounts.extend(gift.granted(&code, |_version| ready));
    }
    let quote = aside(move || {
        let next = tariff.next_change(&stay);
        Quote {
            at: stay.ended_at,
            fee: tariff.fee(&stay),
            tariff: version,
            valid_until: Some(Change::holds_until(next, &stay)),
            next,
        }
    });
    Ok(ok(&SimulationBody::of(&quote.await?)))
}

/// A stay of years by a tariff of seconds takes a while, which no gate has to wait for.
async fn aside<T: Send + 'static>(count: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    block(count).await.map_err(|_ended| Problem::plain(Code::Internal))
}

fn no_currency() -> Problem {
    let detail = "the tariff has no currency of its own; say which one it is";
    Problem::input(Mistakes::of("missing-field", detail).under('/', "currency"))
}

fn tried(mut fields: Fields<'_>) -> Read<Tried> {
    let given = fields.required("tariff", |json| match json {
        Json::Text(_) => Ok(Err(text(TariffId::parse)(json)?)),
        json => {
            let unchecked = Tariff::new(document(json)?);
            Ok(Ok(Box::new(unchecked.map_err(Mistakes::from)?)))
        }
    });
    let version = fields.optional("version", whole(1..=i64::MAX));
    let draft = fields.optional("draft", flag).unwrap_or(false);
    let zone = fields.required("time_zone", text(Zone::parse));
    let currency = fields.optional("currency", text(Currency::parse));
    let (entry, exit) = (fields.required("entry", instant), fields.required("exit", instant));
    let class = fields.optional("vehicle_class", text(VehicleClass::parse));
    let lost_ticket = fields.optional("lost_ticket", flag).unwrap_or(false);
    let earlier = fields.optional("earlier_stays", earlier_stays).unwrap_or_default();
    let discounts = fields.optional("discounts", discounts).unwrap_or_default();
    if entry.zip(exit).is_some_and(|(entry, exit)| exit < entry) {
        fields.wrong_in("exit", Mistakes::of("ends-before-it-begins", "exit must not be before entry"));
    }
    let impossible = entry.map(|entry| EarlierStay::mistakes(&earlier, entry)).unwrap_or_default();
    if !impossible.is_empty() {
        fields.wrong_in("earlier_stays", impossible.into());
    }
    if draft && version.is_some() {
        fields.wrong("choose-one", "give either version or draft");
    }
    if matches!(given, Some(Ok(_))) && (draft || version.is_some()) {
        fields.wrong("choose-one", "a document in the body has no version and is no stored draft");
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
        Some(Tried { asked, currency, stay, discounts })
    })
}

fn discounts(json: &Json<'_>) -> Read<Vec<(DiscountCode, Gift)>> {
    let discounts = list(|item| {
        let mut fields = Fields::of(item)?;
        let code = fields.required("code", text(DiscountCode::parse));
        let gift = fields.required("grant", gift);
        fields.finish(|| Some((code?, gift?)))
    })(json)?;
    if discounts.len() <= MOST_DISCOUNTS {
        return Ok(discounts);
    }
    Err(Mistakes::of("out-of-range", format!("a stay has at most {MOST_DISCOUNTS} discounts")))
}

fn earlier_stays(json: &Json<'_>) -> Read<Vec<EarlierStay>> {
    let stays = list(|item| {
        let mut fields = Fields::of(item)?;
        let (from, to) = (fields.required("from", instant), fields.required("to", instant));
        fields.finish(|| Some(EarlierStay { from: from?, to: to? }))
    })(json)?;
    if u32::try_from(stays.len()).is_ok_and(|count| count <= EARLIER_STAYS) {
        return Ok(stays);
    }
    Err(Mistakes::of("out-of-range", format!("at most {EARLIER_STAYS} earlier stays count")))
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
        fields.finish(|| Some(Tabled { version, draft, zone, currency, entry, class }))
    })?;
    let (tariff, version) = ready(&call, Asked::Stored { tariff, version, draft }).await?;
    let unsaid = || Problem::query(Mistakes::of("missing-field", "say the currency").under('?', "currency"));
    let currency = tariff.document().currency.or(currency).ok_or_else(unsaid)?;
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
