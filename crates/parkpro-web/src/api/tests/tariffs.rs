//! Tariffs: what is read of requests, and what stays cost through the real routes.

use std::{collections::HashMap, fs, path::PathBuf, sync::Arc};

use actix_web::test::TestRequest;
use parkpro_domain::{
    command::{Command, Revision},
    outcome::{Done, Refusal, Subject},
    ports::LotView,
    tariff::TariffVersion,
};
use serde_json::{Value, json};

use super::{World, ask, get, main_lot, patch, post};
use crate::{api::CarPark, docs::samples};

const SIMULATE: &str = "/api/v1/tariffs/simulate";
const DAY: &str = "/api/v1/tariffs/short-term";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

async fn simulated(park: &Arc<CarPark>, asked: &Value) -> Value {
    let got = ask(park, post(SIMULATE, &asked.to_string())).await;
    assert_eq!(got.status, 200, "{asked}\n{}", got.body);
    got.json()
}

/// Records with one tariff, at its third change.
fn with_tariff() -> Arc<CarPark> {
    let mut world = World::new();
    world
        .records
        .expect_tariff()
        .returning(|id| Ok(samples::a_series(3).ok().filter(|series| series.id == id)));
    world.records.expect_tariff_version().returning(|version| {
        let newest = samples::a_series(3).unwrap().newest;
        Ok(newest.filter(|newest| newest.number == version.number && version.tariff.as_str() == "short-term"))
    });
    world.records.expect_tariff_versions().returning(|_, before, _| {
        let newest = samples::a_series(3).unwrap().newest;
        Ok(newest.into_iter().filter(|newest| before.is_none_or(|before| newest.number < before)).collect())
    });
    world.records.expect_tariffs().returning(|_, _| Ok(vec![samples::a_series(3).unwrap()]));
    world.park()
}

#[actix_web::test]
async fn every_published_stay_costs_what_its_board_says() {
    let park = World::new().park();
    let mut boards: HashMap<String, Value> = HashMap::new();
    let mut passed = 0;
    for case in file("tests/data/published.json")["cases"].as_array().unwrap() {
        let name = case["tariff"].as_str().unwrap();
        let board = boards
            .entry(name.to_owned())
            .or_insert_with(|| file(&format!("examples/tariffs/{name}.json")))
            .clone();
        let currency = board["currency"].is_null().then_some("EUR");
        let asked = |from: &Value, to: &Value, earlier: &[Value]| {
            json!({
                "tariff": board, "time_zone": case["time_zone"], "currency": currency, "entry": from, "exit": to,
                "vehicle_class": case["vehicle_class"], "earlier_stays": earlier,
            })
        };
        let earlier = case["earlier_stays"].as_array().cloned().unwrap_or_default();
        let mut fees = vec![simulated(&park, &asked(&case["entry"], &case["exit"], &earlier)).await];
        for (at, stay) in earlier.iter().enumerate() {
            fees.push(simulated(&park, &asked(&stay["from"], &stay["to"], &earlier[..at])).await);
        }
        let sum = |field: &str| fees.iter().map(|fee| fee["fee"][field].as_i64().unwrap()).sum::<i64>();
        assert_eq!(Some(sum("net")), case["expected_minor"].as_i64(), "{case:#}\n{fees:#?}");
        if let Some(gross) = case["expected_incl_tax_minor"].as_i64() {
            assert_eq!(sum("amount"), gross, "{case:#}");
        }
        for fee in &fees {
            let lines = fee["fee"]["lines"].as_array().unwrap().iter();
            let lines: i64 = lines.map(|line| line["amount"].as_i64().unwrap()).sum();
            assert_eq!(lines, fee["fee"]["amount"]);
            assert_eq!(
                fee["fee"]["amount"],
                fee["fee"]["net"].as_i64().unwrap() + fee["fee"]["tax"].as_i64().unwrap()
            );
        }
        passed += 1;
    }
    assert_eq!(passed, 147);
}

