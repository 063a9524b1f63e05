//! Why a record could not be opened, in one sentence; and who may open one.

use parkpro_domain::{command::Command, ports::Records};
use parkpro_testkit::{ask, servers};

use super::{done, enter, open_with, settings, slot_after, sql};
use crate::{OpenError, PgSettings};

async fn why_not(url: &str) -> OpenError {
    match open_with(settings(url)).await {
        Ok(_) => panic!("{url} opens"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_is_a_sentence() {
    let server = servers::postgres();
    let place = server.address().to_string();
    let wrong = |user: &str, database: &str| format!("postgres://{user}:hunter2@{place}/{database}");
    let database = server.fresh_database();
    let name = super::database(&database);

    let refused = why_not(&wrong("nobody", "postgres")).await;
    assert!(matches!(refused, OpenError::Login { .. }), "{refused}");
    let missing = why_not(&wrong("parkpro", "nowhere")).await;
    assert!(matches!(missing, OpenError::NoDatabase { .. }), "{missing}");
    let silent = why_not("postgres://parkpro:hunter2@127.0.0.1:1/parkpro").await;
    assert!(matches!(silent, OpenError::Unreachable { .. }), "{silent}");
    let unknown = why_not("postgres://parkpro:hunter2@no.such.host.invalid/parkpro").await;
    assert!(matches!(unknown, OpenError::Unreachable { .. }), "{unknown}");
    let plain = why_not(&format!("{}?sslmode=require", wrong("parkpro", name))).await;
    assert!(matches!(plain, OpenError::Tls { .. }), "{plain}");
    let roots = why_not(&format!("{}?sslmode=verify-ca&sslrootcert=/none.pem", wrong("parkpro", name))).await;
    assert!(matches!(roots, OpenError::Tls { .. }), "{roots}");
    let address = why_not("postgres://parkpro:hunter2@db?sslmode=maybe").await;
    assert!(matches!(address, OpenError::Address(_)), "{address}");

    sql(&database, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let standby = why_not(&wrong("parkpro", name)).await;
    assert!(matches!(standby, OpenError::ReadOnly { .. }), "{standby}");
    sql(&database, &format!("SET transaction_read_only = off; ALTER DATABASE {name} RESET ALL"));

    drop(open_with(settings(&database)).await.unwrap());
    sql(&database, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000001')");
    let newer = why_not(&database).await;
    assert!(matches!(&newer, OpenError::Newer { found } if found == "99991231000001"), "{newer}");

    for error in [refused, missing, silent, unknown, plain, roots, address, standby, newer] {
        let said = error.to_string();
        assert!(!said.contains("hunter2") && !said.contains('\n'), "{said}");
    }
}

/// Neither may it set `lc_messages`, nor is it the owner of the server.
#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_user_is_enough() {
    let server = servers::postgres();
    let url = server.fresh_database();
    let name = super::database(&url);
    server.sql(
        "postgres",
        &format!("CREATE ROLE plain_{name} LOGIN; ALTER DATABASE {name} OWNER TO plain_{name}"),
    );
    let plain = url.replace("parkpro@", &format!("plain_{name}@"));
    let record = open_with(settings(&plain)).await.unwrap();
    done(&record, Command::OpenLot(ask::open("main", ask::slots(1)))).await;
    assert_eq!(slot_after(&record, enter(1, "A 1")).await, Some(ask::label("A-001")));
    record.ready().await.unwrap();
    let epoch = record.epoch().await.unwrap();
    assert!(epoch.ends_with("-00000001"), "{epoch} names no timeline");
    assert_eq!(record.epoch().await.unwrap(), epoch);
}

/// Without a session that is told anything, as behind a pooler.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooled_session_is_told_everything_anew() {
    let url = servers::postgres().fresh_database();
    let record = open_with(PgSettings { transaction_pooler: true, ..settings(&url) }).await.unwrap();
    done(&record, Command::OpenLot(ask::open("main", ask::slots(1)))).await;
    assert_eq!(slot_after(&record, enter(1, "A 1")).await, Some(ask::label("A-001")));
    assert_eq!(record.lots(None, 9).await.unwrap().len(), 1);
    let rival = super::rival(&url).await;
    rival.batch_execute("BEGIN; SELECT 1 FROM lots FOR UPDATE").await.unwrap();
    let held = parkpro_domain::ports::Ledger::change(&record, ask::request(enter(2, "B 1"))).await;
    assert_eq!(super::fault(held), parkpro_domain::ports::Fault::Busy, "the lock times out");
}

#[test]
fn settings_do_not_show_the_address() {
    let shown = format!("{:?}", PgSettings::new("postgres://parkpro:hunter2@db/parkpro"));
    assert!(!shown.contains("hunter2") && shown.contains("batch: 128"), "{shown}");
}
