//! Slots of a lot: listed, added, changed, taken out of service, removed.

use parkpro_domain::{
    command::{ChangeSlot, Command, NewSlot},
    demand::Feature,
    lot::LotId,
    parking::numbered_slots,
    ports::{SlotCursor, SlotFilter},
    slot::{Accepts, Level, SlotStatus},
    vehicle::VehicleClass,
};

use super::{
    Answered, Call, Code, Form, Page, Place, Problem, SlotBody, SlotChange, at,
    body::{Fields, Mistakes, Read, accepts, features, flag, label, level, list, reason, text, whole},
    call::{LARGE, SMALL, read},
    etag,
    json::Json,
    ok,
    paging::Part,
};
use crate::docs::{
    Doc, SLOT_STATUSES, Tag,
    parameter::{self, one_of},
    requests::{NewSlots, SlotSettings},
    samples,
};

/// Slots that one request may add.
const MOST_SLOTS: u32 = 10_000;

/// What can be wrong with the settings of a slot.
const OF_SETTINGS: [Code; 9] = [
    Code::LabelTaken,
    Code::InvalidLabel,
    Code::InvalidLevel,
    Code::InvalidAccepts,
    Code::InvalidVehicleClass,
    Code::InvalidFeature,
    Code::InvalidFeatures,
    Code::ReservedWithoutFeature,
    Code::OutOfRange,
];

pub(super) fn places() -> Vec<Place> {
    vec![
        at("/api/v1/lots/{lot}/slots")
            .get(
                list_slots,
                || Doc::read("listSlots", Tag::Slots, "The slots of a lot, in the order of allocation")
                    .says("By rank, then label.")
                    .paged()
                    .query("status", "With this status.", one_of(&SLOT_STATUSES.map(SlotStatus::as_str)))
                    .query("level", "On this level.", parameter::text())
                    .query("accepts", "That accept this class of vehicle.", parameter::text())
                    .query("feature", "That have this feature.", parameter::text())
                    .answers_page::<SlotBody<'_>>("A page", samples::slots())
                    .refuses(&[Code::NoSuchLot]),
            )
            .post(
                add,
                || Doc::change("addSlots", Tag::Slots, "New slots")
                    .says("One (`label`), several (`slots`) or numbered ones (`count` and `prefix`), at most 10,000; all of them or none, in one change. A slot that was removed comes back under its label. Without `accepts` a slot accepts what the program was set up with. A vehicle that needs a feature parks only where it is; a slot that is `reserved` is given to nobody who does not need one of its `features`.")
                    .takes_much::<NewSlots>(samples::new_slots())
                    .creates::<SlotChange<'_>>("The slot; or `slots`, without `Location` and `ETag`, if they were asked for as several", samples::slot_added())
                    .tagged()
                    .refuses(&[Code::NoSuchLot, Code::ChooseOne, Code::TooManySlots])
                    .refuses(&OF_SETTINGS),
            ),
        at("/api/v1/lots/{lot}/slots/{label}")
            .get(
                show,
                || Doc::read("getSlot", Tag::Slots, "One slot")
                    .answers::<SlotBody<'_>>(200, "The slot", samples::slot())
                    .tagged()
                    .refuses(&[Code::NoSuchLot, Code::NoSuchSlot, Code::InvalidQuery]),
            )
            .patch(
                change,
                || Doc::change("changeSlot", Tag::Slots, "New settings of a slot")
                    .says("What is missing stays. `in_service: false` takes it out of service: a vehicle in it stays, and the slot is not given out again (`draining`). Back in service it goes to whoever waited longest and fits it.")
                    .takes::<SlotSettings>(samples::slot_settings())
                    .conditional()
                    .answers::<SlotChange<'_>>(200, "The slot as it now is", samples::slot_changed())
                    .tagged()
                    .refuses(&[Code::NoSuchLot, Code::NoSuchSlot, Code::InvalidReason])
                    .refuses(&OF_SETTINGS),
            )
            .delete(
                remove,
                || Doc::change("removeSlot", Tag::Slots, "A slot goes")
                    .says("It must be empty. Tickets go on naming it.")
                    .conditional()
                    .answers::<SlotChange<'_>>(200, "The slot as it last was", samples::slot_removed())
                    .refuses(&[Code::NoSuchLot, Code::NoSuchSlot, Code::SlotOccupied]),
            ),
    ]
}

async fn list_slots(call: Call) -> Answered {
    let lot = call.lot()?;
    let (filter, part) = call.query(|mut fields| {
        let filter = SlotFilter {
            status: fields.optional("status", text(SlotStatus::parse)),
            level: fields.optional("level", text(Level::parse)),
            accepts: fields.optional("accepts", text(VehicleClass::parse)),
            feature: fields.optional("feature", text(Feature::parse)),
        };
        let part = Part::<SlotCursor>::of(&mut fields);
        fields.finish(|| Some((filter, part)))
    })?;
    let slots = call.park.records.slots(lot.clone(), filter, part.after.clone(), part.limit()).await?;
    let mut slots = slots.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    let next_cursor = part.cut(&mut slots, |slot| SlotCursor { rank: slot.rank, label: slot.label.clone() });
    let data = slots.iter().map(|slot| SlotBody::of(lot.as_str(), slot)).collect();
    Ok(ok(&Page { data, next_cursor }))
}

