//! The API through the real program, the same on every record.

use std::time::Duration;

use futures_util::StreamExt;
use parkpro_tests::{
    running::{Answer, Running},
    world::setups,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Starts the program in every way that it can run, and asks each the same.
async fn everywhere(ask: impl AsyncFn(&Running)) {
    for (name, setup) in setups() {
        eprintln!("on {name}");
        ask(&setup.start()).await;
    }
}

async fn fill(program: &Running) {
    for n in 1..=20 {
        program.enter(&format!("FILL-{n}")).await.expect(201);
    }
}

#[tokio::test]
async fn a_vehicle_parks_waits_is_promoted_and_pays() {
    everywhere(async |program| {
        let first = program.enter("ABC-123").await.expect(201);
        assert_eq!(first.at("/ticket/status"), "parked");
        assert_eq!(first.at("/ticket/slot"), "A-01");
        assert_eq!(first.at("/ticket/plate"), "ABC-123");
        assert_eq!(first.at("/lot_version"), 2);
        let id = first.at("/ticket/id").as_str().unwrap().to_owned();
        assert_eq!(first.header("location"), format!("/api/v1/tickets/{id}"));
        assert_eq!(first.header("cache-control"), "no-store");

        for n in 2..=20 {
            let parked = program.enter(&format!("CAR-{n}")).await.expect(201);
            assert_eq!(parked.at("/ticket/slot"), &json!(format!("A-{n:02}")));
        }
        let waiting = program.enter("LATE-1").await.expect(201);
        assert_eq!(waiting.at("/ticket/status"), "waiting");
        assert_eq!(waiting.at("/ticket/position"), 1);
        assert_eq!(waiting.at("/ticket/slot"), &Value::Null);
        let second = program.enter("LATE-2").await.expect(201);
        assert_eq!(second.at("/ticket/position"), 2);

        let queue = program.get("/api/v1/lots/main/queue").await.expect(200);
        assert_eq!(queue.at("/data/0/plate"), "LATE-1");
        assert_eq!(queue.at("/data/1/position"), 2);

        let left = program.exit("abc 123").await.expect(200);
        assert_eq!(left.at("/ticket/status"), "departed");
        assert_eq!(left.at("/ticket/fee/amount"), 5000);
        assert_eq!(left.at("/ticket/fee/formatted"), "50.00");
        assert_eq!(left.at("/ticket/fee/currency"), "USD");
        assert_eq!(left.at("/promoted/0/plate"), "LATE-1");
        assert_eq!(left.at("/promoted/0/slot"), "A-01");

        let ticket = program.get(&format!("/api/v1/tickets/{id}")).await.expect(200);
        assert_eq!(ticket.at("/slot"), "A-01", "the slot stays on the ticket");
        let again = program.exit("ABC123").await.expect(409);
        assert_eq!(again.at("/code"), "already-departed");

        let state = program.get("/api/v1/lots/main/availability").await.expect(200);
        assert_eq!(state.at("/capacity"), 20);
        assert_eq!(state.at("/available"), 0);
        assert_eq!(state.at("/occupied"), 20);
        assert_eq!(state.at("/waiting"), 1);
        assert_eq!(state.at("/lot_version"), left.at("/lot_version"));
    })
    .await;
}

#[tokio::test]
async fn who_waits_may_withdraw_and_operators_may_void() {
    everywhere(async |program| {
        fill(program).await;
        let waiting = program.enter("W-1").await.expect(201);
        let path = |answer: &Answer| format!("/api/v1/tickets/{}", answer.at("/ticket/id").as_str().unwrap());
        let behind = program.enter("W-2").await.expect(201);
        assert_eq!(program.get(&path(&behind)).await.at("/position"), 2);
        let withdrawn = program.post(&format!("{}/withdraw", path(&waiting)), json!({})).await.expect(200);
        assert_eq!(withdrawn.at("/ticket/status"), "withdrawn");
        assert_eq!(program.get(&path(&behind)).await.at("/position"), 1);

        let parked = program.get("/api/v1/lots/main/tickets?plate=fill1&status=parked").await.expect(200);
        let id = parked.at("/data/0/id").as_str().unwrap().to_owned();
        let voided = program
            .post(&format!("/api/v1/tickets/{id}/void"), json!({"reason": "wrong gate"}))
            .await
            .expect(200);
        assert_eq!(voided.at("/ticket/status"), "voided");
        assert_eq!(voided.at("/ticket/fee"), &Value::Null);
        assert_eq!(voided.at("/promoted/0/plate"), "W-2");
        let no = program.post(&format!("{}/withdraw", path(&behind)), json!({})).await.expect(409);
        assert_eq!(no.at("/code"), "not-waiting");
    })
    .await;
}

#[tokio::test]
async fn a_lot_is_given_a_tariff_and_those_inside_keep_theirs() {
    everywhere(async |program| {
        let (tariffs, lot) = ("/api/v1/tariffs", "/api/v1/lots/main/tariffs");
        let inside = program.enter("INSIDE").await.expect(201);
        let document = json!({
            "name": "Short term", "rate": {"blocks": [{"step": "1h", "price": "2.00"}]}, "lost_ticket": "40.00",
        });
        let new = json!({"id": "short-term", "document": document});
        let created = program.post(tariffs, new.clone()).await.expect(201);
        assert_eq!(created.header("location"), "/api/v1/tariffs/short-term");
        assert_eq!(program.post(tariffs, new).await.expect(409).at("/code"), "tariff-id-taken");
        let version = json!({"tariff": "short-term", "version": 1});
        let early = program.post(lot, version.clone()).await.expect(404);
        assert_eq!(early.at("/code"), "no-such-tariff-version");
        let published = program.post("/api/v1/tariffs/short-term/publish", json!({})).await.expect(201);
        assert_eq!(published.at("/tariff/published/document"), &document);
        let given = program.post(lot, version).await.expect(200);
        assert_eq!(given.at("/lot/tariffs/0/tariff"), &json!({"id": "short-term", "version": 1}));

        let parked = program.enter("P-1").await.expect(201);
        assert_eq!(parked.at("/ticket/tariff/id"), "short-term");
        let id = parked.at("/ticket/id").as_str().unwrap();
        let quote = program.get(&format!("/api/v1/tickets/{id}/quote")).await.expect(200);
        assert_eq!((quote.at("/fee/amount"), quote.at("/next/formatted")), (&json!(200), &json!("4.00")));
        let slot = parked.at("/ticket/slot");
        let lost = json!({"slot": slot, "lost_ticket": true});
        let left = program.post("/api/v1/lots/main/exits", lost.clone()).await.expect(200);
        assert_eq!((left.at("/ticket/plate"), left.at("/ticket/fee/amount")), (&json!("P-1"), &json!(4000)));
        let again = program.post("/api/v1/lots/main/exits", lost).await.expect(404);
        assert_eq!(again.at("/code"), "slot-empty");
        assert_eq!(program.exit("INSIDE").await.expect(200).at("/ticket/fee/amount"), 5000);
        assert_eq!(inside.at("/ticket/tariff/id"), "default");

        let events = program.get("/api/v1/lots/main/events?after=0").await.expect(200);
        let kinds = events.at("/data").as_array().unwrap().iter().map(|event| &event["kind"]);
        assert_eq!(kinds.filter(|kind| *kind == "tariff_assigned").count(), 1);
        let drop = program.delete("/api/v1/tariffs/short-term").await.expect(409);
        assert_eq!(drop.at("/code"), "no-draft");
        let reserved = program.patch("/api/v1/tariffs/default", json!({"document": document})).await.expect(409);
        assert_eq!(reserved.at("/code"), "tariff-of-settings");
    })
    .await;
}

#[tokio::test]
async fn a_shop_validates_a_ticket_and_a_driver_redeems_a_code() {
    everywhere(async |program| {
        let discounts = "/api/v1/lots/main/discounts";
        let shop = json!({"code": "shop1", "grant": {"percent": "50"}, "limit": 2});
        let made = program.post(discounts, shop).await.expect(201);
        assert_eq!(made.header("location"), "/api/v1/lots/main/discounts/SHOP1");
        let fixed = json!({"code": "TEN", "grant": {"amount": "10.00"}, "limit_per_plate": 1});
        program.post(discounts, fixed).await.expect(201);

        let parked = program.enter("P-1").await.expect(201);
        let ticket = format!("/api/v1/tickets/{}", parked.at("/ticket/id").as_str().unwrap());
        let validated =
            program.post(&format!("{ticket}/discounts"), json!({"code": "SHOP1"})).await.expect(200);
        assert_eq!(validated.at("/ticket/discounts"), &json!(["SHOP1"]));
        let quote = program.get(&format!("{ticket}/quote")).await.expect(200);
        assert_eq!(quote.at("/fee/amount"), 2500);
        let exit = json!({"plate": "P-1", "discounts": ["ten"]});
        let left = program.post("/api/v1/lots/main/exits", exit).await.expect(200);
        assert_eq!(left.at("/ticket/fee/formatted"), "15.00");
        assert_eq!(left.at("/ticket/discounts"), &json!(["SHOP1", "TEN"]));

        program.enter("P-1").await.expect(201);
        let exit = json!({"plate": "P-1", "discounts": ["TEN"]});
        let refused = program.post("/api/v1/lots/main/exits", exit).await.expect(409);
        assert_eq!(refused.at("/code"), "discount-used-by-plate");
        let exit = json!({"plate": "P-1", "discounts": ["SHOP1"]});
        program.post("/api/v1/lots/main/exits", exit).await.expect(200);
        program.enter("P-2").await.expect(201);
        let exit = json!({"plate": "P-2", "discounts": ["SHOP1"]});
        let refused = program.post("/api/v1/lots/main/exits", exit).await.expect(409);
        assert_eq!(refused.at("/code"), "discount-used-up");
        assert_eq!(program.get(&format!("{discounts}/shop1")).await.expect(200).at("/uses"), 2);
        program.patch(&format!("{discounts}/shop1"), json!({"limit": null})).await.expect(200);
        let parked = program.get("/api/v1/lots/main/tickets?plate=P-2").await.expect(200);
        let ticket = format!("/api/v1/tickets/{}", parked.at("/data/0/id").as_str().unwrap());
        program.post(&format!("{ticket}/discounts"), json!({"code": "SHOP1"})).await.expect(200);
        let detached = program.delete(&format!("{ticket}/discounts/SHOP1")).await.expect(200);
        assert_eq!(detached.at("/ticket/discounts"), &json!([]));
        program.delete(&format!("{discounts}/SHOP1")).await.expect(200);
        assert_eq!(
            program.get(&format!("{discounts}/SHOP1")).await.expect(404).at("/code"),
            "no-such-discount"
        );
        let listed = program.get(discounts).await.expect(200);
        assert_eq!(listed.at("/data").as_array().map(Vec::len), Some(1));
        assert_eq!(program.exit("P-2").await.expect(200).at("/ticket/fee/amount"), 5000);
    })
    .await;
}

#[tokio::test]
async fn slots_are_managed() {
    everywhere(async |program| {
        let slots = "/api/v1/lots/main/slots";
        let added =
            program.post(slots, json!({"label": "Z-1", "accepts": ["lorry"], "rank": 5})).await.expect(201);
        assert_eq!(added.at("/slot/status"), "available");
        assert_eq!(added.header("etag"), "\"1\"");
        assert_eq!(program.post(slots, json!({"label": "Z-1"})).await.expect(409).at("/code"), "label-taken");
        let many = program.post(slots, json!({"count": 3, "prefix": "B-", "level": "1"})).await.expect(201);
        assert_eq!(many.at("/slots/2/label"), "B-03");

        let parked = program.enter("IN-Z").await.expect(201);
        assert_eq!(parked.at("/ticket/slot"), "A-01");
        let draining =
            program.patch(&format!("{slots}/A-01"), json!({"in_service": false})).await.expect(200);
        assert_eq!(draining.at("/slot/status"), "draining");
        assert_eq!(program.delete(&format!("{slots}/A-01")).await.expect(409).at("/code"), "slot-occupied");
        program.exit("IN-Z").await.expect(200);
        assert_eq!(program.get(&format!("{slots}/A-01")).await.at("/status"), "out_of_service");
        assert_eq!(program.enter("NEXT").await.at("/ticket/slot"), "A-02");

        let stale = Answer::of(
            program
                .request(Method::PATCH, &format!("{slots}/A-01"))
                .header("If-Match", "\"1\"")
                .json(&json!({"rank": 1})),
        );
        assert_eq!(stale.await.expect(412).at("/code"), "stale");
        let unnamed = program.request(Method::PATCH, &format!("{slots}/A-01")).json(&json!({"rank": 1}));
        assert_eq!(Answer::of(unnamed).await.expect(428).at("/code"), "precondition-required");

        program.delete(&format!("{slots}/A-01")).await.expect(200);
        program.get(&format!("{slots}/A-01")).await.expect(404);
        let state = program.get("/api/v1/lots/main/availability").await;
        assert_eq!(state.at("/capacity"), 23);

        let mut labels = Vec::new();
        let mut path = format!("{slots}?limit=7");
        loop {
            let page = program.get(&path).await.expect(200);
            labels.extend(page.at("/data").as_array().unwrap().iter().map(|slot| slot["label"].clone()));
            match page.at("/next_cursor").as_str() {
                Some(cursor) => path = format!("{slots}?limit=7&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(labels.len(), 23);
        assert_eq!(labels.last().unwrap(), "Z-1", "by rank, then by label");
    })
    .await;
}

#[tokio::test]
async fn a_retry_gets_the_same_bytes() {
    everywhere(async |program| {
        let send = async |key: &str, plate: &str| {
            let request = program.request(Method::POST, "/api/v1/lots/main/entries");
            Answer::of(request.header("Idempotency-Key", key).json(&json!({ "plate": plate }))).await
        };
        let first = send("gate-1", "K-1").await.expect(201);
        assert_eq!(first.header("idempotent-replayed"), "");
        for key in ["gate-1", "\"gate-1\""] {
            let again = send(key, "K-1").await.expect(201);
            assert_eq!(again.bytes, first.bytes);
            assert_eq!(again.header("idempotent-replayed"), "true");
            assert_eq!(again.header("location"), first.header("location"));
        }
        assert_eq!(send("gate-1", "K-2").await.expect(422).at("/code"), "idempotency-key-reused");

        let refused = send("gate-2", "K-1").await.expect(409);
        assert_eq!(refused.at("/code"), "plate-already-active");
        program.exit("K-1").await.expect(200);
        assert_eq!(send("gate-2", "K-1").await.expect(409).bytes, refused.bytes, "refusals are kept too");
    })
    .await;
}

#[tokio::test]
async fn the_journal_is_read_in_pages_and_live_without_a_gap() {
    everywhere(async |program| {
        program.enter("J-1").await.expect(201);
        program.exit("J-1").await.expect(200);
        let events = "/api/v1/lots/main/events";
        let page = program.get(&format!("{events}?limit=200")).await.expect(200);
        let all = page.at("/data").as_array().unwrap();
        assert!(!String::from_utf8_lossy(&page.bytes).contains("J-1"), "no plate in the journal");
        let kinds: Vec<&str> =
            all.iter().rev().take(3).map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ticket_departed", "ticket_parked", "ticket_arrived"]);

        let last = all.last().unwrap()["id"].as_str().unwrap();
        let stream = program.request(Method::GET, events).header("Accept", "text/event-stream");
        let stream =
            stream.header("Last-Event-ID", all[all.len() - 2]["id"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        let mut pieces = stream.bytes_stream();
        let mut heard = String::new();
        let mut entered = false;
        while !heard.contains("ticket_parked") {
            let piece = tokio::time::timeout(Duration::from_secs(5), pieces.next()).await;
            heard.push_str(&String::from_utf8_lossy(&piece.expect("live within seconds").unwrap().unwrap()));
            if !entered {
                entered = true;
                program.enter("J-2").await.expect(201);
            }
        }
        let told = heard.lines().filter_map(|line| line.strip_prefix("data: "));
        let ids: Vec<Value> =
            told.map(|data| serde_json::from_str::<Value>(data).unwrap()["id"].clone()).collect();
        assert_eq!(ids[0], last, "it resumes behind the named event");
        assert_eq!(ids.len(), 3, "{heard}");
    })
    .await;
}

#[tokio::test]
async fn lots_are_managed() {
    everywhere(async |program| {
        let new = json!({"id": "north", "name": "North", "time_zone": "Europe/Berlin", "currency": "EUR"});
        let opened = program.post("/api/v1/lots", new.clone()).await.expect(201);
        assert_eq!(opened.at("/lot/currency"), "EUR");
        assert_eq!(opened.header("location"), "/api/v1/lots/north");
        assert_eq!(program.post("/api/v1/lots", new).await.expect(409).at("/code"), "lot-id-taken");
        let refused = program.post("/api/v1/lots/north/entries", json!({"plate": "N-1"})).await.expect(422);
        assert_eq!(refused.at("/code"), "nothing-fits");
        program.post("/api/v1/lots/north/slots", json!({"label": "N"})).await.expect(201);
        program.post("/api/v1/lots/north/entries", json!({"plate": "N-1"})).await.expect(201);
        let twice = program.enter("n1").await.expect(409);
        assert_eq!(twice.at("/code"), "plate-already-active", "one open ticket in the installation");
        assert_eq!(program.delete("/api/v1/lots/north").await.expect(409).at("/code"), "lot-in-use");
        program.post("/api/v1/lots/north/exits", json!({"plate": "N-1"})).await.expect(200);
        program.patch("/api/v1/lots/north", json!({"accepting": false})).await.expect(200);
        let closed = program.post("/api/v1/lots/north/entries", json!({"plate": "N-2"})).await.expect(409);
        assert_eq!(closed.at("/code"), "lot-closed");
        program.delete("/api/v1/lots/north").await.expect(200);
        program.get("/api/v1/lots/north").await.expect(404);
        let lots = program.get("/api/v1/lots").await.expect(200);
        assert_eq!(lots.at("/data").as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn health_metrics_and_documents_are_served() {
    everywhere(async |program| {
        program.enter("M-1").await.expect(201);
        program.get("/healthz").await.expect(200);
        program.get("/readyz").await.expect(200);
        let metrics = program.get("/metrics").await.expect(200);
        let text = String::from_utf8_lossy(&metrics.bytes).into_owned();
        for name in
            ["parkpro_requests_total", "parkpro_changes_total", "parkpro_waiting", "parkpro_turn_requests"]
        {
            assert!(text.contains(name), "{name} in {text}");
        }
        assert!(!text.contains("M-1"));
        let document = program.get("/openapi.json").await.expect(200);
        let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");
        let kept = std::fs::read(kept).expect("openapi.json is kept at the top");
        assert!(document.bytes == kept, "openapi.json is not current: run `just openapi`");
        program.get("/docs/").await.expect(200);
        program.get("/docs/errors").await.expect(200);
    })
    .await;
}