#[actix_web::test]
async fn a_simulation_says_until_when_it_holds_and_what_comes_next() {
    let park = with_tariff();
    let asked = json!({
        "tariff": "short-term", "time_zone": "Europe/Berlin",
        "entry": "2026-11-22T08:00:00Z", "exit": "2026-11-22T09:10:00Z",
    });
    let got = simulated(&park, &asked).await;
    assert_eq!(got["tariff"], json!({ "id": "short-term", "version": 1 }));
    assert_eq!(got["fee"]["formatted"], "3.00");
    assert_eq!(got["fee"]["tax"], 48, "19 % are in it");
    assert_eq!(got["valid_until"], "2026-11-22T09:30:00.000000Z");
    let next = json!({ "at": "2026-11-22T09:30:00.000001Z", "amount": 400, "formatted": "4.00" });
    assert_eq!(got["next"], next);
    let mut draft = asked.clone();
    draft["draft"] = json!(true);
    let got = simulated(&park, &draft).await;
    assert_eq!((&got["tariff"], &got["fee"]["amount"]), (&Value::Null, &json!(300)));
}

#[actix_web::test]
async fn what_a_simulation_cannot_be_of_is_told() {
    let park = with_tariff();
    let asked = |changes: Value| {
        let mut asked = json!({
            "tariff": "short-term", "time_zone": "UTC",
            "entry": "2026-11-22T08:00:00Z", "exit": "2026-11-22T09:00:00Z",
        });
        asked.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        asked.to_string()
    };
    let one = json!({ "from": "2026-11-22T06:00:00Z", "to": "2026-11-22T07:00:00Z" });
    let reversed = json!({ "from": "2026-11-22T07:00:00Z", "to": "2026-11-22T06:00:00Z" });
    let later = json!({ "from": "2026-11-22T07:00:00Z", "to": "2026-11-22T08:00:01Z" });
    let lost = json!({ "name": "x", "currency": "EUR", "rate": "free", "lost_ticket": "20.00" });
    let dollars = json!({ "name": "x", "currency": "USD", "rate": "free" });
    let percent = |code: &str, percent: &str| json!({ "code": code, "grant": { "percent": percent } });
    let of_tariff = |code: &str| json!({ "code": code, "grant": { "tariff": "short-term", "version": 1 } });
    let stays = vec![json!({ "from": "2026-11-22T08:00:00Z", "to": "2026-11-22T08:00:00Z" }); 65];
    for (changes, status, code, pointer) in [
        (json!({ "tariff": "night" }), 404, "no-such-tariff", None),
        (json!({ "version": 9 }), 404, "no-such-tariff-version", None),
        (json!({ "version": 1, "draft": true }), 422, "choose-one", Some("/version")),
        (json!({ "currency": "USD" }), 409, "other-currency", None),
        (json!({ "exit": "2026-11-22T07:59:59Z" }), 422, "ends-before-it-begins", Some("/exit")),
        (
            json!({ "earlier_stays": [one, reversed] }),
            422,
            "ends-before-it-begins",
            Some("/earlier_stays/1/to"),
        ),
        (json!({ "earlier_stays": [later] }), 422, "stays-overlap", Some("/earlier_stays/0/to")),
        (json!({ "earlier_stays": [one, one] }), 422, "stays-overlap", Some("/earlier_stays/1/from")),
        (json!({ "earlier_stays": stays }), 422, "out-of-range", Some("/earlier_stays")),
        (json!({ "tariff": { "name": "x", "rate": "free" } }), 422, "missing-field", Some("/currency")),
        (json!({ "tariff": { "name": "x", "currency": "EUR" } }), 422, "missing", Some("/tariff/rate")),
        (json!({ "tariff": lost, "currency": "USD" }), 422, "contradiction", Some("/currency")),
        (json!({ "tariff": 7 }), 422, "wrong-type", Some("/tariff")),
        (
            json!({ "tariff": lost, "lost_ticket": true, "discounts": [{ "code": "A", "grant": { "percent": "9" } }] }),
            409,
            "discount-without-effect",
            None,
        ),
        (
            json!({ "discounts": [percent("A", "9"), percent("a", "1")] }),
            409,
            "discount-already-attached",
            None,
        ),
        (json!({ "discounts": [of_tariff("A"), of_tariff("B")] }), 409, "discount-without-effect", None),
        (json!({ "tariff": dollars, "discounts": [of_tariff("A")] }), 409, "other-currency", None),
        (
            json!({ "discounts": [percent("A", "0")] }),
            422,
            "not-positive",
            Some("/discounts/0/grant/percent"),
        ),
        (json!({ "colour": 7 }), 422, "unknown-field", Some("/colour")),
    ] {
        let got = ask(&park, post(SIMULATE, &asked(changes.clone()))).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{changes}: {}", got.body);
        let first = got.json()["errors"][0]["pointer"].as_str().map(str::to_owned);
        assert_eq!(first.as_deref(), pointer, "{changes}");
    }
}

