//! What the errors of a real server mean. Diesel shows most of them as a text only.

use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use parkpro_domain::ports::Fault;
use parkpro_testkit::servers;

use super::rival;
use crate::{
    connect::Connector,
    fault::{Trouble, fault, fault_of_commit, is_pooler, is_read_only},
    session::Session,
};

async fn connection(url: &str) -> AsyncPgConnection {
    let patience = std::time::Duration::from_secs(5);
    Connector::new(url, Session::Own, patience).unwrap().connect().await.unwrap()
}

fn at_commit(error: Error) -> Fault {
    fault_of_commit(&Trouble::Sql(error))
}

async fn error_of(connection: &AsyncPgConnection, statement: &str) -> Error {
    let mut connection = connection;
    connection.batch_execute(statement).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_told_apart() {
    let url = servers::postgres().fresh_database();
    super::sql(&url, "CREATE TABLE t (id int PRIMARY KEY CHECK (id < 9)); INSERT INTO t VALUES (1), (2)");
    let (one, two) = (connection(&url).await, rival(&url).await);

    let twice = error_of(&one, "INSERT INTO t VALUES (1)").await;
    assert_eq!((fault(&twice), at_commit(twice)), (Fault::Conflict, Fault::Conflict));
    let wrong = error_of(&one, "INSERT INTO t VALUES (10)").await;
    assert_eq!(fault(&wrong), Fault::Corrupt);

    two.batch_execute("BEGIN; SELECT 1 FROM t WHERE id = 1 FOR UPDATE").await.unwrap();
    let held = error_of(&one, "SET lock_timeout = '50ms'; SELECT 1 FROM t WHERE id = 1 FOR UPDATE").await;
    assert_eq!((fault(&held), at_commit(held)), (Fault::Busy, Fault::OutcomeUnknown));
    two.batch_execute("ROLLBACK").await.unwrap();
    let slow = error_of(&one, "SET statement_timeout = '50ms'; SELECT pg_sleep(9)").await;
    assert_eq!(fault(&slow), Fault::Busy);

    let mut session = &one;
    session.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0").await.unwrap();
    session.batch_execute("BEGIN; SELECT 1 FROM t WHERE id = 1 FOR UPDATE").await.unwrap();
    two.batch_execute("BEGIN; SELECT 1 FROM t WHERE id = 2 FOR UPDATE").await.unwrap();
    let (here, there) = tokio::join!(
        session.batch_execute("SELECT 1 FROM t WHERE id = 2 FOR UPDATE"),
        two.batch_execute("SELECT 1 FROM t WHERE id = 1 FOR UPDATE")
    );
    match (here, there) {
        (Err(deadlock), Ok(())) => assert_eq!(fault(&deadlock), Fault::Conflict),
        (Ok(()), Err(other)) => assert_eq!(other.as_db_error().unwrap().message(), "deadlock detected"),
        both => panic!("no deadlock: {both:?}"),
    }
    session.batch_execute("ROLLBACK").await.unwrap();
    two.batch_execute("ROLLBACK").await.unwrap();

    session.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM t").await.unwrap();
    two.batch_execute("UPDATE t SET id = 3 WHERE id = 2").await.unwrap();
    let stale = error_of(&one, "UPDATE t SET id = 4 WHERE id = 2").await;
    assert!(matches!(stale, Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)));
    assert_eq!(fault(&stale), Fault::Conflict);
    session.batch_execute("ROLLBACK").await.unwrap();

    let read_only = error_of(&one, "BEGIN READ ONLY; DELETE FROM t").await;
    assert!(is_read_only(&read_only));
    assert_eq!(fault(&read_only), Fault::Unavailable);
    session.batch_execute("ROLLBACK").await.unwrap();

    let pooled = error_of(&one, "EXECUTE s0").await;
    let Error::DatabaseError(_, about) = &pooled else { panic!("{pooled:?}") };
    assert!(is_pooler(about.message()), "{}", about.message());

    let cut = "SELECT pg_terminate_backend(pg_backend_pid())";
    assert_eq!(fault(&error_of(&one, cut).await), Fault::Unavailable);
    let gone = error_of(&one, "COMMIT").await;
    assert_eq!((fault(&gone), at_commit(gone)), (Fault::Unavailable, Fault::OutcomeUnknown));
}

/// The turn as a whole sees them: somebody else has just let the same plate into another lot.
#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_tried_again() {
    let (record, url) = super::main_lot(3).await;
    super::sql(
        &url,
        "INSERT INTO lots SELECT 2, 'other', name, time_zone, currency, accepting, queue_limit, priorities, revision, \
         retired, version, last_at, next_number, next_admission, next_slot FROM lots",
    );
    let rival = rival(&url).await;
    rival
        .batch_execute(
            "BEGIN; INSERT INTO tickets (id, lot_id, number, plate_shown, plate_key, class, priority, turn, status, \
             arrived_at) VALUES (gen_random_uuid(), 2, 1, 'A 1', 'A1', 'car', 'standard', 1, 'waiting', 1)",
        )
        .await
        .unwrap();
    let entering = super::decided(&record, super::enter(1, "A 1"));
    let letting = async {
        tokio::time::sleep(super::MOMENT * 4).await;
        rival.batch_execute("COMMIT").await.unwrap();
    };
    let (outcome, ()) = tokio::join!(entering, letting);
    assert!(
        matches!(outcome.result, Err(parkpro_domain::outcome::Refusal::PlateAlreadyActive { .. })),
        "{outcome:?}"
    );
}
