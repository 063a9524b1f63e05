//! The HTTP API: requests are read into the car park's commands, and what comes of them is put into JSON. It holds no rule
//! of the car park.

mod availability;
mod body;
mod call;
mod change;
mod code;
mod discounts;
mod events;
mod gate;
mod health;
mod json;
mod lots;
mod paging;
mod prices;
mod problem;
mod queue;
mod request_id;
mod route;
mod shapes;
mod slots;
mod spelling;
mod tariff_document;
mod tariff_text;
mod tariffs;
mod tickets;
mod wording;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::header::{self, HeaderValue},
    web::{Data, ServiceConfig},
};
use parkpro_domain::{
    parking::{Board, Places},
    ports::{Clock, IdGenerator, Ledger, Records},
    protocol::Rules,
    slot::Accepts,
};
use serde::Serialize;

pub use self::availability::Sheet;
pub(crate) use self::{
    body::{
        Fields, Mistakes, Read, accepts, features, flag, instant, label, level, reason, seen_at, text, whole,
    },
    call::Call,
    code::Code,
    events::frame as event_frame,
    gate::leaving,
    health::Health,
    json::Json,
    lots::{policy, priorities},
    paging::Part,
    problem::{PROBLEM_JSON, Problem, ProblemBody, retry_soon},
    request_id::RequestId,
    route::{Answered, Place, at},
    shapes::*,
    slots::new_slots,
    tariff_text::{JsonDocuments, document, text as tariff_text},
    wording::{Form, Words},
};
use crate::{docs, live::Live, metrics::Metrics};

/// What the API asks.
pub struct CarPark {
    /// Where lots change.
    pub ledger: Arc<dyn Ledger>,
    /// Where they are read.
    pub records: Arc<dyn Records>,
    /// Where a waiting vehicle stands.
    pub places: Arc<Places>,
    /// Who watches.
    pub live: Arc<Live>,
    /// How full each lot is.
    pub board: Arc<Board<Sheet>>,
    /// Ids of new tickets.
    pub ids: Arc<dyn IdGenerator>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What a stay costs.
    pub rules: Rules,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// What a new slot accepts if nothing is said.
    pub default_accepts: Accepts,
}

/// Every route, for `App::configure`.
pub fn configure(park: Arc<CarPark>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(Data::from(park));
        route::mount(config, places());
    }
}

/// Every address.
pub(crate) fn places() -> Vec<Place> {
    let api = [gate::places, tickets::places, availability::places, queue::places, events::places];
    let operators = [lots::places, slots::places, prices::places, tariffs::places, discounts::places];
    let program = [health::places, docs::places];
    api.into_iter().chain(operators).chain(program).flat_map(|places| places()).collect()
}

/// An answer to a reader. What changes all the time is not kept by anyone on the way.
fn ok<T: Serialize>(shape: &T) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    response.body(write(shape))
}

/// Names the settings that were read.
fn tag(response: &mut HttpResponse, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
}
