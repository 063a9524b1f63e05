//! The very bytes of the answers.

use std::sync::Mutex;

use actix_web::test::TestRequest;
use parkpro_domain::{
    outcome::{Done, Subject},
    ports::Place,
    slot::{Slot, SlotLabel},
    ticket::TicketStatus,
};

use super::{World, ask, done, get, parked, patch, post, viewed};
use crate::docs::samples;

const ENTRIES: &str = "/api/v1/lots/main/entries";
const CAR: &str = r#"{"plate":"ABC-123"}"#;
const TICKET: &str = "/api/v1/tickets/0199f0c2-7a10-7000-8000-000000001042";

#[actix_web::test]
async fn a_vehicle_that_parks() {
    let (world, _heard) = World::doing(parked());
    let got = ask(&world.park(), post(ENTRIES, CAR)).await;
    assert_eq!(
        got.body,
        r#"{"ticket":{"id":"0199f0c2-7a10-7000-8000-000000000412","lot":"main","number":1042,"plate":"ABC-123","vehicle_class":"car","needs":[],"priority":"standard","status":"parked","slot":"A-07","arrived_at":"2026-11-22T08:00:00.000001Z","parked_at":"2026-11-22T08:00:00.000001Z","ended_at":null,"position":null,"tariff":{"id":"default","version":1},"discounts":[],"fee":null,"occurred_at":null,"exit_occurred_at":null,"void_reason":null},"lot_version":5311,"promoted":[]}"#
    );
    assert_eq!((got.status, got.header("cache-control")), (201, Some("no-store")));
    assert_eq!(got.header("location"), Some("/api/v1/tickets/0199f0c2-7a10-7000-8000-000000000412"));
}

#[actix_web::test]
async fn a_vehicle_that_waits_was_accepted() {
    let (world, _heard) = World::doing(done(samples::is_waiting().unwrap(), Some(3)));
    let got = ask(&world.park(), post(ENTRIES, CAR)).await;
    let ticket = &got.json()["ticket"];
    assert_eq!((got.status, &ticket["status"], &ticket["position"]), (201, &"waiting".into(), &3.into()));
    assert!(ticket["slot"].is_null() && ticket["parked_at"].is_null());
}

#[actix_web::test]
async fn a_vehicle_that_leaves_pays_and_makes_room() {
    let promoted = samples::next_in_line().unwrap();
    let (world, _heard) = World::doing(Done { promoted, ..done(samples::has_left().unwrap(), None) });
    let got = ask(&world.park(), post("/api/v1/lots/main/exits", CAR)).await;
    let (fee, promoted) = (
        r#""fee":{"amount":10000,"currency":"EUR","formatted":"100.00","net":10000,"tax":0,"lines":[{"rule":"started-hour","from":"2026-11-22T08:00:00.000001Z","to":"2026-11-22T10:00:00.000001Z","units":2,"unit_price":5000,"amount":10000,"note":"2 started hours"}]}"#,
        r#""promoted":[{"ticket":"0199f0c2-7a10-7000-8000-000000000410","number":1040,"plate":"XY-1","slot":"A-07"}]}"#,
    );
    assert!(got.body.contains(fee) && got.body.ends_with(promoted), "{}", got.body);
    assert_eq!((got.status, got.header("location")), (200, None));
}

