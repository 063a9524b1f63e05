//! Lots: listed, opened, changed, removed.

use parkpro_domain::{
    command::{ChangeLot, Command, OpenLot},
    invalid::Invalid,
    lot::{HeadStart, LotId, LotName, Priorities},
    money::Currency,
    ports::LotView,
    slot::Accepts,
    ticket::Priority,
    time::Zone,
};

use super::{
    Answered, Call, Code, Form, LotBody, LotChange, Page, Place, Problem, at,
    body::{Fields, Mistakes, Read, flag, list, text, whole},
    call::{LARGE, SMALL, read},
    etag,
    json::Json,
    ok,
    paging::Part,
    slots::new_slots,
};
use crate::docs::{
    Doc, Tag,
    requests::{LotSettings, NewLot},
    samples,
};

/// What can be wrong with the settings of a lot.
const OF_SETTINGS: [Code; 7] = [
    Code::InvalidName,
    Code::InvalidTimeZone,
    Code::OutOfRange,
    Code::InvalidPriorities,
    Code::InvalidPriority,
    Code::InvalidOrder,
    Code::ChooseOne,
];

pub(super) fn places() -> Vec<Place> {
    vec![
        at("/api/v1/lots")
            .get(
                list_lots,
                || Doc::read("listLots", Tag::Lots, "All lots, by id")
                    .paged()
                    .answers_page::<LotBody<'_>>("A page", samples::lots()),
            )
            .post(
                open,
                || Doc::change("openLot", Tag::Lots, "A new lot")
                    .says("With its first slots, if you like, in the same change. Its id is never given to another lot, not even after it was removed.")
                    .takes_much::<NewLot>(samples::new_lot())
                    .creates::<LotChange<'_>>("The lot", samples::opened())
                    .tagged()
                    .refuses(&[Code::LotIdTaken, Code::LabelTaken])
                    .refuses(&[Code::InvalidLotId, Code::InvalidCurrency, Code::TooManySlots])
                    .refuses(&[Code::InvalidLabel, Code::InvalidLevel, Code::InvalidAccepts])
                    .refuses(&[Code::InvalidVehicleClass, Code::InvalidFeature, Code::InvalidFeatures])
                    .refuses(&[Code::ReservedWithoutFeature])
                    .refuses(&OF_SETTINGS),
            ),
        at("/api/v1/lots/{lot}")
            .get(
                show,
                || Doc::read("getLot", Tag::Lots, "One lot")
                    .answers::<LotBody<'_>>(200, "The lot and what is in it", samples::lot())
                    .tagged()
                    .refuses(&[Code::NoSuchLot, Code::InvalidQuery]),
            )
            .patch(
                change,
                || Doc::change("changeLot", Tag::Lots, "New settings of a lot")
                    .says("What is missing stays. A lot that is not `accepting` takes no vehicles; those inside or waiting go on as before. Other priorities or another policy sort the queue anew, in the same change.")
                    .takes::<LotSettings>(samples::lot_settings())
                    .conditional()
                    .answers::<LotChange<'_>>(200, "The lot as it now is", samples::lot_changed())
                    .tagged()
                    .refuses(&[Code::NoSuchLot, Code::PriorityInUse])
                    .refuses(&OF_SETTINGS),
            )
            .delete(
                remove,
                || Doc::change("removeLot", Tag::Lots, "A lot goes")
                    .says("It must have no open tickets. Its tickets can still be read.")
                    .conditional()
                    .answers::<LotChange<'_>>(200, "The lot as it last was", samples::lot_removed())
                    .refuses(&[Code::NoSuchLot, Code::LotInUse]),
            ),
    ]
}

async fn list_lots(call: Call) -> Answered {
    let part = call.query(|mut fields| {
        let part = Part::<LotId>::of(&mut fields);
        fields.finish(|| Some(part))
    })?;
    let mut lots = call.park.records.lots(part.after.clone(), part.limit()).await?;
    let next_cursor = part.cut(&mut lots, |view| view.lot.id.clone());
    Ok(ok(&Page { data: lots.iter().map(shown).collect(), next_cursor }))
}

fn shown(view: &LotView) -> LotBody<'_> {
    LotBody::of(&view.lot, &view.tally)
}

async fn show(call: Call) -> Answered {
    call.no_query()?;
    let view = call.park.records.lot(call.lot()?).await?;
    let view = view.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    let mut response = ok(&shown(&view));
    super::tag(&mut response, &etag(view.lot.revision));
    Ok(response)
}