async fn show(call: Call) -> Answered {
    call.no_query()?;
    let (lot, label) = (call.lot()?, call.slot()?);
    let Some(slot) = call.park.records.slot(lot.clone(), label).await? else {
        return Err(no_such_slot(&call, lot).await);
    };
    let mut response = ok(&SlotBody::of(lot.as_str(), &slot));
    super::tag(&mut response, &etag(slot.revision));
    Ok(response)
}

/// Tells a slot that is not there from a lot that is not there.
async fn no_such_slot(call: &Call, lot: LotId) -> Problem {
    match call.park.records.lot(lot).await {
        Ok(Some(_)) => Problem::plain(Code::NoSuchSlot),
        Ok(None) => Problem::plain(Code::NoSuchLot),
        Err(error) => error.into(),
    }
}

async fn add(mut call: Call) -> Answered {
    let lot = call.lot()?;
    let body = call.body(LARGE).await?;
    let json = body.json()?;
    let (form, slots) = read(&json, |fields| {
        let one = !fields.has("slots") && !fields.has("count");
        let form = if one { Form::Created } else { Form::SeveralCreated };
        Ok((form, one_or_several(fields, &call.park.default_accepts)?))
    })?;
    call.change(Command::AddSlots { lot, slots }, form, Some(&json)).await
}

/// The slots of a new lot: a list, or numbered ones.
pub(crate) fn new_slots(json: &Json<'_>, default: &Accepts) -> Read<Vec<NewSlot>> {
    match json {
        Json::List(_) => several(json, default),
        _ => numbered(Fields::of(json)?, default),
    }
}

fn one_or_several(mut fields: Fields<'_>, default: &Accepts) -> Read<Vec<NewSlot>> {
    if fields.has("slots") {
        let slots = fields.required("slots", |json| several(json, default));
        return fields.finish(|| slots);
    }
    if fields.has("count") {
        return numbered(fields, default);
    }
    if !fields.has("label") {
        fields.wrong("choose-one", "give label for one slot, slots for several, or count and prefix");
    }
    one(fields, default).map(|slot| vec![slot])
}

fn one(mut fields: Fields<'_>, default: &Accepts) -> Read<NewSlot> {
    let label = fields.required("label", label);
    let level = fields.optional("level", level);
    let accepts = acceptance(&mut fields, default);
    let rank = fields.optional("rank", whole(i32::MIN..=i32::MAX));
    fields.finish(|| Some(NewSlot { label: label?, level, accepts: accepts?, rank: rank.unwrap_or(0) }))
}

/// Which vehicles a new slot takes.
fn acceptance(fields: &mut Fields<'_>, default: &Accepts) -> Option<Accepts> {
    let classes = fields.optional("accepts", accepts).unwrap_or_else(|| default.clone());
    let features = fields.optional("features", features).unwrap_or_default();
    let reserved = fields.optional("reserved", flag).unwrap_or(false);
    classes.with(&features, reserved).map_err(|wrong| fields.wrong(wrong.code, wrong.detail)).ok()
}

fn several(json: &Json<'_>, default: &Accepts) -> Read<Vec<NewSlot>> {
    if let Json::List(items) = json {
        let most = usize::try_from(MOST_SLOTS).unwrap_or(usize::MAX);
        if !(1..=most).contains(&items.len()) {
            return Err(Mistakes::of("too-many-slots", "a request adds 1 to 10000 slots"));
        }
    }
    list(|item| one(Fields::of(item)?, default))(json)
}

fn numbered(mut fields: Fields<'_>, default: &Accepts) -> Read<Vec<NewSlot>> {
    let count = fields.required("count", whole(1..=MOST_SLOTS));
    let prefix = fields.optional("prefix", text(|prefix| Ok(prefix.to_owned()))).unwrap_or_default();
    let level = fields.optional("level", level);
    let accepts = acceptance(&mut fields, default);
    let rank = fields.optional("rank", whole(i32::MIN..=i32::MAX)).unwrap_or(0);
    let (count, accepts) = fields.finish(|| count.zip(accepts))?;
    let slots = numbered_slots(count, &prefix, &accepts)
        .map_err(|wrong| Mistakes::from(wrong).under('/', "prefix"))?;
    Ok(slots.into_iter().map(|slot| NewSlot { level: level.clone(), rank, ..slot }).collect())
}

async fn change(mut call: Call) -> Answered {
    let (lot, slot, revision) = (call.lot()?, call.slot()?, call.if_match()?);
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let change = read(&json, |mut fields| {
        let new_label = fields.changed("label", label);
        let level = fields.cleared("level", level);
        let accepts = fields.changed("accepts", accepts);
        let features = fields.changed("features", features);
        let reserved = fields.changed("reserved", flag);
        let rank = fields.changed("rank", whole(i32::MIN..=i32::MAX));
        let in_service = fields.changed("in_service", flag);
        let reason = fields.optional("reason", reason);
        if in_service == Some(true) && reason.is_some() {
            fields.wrong("choose-one", "give either in_service: true or a reason for being out of service");
        }
        fields.finish(|| {
            Some(ChangeSlot {
                lot,
                label: slot,
                revision,
                new_label,
                level,
                accepts,
                features,
                reserved,
                rank,
                in_service,
                reason,
            })
        })
    })?;
    call.change(Command::ChangeSlot(change), Form::Changed, Some(&json)).await
}

async fn remove(call: Call) -> Answered {
    let (lot, label, revision) = (call.lot()?, call.slot()?, call.if_match()?);
    call.change(Command::RemoveSlot { lot, label, revision }, Form::Removed, None).await
}
