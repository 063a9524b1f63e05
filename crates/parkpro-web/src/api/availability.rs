//! How full a lot is.

use super::{Answered, AvailabilityBody, Call, Code, Place, Problem, at, ok};
use crate::docs::{Doc, Tag, samples};

pub(super) fn places() -> Vec<Place> {
    vec![at("/api/v1/lots/{lot}/availability").get(
        show,
        Doc::read("getAvailability", Tag::Lots, "How full a lot is")
            .says("`capacity` = `available` + `occupied` + `out_of_service`. A draining slot counts as occupied until its vehicle leaves.")
            .answers::<AvailabilityBody<'_>>(200, "The counts, at one version of the lot", samples::availability())
            .refuses(&[Code::NoSuchLot, Code::InvalidQuery]),
    )]
}

async fn show(call: Call) -> Answered {
    call.no_query()?;
    let view = call.park.records.lot(call.lot()?).await?;
    let view = view.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    Ok(ok(&AvailabilityBody::of(&view.lot, &view.tally)))
}
