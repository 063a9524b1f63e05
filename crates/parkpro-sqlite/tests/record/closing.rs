//! What was taken is finished; nothing else is taken.

use std::time::Duration;

use parkpro_domain::ports::{Fault, Ledger, LedgerError, Records};
use parkpro_sqlite::SqliteSettings;
use parkpro_testkit::ask;

use crate::park::{Park, begun, is_beside, open, settings};

#[tokio::test]
async fn what_was_taken_is_answered() {
    let park = Park::with(200, |settings| SqliteSettings { batch: 7, ..settings }).await;
    let mut taken = Vec::new();
    for n in 0..200 {
        taken.push(begun(park.record.change(ask::request(park.entry(&format!("A {n}"))))));
    }
    park.record.close().await;
    assert!(!is_beside(&park.path(), "-wal"), "the file alone is the record");
    for taken in taken {
        taken.over().await.unwrap();
    }
    assert_eq!(park.reopened().await.lot().await.tally.total().occupied, 200);
}

#[tokio::test]
async fn a_closed_record_says_so() {
    let park = Park::with_slots(1).await;
    park.record.close().await;
    park.record.close().await;
    let changed = park.record.change(ask::request(park.entry("A 1"))).await;
    assert!(matches!(changed, Err(LedgerError::Closing)));
    assert_eq!(park.record.ready().await.unwrap_err().fault, Fault::Unavailable);
    assert_eq!(park.record.lot(ask::lot("main")).await.unwrap_err().fault, Fault::Unavailable);
}

#[tokio::test]
async fn a_record_that_is_dropped_gives_its_file_back() {
    let park = Park::with_slots(1).await;
    park.enter("A 1").await;
    let Park { record, folder, .. } = park;
    drop(record);
    let path = folder.path().join("park.db");
    for _ in 0..500 {
        if let Ok(record) = open(settings(path.clone())) {
            let lot = record.lot(ask::lot("main")).await.unwrap().unwrap();
            assert_eq!(lot.tally.total().occupied, 1);
            return record.close().await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the file stays locked");
}
