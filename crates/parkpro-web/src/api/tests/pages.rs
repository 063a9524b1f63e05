//! Lists, page by page.

use parkpro_domain::{
    demand::Feature,
    ports::{SlotFilter, TicketFilter, WaitingPage},
    slot::{Level, Slot, SlotLabel, SlotStatus},
    ticket::{Ticket, TicketNumber, TicketStatus, Turn},
    time::Timestamp,
    vehicle::{Plate, VehicleClass},
};

use super::{World, get};
use crate::docs::samples;

#[actix_web::test]
async fn a_list_goes_on_behind_the_last_one_shown() {
    let mut world = World::new();
    world.records.expect_slots().returning(|_, _, after, limit| {
        let first = after.map_or(1, |cursor| cursor.label.as_str()[2..].parse::<u32>().unwrap() + 1);
        let slot = |n: u32| Slot {
            label: SlotLabel::parse(&format!("A-{n:02}")).unwrap(),
            ..samples::the_slot(None).unwrap()
        };
        Ok(Some((first..=5).take(usize::try_from(limit).unwrap()).map(slot).collect()))
    });
    let park = world.park();
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = get(&park, &format!("/api/v1/lots/main/slots?limit=2{cursor}")).await.json();
        let labels =
            page["data"].as_array().unwrap().iter().map(|slot| slot["label"].as_str().unwrap().to_owned());
        seen.push(labels.collect::<Vec<_>>().join(" "));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["A-01 A-02", "A-03 A-04", "A-05"]);
}

#[actix_web::test]
async fn a_page_has_fifty_and_two_hundred_at_most() {
    for (query, limit) in [("", 51), ("?limit=1", 2), ("?limit=200", 201)] {
        let mut world = World::new();
        world.records.expect_lots().withf(move |_, asked| *asked == limit).returning(|_, _| Ok(Vec::new()));
        let got = get(&world.park(), &format!("/api/v1/lots{query}")).await;
        assert_eq!(got.body, r#"{"data":[],"next_cursor":null}"#);
    }
}

#[actix_web::test]
async fn filters_reach_the_record() {
    let mut world = World::new();
    let slots = SlotFilter {
        status: Some(SlotStatus::OutOfService),
        level: Some(Level::parse("P 1").unwrap()),
        accepts: Some(VehicleClass::car()),
        feature: Some(Feature::parse("electric").unwrap()),
    };
    world
        .records
        .expect_slots()
        .withf(move |_, filter, _, _| *filter == slots)
        .returning(|_, _, _, _| Ok(Some(Vec::new())));
    let tickets = TicketFilter {
        plate: Some(Plate::parse("ABC123").unwrap().key().clone()),
        status: Some(TicketStatus::Departed),
        from: Some(Timestamp::parse("2026-11-22T00:00:00Z").unwrap()),
        to: Some(Timestamp::parse("2026-11-22T23:00:00Z").unwrap()),
    };
    world
        .records
        .expect_tickets()
        .withf(move |_, filter, before, _| *filter == tickets && before.is_none())
        .returning(|_, _, _, _| Ok(Some(Vec::new())));
    let park = world.park();
    for uri in [
        "slots?status=out_of_service&level=P%201&accepts=car&feature=electric",
        "tickets?plate=abc+123&status=departed&from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00%2B01:00",
    ] {
        assert_eq!(get(&park, &format!("/api/v1/lots/main/{uri}")).await.status, 200, "{uri}");
    }
}

#[actix_web::test]
async fn the_queue_counts_on_from_page_to_page() {
    let mut world = World::with_lot();
    world.records.expect_waiting().returning(|_, after, _| {
        let ahead = after.map_or(0, |after| after.turn.0);
        let ticket = |n| Ticket { turn: Turn(n), number: TicketNumber(n), ..samples::is_waiting().unwrap() };
        let tickets = vec![ticket(ahead + 1), ticket(ahead + 2)];
        Ok(Some(WaitingPage { lot: samples::the_lot().unwrap(), ahead, tickets }))
    });
    let park = world.park();
    let first_page = get(&park, "/api/v1/lots/main/queue?limit=1").await.json();
    let cursor = first_page["next_cursor"].as_str().unwrap();
    let page = get(&park, &format!("/api/v1/lots/main/queue?cursor={cursor}&limit=1")).await.json();
    let first = &page["data"][0];
    assert_eq!(
        (&first["position"], &first["number"], page["data"].as_array().unwrap().len()),
        (&2.into(), &2.into(), 1)
    );
    assert_eq!(page["lot_version"], 5311);
    assert!(page["next_cursor"].is_string());
    assert_eq!(page["priority_policy"]["order"], "strict");
    assert_eq!(first["position_reason"], "standard, in the order vip, standard; then number 2");
    assert_eq!(first["waiting_seconds"], 0, "it came after the clock of these tests");
}

#[actix_web::test]
async fn a_list_of_a_lot_that_is_not_there_is_not_there() {
    let mut world = World::with_lot();
    world.records.expect_slots().returning(|_, _, _, _| Ok(None));
    world.records.expect_tickets().returning(|_, _, _, _| Ok(None));
    world.records.expect_waiting().returning(|_, _, _| Ok(None));
    world.records.expect_slot().returning(|_, _| Ok(None));
    let park = world.park();
    for part in ["", "/slots", "/tickets", "/queue", "/availability", "/events", "/slots/A-07"] {
        assert_eq!(get(&park, &format!("/api/v1/lots/gone{part}")).await.code(), "no-such-lot", "{part}");
    }
    assert_eq!(get(&park, "/api/v1/lots/main/slots/A-07").await.code(), "no-such-slot");
}