#[actix_web::test]
async fn every_mistake_of_a_simulation_is_told_at_once() {
    let asked = json!({
        "tariff": { "name": 7, "rate": { "blocks": [] } }, "version": "1", "draft": true, "time_zone": "Berlin",
        "entry": "2026-11-22T08:00:00Z", "exit": "2026-11-22T07:00:00Z",
        "earlier_stays": [
            { "from": "2026-11-22T07:00:00Z", "to": "2026-11-22T06:00:00Z" },
            { "from": "yesterday", "to": "2026-11-22T09:00:00Z" },
        ],
        "discounts": vec![json!({ "code": "A", "grant": { "tariff": "staff", "version": "new" } }); 9],
    });
    let got = ask(&World::new().park(), post(SIMULATE, &asked.to_string())).await;
    assert_eq!(
        got.sorted_mistakes(),
        [
            " choose-one",
            "/currency missing-field",
            "/discounts out-of-range",
            "/discounts/0/grant/version wrong-type",
            "/discounts/1/grant/version wrong-type",
            "/discounts/2/grant/version wrong-type",
            "/discounts/3/grant/version wrong-type",
            "/discounts/4/grant/version wrong-type",
            "/discounts/5/grant/version wrong-type",
            "/discounts/6/grant/version wrong-type",
            "/discounts/7/grant/version wrong-type",
            "/discounts/8/grant/version wrong-type",
            "/earlier_stays/0/to ends-before-it-begins",
            "/earlier_stays/1/from invalid-instant",
            "/earlier_stays/1/to stays-overlap",
            "/exit ends-before-it-begins",
            "/tariff/name wrong-type",
            "/tariff/rate/blocks empty",
            "/time_zone invalid-time-zone",
            "/version wrong-type",
        ]
    );
}

#[actix_web::test]
async fn a_simulation_at_the_end_of_time_is_one() {
    let asked = json!({
        "tariff": { "name": "x", "rate": { "blocks": [{ "step": "1h", "price": "1.00" }] } }, "time_zone": "UTC",
        "currency": "EUR", "entry": "9999-12-31T20:30:00Z", "exit": "9999-12-31T23:59:59.9Z",
    });
    let got = simulated(&World::new().park(), &asked).await;
    assert_eq!(got["fee"]["amount"], 400);
    assert_eq!((&got["valid_until"], &got["next"]), (&json!("9999-12-31T23:59:59.999999Z"), &Value::Null));
}

#[actix_web::test]
async fn every_mistake_of_a_document_is_told_with_its_place_in_the_body() {
    let park = World::new().park();
    let document = json!({
        "name": "", "currency": "euro", "rate": { "blocks": [{ "step": "1h", "price": 2 }] },
        "caps": [{ "maxx": "1.00" }], "tax": { "percent": "0", "included": true },
    });
    let body = json!({ "id": "Short", "document": document }).to_string();
    let got = ask(&park, post("/api/v1/tariffs", &body)).await;
    assert_eq!((got.status, got.code().as_str()), (422, "invalid-input"));
    assert_eq!(
        got.sorted_mistakes(),
        [
            "/document/caps/0/max missing",
            "/document/caps/0/maxx unknown-field",
            "/document/currency invalid-currency",
            "/document/name invalid-name",
            "/document/rate/blocks/0/price wrong-type",
            "/document/tax/percent no-tax",
            "/id invalid-tariff-id",
        ]
    );
    let codes: Vec<&str> = crate::api::Code::ALL.iter().map(|code| code.about().name).collect();
    let told = got.mistakes();
    let mut told = told.iter().map(|mistake| mistake.split_once(' ').unwrap().1);
    assert!(told.all(|code| codes.contains(&code)), "each is explained");
}

#[actix_web::test]
async fn a_mistake_of_a_document_says_what_would_be_right() {
    let park = World::new().park();
    let document = json!({
        "name": 7, "rate": { "blocks": [{ "stepp": "1h", "price": "2" }], "table": [{ "up_to": "1h", "total": "x" }] },
        "discounts": "percent", "accumulate": "yes",
    });
    let got =
        ask(&park, post("/api/v1/tariffs", &json!({ "id": "a", "document": document }).to_string())).await;
    let errors = got.json()["errors"].as_array().unwrap().clone();
    for (pointer, detail) in [
        ("/document/name", "must be text, in quotes, not a number"),
        ("/document/rate", "a rate is \"free\", or an object with only one of price, blocks and table"),
        ("/document/rate/blocks/0/stepp", "there is no stepp; did you mean step?"),
        ("/document/rate/table/0/total", "an amount is digits with at most 6 decimals, such as 50.00"),
        ("/document/discounts", "must be one of all, amounts-first, best"),
        ("/document/accumulate", "must be true or false, not text"),
    ] {
        let told: Vec<_> = errors.iter().filter(|error| error["pointer"] == pointer).collect();
        assert!(told.iter().any(|error| error["detail"] == detail), "{pointer}: {errors:#?}");
    }
}

