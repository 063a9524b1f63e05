//! The same request under the same key.

use actix_web::test::TestRequest;
use parkpro_domain::ports::{Answer, Reply};

use super::{World, ask, parked, post};

const ENTRIES: &str = "/api/v1/lots/main/entries";
const CAR: &str = r#"{"plate":"ABC-123"}"#;

fn keyed(key: &str) -> TestRequest {
    post(ENTRIES, CAR).insert_header(("idempotency-key", key))
}

#[actix_web::test]
async fn a_key_is_quoted_or_bare() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    let longest = "k".repeat(255);
    for key in ["gate-1", "\"gate-1\"", " gate-1 ", &longest] {
        assert_eq!(ask(&park, keyed(key)).await.status, 201, "{key}");
    }
    let keys: Vec<_> = heard.all().into_iter().map(|request| request.key.unwrap()).collect();
    assert_eq!((keys[0].key.as_str(), &keys[0], &keys[1]), ("gate-1", &keys[2], &keys[0]));
    assert_eq!(keys[0].principal.0, "anonymous");
}

#[actix_web::test]
async fn a_wrong_key_is_refused() {
    let park = World::new().park();
    for key in ["", "\"\"", "a b", "\"a\"b\"", "\"a b\"", &"k".repeat(256)] {
        let got = ask(&park, keyed(key)).await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid-idempotency-key"), "{key}");
    }
    let twice = keyed("a").append_header(("idempotency-key", "b"));
    assert_eq!(ask(&park, twice).await.status, 400);
}

#[actix_web::test]
async fn a_fingerprint_is_of_what_is_asked_and_not_of_how_it_is_written() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    let slot = "/api/v1/lots/main/slots/A-07";
    let requests = [
        keyed("k"),
        post(ENTRIES, "{ \"plate\" : \"\\u0041BC-123\" }").insert_header(("idempotency-key", "k")),
        post(ENTRIES, r#"{"plate":"ABC-124"}"#).insert_header(("idempotency-key", "k")),
        post("/api/v1/lots/p2/entries", CAR).insert_header(("idempotency-key", "k")),
        post("/api/v1/lots/main/exits", CAR).insert_header(("idempotency-key", "k")),
        super::patch(slot, "{}").insert_header(("idempotency-key", "k")),
        super::patch(slot, "{}").insert_header(("idempotency-key", "k")).insert_header(("if-match", "\"1\"")),
        TestRequest::delete()
            .uri(slot)
            .insert_header(("idempotency-key", "k"))
            .insert_header(("if-match", "*")),
    ];
    for request in requests {
        assert!(ask(&park, request).await.status < 300);
    }
    let prints: Vec<_> = heard.all().into_iter().map(|request| request.key.unwrap().fingerprint).collect();
    assert_eq!(prints[0], prints[1], "white space and escapes do not count, nor the id of the new ticket");
    let different: std::collections::HashSet<_> = prints.iter().collect();
    assert_eq!(different.len(), prints.len() - 1);
}

#[actix_web::test]
async fn a_key_changes_no_byte_of_the_answer() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    let named = |request: TestRequest| request.insert_header(("x-request-id", "same"));
    let with = ask(&park, named(keyed("k"))).await;
    let without = ask(&park, named(post(ENTRIES, CAR))).await;
    assert_eq!((with.status, &with.body), (without.status, &without.body));
    assert_eq!(with.header("location"), without.header("location"));
    assert_eq!(heard.all().iter().filter(|request| request.key.is_some()).count(), 1);
}

#[actix_web::test]
async fn a_repeated_request_gets_what_was_kept() {
    let kept = Reply {
        status: 201,
        location: Some("/api/v1/tickets/x".into()),
        etag: Some("\"1\"".into()),
        body: b"{ kept }".to_vec(),
    };
    let (world, _heard) = World::answering(move |_| Ok(Answer::Replayed(kept.clone())));
    let got = ask(&world.park(), keyed("k")).await;
    assert_eq!((got.status, got.body.as_str()), (201, "{ kept }"));
    let headers = ["idempotent-replayed", "location", "etag", "content-type"].map(|name| got.header(name));
    assert_eq!(headers, [Some("true"), Some("/api/v1/tickets/x"), Some("\"1\""), Some("application/json")]);
}

#[actix_web::test]
async fn a_key_of_another_request_is_refused() {
    let (world, _heard) = World::answering(|_| Ok(Answer::KeyReused));
    let got = ask(&world.park(), keyed("k")).await;
    assert_eq!((got.status, got.code().as_str()), (422, "idempotency-key-reused"));
    assert_eq!(got.header("idempotent-replayed"), None);
}
