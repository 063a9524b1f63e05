//! Gates: vehicles come and leave.

use parkpro_domain::{
    command::{Command, Enter, Exit, Leaving},
    discount::{DiscountCode, MOST_DISCOUNTS},
    ticket::{Priority, TicketId},
    vehicle::{Plate, VehicleClass},
};

use super::{
    Answered, Call, Code, Form, Place, TicketChange, at,
    body::{Fields, features, few, flag, label, seen_at, text},
    call::{SMALL, read},
    discounts::REDEEMING,
};
use crate::docs::{
    Doc, Tag,
    requests::{Arrival, Departure},
    samples,
};

pub(super) fn places() -> Vec<Place> {
    let enter_doc = || {
        Doc::change("enter", Tag::Gate, "A vehicle is at the gate")
        .says("It joins the queue, and the queue moves as far as it can, in one change. So the answer says at once whether it parks (`status: parked`, with `slot`) or waits (`status: waiting`, with `position`); a vehicle that waits was accepted.")
        .takes::<Arrival>(samples::arrival())
        .creates::<TicketChange<'_>>("Its ticket", samples::entered())
        .refuses(&[
            Code::NoSuchLot,
            Code::PlateAlreadyActive,
            Code::LotClosed,
            Code::QueueFull,
            Code::NothingFits,
            Code::UnknownPriority,
            Code::InvalidPlate,
            Code::InvalidVehicleClass,
            Code::InvalidFeature,
            Code::InvalidFeatures,
            Code::InvalidPriority,
            Code::InvalidInstant,
            Code::OccurredAtOutOfRange,
        ])
    };
    let exit_doc = || {
        Doc::change("exit", Tag::Gate, "A vehicle leaves, and its fee is fixed")
        .says("Names the vehicle by its plate, by its ticket, or by the slot that it stands in. It pays by the tariff that held when it parked, less what its discounts take off; a code that is refused refuses the exit. The slot goes to whoever waited longest and fits it, in the same change; `promoted` says who.")
        .takes::<Departure>(samples::departure())
        .answers::<TicketChange<'_>>(200, "Its ticket, with the fee", samples::left())
        .refuses(&REDEEMING)
        .refuses(&[
            Code::InvalidDiscount,
            Code::OutOfRange,
            Code::NoSuchLot,
            Code::NoSuchSlot,
            Code::NotInside,
            Code::SlotEmpty,
            Code::StillWaiting,
            Code::AlreadyDeparted,
            Code::ChooseOne,
            Code::InvalidPlate,
            Code::InvalidTicketId,
            Code::InvalidLabel,
            Code::InvalidInstant,
            Code::OccurredAtOutOfRange,
        ])
    };
    vec![
        at("/api/v1/lots/{lot}/entries").post(enter, enter_doc),
        at("/api/v1/lots/{lot}/exits").post(exit, exit_doc),
    ]
}

async fn enter(mut call: Call) -> Answered {
    let lot = call.lot()?;
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let enter = read(&json, |mut fields| {
        let plate = fields.required("plate", text(Plate::parse));
        let class = fields.optional("vehicle_class", text(VehicleClass::parse));
        let needs = fields.optional("needs", features);
        let priority = fields.optional("priority", text(Priority::parse));
        let occurred_at = fields.optional("occurred_at", seen_at(call.park.clock.now()));
        fields.finish(|| {
            Some(Enter {
                lot,
                ticket: call.park.ids.ticket(),
                plate: plate?,
                class: class.unwrap_or_else(VehicleClass::car),
                needs: needs.unwrap_or_default(),
                priority: priority.unwrap_or_else(Priority::standard),
                occurred_at,
            })
        })
    })?;
    call.change(Command::Enter(enter), Form::Created, Some(&json)).await
}

async fn exit(mut call: Call) -> Answered {
    let lot = call.lot()?;
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let command = read(&json, |mut fields| {
        let vehicle = leaving(&mut fields);
        let occurred_at = fields.optional("occurred_at", seen_at(call.park.clock.now()));
        let lost_ticket = fields.optional("lost_ticket", flag).unwrap_or(false);
        let codes = few(MOST_DISCOUNTS, "discounts", text(DiscountCode::parse));
        let discounts = fields.optional("discounts", codes).unwrap_or_default();
        fields.finish(|| {
            Some(Command::Exit(Exit { lot, vehicle: vehicle?, occurred_at, lost_ticket, discounts }))
        })
    })?;
    call.change(command, Form::Changed, Some(&json)).await
}

pub(crate) fn leaving(fields: &mut Fields<'_>) -> Option<Leaving> {
    let given = ["plate", "ticket", "slot"].into_iter().filter(|name| fields.has(name)).count();
    let plate = fields.optional("plate", text(Plate::parse));
    let ticket = fields.optional("ticket", text(TicketId::parse));
    let slot = fields.optional("slot", label);
    if given != 1 {
        fields.wrong("choose-one", "give one of plate, ticket and slot");
    }
    let plate = plate.map(|plate| Leaving::Plate(plate.key().clone()));
    plate.or(ticket.map(Leaving::Ticket)).or(slot.map(Leaving::Slot))
}
