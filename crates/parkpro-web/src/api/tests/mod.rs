//! The API over mocked ports: what reaches them, and what is made of what they say.

mod conditional;
mod discounts;
mod events;
mod idempotency;
mod input;
mod pages;
mod problems;
mod routes;
mod tariffs;
mod wording;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use actix_web::{
    App,
    body::MessageBody,
    http::{
        StatusCode,
        header::{HeaderMap, HeaderName},
    },
    test::{self, TestRequest},
};
use parkpro_domain::{
    command::Command,
    lot::{LotId, Version},
    outcome::{Done, Outcome, Refusal, Subject},
    parking::Places,
    ports::{
        Answer, LedgerError, LotView, MockClock, MockIdGenerator, MockLedger, MockRecords, Request,
        TicketView,
    },
    protocol::Rules,
    slot::Accepts,
    tariff::{DocumentText, Language, TariffId, TariffVersion, Tariffs},
    ticket::Ticket,
};
use serde_json::Value;

use super::{CarPark, JsonDocuments, configure};
use crate::{docs::samples, live::Live, metrics::Metrics};

/// The ports, before the park is built over them.
pub(super) struct World {
    pub(super) ledger: MockLedger,
    pub(super) records: MockRecords,
}

/// What the ledger was asked.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<Request>>>);

/// What a client got.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl World {
    pub(super) fn new() -> Self {
        Self { ledger: MockLedger::new(), records: MockRecords::new() }
    }

    /// A ledger that does what it is asked.
    pub(super) fn doing(done: Done) -> (Self, Heard) {
        Self::deciding(Ok(done))
    }

    /// A ledger that refuses.
    pub(super) fn refusing(refusal: Refusal) -> (Self, Heard) {
        Self::deciding(Err(refusal))
    }

    /// Words the answer if there is a key, as a record does.
    fn deciding(result: Result<Done, Refusal>) -> (Self, Heard) {
        Self::answering(move |request| {
            let outcome =
                Outcome { lot: Some(main_lot()), version: Some(Version(5311)), result: result.clone() };
            let reply = request.key.as_ref().map(|_| request.wording.word(&request.command, &outcome));
            Ok(Answer::Decided { outcome, reply })
        })
    }

    /// A ledger that says this.
    pub(super) fn answering(
        answer: impl Fn(&Request) -> Result<Answer, LedgerError> + Send + 'static,
    ) -> (Self, Heard) {
        let (mut world, heard) = (Self::new(), Heard::default());
        let requests = heard.clone();
        world.ledger.expect_change().returning(move |request| {
            let said = answer(&request);
            requests.0.lock().unwrap().push(request);
            said
        });
        (world, heard)
    }

    /// Records that know the lot of the examples.
    pub(super) fn with_lot() -> Self {
        let mut world = Self::new();
        world.records.expect_lot().returning(|lot| {
            let view = LotView { lot: samples::the_lot().unwrap(), tally: samples::the_tally().unwrap() };
            Ok((lot == main_lot()).then_some(view))
        });
        world
    }

    pub(super) fn park(self) -> Arc<CarPark> {
        let records: Arc<MockRecords> = Arc::new(self.records);
        let mut clock = MockClock::new();
        clock.expect_now().returning(|| samples::after(0));
        let (mut ids, next) = (MockIdGenerator::new(), AtomicI64::new(1));
        ids.expect_ticket().returning(move || samples::ticket_id(next.fetch_add(1, Ordering::Relaxed)));
        Arc::new(CarPark {
            ledger: Arc::new(self.ledger),
            records: records.clone(),
            places: Arc::new(Places::new(records.clone(), None)),
            live: Arc::new(Live::new(records)),
            board: Arc::default(),
            ids: Arc::new(ids),
            clock: Arc::new(clock),
            rules: rules(),
            metrics: Metrics::new().unwrap(),
            default_accepts: Accepts::parse("car+van").unwrap(),
        })
    }
}

/// By the tariff that a new installation has, published once.
fn rules() -> Rules {
    let text = DocumentText::new(samples::USUAL);
    let tariffs = Tariffs::new(Arc::new(JsonDocuments));
    let usual = TariffVersion { tariff: TariffId::usual(), number: 1 };
    tariffs.learn(usual.clone(), &text).unwrap();
    tariffs.set_usual(usual);
    Rules { fees: Arc::new(JsonDocuments.read(&text).unwrap()), tariffs: Arc::new(tariffs) }
}

impl Heard {
    /// The commands, in order.
    pub(super) fn commands(&self) -> Vec<Command> {
        self.0.lock().unwrap().iter().map(|request| request.command.clone()).collect()
    }

    /// The only request.
    pub(super) fn only(&self) -> Request {
        let heard = self.0.lock().unwrap();
        assert_eq!(heard.len(), 1);
        heard[0].clone()
    }

    pub(super) fn all(&self) -> Vec<Request> {
        self.0.lock().unwrap().clone()
    }
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The mistakes that it names, as `/pointer code`.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        let text = |error: &Value, field: &str| error[field].as_str().unwrap().to_owned();
        errors.iter().map(|error| format!("{} {}", text(error, "pointer"), text(error, "code"))).collect()
    }

    pub(super) fn sorted_mistakes(&self) -> Vec<String> {
        let mut mistakes = self.mistakes();
        mistakes.sort_unstable();
        mistakes
    }

    pub(super) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.get(HeaderName::from_static(name)).map(|value| value.to_str().unwrap())
    }
}

/// Sends a request through the real routes.
pub(super) async fn ask(park: &Arc<CarPark>, request: TestRequest) -> Got {
    let app = test::init_service(App::new().configure(configure(park.clone()))).await;
    let response = test::call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.into_body().try_into_bytes().unwrap_or_default();
    Got { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() }
}

pub(super) async fn get(park: &Arc<CarPark>, uri: &str) -> Got {
    ask(park, TestRequest::get().uri(uri)).await
}

/// POST of a JSON body.
pub(super) fn post(uri: &str, body: &str) -> TestRequest {
    json(TestRequest::post(), uri, body)
}

/// PATCH of a JSON body, whatever the revision.
pub(super) fn patch(uri: &str, body: &str) -> TestRequest {
    json(TestRequest::patch(), uri, body).insert_header(("if-match", "*"))
}

fn json(request: TestRequest, uri: &str, body: &str) -> TestRequest {
    request.uri(uri).insert_header(("content-type", "application/json")).set_payload(body.to_owned())
}

pub(super) fn main_lot() -> LotId {
    LotId::parse("main").unwrap()
}

/// What a change of a ticket comes to.
pub(super) fn done(ticket: Ticket, position: Option<i64>) -> Done {
    Done { subject: Subject::Ticket { ticket: Box::new(ticket), position }, promoted: Vec::new() }
}

/// The parked vehicle of the examples.
pub(super) fn parked() -> Done {
    done(samples::is_parked().unwrap(), None)
}

pub(super) fn viewed(ticket: Ticket) -> TicketView {
    TicketView { ticket, lot: samples::the_lot().unwrap() }
}

#[actix_web::test]
async fn the_kit_serves_the_real_routes() {
    let got = get(&World::new().park(), "/healthz").await;
    assert_eq!(
        (StatusCode::from_u16(got.status).unwrap(), got.body.as_str()),
        (StatusCode::OK, r#"{"status":"ok"}"#)
    );
}