#[actix_web::test]
async fn a_tariff_is_drafted_published_and_dropped() {
    let done =
        || Done { subject: Subject::Tariff(Box::new(samples::a_series(2).unwrap())), promoted: vec![] };
    let (world, heard) = World::answering(move |request| {
        let outcome = parkpro_domain::outcome::Outcome { lot: None, version: None, result: Ok(done()) };
        let reply = request.key.as_ref().map(|_| request.wording.word(&request.command, &outcome));
        Ok(parkpro_domain::ports::Answer::Decided { outcome, reply })
    });
    let park = world.park();
    let document = json!({ "rate": { "price": "2.00" }, "name": "Short term", "steps": {} });
    let body = json!({ "id": "short-term", "document": document }).to_string();
    let created = ask(&park, post("/api/v1/tariffs", &body)).await;
    assert_eq!((created.status, created.header("location")), (201, Some(DAY)));
    assert_eq!(created.header("etag"), Some("\"2\""));
    assert_eq!(created.json()["tariff"]["published"]["version"], 1);
    assert!(created.json().get("lot_version").is_none(), "it is about no lot");
    let body = json!({ "document": document }).to_string();
    let drafted = ask(&park, patch(DAY, &body)).await;
    assert_eq!((drafted.status, drafted.header("location")), (200, None));
    let published = ask(&park, TestRequest::post().uri(&format!("{DAY}/publish"))).await;
    let location = Some("/api/v1/tariffs/short-term/versions/1");
    assert_eq!((published.status, published.header("location")), (201, location));
    let dropped = TestRequest::delete().uri(DAY).insert_header(("if-match", "\"7\""));
    assert_eq!(ask(&park, dropped).await.status, 200);

    let kept = r#"{"name":"Short term","rate":{"price":"2.00"}}"#;
    let revisions = heard.commands().into_iter().map(|command| match command {
        Command::ReviseTariff { tariff, revision } => {
            assert_eq!(tariff.as_str(), "short-term");
            revision
        }
        other => panic!("{}", other.kind()),
    });
    let text = parkpro_domain::tariff::DocumentText::new(kept);
    assert_eq!(
        revisions.collect::<Vec<_>>(),
        [
            Revision::New(text.clone()),
            Revision::Draft { document: text, seen: None },
            Revision::Publish,
            Revision::Drop { seen: Some(7) },
        ],
        "in the form in which it is kept"
    );
    let unseen = TestRequest::delete().uri(DAY);
    assert_eq!(ask(&park, unseen).await.code(), "precondition-required");
    let named = json!({ "id": "simulate", "document": document }).to_string();
    assert_eq!(ask(&park, post("/api/v1/tariffs", &named)).await.code(), "invalid-tariff-id");
}

#[actix_web::test]
async fn tariffs_are_read() {
    let park = with_tariff();
    let got = get(&park, DAY).await;
    assert_eq!((got.status, got.header("etag")), (200, Some("\"3\"")));
    assert_eq!(got.json()["draft"]["name"], "Short term");
    assert_eq!(got.json()["published"]["published_at"], "2026-11-22T08:00:00.000000Z");
    let list = get(&park, "/api/v1/tariffs").await.json();
    let line = json!({
        "id": "short-term", "revision": 3, "draft": true,
        "published": { "version": 1, "published_at": "2026-11-22T08:00:00.000000Z" },
    });
    assert_eq!(list, json!({ "data": [line], "next_cursor": null }));
    let versions = get(&park, &format!("{DAY}/versions")).await.json();
    assert_eq!(versions["data"][0]["version"], 1);
    let version = get(&park, &format!("{DAY}/versions/1")).await;
    assert_eq!((version.status, version.header("etag")), (200, Some("\"1\"")));
    assert_eq!(version.json()["document"]["caps"][0]["max"], "24.00");
    for (uri, code) in [
        ("/api/v1/tariffs/night", "no-such-tariff"),
        ("/api/v1/tariffs/Night", "no-such-tariff"),
        ("/api/v1/tariffs/night/versions", "no-such-tariff"),
        ("/api/v1/tariffs/night/versions/1", "no-such-tariff"),
        ("/api/v1/tariffs/short-term/versions/2", "no-such-tariff-version"),
        ("/api/v1/tariffs/short-term/versions/0", "no-such-tariff-version"),
        ("/api/v1/tariffs/short-term/versions/x", "no-such-tariff-version"),
        ("/api/v1/tariffs/simulate", "method-not-allowed"),
    ] {
        assert_eq!(get(&park, uri).await.code(), code, "{uri}");
    }
}

