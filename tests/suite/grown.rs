//! Lots that were filled by SQL are lots like any other.

use std::sync::Arc;

use parkpro_domain::{
    command::Command,
    ports::{Answer, Ledger, Records},
};
use parkpro_postgres::{PgRecord, PgSettings};
use parkpro_sqlite::{SqliteRecord, SqliteSettings};
use parkpro_testkit::{ask, audit::audit, clock::HandClock, heard::Heard, ids::nth_ticket, servers};
use parkpro_tests::grown::Grown;
use tempfile::TempDir;

const FREE: Grown<'_> = Grown { lot: "free", slots: 9, history: 44, parked: 5, waiting: 0, plates: 'F' };
const FULL: Grown<'_> = Grown { lot: "full", slots: 6, history: 0, parked: 6, waiting: 11, plates: 'R' };

async fn open_lots(ledger: &dyn Ledger) {
    for lot in [FREE.lot, FULL.lot] {
        ledger.change(ask::request(Command::OpenLot(ask::open(lot, vec![])))).await.unwrap();
    }
    ledger.close().await;
}

async fn go_on(record: &(impl Ledger + Records)) {
    audit(record).await;
    let parks = Command::Enter(ask::enter("free", nth_ticket(1), "NEW 1"));
    let waits = Command::Enter(ask::enter("full", nth_ticket(2), "NEW 2"));
    for command in [parks, waits, ask::exit("free", "F000000000005"), ask::exit("full", "R000000000001")] {
        let answer = record.change(ask::request(command)).await.unwrap();
        assert!(matches!(answer, Answer::Decided { outcome, .. } if outcome.result.is_ok()));
    }
    let left = record.change(ask::request(ask::exit("full", "R000000000007"))).await.unwrap();
    assert!(
        matches!(left, Answer::Decided { outcome, .. } if outcome.result.is_ok()),
        "who waited first parks"
    );
    audit(record).await;
    record.close().await;
}

#[tokio::test]
async fn a_grown_lot_in_sqlite_is_a_lot() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("grown.db");
    let open = || {
        let settings =
            SqliteSettings { path: path.clone(), page_cache_mb: 4, readers: 2, queue_length: 64, batch: 64 };
        let clock = Arc::new(HandClock::default());
        SqliteRecord::open(settings, clock, ask::rules(), Arc::new(Heard::default())).unwrap()
    };
    open_lots(&open()).await;
    FREE.fill_sqlite(&path);
    FULL.fill_sqlite(&path);
    go_on(&open()).await;
}

#[tokio::test]
async fn a_grown_lot_in_postgres_is_a_lot() {
    let server = servers::postgres();
    let url = server.fresh_database();
    let open = || PgRecord::open(PgSettings::new(&url), ask::rules(), Arc::new(Heard::default()));
    open_lots(&open().await.unwrap()).await;
    let database = url.rsplit('/').next().unwrap();
    FREE.fill_postgres(server, database);
    FULL.fill_postgres(server, database);
    go_on(&open().await.unwrap()).await;
}
