//! For whoever runs the program: is it alive, is it ready, what are its figures.

use std::time::Duration;

use actix_web::{HttpResponse, http::header};
use parkpro_domain::ports::LotView;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{Answered, Call, CarPark, Code, Place, Problem, at, ok};
use crate::docs::{Doc, Tag, samples};

/// Prometheus waits 10 s by default; the figures of the lots are worth less than that.
const LOTS_TIME: Duration = Duration::from_secs(2);
/// Lots with figures of their own.
const MOST_LOTS: usize = 1_000;

/// How the program is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or `ready`.
    pub(crate) status: &'static str,
}

pub(super) fn places() -> Vec<Place> {
    vec![
        at("/healthz").get(alive, || {
            Doc::read("health", Tag::System, "Whether the program runs")
                .says("Asks nobody else.")
                .answers::<Health>(200, "It runs", samples::health("ok"))
        }),
        at("/readyz").get(ready, || {
            Doc::read("ready", Tag::System, "Whether a change could be written now")
                .answers::<Health>(200, "It could", samples::health("ready"))
                .refuses(&[Code::Closing, Code::LotBusy])
        }),
        at("/metrics").get(figures, || {
            Doc::read("metrics", Tag::System, "Figures for Prometheus").answers_text(
                "text/plain; version=0.0.4; charset=utf-8",
                "Figures",
                "parkpro_waiting{lot=\"main\"} 3\n",
            )
        }),
    ]
}

async fn alive(_call: Call) -> Answered {
    Ok(ok(&Health { status: "ok" }))
}

async fn ready(call: Call) -> Answered {
    if call.park.live.is_closed() {
        return Err(Problem::plain(Code::Closing));
    }
    call.park.records.ready().await?;
    Ok(ok(&Health { status: "ready" }))
}

async fn figures(call: Call) -> Answered {
    let lots = timeout(LOTS_TIME, lots(&call.park)).await.unwrap_or_default();
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(call.park.metrics.render(&lots)))
}

/// What is in the lots now, whichever instance changed them; nothing if the record cannot tell.
async fn lots(park: &CarPark) -> Vec<LotView> {
    let mut lots: Vec<LotView> = Vec::new();
    while lots.len() < MOST_LOTS {
        let after = lots.last().map(|view| view.lot.id.clone());
        match park.records.lots(after, 200).await {
            Ok(page) if page.is_empty() => break,
            Ok(page) => lots.extend(page),
            Err(error) => {
                tracing::warn!(%error, "the figures lack the lots");
                return Vec::new();
            }
        }
    }
    lots
}
