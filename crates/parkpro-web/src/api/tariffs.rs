//! Tariffs: drafted, published, and given to lots.

use parkpro_domain::{
    command::{AssignTariff, Command, Revision},
    invalid::Invalid,
    tariff::{Series, TariffId, TariffVersion},
    vehicle::VehicleClass,
};

use super::{
    Answered, AssignmentBody, Call, Code, Form, LotChange, LotTariffs, Page, Place, Problem, PublishedBody,
    TariffBody, TariffChange, TariffLine, VersionLine, VersionName, at,
    body::{Read, instant, text, whole},
    call::{LARGE, SMALL, read},
    etag,
    json::Json,
    ok,
    paging::Part,
    tariff_text::document_text,
};
use crate::docs::{
    Doc, Tag,
    requests::{LotTariff, NewDraft, NewTariff},
    samples,
};

pub(super) fn places() -> Vec<Place> {
    vec![
        at("/api/v1/tariffs").get(list_tariffs, listed).post(create, created),
        at("/api/v1/tariffs/{tariff}").get(show, shown).patch(redraft, redrafted).delete(remove, removed),
        at("/api/v1/tariffs/{tariff}/publish").post(publish, published),
        at("/api/v1/tariffs/{tariff}/versions").get(list_versions, versions_listed),
        at("/api/v1/tariffs/{tariff}/versions/{version}").get(show_version, version_shown),
        at("/api/v1/lots/{lot}/tariffs").get(of_lot, of_lot_shown).post(assign, assigned),
    ]
}

/// What can be wrong with a document.
pub(super) const OF_DOCUMENTS: [Code; 32] = [
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
    Code::OutOfRange,
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
        .says("Neither it nor its `ETag` ever changes.")
        .answers::<PublishedBody<'_>>(200, "What it says", samples::tariff_version())
        .tagged()
        .refuses(&[Code::NoSuchTariff, Code::NoSuchTariffVersion, Code::InvalidQuery])
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

fn tariff_id(json: &Json<'_>) -> Read<TariffId> {
    let parse = |name: &str| match name {
        // What names an address below `/tariffs` cannot name a tariff.
        "simulate" => Err(Invalid::new("invalid-tariff-id", "`simulate` is an address of its own")),
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

pub(super) async fn known(call: &Call, tariff: &TariffId) -> Result<Series, Problem> {
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
