//! Keys are found by their digests, new ones apart from the many before.

use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::BigInt};
use parkpro_domain::{
    ports::{Answer, Ledger, Request},
    time::Timestamp,
};
use parkpro_testkit::{ask, clock::MORNING};

use crate::park::{Park, begun};

/// More than are put to the others at once.
const MANY: usize = 4_500;

fn nth(n: usize) -> Request {
    ask::keyed(ask::exit("main", "A 9"), &format!("key {n}"))
}

async fn use_many(park: &Park) {
    for some in (0..MANY).collect::<Vec<_>>().chunks(250) {
        let asked: Vec<_> = some.iter().map(|n| begun(park.record.change(nth(*n)))).collect();
        for asked in asked {
            assert!(matches!(asked.over().await.unwrap(), Answer::Decided { .. }));
        }
    }
}

async fn assert_known(park: &Park) {
    for n in [0, 1, 63, 64, 2_047, 4_095, 4_096, MANY - 1] {
        assert!(matches!(park.record.change(nth(n)).await.unwrap(), Answer::Replayed(_)), "key {n}");
        let another = ask::keyed(ask::exit("main", "A 8"), &format!("key {n}"));
        assert_eq!(park.record.change(another).await.unwrap(), Answer::KeyReused);
    }
}

#[derive(diesel::QueryableByName, Debug, PartialEq)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    replies: i64,
    #[diesel(sql_type = BigInt)]
    keys: i64,
}

fn rows(park: &Park) -> Rows {
    let mut connection = SqliteConnection::establish(park.path().to_str().unwrap()).unwrap();
    let count = "SELECT (SELECT count(*) FROM idempotency) AS replies, \
        (SELECT count(*) FROM new_keys) + (SELECT count(*) FROM used_keys) AS keys";
    diesel::sql_query(count).get_result(&mut connection).unwrap()
}

#[tokio::test]
async fn keys_are_found_however_many_came_later_and_forgotten_together() {
    let park = Park::with_slots(1).await;
    use_many(&park).await;
    assert_known(&park).await;
    let park = park.reopened().await;
    assert_known(&park).await;
    let many = i64::try_from(MANY).unwrap();
    assert_eq!(rows(&park), Rows { replies: many, keys: many });

    let later = Timestamp::from_micros(MORNING.micros() + 3_600_000_000);
    assert_eq!(park.record.forget_keys(MORNING, 100).await.unwrap(), 0, "none is so old");
    assert_eq!(park.record.forget_keys(later, 100).await.unwrap(), 100);
    assert_eq!(rows(&park), Rows { replies: many - 100, keys: many - 100 });
    assert!(matches!(park.record.change(nth(99)).await.unwrap(), Answer::Decided { .. }));
    assert!(matches!(park.record.change(nth(100)).await.unwrap(), Answer::Replayed(_)));
    assert_eq!(park.record.forget_keys(later, 9_999).await.unwrap(), u32::try_from(MANY - 99).unwrap());
    assert_eq!(rows(&park), Rows { replies: 0, keys: 0 });
}

#[tokio::test]
async fn replies_are_found_that_were_given_before_keys_had_digests() {
    let park = Park::with_slots(1).await;
    use_many(&park).await;
    park.record.close().await;
    let mut connection = SqliteConnection::establish(park.path().to_str().unwrap()).unwrap();
    connection.batch_execute("DELETE FROM new_keys; DELETE FROM used_keys").unwrap();
    drop(connection);
    let park = park.reopened().await;
    assert_known(&park).await;
}
