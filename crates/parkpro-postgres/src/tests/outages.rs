//! Servers and connections that go away.

use std::sync::Arc;

use parkpro_domain::{
    command::Command,
    outcome::Outcome,
    ports::{Answer, Fault, Ledger, Records, Reply, Request, Wording},
};
use parkpro_testkit::{ask, servers::Postgres};
use tokio::task::JoinSet;

use super::{MOMENT, done, enter, fault, main_lot, open_with, settings, sql, ticket};

const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
     WHERE datname = current_database() AND application_name = 'parkpro'";

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_cut_is_opened_again() {
    let (record, url) = main_lot(9).await;
    for n in 1..=3 {
        done(&record, enter(n, &format!("A {n}"))).await;
        assert!(record.ticket(ticket(n)).await.unwrap().is_some());
        let cut: u32 = sql(&url, CUT).parse().unwrap();
        assert!(cut >= 2, "{cut} connections were cut");
        // A change is tried again by itself; a read is not, so the pool gets a moment to notice.
        done(&record, enter(n + 3, &format!("A {}", n + 3))).await;
        tokio::time::sleep(MOMENT).await;
    }
    record.ready().await.unwrap();
    assert!(record.pool_state().size >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_found_again() {
    let server = Postgres::start();
    let url = server.fresh_database();
    let record = open_with(settings(&url)).await.unwrap();
    done(&record, Command::OpenLot(ask::open("main", ask::slots(3)))).await;
    done(&record, enter(1, "A 1")).await;
    let epoch = record.epoch().await.unwrap();
    server.kill();
    assert_eq!(fault(record.change(ask::request(enter(2, "B 1"))).await), Fault::Unavailable);
    assert_eq!(record.ready().await.unwrap_err().fault, Fault::Unavailable);
    assert_eq!(record.lots(None, 1).await.unwrap_err().fault, Fault::Unavailable);
    server.start_again();
    done(&record, enter(3, "B 1")).await;
    assert!(record.ticket(ticket(1)).await.unwrap().is_some());
    assert_eq!(record.epoch().await.unwrap(), epoch, "the same history");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_only_be_read_is_not_written() {
    let (record, url) = main_lot(3).await;
    let name = super::database(&url);
    sql(&url, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    sql(&url, CUT);
    assert_eq!(fault(record.change(ask::request(enter(1, "A 1"))).await), Fault::Unavailable);
    let unready = record.ready().await.unwrap_err().to_string();
    assert!(unready.contains("can only be read"), "{unready}");
    sql(
        &url,
        &format!(
            "SET transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only"
        ),
    );
    record.ready().await.unwrap();
    done(&record, enter(1, "A 1")).await;
}

/// As when the server is demoted and the connection lives on.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_can_only_be_read_is_thrown_away() {
    let server = Postgres::start();
    let record = open_with(settings(&server.fresh_database())).await.unwrap();
    done(&record, Command::OpenLot(ask::open("main", ask::slots(3)))).await;
    configure(&server, "ALTER SYSTEM SET default_transaction_read_only = on").await;
    assert_eq!(fault(record.change(ask::request(enter(1, "A 1"))).await), Fault::Unavailable);
    assert_eq!(fault(record.change(ask::keyed(enter(1, "A 1"), "k")).await), Fault::Unavailable);
    configure(&server, "ALTER SYSTEM RESET ALL").await;
    done(&record, enter(1, "A 1")).await;
}

/// Tells a server something and waits until its sessions have heard it.
async fn configure(server: &Postgres, statement: &str) {
    server.sql("postgres", statement);
    server.sql("postgres", "SELECT pg_reload_conf()");
    tokio::time::sleep(MOMENT * 6).await;
}

/// A wording that panics over one plate.
struct Touchy;

impl Wording for Touchy {
    fn word(&self, command: &Command, outcome: &Outcome) -> Reply {
        assert!(!format!("{command:?}").contains("BAD"), "this plate is too much");
        ask::PlainWording.word(command, outcome)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_request() {
    let (record, _url) = main_lot(40).await;
    let record = Arc::new(record);
    let mut callers = JoinSet::new();
    for n in 1..=30_u64 {
        let record = Arc::clone(&record);
        callers.spawn(async move {
            let plate = if n == 7 { "BAD 1".to_owned() } else { format!("A {n}") };
            let asked = Request { wording: Arc::new(Touchy), ..ask::keyed(enter(n, &plate), &n.to_string()) };
            record.change(asked).await
        });
    }
    let answers = callers.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
    let faulty = answers.into_iter().find(Result::is_err).unwrap();
    assert_eq!(fault(faulty), Fault::Unavailable, "nothing happened");
    assert_eq!(record.lot(ask::lot("main")).await.unwrap().unwrap().tally.total().occupied, 29);
}

/// A COMMIT that waits for a standby is neither cut short nor taken for done.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_not_confirmed_has_an_unknown_outcome() {
    let server = Postgres::start();
    let url = server.fresh_database();
    let record = open_with(settings(&url)).await.unwrap();
    done(&record, Command::OpenLot(ask::open("main", ask::slots(3)))).await;
    configure(&server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
    let asked = ask::keyed(enter(1, "A 1"), "k");
    assert_eq!(fault(record.change(asked.clone()).await), Fault::OutcomeUnknown);
    configure(&server, "ALTER SYSTEM RESET ALL").await;
    assert!(matches!(record.change(asked).await.unwrap(), Answer::Replayed(_)), "it had happened");
}
