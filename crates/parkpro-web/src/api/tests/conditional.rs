//! `ETag` and `If-Match`.

use actix_web::test::TestRequest;
use parkpro_domain::{
    command::Command,
    outcome::{Done, Refusal, Subject},
};

use super::{World, ask, get};
use crate::docs::samples;

const SLOT: &str = "/api/v1/lots/main/slots/A-07";
const LOT: &str = "/api/v1/lots/main";

fn slot() -> Done {
    let slot = Box::new(samples::the_slot(None).unwrap());
    Done { subject: Subject::Slot(slot), promoted: Vec::new() }
}

fn changing(uri: &str, method: TestRequest) -> TestRequest {
    method.uri(uri).insert_header(("content-type", "application/json")).set_payload("{}")
}

#[actix_web::test]
async fn settings_are_changed_only_as_they_were_seen() {
    let table = [
        ("*", None),
        ("\"2\"", Some(2)),
        (" \"2\" ", Some(2)),
        // What no state of the thing was called is stale, and the lot says so with its version.
        ("W/\"2\"", Some(0)),
        ("\"x\"", Some(0)),
        ("\"\"", Some(0)),
    ];
    for (tag, seen) in table {
        let (world, heard) = World::doing(slot());
        let park = world.park();
        for uri in [SLOT, LOT] {
            let change = changing(uri, TestRequest::patch()).insert_header(("if-match", tag));
            assert_eq!(ask(&park, change).await.status, 200, "{tag}");
            let removal = TestRequest::delete().uri(uri).insert_header(("if-match", tag));
            assert_eq!(ask(&park, removal).await.status, 200, "{tag}");
        }
        let revisions = heard.commands().into_iter().map(|command| match command {
            Command::ChangeSlot(change) => change.revision,
            Command::RemoveSlot { revision, .. } | Command::RemoveLot { revision, .. } => revision,
            Command::ChangeLot(change) => change.revision,
            other => panic!("{}", other.kind()),
        });
        assert_eq!(revisions.collect::<Vec<_>>(), [seen; 4], "{tag}");
    }
}

#[actix_web::test]
async fn without_a_tag_nothing_is_changed() {
    let park = World::new().park();
    for uri in [SLOT, LOT] {
        for method in [TestRequest::patch(), TestRequest::delete()] {
            let got = ask(&park, changing(uri, method)).await;
            assert_eq!((got.status, got.code().as_str()), (428, "precondition-required"), "{uri}");
        }
    }
    for tag in ["2", "", "\"1\", \"2\"", "\"1"] {
        let got = ask(&park, changing(SLOT, TestRequest::patch()).insert_header(("if-match", tag))).await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid-if-match"), "{tag}");
    }
}

#[actix_web::test]
async fn what_is_stale_is_told_its_revision() {
    let (world, _heard) = World::refusing(Refusal::Stale { revision: 4 });
    let got =
        ask(&world.park(), changing(SLOT, TestRequest::patch()).insert_header(("if-match", "\"3\""))).await;
    let json = got.json();
    assert_eq!((got.status, &json["code"], &json["revision"]), (412, &"stale".into(), &4.into()));
    assert_eq!(json["lot_version"], 5311);
}

#[actix_web::test]
async fn the_tag_that_is_read_is_the_tag_that_is_sent_back() {
    let mut world = World::with_lot();
    world.records.expect_slot().returning(|_, _| Ok(Some(samples::the_slot(None).unwrap())));
    let park = world.park();
    assert_eq!(get(&park, SLOT).await.header("etag"), Some("\"2\""));
    assert_eq!(get(&park, LOT).await.header("etag"), Some("\"3\""));

    let (world, _heard) = World::doing(slot());
    let park = world.park();
    let changed = ask(&park, changing(SLOT, TestRequest::patch()).insert_header(("if-match", "*"))).await;
    let removed = ask(&park, TestRequest::delete().uri(SLOT).insert_header(("if-match", "*"))).await;
    assert_eq!((changed.header("etag"), removed.header("etag")), (Some("\"2\""), None));
}

#[actix_web::test]
async fn a_ticket_has_no_tag() {
    let (world, _heard) = World::doing(super::parked());
    let uri = "/api/v1/tickets/0199f0c2-7a10-7000-8000-000000000001";
    let got = ask(&world.park(), changing(uri, TestRequest::patch())).await;
    assert_eq!((got.status, got.header("etag")), (200, None));
}

#[actix_web::test]
async fn who_knows_how_full_a_lot_is_is_told_that_it_is_so_still() {
    const AVAILABILITY: &str = "/api/v1/lots/main/availability";
    let park = World::with_lot().park();
    let first = get(&park, AVAILABILITY).await;
    assert_eq!((first.status, first.header("etag")), (200, Some("\"5311\"")));
    for (known, status) in
        [("\"5311\"", 304), ("W/\"5311\"", 304), ("\"1\", \"5311\"", 304), ("*", 304), ("\"5310\"", 200), ("x", 200)]
    {
        let again = TestRequest::get().uri(AVAILABILITY).insert_header(("if-none-match", known));
        let got = ask(&park, again).await;
        assert_eq!((got.status, got.header("etag")), (status, Some("\"5311\"")), "{known}");
        assert_eq!(got.body, if status == 304 { "" } else { &first.body });
    }
}
