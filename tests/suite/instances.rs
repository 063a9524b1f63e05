//! Two instances on one record, and callers that hang up.

use std::time::Duration;

use futures_util::StreamExt;
use parkpro_tests::{
    running::Running,
    world::{setups, shared},
};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn two_instances_are_one_car_park() {
    let setup = shared();
    let (one, other) = (setup.start(), setup.start());
    for n in 1..=20 {
        let program = if n % 2 == 0 { &one } else { &other };
        let parked = program.enter(&format!("TWO-{n}")).await.expect(201);
        assert_eq!(parked.at("/ticket/slot"), &json!(format!("A-{n:02}")));
    }
    let waiting = one.enter("LAST").await.expect(201);
    let id = waiting.at("/ticket/id").as_str().unwrap();
    assert_eq!(other.get(&format!("/api/v1/tickets/{id}")).await.at("/position"), 1);
    let left = other.exit("TWO-7").await.expect(200);
    assert_eq!(left.at("/promoted/0/plate"), "LAST");
    assert_eq!(one.get(&format!("/api/v1/tickets/{id}")).await.at("/slot"), "A-07");

    let send = async |program: &Running| {
        let request =
            program.request(Method::POST, "/api/v1/lots/main/exits").header("Idempotency-Key", "both");
        parkpro_tests::running::Answer::of(request.json(&json!({"plate": "TWO-8"}))).await
    };
    let (here, there) = tokio::join!(send(&one), send(&other));
    assert_eq!((here.status, there.status), (200, 200));
    assert_eq!(here.bytes, there.bytes, "one of them is the repeat");
}

#[tokio::test]
async fn what_one_instance_does_the_other_tells_at_once() {
    let setup = shared();
    let (one, other) = (setup.start(), setup.start());
    let watch = other.request(Method::GET, "/api/v1/lots/main/events").header("Accept", "text/event-stream");
    let mut told = watch.send().await.unwrap().bytes_stream();
    one.enter("HEARD").await.expect(201);
    let mut heard = String::new();
    while !heard.contains("ticket_parked") {
        let piece = tokio::time::timeout(Duration::from_secs(5), told.next()).await.expect("told in time");
        heard.push_str(&String::from_utf8_lossy(&piece.unwrap().unwrap()));
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_nothing_locked() {
    for (name, setup) in setups() {
        let program = setup.start();
        for n in 0..40 {
            let request = program.request(Method::POST, "/api/v1/lots/main/entries");
            let call = request.json(&json!({ "plate": format!("GONE-{n}") })).send();
            tokio::time::timeout(Duration::from_micros(200 * n), call).await.ok();
        }
        let started = std::time::Instant::now();
        program.enter("STAYS").await.expect(201);
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "on {name}: nobody waits for those who have gone"
        );
        program.get("/readyz").await.expect(200);
    }
}
