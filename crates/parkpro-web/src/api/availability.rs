//! How full a lot is.

use actix_web::{
    HttpResponse,
    http::header::{self, HeaderValue},
};
use bytes::Bytes;
use parkpro_domain::ports::LotView;

use super::{Answered, AvailabilityBody, Call, Code, Place, Problem, at, etag, shapes::write};
use crate::docs::{Doc, Tag, samples};

/// How full a lot is, as it is sent to everyone who asks while it is so.
pub struct Sheet {
    body: Bytes,
    etag: HeaderValue,
}

impl Sheet {
    fn of(view: &LotView) -> Self {
        let tag = HeaderValue::try_from(etag(view.lot.version.0));
        Self {
            body: write(&AvailabilityBody::of(&view.lot, &view.tally)).into(),
            etag: tag.unwrap_or_else(|_not_ascii| HeaderValue::from_static("*")),
        }
    }
}

pub(super) fn places() -> Vec<Place> {
    vec![at("/api/v1/lots/{lot}/availability").get(
        show,
        || Doc::read("getAvailability", Tag::Lots, "How full a lot is")
            .says("`capacity` = `available` + `occupied` + `out_of_service`. A draining slot counts as occupied until its vehicle leaves. It is answered from memory: whoever has changed the lot sees the change at once at the same instance, and within a moment at the others; `lot_version` says which state it is. The `ETag` is made of it, so that `If-None-Match` saves sending what is known (304).")
            .unless_known()
            .answers::<AvailabilityBody<'_>>(200, "The counts, at one version of the lot", samples::availability())
            .refuses(&[Code::NoSuchLot, Code::InvalidQuery]),
    )]
}

async fn show(call: Call) -> Answered {
    call.no_query()?;
    let shown = call.park.board.lot(&*call.park.records, &call.lot()?).await?;
    let shown = shown.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    let sheet = shown.put(Sheet::of);
    let known = call.header(header::IF_NONE_MATCH).is_some_and(|known| names(known, &sheet.etag));
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, sheet.etag.clone()));
    answer.insert_header((header::CACHE_CONTROL, "no-cache"));
    if known {
        return Ok(answer.finish());
    }
    Ok(answer.insert_header((header::CONTENT_TYPE, "application/json")).body(sheet.body.clone()))
}

/// Whether a list of entity tags has this one; weak or strong does not matter to a reader.
fn names(list: &str, etag: &HeaderValue) -> bool {
    let mut tags = list.split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
}