#[actix_web::test]
async fn a_table_has_the_usual_lengths() {
    let park = with_tariff();
    let uri = format!("{DAY}/table?entry=2026-11-23T08:00:00Z&time_zone=Europe/Berlin&vehicle_class=van");
    let table = get(&park, &uri).await.json();
    let rows = table["rows"].as_array().unwrap();
    let row = |at: usize| (rows[at]["stay"].as_str().unwrap(), rows[at]["formatted"].as_str().unwrap());
    assert_eq!(
        (rows.len(), row(0), row(1), row(23), row(29)),
        (30, ("1h", "2.00"), ("2h", "4.00"), ("24h", "24.00"), ("7d", "168.00"),)
    );
    assert_eq!((&table["currency"], &table["tariff"]["version"]), (&json!("EUR"), &json!(1)));
    let draft = get(&park, &format!("{DAY}/table?draft=true")).await.json();
    assert_eq!((&draft["tariff"], &draft["entry"]), (&Value::Null, &json!("2026-11-22T08:00:00.000000Z")));
    assert_eq!(get(&park, &format!("{DAY}/table?version=0")).await.code(), "invalid-query");
    assert_eq!(get(&park, &format!("{DAY}/table?version=1&draft=true")).await.code(), "invalid-query");
    assert_eq!(get(&park, &format!("{DAY}/table?version=2")).await.code(), "no-such-tariff-version");
    assert_eq!(get(&park, &format!("{DAY}/table?currency=USD")).await.code(), "other-currency");
}

#[actix_web::test]
async fn a_lot_is_given_a_tariff() {
    let subject = Subject::Lot(Box::new(samples::the_lot().unwrap()), samples::the_tally().unwrap());
    let (world, heard) = World::doing(Done { subject, promoted: vec![] });
    let park = world.park();
    let uri = "/api/v1/lots/main/tariffs";
    for body in [
        json!({ "tariff": "short-term", "version": 2 }),
        json!({ "tariff": "short-term", "version": 2, "from": "2026-12-01T00:00:00+01:00", "vehicle_class": "van" }),
    ] {
        let got = ask(&park, post(uri, &body.to_string())).await;
        assert_eq!((got.status, got.header("etag")), (200, Some("\"3\"")), "{}", got.body);
    }
    let assigned = heard.commands().into_iter().map(|command| match command {
        Command::AssignTariff(assign) => assign,
        other => panic!("{}", other.kind()),
    });
    let [now, later] = assigned.collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((now.lot, now.from, now.class), (main_lot(), None, None));
    assert_eq!(later.from.unwrap().to_string(), "2026-11-30T23:00:00.000000Z");
    assert_eq!(later.class.unwrap().as_str(), "van");
    let wrong = json!({ "tariff": "Short", "version": 0 }).to_string();
    assert_eq!(ask(&park, post(uri, &wrong)).await.code(), "invalid-input");

    let version = TariffVersion { tariff: samples::a_series(1).unwrap().id, number: 9 };
    let (world, _heard) = World::refusing(Refusal::NoSuchTariffVersion(version));
    let body = json!({ "tariff": "short-term", "version": 9 }).to_string();
    let got = ask(&world.park(), post(uri, &body)).await;
    assert_eq!((got.status, got.code().as_str()), (404, "no-such-tariff-version"));
    assert_eq!(got.json()["lot_version"], 5311);
}

#[actix_web::test]
async fn a_lot_says_what_holds() {
    let got = get(&World::with_lot().park(), "/api/v1/lots/main/tariffs").await;
    assert_eq!(
        got.body,
        r#"{"lot":"main","tariffs":[],"default":{"id":"default","version":1},"lot_version":5311}"#
    );
    assert_eq!(got.header("etag"), Some("\"3\""));
    let mut world = World::new();
    world.records.expect_lot().returning(|_| Ok(None::<LotView>));
    assert_eq!(get(&world.park(), "/api/v1/lots/main/tariffs").await.code(), "no-such-lot");
}
