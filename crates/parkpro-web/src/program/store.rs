//! Opening the record that the settings choose.

use std::{sync::Arc, time::Duration};

use parkpro_domain::{
    ports::{Ledger, Records, Witness},
    protocol::Rules,
};
use parkpro_postgres::{PgRecord, PgSettings, Timekeeping};
use parkpro_sqlite::{SqliteRecord, SqliteSettings};

use super::StartError;
use crate::{
    settings::{Loaded, StoreUrl},
    system::SystemClock,
};

/// The record, whichever it is.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) records: Arc<dyn Records>,
    /// Other instances may write to it too.
    pub(super) shared: Option<Arc<PgRecord>>,
    /// How many changes wait for their turn.
    pub(super) in_line: Arc<dyn Fn() -> usize + Send + Sync>,
}

/// Opens it, made and migrated if need be.
pub(super) async fn open(
    loaded: &Loaded,
    rules: Rules,
    witness: Arc<dyn Witness>,
) -> Result<Store, StartError> {
    let store = &loaded.settings.store;
    let wrong = |why: String| StartError::Store { setting: loaded.describe("store.url"), why };
    match &store.url {
        StoreUrl::Sqlite(path) => {
            let settings = SqliteSettings {
                path: path.clone(),
                page_cache_mb: store.sqlite.page_cache_mb,
                readers: store.sqlite.readers,
                queue_length: store.queue_length,
                batch: store.batch,
            };
            let record = SqliteRecord::open(settings, Arc::new(SystemClock), rules, witness);
            let record = Arc::new(record.map_err(|error| wrong(error.to_string()))?);
            let waiting = Arc::clone(&record);
            let in_line = Arc::new(move || waiting.in_line());
            Ok(Store { ledger: record.clone(), records: record, shared: None, in_line })
        }
        StoreUrl::Postgres(url) => {
            let settings = PgSettings {
                url: url.expose().to_owned(),
                connections: store.postgres.connections,
                write_connections: store.postgres.write_connections,
                transaction_pooler: store.postgres.transaction_pooler,
                connect_timeout: Duration::from_secs(store.postgres.connect_timeout_seconds),
                queue_length: store.queue_length,
                batch: store.batch,
                time: Timekeeping::Database,
            };
            let record = PgRecord::open(settings, rules, witness).await;
            let record = Arc::new(record.map_err(|error| wrong(error.to_string()))?);
            let waiting = Arc::clone(&record);
            let in_line = Arc::new(move || waiting.in_line());
            Ok(Store { ledger: record.clone(), records: record.clone(), shared: Some(record), in_line })
        }
    }
}
