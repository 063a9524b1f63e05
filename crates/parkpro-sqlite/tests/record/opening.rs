//! From a path to an open record, and why not.

use std::{fs, path::Path};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use parkpro_domain::ports::{Fault, Ledger, LedgerError, Records};
use parkpro_sqlite::OpenError;
use parkpro_testkit::ask;

use crate::park::{Park, is_beside, open, settings};

fn refused(path: &Path) -> OpenError {
    open(settings(path.to_owned())).err().unwrap()
}

/// Changes a file that no record has open.
fn change(path: &Path, sql: &str) {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
}

#[tokio::test]
async fn only_one_at_a_time() {
    let park = Park::with_slots(1).await;
    let error = refused(&park.path());
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    park.record.close().await;
    open(settings(park.path())).unwrap().close().await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let before = Park::with_slots(3).await;
    let tickets = [before.enter("A 1").await, before.enter("A 2").await];
    let (lot, epoch) = (before.lot().await, before.record.epoch().await.unwrap());
    let park = before.reopened().await;
    assert_eq!(park.lot().await, lot);
    for ticket in tickets {
        assert_eq!(park.record.ticket(ticket.id).await.unwrap().unwrap().ticket, ticket);
    }
    assert_ne!(park.record.epoch().await.unwrap(), epoch, "it could have been put back meanwhile");
    park.outcome(ask::exit("main", "A 1")).await.result.unwrap();
    assert_eq!(park.enter("A 3").await.number.0, 3);
}

#[tokio::test]
async fn folder_and_file_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/park.db");
    let record = open(settings(path.clone())).unwrap();
    record.ready().await.unwrap();
    assert!(record.lots(None, 9).await.unwrap().is_empty());
    record.close().await;
    assert!(path.is_file() && !is_beside(&path, "-wal"));
}

#[test]
fn what_cannot_be_opened_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "not a folder").unwrap();
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("text.db"), "words ".repeat(1000)).unwrap();
    assert!(matches!(refused(&path("file/park.db")), OpenError::Folder { .. }));
    assert!(matches!(refused(&path("folder")), OpenError::File { .. }));
    let error = refused(&path("text.db"));
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
    assert_eq!(fs::read(path("text.db")).unwrap().len(), 6000, "it is left alone");
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    change(&path, "CREATE TABLE bookmarks (url TEXT)");
    let before = fs::read(&path).unwrap();
    assert!(matches!(refused(&path), OpenError::Foreign { .. }));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_record_of_a_newer_program_is_not_opened() {
    let park = Park::with_slots(1).await;
    park.record.close().await;
    change(&park.path(), "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000001')");
    let error = refused(&park.path());
    assert!(matches!(&error, OpenError::Newer { migration, .. } if migration == "29991231000001"), "{error}");
}

#[tokio::test]
async fn a_row_that_makes_no_sense_names_its_place() {
    let before = Park::with_slots(1).await;
    let ticket = before.enter("A 1").await;
    before.record.close().await;
    change(&before.path(), "UPDATE tickets SET class = 'No Class'");
    let park = before.reopened().await;
    let error = park.record.ticket(ticket.id).await.unwrap_err();
    assert_eq!(error.fault, Fault::Corrupt);
    let said = format!("reading a ticket: table tickets, row {}: the column class makes no sense", ticket.id);
    assert_eq!(error.to_string(), said);
    let left = park.record.change(ask::request(ask::exit("main", "A 1"))).await;
    assert!(matches!(left, Err(LedgerError::Port(error)) if error.fault == Fault::Corrupt));
}