async fn open(mut call: Call) -> Answered {
    let body = call.body(LARGE).await?;
    let json = body.json()?;
    let open = read(&json, |fields| opening(fields, &call.park.default_accepts))?;
    call.change(Command::OpenLot(open), Form::Created, Some(&json)).await
}

fn opening(mut fields: Fields<'_>, default: &Accepts) -> Read<OpenLot> {
    let id = fields.required("id", text(LotId::parse));
    let name = fields.required("name", text(LotName::parse));
    let zone = fields.required("time_zone", text(Zone::parse));
    let currency = fields.required("currency", text(Currency::parse));
    let accepting = fields.optional("accepting", flag);
    let queue_limit = fields.optional("queue_limit", whole(0..=u32::MAX));
    let priorities = order(&mut fields);
    let slots = fields.optional("slots", |json| new_slots(json, default));
    fields.finish(|| {
        Some(OpenLot {
            lot: id?,
            name: name?,
            zone: zone?,
            currency: currency?,
            accepting: accepting.unwrap_or(true),
            queue_limit,
            priorities: priorities.unwrap_or_else(Priorities::usual),
            slots: slots.unwrap_or_default(),
        })
    })
}

pub(crate) fn priorities(json: &Json<'_>) -> Read<Priorities> {
    Ok(Priorities::of(list(text(Priority::parse))(json)?)?)
}

/// In what order the waiting are served, in one of its two forms.
fn order(fields: &mut Fields<'_>) -> Option<Priorities> {
    if fields.has("priorities") && fields.has("priority_policy") {
        fields.wrong("choose-one", "give either priorities or priority_policy");
    }
    let strict = fields.optional("priorities", priorities);
    fields.optional("priority_policy", policy).or(strict)
}

/// `{"order": "ageing", "classes": [{"name": "vip", "head_start_seconds": 900}, …]}`.
pub(crate) fn policy(json: &Json<'_>) -> Read<Priorities> {
    let mut fields = Fields::of(json)?;
    let ageing = fields.required("order", text(is_ageing));
    let classes = fields.required("classes", list(class));
    let (ageing, classes) = fields.finish(|| ageing.zip(classes))?;
    let all = Mistakes::of(
        "invalid-priorities",
        "with ageing every class has its head_start_seconds, and in a strict order none has",
    );
    if ageing {
        let classes = classes.into_iter().map(|(name, head_start)| Some((name, head_start?)));
        return Ok(Priorities::ageing(classes.collect::<Option<_>>().ok_or(all)?)?);
    }
    if classes.iter().any(|(_, head_start)| head_start.is_some()) {
        return Err(all);
    }
    Ok(Priorities::of(classes.into_iter().map(|(name, _)| name).collect())?)
}

fn is_ageing(order: &str) -> Result<bool, Invalid> {
    match order {
        "strict" => Ok(false),
        "ageing" => Ok(true),
        _ => Err(Invalid::new("invalid-order", "the order is strict or ageing")),
    }
}

fn class(json: &Json<'_>) -> Read<(Priority, Option<HeadStart>)> {
    let mut fields = Fields::of(json)?;
    let name = fields.required("name", text(Priority::parse));
    let head_start = fields.optional("head_start_seconds", |json| {
        Ok(HeadStart::of_seconds(whole(0..=HeadStart::MOST_SECONDS)(json)?)?)
    });
    fields.finish(|| Some((name?, head_start)))
}

async fn change(mut call: Call) -> Answered {
    let (lot, revision) = (call.lot()?, call.if_match()?);
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let change = read(&json, |mut fields| {
        let name = fields.changed("name", text(LotName::parse));
        let zone = fields.changed("time_zone", text(Zone::parse));
        let accepting = fields.changed("accepting", flag);
        let queue_limit = fields.cleared("queue_limit", whole(0..=u32::MAX));
        let priorities = order(&mut fields);
        let change = ChangeLot { lot, revision, name, zone, accepting, queue_limit, priorities };
        fields.finish(|| Some(change))
    })?;
    call.change(Command::ChangeLot(change), Form::Changed, Some(&json)).await
}

async fn remove(call: Call) -> Answered {
    let (lot, revision) = (call.lot()?, call.if_match()?);
    call.change(Command::RemoveLot { lot, revision }, Form::Removed, None).await
}
