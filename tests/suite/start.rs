//! What an operator reads when the program starts, or does not.

use std::{net::TcpListener, path::Path, process::Command};

use parkpro_tests::running::Setup;
use tempfile::TempDir;

/// The one thing that a program says which does not start.
fn complaint(setup: &Setup, folder: &Path, arguments: &[&str]) -> String {
    let output = setup.output(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it started: {said}");
    assert_eq!(output.stdout, b"", "nothing goes to standard output");
    assert!(!said.contains("panicked") && !said.contains("backtrace") && !said.contains("::"), "{said}");
    said
}

#[test]
fn what_is_wrong_is_said_in_a_sentence_with_the_setting_and_its_origin() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    std::fs::write(folder.path().join("wrong.toml"), "[server]\nprot = 1\n").unwrap();
    let wrong = r#"{"name": "x", "rate": {"price": 2}, "caps": [{"per": "24h"}]}"#;
    std::fs::write(folder.path().join("wrong.json"), wrong).unwrap();
    std::fs::write(
        folder.path().join("text"),
        "not a database, but long enough to be taken for one".repeat(99),
    )
    .unwrap();
    let embedded = Setup::embedded;
    for (setup, arguments, words) in [
        (
            embedded().with("PARKPRO__SERVER__PORT", &port),
            vec![],
            vec!["server.port", "PARKPRO__SERVER__PORT", "in use"],
        ),
        (embedded(), vec!["--port", "70000"], vec!["server.port", "--port", "70000"]),
        (
            embedded().with("DATABASE_URL", "mysql://x"),
            vec![],
            vec!["store.url", "DATABASE_URL", "postgres://"],
        ),
        (embedded().with("DATABASE_URL", "sqlite:text"), vec![], vec!["store.url", "DATABASE_URL", "not a"]),
        (
            Setup::postgres("postgres://me:hidden@127.0.0.1:1/none"),
            vec![],
            vec!["store.url", "DATABASE_URL", "127.0.0.1", "***"],
        ),
        (embedded().with("REDIS_URL", "http://x"), vec![], vec!["queue.redis_url", "REDIS_URL", "redis://"]),
        (embedded(), vec!["--config", "wrong.toml"], vec!["server.prot", "wrong.toml:2", "port"]),
        (embedded(), vec!["--config", "gone.toml"], vec!["gone.toml"]),
        (embedded().with("PARKPRO__SEVER__PORT", "1"), vec![], vec!["PARKPRO__SEVER__PORT"]),
        (embedded().with("PARKPRO__STORE__BATCH", "0"), vec![], vec!["store.batch", "256"]),
        (
            embedded().with("PARKPRO__TARIFF__DEFAULT", "gone.json"),
            vec![],
            vec!["tariff.default", "gone.json", "cannot be read"],
        ),
        (
            embedded().with("PARKPRO__TARIFF__DEFAULT", "wrong.json"),
            vec![],
            vec!["tariff.default", "/rate/price", "/caps/0/max"],
        ),
    ] {
        let said = complaint(&setup, folder.path(), &arguments);
        for word in words {
            assert!(said.contains(word), "{word} is not in: {said}");
        }
        assert!(!said.contains("hidden"), "{said}");
    }
}

#[test]
fn a_file_has_one_program_at_a_time() {
    let first = Setup::embedded().start();
    let said = complaint(&Setup::embedded(), first.folder().path(), &[]);
    assert!(said.contains("store.url") && said.contains("parkpro.db"), "{said}");
}

#[test]
fn the_greeting_can_be_followed_as_printed() {
    let folder = TempDir::new().unwrap();
    let running = Setup::embedded().start();
    let greeting = running.greeting();
    assert!(greeting.contains(&format!("{}/docs", running.base())), "{greeting}");
    assert!(greeting.contains("SQLite file data/parkpro.db"), "{greeting}");
    let lines: Vec<&str> = greeting.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 3, "{greeting}");
    for line in lines {
        let output = Command::new("sh")
            .args(["-c", &format!("{line} --silent --show-error --fail-with-body")])
            .output();
        let output = output.unwrap();
        let body = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{line}: {body} {}", String::from_utf8_lossy(&output.stderr));
    }
    drop(folder);
}

#[test]
fn settings_are_printed_without_secrets() {
    let folder = TempDir::new().unwrap();
    let setup = Setup::postgres("postgres://me:hidden@db/parkpro");
    let output = setup.output(folder.path(), &["--print-config"]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("postgres://me:***@db/parkpro") && text.contains("DATABASE_URL"), "{text}");
    assert!(!text.contains("hidden"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking changes nothing");
}

#[tokio::test]
async fn an_env_file_is_read() {
    let folder = std::sync::Arc::new(TempDir::new().unwrap());
    std::fs::write(
        folder.path().join(".env"),
        "PARKPRO__FIRST_RUN__LOT=north\nPARKPRO__FIRST_RUN__SLOTS=3\n",
    )
    .unwrap();
    let running = Setup::embedded().start_in(folder);
    let state = running.get("/api/v1/lots/north/availability").await.expect(200);
    assert_eq!(state.at("/capacity"), 3);
}

#[tokio::test]
async fn a_changed_tariff_of_the_settings_holds_for_those_who_come_later() {
    let running = Setup::embedded().start();
    let before = running.enter("EARLY").await.expect(201);
    assert_eq!(before.at("/ticket/tariff"), &serde_json::json!({ "id": "default", "version": 1 }));
    let folder = running.folder();
    assert!(running.stop());
    let cheaper = r#"{"name": "Cheaper", "rate": {"blocks": [{"step": "1h", "price": "2.00"}]}}"#;
    std::fs::write(folder.path().join("tariff.json"), cheaper).unwrap();
    for _ in 0..2 {
        let again =
            Setup::embedded().with("PARKPRO__TARIFF__DEFAULT", "tariff.json").start_in(folder.clone());
        let late = again.enter("LATE").await.expect(201);
        assert_eq!(late.at("/ticket/tariff/version"), 2, "the same setting makes no other version");
        assert_eq!(again.exit("LATE").await.expect(200).at("/ticket/fee/amount"), 200);
        assert!(again.stop());
    }
    let again = Setup::embedded().with("PARKPRO__TARIFF__DEFAULT", "tariff.json").start_in(folder);
    assert_eq!(again.exit("EARLY").await.expect(200).at("/ticket/fee/amount"), 5000);
}

#[tokio::test]
async fn what_was_accepted_is_finished_and_kept() {
    let running = Setup::embedded().start();
    running.enter("KEPT").await.expect(201);
    let folder = running.folder();
    assert!(running.stop(), "it ends well when it is told to");
    let wal = folder.path().join("data/parkpro.db-wal");
    assert!(std::fs::metadata(wal).map_or(0, |wal| wal.len()) == 0, "the file is whole without its log");
    let again = Setup::embedded().start_in(folder);
    again.exit("KEPT").await.expect(200);
}

#[tokio::test]
async fn a_killed_program_comes_back_with_all_that_it_answered() {
    let running = Setup::embedded().start();
    for n in 1..=30 {
        running.enter(&format!("KILL-{n}")).await.expect(201);
    }
    let again = Setup::embedded().start_in(running.kill());
    let state = again.get("/api/v1/lots/main/availability").await.expect(200);
    assert_eq!((state.at("/occupied"), state.at("/waiting")), (&20.into(), &10.into()));
}
