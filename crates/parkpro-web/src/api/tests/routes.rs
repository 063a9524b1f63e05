//! The routes and what is said about them are one.

use actix_web::{http::Method, test::TestRequest};
use serde_json::Value;

use super::{World, ask, get};
use crate::docs::openapi_json;

fn documented() -> Vec<(String, Vec<String>)> {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods =
        |item: &Value| item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

#[actix_web::test]
async fn an_address_has_the_methods_that_are_documented_and_no_others() {
    let park = World::new().park();
    for (path, mut methods) in documented() {
        let uri = path.replace("{lot}", "main").replace("{label}", "A-07").replace("{id}", "x");
        let uri = uri.replace("{tariff}", "day").replace("{version}", "1").replace("{code}", "SHOP1");
        let got = ask(&park, TestRequest::with_uri(&uri).method(Method::TRACE)).await;
        let allow: Vec<String> = got.header("allow").unwrap().split(", ").map(str::to_owned).collect();
        if methods.contains(&"GET".to_owned()) {
            methods.push("HEAD".to_owned());
        }
        let sorted = |mut all: Vec<String>| {
            all.sort();
            all
        };
        assert_eq!(sorted(allow), sorted(methods), "{path}");
    }
}

#[actix_web::test]
async fn an_answer_names_its_request() {
    let park = World::new().park();
    let named = TestRequest::get().uri("/healthz").insert_header(("x-request-id", "gate-7"));
    assert_eq!(ask(&park, named).await.header("x-request-id"), Some("gate-7"));
    let odd = TestRequest::get().uri("/nowhere").insert_header(("x-request-id", "a b"));
    let got = ask(&park, odd).await;
    assert_eq!(got.header("x-request-id"), got.json()["request_id"].as_str());
    assert_ne!(got.header("x-request-id"), Some("a b"));
}

#[actix_web::test]
async fn the_documentation_needs_no_other_host() {
    let park = World::new().park();
    let home = get(&park, "/").await;
    assert_eq!((home.status, home.header("location")), (302, Some("docs")));
    let page = get(&park, "/docs").await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("http") && page.body.matches("\"docs/").count() == 5);
    for name in
        ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "favicon-32x32.png"]
    {
        let file = get(&park, &format!("/docs/{name}")).await;
        assert_eq!((file.status, file.header("content-encoding")), (200, Some("gzip")), "{name}");
    }
    let start = get(&park, "/docs/swagger-initializer.js").await;
    assert!(
        start.body.contains("\"url\": \"openapi.json\"") && start.body.contains("\"validatorUrl\": \"none\""),
        "{}",
        start.body
    );
    for uri in ["/docs", "/docs/errors", "/docs/swagger-initializer.js"] {
        let got = get(&park, uri).await;
        assert!(got.header("content-security-policy").unwrap().starts_with("default-src 'none'"), "{uri}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"), "{uri}");
    }
    assert_eq!(get(&park, "/openapi.json").await.body, openapi_json());
}

#[actix_web::test]
async fn the_figures_tell_what_was_asked_and_what_is_in_the_lots() {
    let mut world = World::with_lot();
    world.records.expect_lots().returning(|after, _| {
        let view = parkpro_domain::ports::LotView {
            lot: crate::docs::samples::the_lot().unwrap(),
            tally: crate::docs::samples::the_tally().unwrap(),
        };
        Ok(if after.is_none() { vec![view] } else { Vec::new() })
    });
    let park = world.park();
    park.metrics.gauge("parkpro_queue_healthy", "Whether the index answers", || 1.0);
    for _ in 0..3 {
        get(&park, "/api/v1/lots/main").await;
    }
    get(&park, "/api/v1/lots/Main").await;
    let figures = get(&park, "/metrics").await.body;
    for line in [
        r#"parkpro_requests_total{method="GET",route="/api/v1/lots/{lot}",status="200"} 3"#,
        r#"parkpro_requests_total{method="GET",route="/api/v1/lots/{lot}",status="404"} 1"#,
        r#"parkpro_request_seconds_count{method="GET",route="/api/v1/lots/{lot}"} 4"#,
        r#"parkpro_waiting{lot="main"} 2"#,
        r#"parkpro_slots{lot="main",status="occupied"} 17"#,
        "parkpro_queue_healthy 1",
    ] {
        assert!(figures.lines().any(|found| found == line), "{line}\n{figures}");
    }
}
