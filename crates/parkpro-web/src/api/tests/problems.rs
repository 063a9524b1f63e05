//! Problems have one shape, whatever went wrong.

use actix_web::{http::Method, test::TestRequest};
use parkpro_domain::{
    outcome::Refusal,
    ports::{Fault, LedgerError, PortError},
};

use super::{World, ask, get, post};

const ENTRIES: &str = "/api/v1/lots/main/entries";
const CAR: &str = r#"{"plate":"ABC-123"}"#;

fn unwell(fault: Fault) -> PortError {
    PortError::new("writing", fault, "SQLSTATE 57P01 terminating connection")
}

#[actix_web::test]
async fn every_fault_of_the_record_has_its_status_and_tells_nothing_of_its_inside() {
    type Says = fn() -> LedgerError;
    let table: [(Says, u16, &str, bool); 8] = [
        (|| LedgerError::Overloaded, 503, "overloaded", true),
        (|| LedgerError::Closing, 503, "closing", true),
        (|| unwell(Fault::Unavailable).into(), 503, "store-unavailable", true),
        (|| unwell(Fault::Busy).into(), 503, "lot-busy", true),
        (|| unwell(Fault::Conflict).into(), 503, "lot-busy", true),
        (|| unwell(Fault::KeyBusy).into(), 409, "request-in-progress", true),
        (|| unwell(Fault::OutcomeUnknown).into(), 503, "outcome-unknown", true),
        (|| unwell(Fault::Corrupt).into(), 500, "internal", false),
    ];
    for (says, status, code, again) in table {
        let (world, _heard) = World::answering(move |_| Err(says()));
        let got = ask(&world.park(), post(ENTRIES, CAR)).await;
        assert_eq!((got.status, got.code().as_str()), (status, code));
        assert_eq!(got.header("retry-after").is_some(), again, "{code}");
        assert!(!got.body.contains("SQL") && !got.body.contains("writing"), "{}", got.body);
    }
}

#[actix_web::test]
async fn a_reader_is_told_when_the_record_is_unwell() {
    let mut world = World::new();
    world.records.expect_lot().returning(|_| Err(unwell(Fault::Unavailable)));
    world.records.expect_ready().returning(|| Err(unwell(Fault::Unavailable)));
    let park = world.park();
    for uri in ["/api/v1/lots/main", "/api/v1/lots/main/availability", "/readyz"] {
        let got = get(&park, uri).await;
        assert_eq!((got.status, got.code().as_str()), (503, "store-unavailable"), "{uri}");
    }
    assert_eq!(get(&park, "/healthz").await.status, 200);
}

#[actix_web::test]
async fn a_refusal_names_the_version_and_what_is_in_the_way() {
    let ticket = crate::docs::samples::ticket_id(1042);
    let (world, _heard) = World::refusing(Refusal::AlreadyDeparted { ticket });
    let request = post("/api/v1/lots/main/exits", CAR).insert_header(("x-request-id", "gate-7"));
    let got = ask(&world.park(), request).await;
    let wanted = serde_json::json!({
        "type": "/docs/errors#already-departed",
        "title": "The vehicle has left before",
        "status": 409,
        "detail": format!("The vehicle has left with ticket {ticket}."),
        "instance": "/api/v1/lots/main/exits",
        "code": "already-departed",
        "request_id": "gate-7",
        "lot_version": 5311,
        "ticket": ticket.to_string(),
        "ticket_url": format!("/api/v1/tickets/{ticket}"),
    });
    assert_eq!((got.status, got.json()), (409, wanted));
    assert_eq!(got.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn an_unknown_address_and_a_wrong_method_are_problems_too() {
    let park = World::new().park();
    for uri in [
        "/nowhere",
        "/api/v1",
        "/api/v1/lots/",
        "/api/v2/lots",
        "/api/v1/lots/main/",
        "/api/v1/lots/main/x",
        "/api/v1/lotsx/main",
        "/docs/nothing.js",
        "//",
    ] {
        let got = get(&park, uri).await;
        assert_eq!((got.status, got.code().as_str()), (404, "no-such-route"), "{uri}");
    }
    for (method, uri, allow) in [
        (Method::PUT, "/api/v1/lots/main", "GET, HEAD, PATCH, DELETE"),
        (Method::GET, ENTRIES, "POST"),
        (Method::OPTIONS, "/api/v1/lots", "GET, HEAD, POST"),
        (Method::POST, "/healthz", "GET, HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/", "GET, HEAD"),
    ] {
        let got = ask(&park, TestRequest::with_uri(uri).method(method)).await;
        assert_eq!((got.status, got.code().as_str()), (405, "method-not-allowed"), "{uri}");
        assert_eq!(got.header("allow"), Some(allow), "{uri}");
    }
}

#[actix_web::test]
async fn a_body_is_json_of_a_bounded_size() {
    let park = World::new().park();
    let typed = |media: &str| {
        TestRequest::post().uri(ENTRIES).insert_header(("content-type", media)).set_payload(CAR)
    };
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "application/json; charset=utf-16",
        "",
        "*/*",
    ] {
        assert_eq!(ask(&park, typed(media)).await.code(), "unsupported-media-type", "{media}");
    }
    let zipped = typed("application/json").insert_header(("content-encoding", "gzip"));
    assert_eq!(ask(&park, zipped).await.status, 415);
    assert_eq!(ask(&park, TestRequest::post().uri(ENTRIES).set_payload(CAR)).await.status, 415);

    let big = |uri: &str, bytes: usize| post(uri, &" ".repeat(bytes));
    let slots = "/api/v1/lots/main/slots";
    for (uri, bytes, code) in [
        (ENTRIES, 16 * 1024, "broken-json"),
        (ENTRIES, 16 * 1024 + 1, "body-too-large"),
        (slots, 1024 * 1024, "broken-json"),
        (slots, 1024 * 1024 + 1, "body-too-large"),
    ] {
        assert_eq!(ask(&park, big(uri, bytes)).await.code(), code, "{uri} {bytes}");
    }
    let deep = post(ENTRIES, &"[".repeat(5_000));
    assert_eq!(ask(&park, deep).await.code(), "broken-json");
    let where_ = ask(&park, post(ENTRIES, "{\n\"plate\": ABC}")).await;
    assert_eq!(where_.json()["detail"], "expected value at line 2 column 10.");
}

#[actix_web::test]
async fn json_is_said_in_several_ways() {
    for media in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
        let (world, _heard) = World::doing(super::parked());
        let request =
            TestRequest::post().uri(ENTRIES).insert_header(("content-type", media)).set_payload(CAR);
        assert_eq!(ask(&world.park(), request).await.status, 201, "{media}");
    }
}
