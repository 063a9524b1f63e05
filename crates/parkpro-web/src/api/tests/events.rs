//! The journal, in pages and as a stream.

use std::{sync::Arc, time::Duration};

use actix_web::{
    App,
    body::MessageBody,
    test::{TestRequest, call_service, init_service},
};
use parkpro_domain::{
    demand::Features,
    discount::DiscountCode,
    event::{Entry, Event, Principal, SlotSeen, TicketSeen},
    lot::{LotId, Version},
    ports::{Bell, JournalCursor},
    slot::{SlotId, SlotLabel},
    tariff::{Assignment, TariffId, TariffVersion},
    ticket::{Priority, TicketNumber},
    vehicle::VehicleClass,
};

use super::{World, ask, get, main_lot};
use crate::{
    api::{CarPark, EventBody, KINDS, configure},
    docs::samples,
};

const EVENTS: &str = "/api/v1/lots/main/events";

/// The lot of the examples, whose journal has one event for each of the last three versions.
fn park() -> Arc<CarPark> {
    let mut world = World::with_lot();
    world.records.expect_journal().returning(|lot, after, limit| {
        let behind = (5309..=5313).map(|version| JournalCursor { version: Version(version), n: 0 });
        let entry = |place: JournalCursor| Entry {
            lot: lot.clone(),
            version: place.version,
            n: 0,
            at: samples::after(0),
            actor: Principal::anonymous(),
            event: Event::LotChanged,
        };
        let limit = usize::try_from(limit).unwrap();
        Ok(Some(behind.filter(|place| *place > after).take(limit).map(entry).collect()))
    });
    world.park()
}

fn ids(page: &serde_json::Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn pages_go_on_behind_an_event_or_a_version() {
    let park = park();
    for (query, first) in
        [("", "5309.0"), ("?after=5309", "5310.0"), ("?after=5309.0", "5310.0"), ("?after=5308.7", "5309.0")]
    {
        let page = get(&park, &format!("{EVENTS}{query}")).await.json();
        assert_eq!(ids(&page)[0], first, "{query}");
    }
    let page = get(&park, &format!("{EVENTS}?limit=2")).await.json();
    let next = page["next_cursor"].as_str().unwrap();
    let page = get(&park, &format!("{EVENTS}?limit=2&cursor={next}")).await.json();
    assert_eq!(ids(&page), ["5311.0", "5312.0"]);
    let both = get(&park, &format!("{EVENTS}?after=5309&cursor={next}")).await;
    assert_eq!((both.status, both.code().as_str()), (400, "invalid-query"));
}

#[actix_web::test]
async fn what_has_not_come_to_pass_is_no_place_to_go_on_from() {
    let park = park();
    let ahead = get(&park, &format!("{EVENTS}?after=5312")).await;
    assert_eq!((ahead.status, ahead.code().as_str()), (400, "invalid-cursor"));
    assert_eq!(ahead.json()["errors"][0]["pointer"], "?after");
    for id in ["x", "5312.0"] {
        let header = TestRequest::get().uri(EVENTS).insert_header(("last-event-id", id));
        let told = ask(&park, header).await.json();
        assert_eq!(told["code"], "invalid-cursor", "{id}");
        assert!(told["detail"].as_str().unwrap().starts_with("Last-Event-ID must"), "{told}");
    }
}

/// The first chunks of a stream.
async fn heard(park: &Arc<CarPark>, request: TestRequest, chunks: usize) -> Vec<String> {
    let app = init_service(App::new().configure(configure(park.clone()))).await;
    let request = request.insert_header(("accept", "text/event-stream")).to_request();
    let response = call_service(&app, request).await;
    assert_eq!(response.headers().get("content-type").unwrap(), "text/event-stream");
    let mut body = Box::pin(response.into_body());
    let mut heard = Vec::new();
    for _ in 0..chunks {
        let chunk = std::future::poll_fn(|context| body.as_mut().poll_next(context));
        match tokio::time::timeout(Duration::from_secs(5), chunk).await {
            Ok(Some(chunk)) => heard.push(String::from_utf8(chunk.unwrap().to_vec()).unwrap()),
            _ => break,
        }
    }
    heard
}

fn lot_changed(id: &str, version: i64) -> String {
    let data = format!(
        r#"{{"id":"{id}","lot":"main","lot_version":{version},"at":"2026-11-22T08:00:00.000000Z","actor":"anonymous","kind":"lot_changed"}}"#
    );
    format!("id: {id}\nevent: lot_changed\ndata: {data}\n\n")
}

#[actix_web::test]
async fn a_stream_goes_on_where_it_broke_off() {
    for request in [
        TestRequest::get().uri("/api/v1/lots/main/events?after=5309.0"),
        TestRequest::get().uri("/api/v1/lots/main/events?after=1").insert_header(("last-event-id", "5309.0")),
    ] {
        let heard = heard(&park(), request, 2).await;
        assert_eq!(heard[0], "retry: 2000\nid: 5309.0\n\n");
        let all: String =
            (5310..=5313).map(|version| lot_changed(&format!("{version}.0"), version)).collect();
        assert_eq!(heard[1], all);
    }
}

#[actix_web::test]
async fn a_stream_without_a_past_begins_with_what_comes_next() {
    let park = park();
    let ringing = park.clone();
    actix_web::rt::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        ringing.live.ring(&main_lot(), Version(5312));
        tokio::time::sleep(Duration::from_millis(20)).await;
        ringing.live.close();
    });
    let heard = heard(&park, TestRequest::get().uri(EVENTS), 9).await;
    let all: String = (5312..=5313).map(|version| lot_changed(&format!("{version}.0"), version)).collect();
    assert_eq!(heard, ["retry: 2000\nid: 5311\n\n".to_owned(), all], "and ends with the program");
    let closed = TestRequest::get().uri(EVENTS).insert_header(("accept", "text/event-stream"));
    assert_eq!(ask(&park, closed).await.code(), "closing");
    assert_eq!(get(&park, "/readyz").await.code(), "closing");
}

