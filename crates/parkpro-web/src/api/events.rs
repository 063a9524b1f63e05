//! The journal of a lot: in pages, or as it is written.

use std::{convert::Infallible, time::Duration};

use actix_web::{HttpResponse, http::header};
use bytes::Bytes;
use futures_util::stream;
use parkpro_domain::{
    event::Entry,
    invalid::Invalid,
    lot::{LotId, Version},
    ports::JournalCursor,
};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    Answered, Call, Code, EventBody, Page, Place, Problem, at,
    body::{Mistakes, text},
    ok,
    paging::{Part, event_id},
    place_of, write,
};
use crate::{
    docs::{Doc, Tag, parameter, samples},
    live::Watch,
};

const EVENT_STREAM: &str = "text/event-stream";
/// A stream says this often that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How soon a stream asks again after the record was unwell.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) fn places() -> Vec<Place> {
    vec![at("/api/v1/lots/{lot}/events").get(
        list_events,
        || Doc::read("listEvents", Tag::Lots, "What happened to a lot")
            .says("Oldest first, in pages. With `Accept: text/event-stream` a stream that goes on with every new event (Server-Sent Events): `id` is the event's id, `event` its kind, `data` the event; a comment every 15 seconds is a heartbeat. A client that reconnects with `Last-Event-ID`, as browsers do, misses nothing and hears nothing twice. While a lot changes faster than all who watch it can be told, a stream falls behind and catches up later; the `id` of an event says which version of the lot it has come to. No event carries a plate.")
            .paged()
            .query("after", "Behind this event (`5311.0`), or behind this lot version (`5311`). Pages without it begin at the beginning, streams with what comes next.", parameter::text())
            .header("Last-Event-ID", "Like `after`, and before it.")
            .answers_page::<EventBody<'_>>("A page, or a stream", samples::events())
            .streams(EVENT_STREAM, samples::stream())
            .refuses(&[Code::NoSuchLot, Code::Closing]),
    )]
}

async fn list_events(call: Call) -> Answered {
    let lot = call.lot()?;
    let (after, part) = call.query(|mut fields| {
        let after = fields.optional("after", text(behind));
        let part = Part::<JournalCursor>::of(&mut fields);
        if after.is_some() && part.after.is_some() {
            fields.wrong("choose-one", "give either after or cursor");
        }
        fields.finish(|| Some((after.or(part.after), part)))
    })?;
    let last = call.header("last-event-id").map(behind).transpose();
    let last = last.map_err(|wrong| of_header(&wrong.detail))?;
    let view = call.park.records.lot(lot.clone()).await?;
    let view = view.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    let after = last.or(after);
    if after.is_some_and(|after| after.version > view.lot.version) {
        let ahead =
            format!("must not be ahead of the journal, which has come to version {}", view.lot.version);
        return Err(match last {
            Some(_) => of_header(&ahead),
            None => Problem::query(Mistakes::of("invalid-cursor", ahead).under('?', "after")),
        });
    }
    if call.header(header::ACCEPT).is_some_and(|accept| accept.contains(EVENT_STREAM)) {
        return watch(&call, &lot, view.lot.version, after);
    }
    let entries = call.park.records.journal(lot, after.unwrap_or_default(), part.limit()).await?;
    let mut entries = entries.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    let next_cursor = part.cut(&mut entries, place_of);
    Ok(ok(&Page { data: entries.iter().map(EventBody::of).collect(), next_cursor }))
}

fn behind(text: &str) -> Result<JournalCursor, Invalid> {
    event_id(text)
        .ok_or_else(|| Invalid::new("invalid-cursor", "must be the id of an event, or a version of the lot"))
}

fn of_header(wrong: &str) -> Problem {
    Problem::new(Code::InvalidCursor, format!("Last-Event-ID {wrong}."))
}

/// Begins by naming where it begins, so that a client that reconnects before it heard anything misses nothing.
fn watch(call: &Call, lot: &LotId, version: Version, after: Option<JournalCursor>) -> Answered {
    let from = after.unwrap_or(JournalCursor { version, n: i32::MAX });
    let watch = call.park.live.watch(lot, version, from);
    let watch = watch.ok_or_else(|| Problem::plain(Code::Closing))?;
    let id =
        if from.n == i32::MAX { from.version.to_string() } else { format!("{}.{}", from.version, from.n) };
    let first = Bytes::from(format!("retry: 2000\nid: {id}\n\n"));
    let stream = stream::unfold((Some(first), watch, Instant::now()), |(first, mut watch, due)| async move {
        let (chunk, due) = if let Some(first) = first {
            (first, due)
        } else {
            sleep_until(due).await;
            next_chunk(&mut watch).await?
        };
        Some((Ok::<_, Infallible>(chunk), (None, watch, due)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, EVENT_STREAM))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream))
}

/// New events or a heartbeat, and when there may be the next; none when the watch has ended.
async fn next_chunk(watch: &mut Watch) -> Option<(Bytes, Instant)> {
    let heard = timeout(HEARTBEAT, async {
        loop {
            match watch.next().await {
                Ok(news) => return news,
                Err(error) => {
                    tracing::warn!(%error, "the journal cannot be read for a stream");
                    sleep(AGAIN).await;
                }
            }
        }
    });
    match heard.await {
        Ok(news) => news.map(|news| {
            let due = watch.due_after(&news);
            (news.text, due)
        }),
        Err(_elapsed) => Some((Bytes::from_static(b": heartbeat\n\n"), Instant::now())),
    }
}

/// An event as a stream has it.
pub(crate) fn frame(entry: &Entry) -> Bytes {
    let head = format!("id: {}.{}\nevent: {}\ndata: ", entry.version, entry.n, entry.event.kind());
    let data = write(&EventBody::of(entry));
    [head.as_bytes(), &data, b"\n\n"].concat().into()
}
