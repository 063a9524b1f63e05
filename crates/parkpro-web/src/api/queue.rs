//! Who waits.

use parkpro_domain::ports::QueueCursor;

use super::{Answered, Call, Code, Place, PolicyBody, Problem, QueuePage, TicketBody, at, ok, paging::Part};
use crate::docs::{Doc, Tag, samples};

pub(super) fn places() -> Vec<Place> {
    vec![at("/api/v1/lots/{lot}/queue").get(
        list_waiting,
        || Doc::read("listQueue", Tag::Tickets, "Who waits, first served first")
            .says("The tickets have their `position` and how long they have waited. `priority_policy` is the rule by which they are sorted, and `position_reason` what it means for each. A vehicle for which a slot is free is never in it.")
            .paged()
            .answers::<QueuePage<'_>>(200, "A page, at one version of the lot", samples::queue())
            .refuses(&[Code::NoSuchLot]),
    )]
}

async fn list_waiting(call: Call) -> Answered {
    let lot = call.lot()?;
    let part = call.query(|mut fields| {
        let part = Part::<QueueCursor>::of(&mut fields);
        fields.finish(|| Some(part))
    })?;
    let (records, limit) = (&call.park.records, part.limit());
    let page = match part.after {
        None => call.park.board.queue(&**records, &lot, limit).await?,
        after => records.waiting(lot, after, limit).await?,
    };
    let mut page = page.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    let next_cursor = part.cut(&mut page.tickets, |last| QueueCursor { turn: last.turn, ticket: last.id });
    let now = call.park.clock.now();
    let places = page.ahead + 1..;
    let priorities = &page.lot.priorities;
    let queued = |(ticket, place)| TicketBody::queued(ticket, priorities, place, now);
    let data = page.tickets.iter().zip(places).map(queued).collect();
    let priority_policy = PolicyBody::of(priorities);
    Ok(ok(&QueuePage { data, next_cursor, priority_policy, lot_version: page.lot.version.0 }))
}
