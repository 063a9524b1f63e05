//! Discounts: what is read of requests, and what is made of what comes of them.

use actix_web::test::TestRequest;
use parkpro_domain::{
    command::{Command, DiscountRevision, Exit},
    discount::{Discount, DiscountCode, Gift},
    outcome::{Done, Refusal, Subject},
    time::Timestamp,
};
use serde_json::{Value, json};

use super::{World, ask, get, parked, patch, post};
use crate::docs::samples;

const LIST: &str = "/api/v1/lots/main/discounts";
const ONE: &str = "/api/v1/lots/main/discounts/shop1";

fn a_discount() -> Discount {
    samples::a_discount().unwrap()
}

fn made() -> Done {
    Done { subject: Subject::Discount(Box::new(a_discount())), promoted: Vec::new() }
}

fn code(text: &str) -> DiscountCode {
    DiscountCode::parse(text).unwrap()
}

#[actix_web::test]
async fn a_discount_is_made_with_everything_that_was_said() {
    let (world, heard) = World::doing(made());
    let park = world.park();
    for (grant, gift) in [
        (json!({ "free_minutes": 60 }), "free 3600"),
        (json!({ "percent": "7.5" }), "percent 7.5"),
        (json!({ "amount": "2.50" }), "amount 2.50"),
        (json!({ "tariff": "staff", "version": 2 }), "tariff staff 2"),
    ] {
        let body = json!({
            "code": "shop1", "grant": grant, "valid_from": "2026-11-22T08:00:00Z",
            "valid_until": "2026-12-22T08:00:00Z", "limit": 500, "limit_per_plate": 1, "stacks": false,
        });
        let got = ask(&park, post(LIST, &body.to_string())).await;
        assert_eq!((got.status, got.header("etag")), (201, Some("\"1\"")), "{}", got.body);
        assert_eq!(got.header("location"), Some("/api/v1/lots/main/discounts/SHOP1"));
        let Some(Command::ReviseDiscount { code: made, revision: DiscountRevision::New(terms), .. }) =
            heard.commands().pop()
        else {
            panic!("a discount is made")
        };
        assert_eq!((made, &terms.gift), (code("SHOP1"), &Gift::parse(gift).unwrap()));
        assert_eq!((terms.limit, terms.limit_per_plate, terms.stacks), (Some(500), Some(1), false));
        assert!(terms.valid_from < terms.valid_until);
    }
}

#[actix_web::test]
async fn every_mistake_is_told_at_once() {
    let park = World::new().park();
    let body = json!({
        "code": "a b", "grant": { "free_minutes": 0, "percent": "101" }, "limit": 0, "stacks": "yes",
        "valid_from": "2026-11-22T08:00:00Z", "valid_until": "2026-11-22T08:00:00Z",
    });
    let got = ask(&park, post(LIST, &body.to_string())).await;
    assert_eq!(
        got.sorted_mistakes(),
        [
            "/code invalid-discount-code",
            "/grant choose-one",
            "/grant/free_minutes out-of-range",
            "/grant/percent invalid-percent",
            "/limit out-of-range",
            "/stacks wrong-type",
            "/valid_until ends-before-it-begins",
        ]
    );
    for grant in [json!({}), json!({ "tariff": "staff" }), json!({ "percent": "1", "version": 2 })] {
        let body = json!({ "code": "A", "grant": grant }).to_string();
        assert_eq!(ask(&park, post(LIST, &body)).await.code(), "choose-one", "{grant}");
    }
}

#[actix_web::test]
async fn terms_are_changed_where_they_are_said() {
    let (world, heard) = World::doing(made());
    let park = world.park();
    let body = json!({ "limit": null, "grant": { "percent": "20" } }).to_string();
    let got = ask(&park, patch(ONE, &body)).await;
    assert_eq!((got.status, got.header("location")), (200, None), "{}", got.body);
    let removal = TestRequest::delete().uri(ONE).insert_header(("if-match", "\"4\""));
    assert_eq!(ask(&park, removal).await.status, 200);
    let [changed, removed] = heard.commands().try_into().unwrap();
    let Command::ReviseDiscount { code: of, revision: DiscountRevision::Change { terms, seen }, .. } =
        changed
    else {
        panic!("{}", changed.kind())
    };
    assert_eq!((of, seen, terms.limit, terms.limit_per_plate), (code("SHOP1"), None, Some(None), None));
    assert_eq!(terms.gift, Gift::parse("percent 20").ok());
    let remove = DiscountRevision::Remove { seen: Some(4) };
    assert!(matches!(removed, Command::ReviseDiscount { revision, .. } if revision == remove));
    let unseen = TestRequest::delete().uri(ONE);
    assert_eq!(ask(&park, unseen).await.code(), "precondition-required");
}

