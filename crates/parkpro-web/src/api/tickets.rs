//! Tickets: listed, read, corrected, withdrawn, voided, quoted.

use parkpro_domain::{
    command::Command,
    parking::quote,
    ports::TicketFilter,
    ticket::{Priority, Reason, TicketNumber, TicketStatus},
    vehicle::Plate,
};

use super::{
    Answered, Call, Code, Form, Page, Place, PlatesBody, Problem, QuoteBody, TicketBody, TicketChange, at,
    body::{instant, text},
    call::{SMALL, read},
    ok,
    paging::Part,
};
use crate::docs::{
    Doc, Tag,
    parameter::{self, one_of},
    requests::{Correction, Voiding},
    samples,
};

pub(super) fn places() -> Vec<Place> {
    let listed = || {
        Doc::read("listTickets", Tag::Tickets, "The tickets of a lot, newest first")
            .says("Every ticket that the lot ever had. `position` is null here; the queue has it.")
            .paged()
            .query(
                "plate",
                "With this plate now, not with one that was corrected; written in any way that means the same.",
                parameter::text(),
            )
            .query("status", "With this status.", one_of(&TicketStatus::ALL.map(TicketStatus::as_str)))
            .query("from", "That arrived at this instant or later.", parameter::instant())
            .query("to", "That arrived before this instant.", parameter::instant())
            .answers_page::<TicketBody<'_>>("A page", samples::tickets())
            .refuses(&[Code::NoSuchLot])
    };
    let shown = || {
        Doc::read("getTicket", Tag::Tickets, "One ticket")
            .says("With its `position` while it waits. Also of lots that were removed.")
            .answers::<TicketBody<'_>>(200, "The ticket", samples::waiting())
            .refuses(&[Code::NoSuchTicket, Code::InvalidQuery])
    };
    let corrected =
        || {
            Doc::change("amendTicket", Tag::Tickets, "Correct a ticket")
        .says("The plate of any ticket, of which the one that it had is kept; the priority while it waits.")
        .takes::<Correction>(samples::correction())
        .answers::<TicketChange<'_>>(200, "The ticket as it now is", samples::amended())
        .refuses(&[Code::NoSuchTicket, Code::PlateAlreadyActive, Code::UnknownPriority, Code::NotWaiting])
        .refuses(&[Code::InvalidPlate, Code::InvalidPriority])
        };
    let withdrawn = || {
        Doc::change("withdrawTicket", Tag::Tickets, "Leave the queue")
            .takes_nothing()
            .answers::<TicketChange<'_>>(200, "The ticket as it now is", samples::withdrawn())
            .refuses(&[Code::NoSuchTicket, Code::NotWaiting])
    };
    let voided = || {
        Doc::change("voidTicket", Tag::Tickets, "Cancel the entry of a parked vehicle")
            .says("No fee. The slot goes to whoever waited longest and fits it.")
            .takes::<Voiding>(samples::voiding())
            .answers::<TicketChange<'_>>(200, "The ticket as it now is", samples::voided())
            .refuses(&[Code::NoSuchTicket, Code::NotParked, Code::InvalidReason])
    };
    let quoted = || {
        Doc::read("quoteTicket", Tag::Tickets, "The fee if the vehicle left now")
        .says("Line by line, by the tariff that held when it parked, and when and to what it next changes. If it has left, the fee that it paid.")
        .query("at", "If it left at this instant instead; one before it parked counts as that at which it parked.", parameter::instant())
        .answers::<QuoteBody<'_>>(200, "The fee", samples::quote())
        .refuses(&[Code::NoSuchTicket, Code::NotParked])
    };
    let plates = || {
        Doc::read("listPlates", Tag::Tickets, "Every plate that a ticket had")
            .says("Oldest first; the last is the one that it has. Says when each was corrected, and by whom.")
            .answers::<PlatesBody<'_>>(200, "The plates", samples::plates())
            .refuses(&[Code::NoSuchTicket, Code::InvalidQuery])
    };
    vec![
        at("/api/v1/tickets/{id}/plates").get(show_plates, plates),
        at("/api/v1/tickets/{id}").get(show, shown).patch(amend, corrected),
        at("/api/v1/tickets/{id}/withdraw").post(withdraw, withdrawn),
        at("/api/v1/tickets/{id}/void").post(void, voided),
        at("/api/v1/tickets/{id}/quote").get(show_quote, quoted),
        at("/api/v1/lots/{lot}/tickets").get(list_tickets, listed),
    ]
}

