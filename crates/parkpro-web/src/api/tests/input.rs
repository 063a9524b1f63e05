//! What was sent, and what is told: status, code, and where each mistake is.

use actix_web::test::TestRequest;
use parkpro_domain::{
    command::{Command, Enter, Exit, Leaving, NewSlot},
    demand::Demand,
    lot::Priorities,
    slot::{Accepts, Level, SlotLabel},
    ticket::{Priority, TicketId},
    time::Timestamp,
    vehicle::Plate,
};

use super::{Got, World, ask, main_lot, parked, patch, post};
use crate::docs::samples;

const ENTRIES: &str = "/api/v1/lots/main/entries";
const EXITS: &str = "/api/v1/lots/main/exits";
const LOTS: &str = "/api/v1/lots";
const LOT: &str = "/api/v1/lots/main";
const SLOTS: &str = "/api/v1/lots/main/slots";
const SLOT: &str = "/api/v1/lots/main/slots/A-07";
const TICKET: &str = "/api/v1/tickets/0199f0c2-7a10-7000-8000-000000000001";

fn told(got: &Got) -> (u16, String, Vec<String>) {
    (got.status, got.code(), got.mistakes())
}

/// Nothing wrong reaches the ledger: it is not expected to be asked.
async fn refused(request: TestRequest) -> (u16, String, Vec<String>) {
    let got = ask(&World::new().park(), request).await;
    assert_eq!(got.header("content-type"), Some("application/problem+json"), "{}", got.body);
    told(&got)
}