#[test]
fn every_event_has_its_kind_and_its_fields() {
    let ticket = TicketSeen { id: samples::ticket_id(7), number: TicketNumber(7) };
    let slot = || SlotSeen { id: SlotId(3), label: SlotLabel::parse("A-03").unwrap() };
    let priority = Priority::vip;
    let code = || DiscountCode::parse("SHOP1").unwrap();
    let assigned = Assignment {
        from: samples::after(0),
        class: Some(VehicleClass::car()),
        tariff: TariffVersion { tariff: TariffId::usual(), number: 1 },
    };
    let events = [
        (Event::LotOpened, ""),
        (Event::LotChanged, ""),
        (Event::LotRemoved, ""),
        (Event::SlotAdded(slot()), "slot"),
        (Event::SlotChanged { slot: slot(), in_service: false }, "slot in_service"),
        (Event::SlotRemoved(slot()), "slot"),
        (
            Event::TicketArrived {
                ticket,
                class: VehicleClass::car(),
                needs: Features::default(),
                priority: priority(),
            },
            "ticket number vehicle_class priority",
        ),
        (Event::TicketParked { ticket, slot: slot() }, "ticket number slot"),
        (Event::TicketDeparted { ticket, slot: slot(), fee_minor: 5000 }, "ticket number slot fee_amount"),
        (Event::TicketWithdrawn(ticket), "ticket number"),
        (Event::TicketVoided { ticket, slot: slot() }, "ticket number slot"),
        (Event::PlateCorrected(ticket), "ticket number"),
        (Event::PriorityChanged { ticket, priority: priority() }, "ticket number priority"),
        (Event::TariffAssigned(assigned), "tariff from vehicle_class"),
        (Event::DiscountAdded(code()), "discount"),
        (Event::DiscountChanged(code()), "discount"),
        (Event::DiscountRemoved(code()), "discount"),
        (Event::DiscountAttached { ticket, code: code() }, "ticket number discount"),
        (Event::DiscountDetached { ticket, code: code() }, "ticket number discount"),
    ];
    assert_eq!(events.each_ref().map(|(event, _)| event.kind()), KINDS);
    let always = ["id", "lot", "lot_version", "at", "actor", "kind"];
    for (event, fields) in events {
        let entry = Entry {
            lot: LotId::parse("main").unwrap(),
            version: Version(1),
            n: 0,
            at: samples::after(0),
            actor: Principal::anonymous(),
            event,
        };
        let json = serde_json::to_value(EventBody::of(&entry)).unwrap();
        let mut wanted: Vec<&str> = always.into_iter().chain(fields.split_whitespace()).collect();
        wanted.sort_unstable();
        let mut has: Vec<&String> = json.as_object().unwrap().keys().collect();
        has.sort_unstable();
        assert_eq!(has, wanted, "{json}");
    }
}