async fn list_tickets(call: Call) -> Answered {
    let lot = call.lot()?;
    let (filter, part) = call.query(|mut fields| {
        let plate = fields.optional("plate", text(Plate::parse));
        let filter = TicketFilter {
            plate: plate.map(|plate| plate.key().clone()),
            status: fields.optional("status", text(TicketStatus::parse)),
            from: fields.optional("from", instant),
            to: fields.optional("to", instant),
        };
        let part = Part::<TicketNumber>::of(&mut fields);
        fields.finish(|| Some((filter, part)))
    })?;
    let tickets = call.park.records.tickets(lot, filter, part.after, part.limit()).await?;
    let mut tickets = tickets.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    let next_cursor = part.cut(&mut tickets, |ticket| ticket.number);
    Ok(ok(&Page { data: tickets.iter().map(|ticket| TicketBody::of(ticket, None)).collect(), next_cursor }))
}

async fn show(call: Call) -> Answered {
    call.no_query()?;
    let mut view = call.ticket_view().await?;
    let mut place = call.park.places.of(&view).await?;
    if place.is_none() && view.ticket.status() == TicketStatus::Waiting {
        // It got a slot, or left, since it was read.
        view = call.ticket_view().await?;
        place = call.park.places.of(&view).await?;
    }
    Ok(ok(&TicketBody::of(&view.ticket, place.map(|place| place.position))))
}

async fn show_plates(call: Call) -> Answered {
    call.no_query()?;
    let history = call.park.records.plates(call.ticket()?).await?;
    let history = history.ok_or_else(|| Problem::plain(Code::NoSuchTicket))?;
    Ok(ok(&PlatesBody::of(&history)))
}

async fn amend(mut call: Call) -> Answered {
    let ticket = call.ticket()?;
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let command = read(&json, |mut fields| {
        let plate = fields.changed("plate", text(Plate::parse));
        let priority = fields.changed("priority", text(Priority::parse));
        fields.finish(|| Some(Command::AmendTicket { ticket, plate, priority }))
    })?;
    call.change(command, Form::Changed, Some(&json)).await
}

async fn withdraw(mut call: Call) -> Answered {
    let ticket = call.ticket()?;
    let body = call.body_if_any().await?;
    let json = body.json()?;
    read(&json, |fields| fields.finish(|| Some(())))?;
    call.change(Command::Withdraw { ticket }, Form::Changed, Some(&json)).await
}

async fn void(mut call: Call) -> Answered {
    let ticket = call.ticket()?;
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let reason = read(&json, |mut fields| {
        let reason = fields.required("reason", text(Reason::parse));
        fields.finish(|| reason)
    })?;
    call.change(Command::Void { ticket, reason }, Form::Changed, Some(&json)).await
}

async fn show_quote(call: Call) -> Answered {
    let at = call.query(|mut fields| {
        let at = fields.optional("at", instant);
        fields.finish(|| Some(at))
    })?;
    let view = call.ticket_view().await?;
    let at = at.unwrap_or_else(|| call.park.clock.now());
    let quote = quote(&*call.park.records, &call.park.rules, &view, at)
        .await?
        .map_err(|refusal| Problem::refused(&refusal, Some(view.lot.version)))?;
    Ok(ok(&QuoteBody::of(view.ticket.id, &quote)))
}