#[actix_web::test]
async fn every_wrong_body_is_told_all_that_is_wrong_with_it() {
    let void = format!("{TICKET}/void");
    let table: &[(&str, &str, u16, &str, &[&str])] = &[
        (ENTRIES, "{}", 422, "missing-field", &["/plate missing-field"]),
        (ENTRIES, "[]", 422, "wrong-type", &[" wrong-type"]),
        (ENTRIES, "7", 422, "wrong-type", &[" wrong-type"]),
        (ENTRIES, r#"{"plate":7}"#, 422, "wrong-type", &["/plate wrong-type"]),
        (ENTRIES, r#"{"plate":null}"#, 422, "wrong-type", &["/plate wrong-type"]),
        (ENTRIES, r#"{"plate":"AB\u202e"}"#, 422, "invalid-plate", &["/plate invalid-plate"]),
        (
            ENTRIES,
            r#"{"plate":"A","vehicle_class":"Car"}"#,
            422,
            "invalid-vehicle-class",
            &["/vehicle_class invalid-vehicle-class"],
        ),
        (ENTRIES, r#"{"plate":"A","priority":""}"#, 422, "invalid-priority", &["/priority invalid-priority"]),
        (
            ENTRIES,
            r#"{"plate":"A","occurred_at":"now"}"#,
            422,
            "invalid-instant",
            &["/occurred_at invalid-instant"],
        ),
        (
            ENTRIES,
            r#"{"plate":"A","occurred_at":"2026-11-22T08:02:01Z"}"#,
            422,
            "occurred-at-out-of-range",
            &["/occurred_at occurred-at-out-of-range"],
        ),
        (
            ENTRIES,
            r#"{"plate":"","vehicle_class":1,"priorty":"vip"}"#,
            422,
            "invalid-input",
            &["/plate invalid-plate", "/vehicle_class wrong-type", "/priorty unknown-field"],
        ),
        (
            ENTRIES,
            r#"{"plate":"A","needs":["electric","Wide"]}"#,
            422,
            "invalid-feature",
            &["/needs/1 invalid-feature"],
        ),
        (
            ENTRIES,
            r#"{"plate":"A","needs":["a","b","c","d","e","f","g","h","i"]}"#,
            422,
            "invalid-features",
            &["/needs invalid-features"],
        ),
        (
            SLOTS,
            r#"{"slots":[{"label":"A"},{"label":"B","reserved":true},{"label":"C","features":"electric"}]}"#,
            422,
            "invalid-input",
            &["/slots/1 reserved-without-feature", "/slots/2/features wrong-type"],
        ),
        (ENTRIES, r#"{"plate":"A""#, 400, "broken-json", &[]),
        (ENTRIES, r#"{"plate":"A","plate":"B"}"#, 400, "broken-json", &[]),
        (ENTRIES, "", 400, "broken-json", &[]),
        (EXITS, "{}", 422, "choose-one", &[" choose-one"]),
        (
            EXITS,
            r#"{"plate":"A","ticket":"0199f0c2-7a10-7000-8000-000000000001"}"#,
            422,
            "choose-one",
            &[" choose-one"],
        ),
        (EXITS, r#"{"ticket":"1042"}"#, 422, "invalid-ticket-id", &["/ticket invalid-ticket-id"]),
        (EXITS, r#"{"plate":"?"}"#, 422, "invalid-plate", &["/plate invalid-plate"]),
        (
            LOTS,
            "{}",
            422,
            "missing-field",
            &[
                "/id missing-field",
                "/name missing-field",
                "/time_zone missing-field",
                "/currency missing-field",
            ],
        ),
        (
            LOTS,
            r#"{"id":"M","name":"","time_zone":"X","currency":"eur","queue_limit":-1,"priorities":["vip"],"slots":{"count":0}}"#,
            422,
            "invalid-input",
            &[
                "/id invalid-lot-id",
                "/name invalid-name",
                "/time_zone invalid-time-zone",
                "/currency invalid-currency",
                "/queue_limit out-of-range",
                "/priorities invalid-priorities",
                "/slots/count out-of-range",
            ],
        ),
        (
            LOTS,
            r#"{"id":"m","name":"M","time_zone":"UTC","currency":"EUR","priorities":["vip",1]}"#,
            422,
            "wrong-type",
            &["/priorities/1 wrong-type"],
        ),
        (
            LOTS,
            r#"{"id":"m","name":"M","time_zone":"UTC","currency":"EUR","priorities":["standard"],
               "priority_policy":{"order":"fair","classes":[{"name":"VIP","head_start_seconds":86401}],"x":1}}"#,
            422,
            "invalid-input",
            &[
                " choose-one",
                "/priority_policy/order invalid-order",
                "/priority_policy/classes/0/name invalid-priority",
                "/priority_policy/classes/0/head_start_seconds out-of-range",
                "/priority_policy/x unknown-field",
            ],
        ),
        (
            LOTS,
            r#"{"id":"m","name":"M","time_zone":"UTC","currency":"EUR","priority_policy":{"order":"ageing","classes":[{"name":"standard"}]}}"#,
            422,
            "invalid-priorities",
            &["/priority_policy invalid-priorities"],
        ),
        (
            LOTS,
            r#"{"id":"m","name":"M","time_zone":"UTC","currency":"EUR",
               "priority_policy":{"order":"strict","classes":[{"name":"standard","head_start_seconds":0}]}}"#,
            422,
            "invalid-priorities",
            &["/priority_policy invalid-priorities"],
        ),
        (SLOTS, "{}", 422, "invalid-input", &[" choose-one", "/label missing-field"]),
        (
            SLOTS,
            r#"{"label":"A 1","accepts":[]}"#,
            422,
            "invalid-input",
            &["/label invalid-label", "/accepts invalid-accepts"],
        ),
        (
            SLOTS,
            r#"{"label":"A","accepts":["car","Van"]}"#,
            422,
            "invalid-vehicle-class",
            &["/accepts/1 invalid-vehicle-class"],
        ),
        (
            SLOTS,
            r#"{"label":"A","rank":1.5,"level":"\n"}"#,
            422,
            "invalid-input",
            &["/level invalid-level", "/rank out-of-range"],
        ),
        (SLOTS, r#"{"slots":[]}"#, 422, "too-many-slots", &["/slots too-many-slots"]),
        (
            SLOTS,
            r#"{"slots":[{"label":"A"},{},{"label":"B","rank":9999999999}]}"#,
            422,
            "invalid-input",
            &["/slots/1/label missing-field", "/slots/2/rank out-of-range"],
        ),
        (SLOTS, r#"{"slots":[{"label":"A"}],"count":2}"#, 422, "unknown-field", &["/count unknown-field"]),
        (SLOTS, r#"{"count":10001,"prefix":"A"}"#, 422, "out-of-range", &["/count out-of-range"]),
        (SLOTS, r#"{"count":2,"prefix":"Ä"}"#, 422, "invalid-label", &["/prefix invalid-label"]),
        (SLOTS, r#"{"count":2,"prefix":7}"#, 422, "wrong-type", &["/prefix wrong-type"]),
        (&void, "{}", 422, "missing-field", &["/reason missing-field"]),
        (&void, r#"{"reason":" "}"#, 422, "invalid-reason", &["/reason invalid-reason"]),
    ];
    for (uri, body, status, code, places) in table {
        let told = refused(post(uri, body)).await;
        assert_eq!(
            told,
            (*status, (*code).to_owned(), places.iter().map(ToString::to_string).collect()),
            "{body}"
        );
    }
}

#[actix_web::test]
async fn a_change_is_as_strict_as_a_new_thing() {
    let table: &[(&str, &str, &str, &[&str])] = &[
        (LOT, r#"{"name":null}"#, "wrong-type", &["/name wrong-type"]),
        (LOT, r#"{"currency":"EUR"}"#, "unknown-field", &["/currency unknown-field"]),
        (
            LOT,
            r#"{"accepting":"no","queue_limit":4294967296}"#,
            "invalid-input",
            &["/accepting wrong-type", "/queue_limit out-of-range"],
        ),
        (
            SLOT,
            r#"{"label":null,"in_service":0}"#,
            "wrong-type",
            &["/label wrong-type", "/in_service wrong-type"],
        ),
        (SLOT, r#"{"in_servce":true}"#, "unknown-field", &["/in_servce unknown-field"]),
        (
            TICKET,
            r#"{"plate":null,"priority":"A"}"#,
            "invalid-input",
            &["/plate wrong-type", "/priority invalid-priority"],
        ),
        (TICKET, r#"{"status":"parked"}"#, "unknown-field", &["/status unknown-field"]),
    ];
    for (uri, body, code, places) in table {
        let told = refused(patch(uri, body)).await;
        assert_eq!(
            told,
            (422, (*code).to_owned(), places.iter().map(ToString::to_string).collect()),
            "{body}"
        );
    }
}

#[actix_web::test]
async fn a_wrong_query_is_told_all_that_is_wrong_with_it() {
    let table: &[(&str, &str, &[&str])] = &[
        ("/api/v1/lots?limit=0", "invalid-limit", &["?limit out-of-range"]),
        ("/api/v1/lots?limit=201", "invalid-limit", &["?limit out-of-range"]),
        ("/api/v1/lots?limit=x", "invalid-limit", &["?limit out-of-range"]),
        ("/api/v1/lots?cursor=x", "invalid-cursor", &["?cursor invalid-cursor"]),
        (
            "/api/v1/lots?cursor=x&limit=x",
            "invalid-query",
            &["?limit out-of-range", "?cursor invalid-cursor"],
        ),
        ("/api/v1/lots?limt=1", "invalid-query", &["?limt unknown-field"]),
        ("/api/v1/lots/main?x=1", "invalid-query", &["?x unknown-field"]),
        (
            "/api/v1/lots/main/slots?status=gone&status=x",
            "invalid-query",
            &["?status given-twice", "?status invalid-status"],
        ),
        ("/api/v1/lots/main/slots?accepts=Car", "invalid-query", &["?accepts invalid-vehicle-class"]),
        (
            "/api/v1/lots/main/tickets?from=x&plate=%00",
            "invalid-query",
            &["?plate invalid-plate", "?from invalid-instant"],
        ),
        ("/api/v1/lots/main/events?after=x", "invalid-cursor", &["?after invalid-cursor"]),
    ];
    for (uri, code, places) in table {
        let told = refused(TestRequest::get().uri(uri)).await;
        assert_eq!(
            told,
            (400, (*code).to_owned(), places.iter().map(ToString::to_string).collect()),
            "{uri}"
        );
    }
}

#[actix_web::test]
async fn the_words_are_about_the_request_and_not_about_the_program() {
    let deep = format!(r#"{{"plate":{}"#, "[".repeat(200));
    for (body, detail) in [
        ("", "The body is empty; it has to be a JSON object."),
        (r#"{"plate":"A""#, "the body ends too early, at line 1 column 12."),
        (&deep, "the body is nested more than 127 levels deep, at line 1 column 136."),
        ("7", "The body: must be an object, not a number"),
        (r#"{"plate":7}"#, "/plate: must be text, not a number"),
    ] {
        assert_eq!(ask(&World::new().park(), post(ENTRIES, body)).await.json()["detail"], detail, "{body}");
    }
    let back = patch(SLOT, r#"{"in_service":true,"reason":"x"}"#).insert_header(("if-match", "*"));
    assert_eq!(refused(back).await, (422, "choose-one".to_owned(), vec![" choose-one".to_owned()]));
}

#[actix_web::test]
async fn a_name_that_nothing_can_have_is_not_there() {
    for (method, uri, code) in [
        (TestRequest::get(), "/api/v1/lots/Main", "no-such-lot"),
        (TestRequest::get(), "/api/v1/lots/%00", "no-such-lot"),
        (TestRequest::post(), "/api/v1/lots/M/entries", "no-such-lot"),
        (TestRequest::get(), "/api/v1/lots/main/slots/A%20B", "no-such-slot"),
        (TestRequest::get(), "/api/v1/tickets/1042", "no-such-ticket"),
        (TestRequest::post(), "/api/v1/tickets/x/withdraw", "no-such-ticket"),
    ] {
        assert_eq!(refused(method.uri(uri)).await, (404, code.to_owned(), vec![]), "{uri}");
    }
}

#[actix_web::test]
async fn an_arrival_has_everything_that_was_said_and_the_usual_else() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    let body = r#"{"plate":" abc 123","vehicle_class":"van","needs":["electric","accessible"],"priority":"vip","occurred_at":"2026-11-22T09:01:00+01:00"}"#;
    for body in [body, r#"{"plate":"X1","vehicle_class":null}"#] {
        assert_eq!(ask(&park, post(ENTRIES, body)).await.status, 201);
    }
    let enter = |ticket, plate: &str, demand: &str, priority, occurred_at| {
        let (class, needs) = Demand::parse(demand).unwrap().into_parts();
        Command::Enter(Enter {
            lot: main_lot(),
            ticket: samples::ticket_id(ticket),
            plate: Plate::parse(plate).unwrap(),
            class,
            needs,
            priority,
            occurred_at,
        })
    };
    let at = Timestamp::parse("2026-11-22T08:01:00Z").unwrap();
    let first = enter(1, "abc 123", "van/accessible+electric", Priority::vip(), Some(at));
    assert_eq!(heard.commands(), [first, enter(2, "X1", "car", Priority::standard(), None)]);
}

#[actix_web::test]
async fn a_vehicle_leaves_by_plate_or_by_ticket() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    let id = "0199f0c2-7a10-7000-8000-000000000001";
    for body in [r#"{"plate":"abc 123","ticket":null}"#, &format!(r#"{{"ticket":"{id}"}}"#)] {
        assert_eq!(ask(&park, post(EXITS, body)).await.status, 200);
    }
    let exit = |vehicle| {
        Command::Exit(Exit {
            lot: main_lot(),
            vehicle,
            occurred_at: None,
            lost_ticket: false,
            discounts: vec![],
        })
    };
    let plate = Plate::parse("ABC123").unwrap().key().clone();
    let ticket = TicketId::parse(id).unwrap();
    assert_eq!(heard.commands(), [exit(Leaving::Plate(plate)), exit(Leaving::Ticket(ticket))]);
}

#[actix_web::test]
async fn slots_come_alone_as_a_list_or_numbered() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    for body in [
        r#"{"label":"A-1","level":"P1","accepts":["motorcycle","car"],"rank":-2}"#,
        r#"{"slots":[{"label":"A#2"}]}"#,
        r#"{"count":2,"prefix":"B","level":"P2","rank":3}"#,
        r#"{"label":"D-1","accepts":["car"],"features":["electric","accessible"],"reserved":true}"#,
        r#"{"count":1,"prefix":"E","features":["electric"],"reserved":false}"#,
    ] {
        assert_eq!(ask(&park, post(SLOTS, body)).await.status, 201);
    }
    let slot = |label: &str, level: Option<&str>, accepts: &str, rank| NewSlot {
        label: SlotLabel::parse(label).unwrap(),
        level: level.map(|level| Level::parse(level).unwrap()),
        accepts: Accepts::parse(accepts).unwrap(),
        rank,
    };
    let add = |slots| Command::AddSlots { lot: main_lot(), slots };
    assert_eq!(
        heard.commands(),
        [
            add(vec![slot("A-1", Some("P1"), "car+motorcycle", -2)]),
            add(vec![slot("A#2", None, "car+van", 0)]),
            add(vec![slot("B01", Some("P2"), "car+van", 3), slot("B02", Some("P2"), "car+van", 3)]),
            add(vec![slot("D-1", None, "car/accessible+electric!", 0)]),
            add(vec![slot("E01", None, "car+van/electric", 0)]),
        ]
    );
}

#[actix_web::test]
async fn a_lot_opens_with_its_slots() {
    let (world, heard) = World::doing(parked());
    let body = r#"{"id":"p2","name":" P 2 ","time_zone":"Europe/Berlin","currency":"JPY","accepting":false,
        "queue_limit":0,"priorities":["permit","standard"],"slots":{"count":3}}"#;
    assert_eq!(ask(&world.park(), post(LOTS, body)).await.status, 201);
    let Command::OpenLot(open) = heard.only().command else { panic!("another command") };
    assert_eq!((open.lot.as_str(), open.name.as_str(), open.zone.name()), ("p2", "P 2", "Europe/Berlin"));
    assert_eq!((open.currency.code(), open.accepting, open.queue_limit), ("JPY", false, Some(0)));
    assert_eq!(open.priorities, Priorities::parse("permit,standard").unwrap());
    let labels: Vec<_> = open.slots.iter().map(|slot| slot.label.as_str()).collect();
    assert_eq!(labels, ["01", "02", "03"]);
}

#[actix_web::test]
async fn an_order_of_the_queue_is_read_in_both_forms() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    for body in [
        r#"{"priorities":["permit","standard"]}"#,
        r#"{"priority_policy":{"order":"strict","classes":[{"name":"permit"},{"name":"standard"}]}}"#,
        r#"{"priority_policy":{"order":"ageing","classes":[{"name":"standard","head_start_seconds":0},
            {"name":"vip","head_start_seconds":900}]}}"#,
    ] {
        let asked = patch(LOT, body).insert_header(("if-match", "*"));
        assert_eq!(ask(&park, asked).await.status, 200);
    }
    let orders: Vec<String> = heard
        .commands()
        .iter()
        .map(|command| match command {
            Command::ChangeLot(change) => change.priorities.as_ref().unwrap().to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(orders, ["permit,standard", "permit,standard", "vip:900,standard:0"]);
}

#[actix_web::test]
async fn a_withdrawal_needs_no_body() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    let uri = format!("{TICKET}/withdraw");
    assert_eq!(ask(&park, TestRequest::post().uri(&uri)).await.status, 200);
    assert_eq!(ask(&park, post(&uri, "{}")).await.status, 200);
    assert_eq!(heard.commands().len(), 2);
    assert_eq!(told(&ask(&park, post(&uri, r#"{"reason":"x"}"#)).await).1, "unknown-field");
    assert_eq!(
        told(&ask(&park, TestRequest::post().uri(&uri).set_payload("{}")).await).1,
        "unsupported-media-type"
    );
}

#[actix_web::test]
async fn mistakes_that_are_not_told_are_counted() {
    let body = format!(r#"{{"slots":[{}null]}}"#, "null,".repeat(499));
    let got = ask(&World::new().park(), post(SLOTS, &body)).await.json();
    assert_eq!(got["errors"].as_array().unwrap().len(), 100);
    assert_eq!(got["detail"], "The body has mistakes; errors names them. They are the first 100 of 500.");
}
