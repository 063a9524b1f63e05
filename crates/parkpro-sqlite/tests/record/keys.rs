//! Keys are found by their digests, new ones apart from the many before.

use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::BigInt};
use parkpro_domain::{
    ports::{Answer, Ledger, Request},
    time::Timestamp,
};
use parkpro_testkit::{ask, clock::MORNING};

use crate::park::{Park, begun};

/// So many that after as many turns as there are first bytes some have been put to the others, and some have not.
const MANY: usize = 4_500;

fn nth(n: usize) -> Request {
    ask::keyed(ask::exit("main", "A 9"), &format!("key {n}"))
}

async fn use_many(park: &Park) {
    for some in (0..MANY).collect::<Vec<_>>().chunks(15) {
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
    new: i64,
    #[diesel(sql_type = BigInt)]
    used: i64,
}

fn connection(park: &Park) -> SqliteConnection {
    SqliteConnection::establish(park.path().to_str().unwrap()).unwrap()
}

/// While it is closed.
fn tell(park: &Park, statements: &str) {
    connection(park).batch_execute(statements).unwrap();
}

fn rows(park: &Park) -> Rows {
    let count = "SELECT (SELECT count(*) FROM idempotency) AS replies, \
        (SELECT count(*) FROM new_keys) AS new, (SELECT count(*) FROM used_keys) AS used";
    diesel::sql_query(count).get_result(&mut connection(park)).unwrap()
}

#[tokio::test]
async fn keys_are_found_however_many_came_later_and_forgotten_together() {
    let park = Park::with_slots(1).await;
    use_many(&park).await;
    assert_known(&park).await;
    let park = park.reopened().await;
    assert_known(&park).await;
    let many = i64::try_from(MANY).unwrap();
    let before = rows(&park);
    assert_eq!((before.replies, before.new + before.used), (many, many));
    assert!(before.new > 100 && before.used > 100, "{before:?}");

    let later = Timestamp::from_micros(MORNING.micros() + 3_600_000_000);
    assert_eq!(park.record.forget_keys(MORNING, 100).await.unwrap(), 0, "none is so old");
    assert_eq!(park.record.forget_keys(later, 100).await.unwrap(), 100);
    let after = rows(&park);
    assert_eq!((after.replies, after.new + after.used), (many - 100, many - 100));
    assert!(matches!(park.record.change(nth(99)).await.unwrap(), Answer::Decided { .. }));
    assert!(matches!(park.record.change(nth(100)).await.unwrap(), Answer::Replayed(_)));
    assert_eq!(park.record.forget_keys(later, 9_999).await.unwrap(), u32::try_from(MANY - 99).unwrap());
    assert_eq!(rows(&park), Rows { replies: 0, new: 0, used: 0 });
}

#[tokio::test]
async fn keys_are_found_after_the_file_was_packed() {
    let park = Park::with_slots(1).await;
    use_many(&park).await;
    let later = Timestamp::from_micros(MORNING.micros() + 3_600_000_000);
    assert_eq!(park.record.forget_keys(later, 1).await.unwrap(), 1);
    assert!(matches!(park.record.change(nth(0)).await.unwrap(), Answer::Decided { .. }));
    park.record.close().await;
    tell(&park, "VACUUM");
    assert_known(&park.reopened().await).await;
}

#[tokio::test]
async fn replies_are_found_that_were_given_before_keys_had_digests() {
    let park = Park::with_slots(1).await;
    use_many(&park).await;
    park.record.close().await;
    tell(&park, "DELETE FROM new_keys; DELETE FROM used_keys");
    assert_known(&park.reopened().await).await;
}