#[actix_web::test]
async fn one_slot_is_answered_as_one_and_several_as_several() {
    let slot = Slot { label: SlotLabel::parse("A#7").unwrap(), ..samples::the_slot(None).unwrap() };
    let added = Done { subject: Subject::Slots(vec![slot]), promoted: Vec::new() };
    let (world, _heard) = World::doing(added);
    let park = world.park();
    let one = ask(&park, post("/api/v1/lots/main/slots", r#"{"label":"A#7"}"#)).await;
    let shape = r#"{"lot":"main","label":"A#7","level":"P1","accepts":["car","motorcycle"],"features":[],"reserved":false,"rank":0,"status":"available","in_service":true,"reason":null,"ticket":null,"revision":2}"#;
    assert_eq!(one.body, format!(r#"{{"slot":{shape},"lot_version":5311,"promoted":[]}}"#));
    let headers = (one.header("location"), one.header("etag"));
    assert_eq!((one.status, headers), (201, (Some("/api/v1/lots/main/slots/A%237"), Some("\"2\""))));

    let several = ask(&park, post("/api/v1/lots/main/slots", r#"{"slots":[{"label":"A#7"}]}"#)).await;
    assert_eq!(several.body, format!(r#"{{"slots":[{shape}],"lot_version":5311,"promoted":[]}}"#));
    assert_eq!((several.status, several.header("location"), several.header("etag")), (201, None, None));
}

#[actix_web::test]
async fn a_label_with_a_hash_is_found_where_it_is_said_to_be() {
    let mut world = World::new();
    world
        .records
        .expect_slot()
        .withf(|_, label| label.as_str() == "A#7")
        .returning(|_, _| Ok(samples::the_slot(None).ok()));
    assert_eq!(get(&world.park(), "/api/v1/lots/main/slots/A%237").await.status, 200);
}

#[actix_web::test]
async fn a_lot_and_how_full_it_is() {
    let park = World::with_lot().park();
    assert_eq!(
        get(&park, "/api/v1/lots/main").await.body,
        r#"{"id":"main","name":"Main lot","time_zone":"Europe/Berlin","currency":"EUR","accepting":true,"queue_limit":200,"priorities":["vip","standard"],"priority_policy":{"order":"strict","classes":[{"name":"vip"},{"name":"standard"}]},"tariffs":[],"capacity":20,"available":2,"occupied":17,"out_of_service":1,"waiting":2,"revision":3,"lot_version":5311}"#
    );
    assert_eq!(
        get(&park, "/api/v1/lots/main/availability").await.body,
        r#"{"lot":"main","lot_version":5311,"capacity":20,"available":2,"occupied":17,"out_of_service":1,"waiting":2,"by_class":{"car":{"capacity":18,"available":0,"occupied":17,"out_of_service":1,"waiting":2},"motorcycle":{"capacity":20,"available":2,"occupied":17,"out_of_service":1,"waiting":0}},"by_feature":{"electric":{"capacity":2,"available":0,"occupied":1,"out_of_service":1,"waiting":2}},"as_of":"2026-11-22T10:00:00.000000Z"}"#
    );
}

#[actix_web::test]
async fn a_lot_that_is_opened_changed_and_removed() {
    let subject = Subject::Lot(Box::new(samples::the_lot().unwrap()), samples::the_tally().unwrap());
    let (world, _heard) = World::doing(Done { subject, promoted: Vec::new() });
    let park = world.park();
    let open = post("/api/v1/lots", r#"{"id":"main","name":"M","time_zone":"UTC","currency":"EUR"}"#);
    let opened = ask(&park, open).await;
    assert_eq!(
        (opened.status, opened.header("location"), opened.header("etag")),
        (201, Some("/api/v1/lots/main"), Some("\"3\""))
    );
    let changed = ask(&park, patch("/api/v1/lots/main", "{}")).await;
    assert_eq!(
        (changed.status, changed.header("location"), changed.header("etag")),
        (200, None, Some("\"3\""))
    );
    let removed = TestRequest::delete().uri("/api/v1/lots/main").insert_header(("if-match", "*"));
    let removed = ask(&park, removed).await;
    assert_eq!((removed.status, removed.header("location"), removed.header("etag")), (200, None, None));
    assert!(
        removed.body.starts_with(r#"{"lot":{"id":"main""#)
            && removed.body.ends_with(r#""lot_version":5311,"promoted":[]}"#)
    );
}

#[actix_web::test]
async fn a_ticket_has_its_position_while_it_waits() {
    let mut world = World::new();
    world.records.expect_ticket().returning(|_| Ok(Some(viewed(samples::is_waiting().unwrap()))));
    world
        .records
        .expect_position()
        .returning(|_| Ok(Some(Place { position: 7, version: samples::the_lot().unwrap().version })));
    let got = get(&world.park(), TICKET).await;
    assert_eq!((got.json()["position"].clone(), got.header("cache-control")), (7.into(), Some("no-store")));
}

#[actix_web::test]
async fn a_ticket_that_got_its_slot_while_it_was_read_is_read_again() {
    let mut world = World::new();
    let reads = Mutex::new(vec![samples::is_parked(), samples::is_waiting()]);
    world.records.expect_ticket().returning(move |_| {
        let next = reads.lock().unwrap().pop().unwrap();
        Ok(Some(viewed(next.unwrap())))
    });
    world.records.expect_position().returning(|_| Ok(None));
    let ticket = get(&world.park(), TICKET).await.json();
    assert_eq!((&ticket["status"], &ticket["slot"]), (&"parked".into(), &"A-07".into()));
}

#[actix_web::test]
async fn a_quote_says_until_when_it_holds() {
    let mut world = World::new();
    world.records.expect_ticket().returning(|_| Ok(Some(viewed(samples::is_parked().unwrap()))));
    let park = world.park();
    let got = get(&park, &format!("{TICKET}/quote?at=2026-11-22T09:30:00Z")).await.json();
    let fields = ["at", "valid_until"].map(|name| got[name].as_str().unwrap().to_owned());
    assert_eq!(fields, ["2026-11-22T09:30:00.000000Z", "2026-11-22T10:00:00.000001Z"]);
    assert_eq!(got["fee"]["amount"], 10_000);
    let now = get(&park, &format!("{TICKET}/quote")).await.json();
    assert_eq!(now["at"], "2026-11-22T08:00:00.000001Z", "not before it parked");
}

#[actix_web::test]
async fn what_has_no_slot_has_no_quote() {
    let mut world = World::new();
    world.records.expect_ticket().returning(|_| Ok(Some(viewed(samples::is_waiting().unwrap()))));
    let got = get(&world.park(), &format!("{TICKET}/quote")).await;
    assert_eq!(
        (got.status, got.code().as_str(), got.json()["lot_version"].clone()),
        (409, "not-parked", 5311.into())
    );
    assert!(got.json()["detail"].as_str().unwrap().contains(TicketStatus::Waiting.as_str()));
}