#[actix_web::test]
async fn new_dates_that_do_not_go_with_the_old_ones_are_refused() {
    let [from, until] =
        ["2026-12-01T00:00:00Z", "2026-11-30T00:00:00Z"].map(|text| Timestamp::parse(text).unwrap());
    let (world, _heard) = World::refusing(Refusal::EndsBeforeItBegins { from, until });
    let got = ask(&world.park(), patch(ONE, r#"{"valid_until":"2026-11-30T00:00:00Z"}"#)).await;
    assert_eq!((got.status, got.code().as_str()), (422, "ends-before-it-begins"));
    assert_eq!(
        got.json()["detail"],
        "The discount would be valid until 2026-11-30T00:00:00.000000Z, which is not after \
         2026-12-01T00:00:00.000000Z, when it begins."
    );
}

#[actix_web::test]
async fn discounts_are_read() {
    let mut world = World::with_lot();
    world.records.expect_discounts().returning(|_, _, _| Ok(Some(vec![a_discount()])));
    world.records.expect_discount().returning(|_, of| {
        let retired = of == code("GONE");
        Ok((of == code("SHOP1") || retired).then(|| Discount { retired, ..a_discount() }))
    });
    let park = world.park();
    let got = get(&park, ONE).await;
    let shape = json!({
        "code": "SHOP1", "grant": { "free_minutes": 60 }, "valid_from": null,
        "valid_until": "2026-12-22T08:00:00.000000Z", "limit": 500, "limit_per_plate": 1, "stacks": true,
        "uses": 17, "revision": 1,
    });
    assert_eq!((got.status, got.header("etag"), got.json()), (200, Some("\"1\""), shape.clone()));
    assert_eq!(get(&park, LIST).await.json(), json!({ "data": [shape], "next_cursor": null }));
    for (uri, code) in [
        ("/api/v1/lots/main/discounts/GONE", "no-such-discount"),
        ("/api/v1/lots/main/discounts/OTHER", "no-such-discount"),
        ("/api/v1/lots/main/discounts/a.b", "no-such-discount"),
        ("/api/v1/lots/nowhere/discounts/OTHER", "no-such-lot"),
    ] {
        assert_eq!(get(&park, uri).await.code(), code, "{uri}");
    }
}

#[actix_web::test]
async fn a_ticket_gets_a_discount_and_an_exit_redeems_some() {
    let (world, heard) = World::doing(parked());
    let park = world.park();
    let ticket = format!("/api/v1/tickets/{}/discounts", samples::ticket_id(1042).0);
    let got = ask(&park, post(&ticket, r#"{"code":"shop1"}"#)).await;
    assert_eq!((got.status, &got.json()["ticket"]["discounts"]), (200, &json!([])));
    let detach = ask(&park, TestRequest::delete().uri(&format!("{ticket}/shop1"))).await;
    assert_eq!(detach.status, 200);
    let body = json!({ "plate": "ABC-123", "discounts": ["shop1", "KINO"] }).to_string();
    ask(&park, post("/api/v1/lots/main/exits", &body)).await;
    let [attached, detached, left] = heard.commands().try_into().unwrap();
    let id = samples::ticket_id(1042);
    assert_eq!(attached, Command::AttachDiscount { ticket: id, code: code("SHOP1") });
    assert_eq!(detached, Command::DetachDiscount { ticket: id, code: code("SHOP1") });
    let Command::Exit(Exit { discounts, .. }) = left else { panic!("{}", left.kind()) };
    assert_eq!(discounts, [code("SHOP1"), code("KINO")]);
    let many = json!({ "plate": "ABC-123", "discounts": vec!["A"; 9] }).to_string();
    assert_eq!(ask(&park, post("/api/v1/lots/main/exits", &many)).await.code(), "out-of-range");

    let (world, _heard) = World::refusing(Refusal::DiscountUsedUp(code("SHOP1")));
    let got = ask(&world.park(), post("/api/v1/lots/main/exits", &body)).await;
    assert_eq!((got.status, got.code().as_str()), (409, "discount-used-up"));
    assert_eq!(got.json()["lot_version"], 5311);
}

#[actix_web::test]
async fn a_simulation_takes_discounts_off() {
    let park = World::new().park();
    let trial = |discounts: Value| {
        json!({
            "tariff": { "name": "x", "rate": { "blocks": [{ "step": "1h", "price": "10.00" }] } },
            "currency": "EUR", "time_zone": "UTC", "entry": "2026-11-22T08:00:00Z",
            "exit": "2026-11-22T11:00:00Z", "discounts": discounts,
        })
        .to_string()
    };
    for (discounts, fee) in [
        (json!([]), 3000),
        (json!([{ "code": "HOUR", "grant": { "free_minutes": 60 } }]), 2000),
        (
            json!([
                { "code": "HOUR", "grant": { "free_minutes": 60 } },
                { "code": "FIVE", "grant": { "amount": "5.00" } },
                { "code": "HALF", "grant": { "percent": "50" } },
            ]),
            500,
        ),
    ] {
        let got = ask(&park, post("/api/v1/tariffs/simulate", &trial(discounts.clone()))).await;
        assert_eq!((got.status, &got.json()["fee"]["amount"]), (200, &json!(fee)), "{discounts}");
    }
    let mut world = World::new();
    world.records.expect_tariff_version().returning(|_| Ok(None));
    let staff = json!([{ "code": "STAFF", "grant": { "tariff": "staff", "version": 1 } }]);
    let got = ask(&world.park(), post("/api/v1/tariffs/simulate", &trial(staff))).await;
    assert_eq!((got.status, got.code().as_str()), (404, "no-such-tariff-version"));
}
