//! What every record must do, and random histories, on Postgres.

use std::sync::Arc;

use async_trait::async_trait;
use parkpro_postgres::{PgRecord, PgSettings, Timekeeping};
use parkpro_testkit::{
    contract, histories, servers,
    stage::{Opened, Stage, With},
};

/// A database of its own, and records over it.
struct PgStage {
    url: String,
    write_connections: usize,
}

impl PgStage {
    fn with_writers(write_connections: usize) -> Arc<dyn Stage> {
        Arc::new(Self { url: servers::postgres().fresh_database(), write_connections })
    }

    async fn record(&self, With { clock, rules, witness }: With) -> Opened {
        let settings = PgSettings {
            connections: 2,
            write_connections: self.write_connections,
            time: Timekeeping::Given(clock),
            ..PgSettings::new(&self.url)
        };
        let record = PgRecord::open(settings, rules, witness).await;
        let record = Arc::new(record.unwrap_or_else(|error| panic!("{error}")));
        Opened { ledger: record.clone(), records: record }
    }
}

#[async_trait]
impl Stage for PgStage {
    async fn open(&self, with: With) -> Opened {
        self.record(with).await
    }

    async fn open_beside(&self, with: With) -> Option<Opened> {
        Some(self.record(with).await)
    }
}

#[test]
fn the_contract_holds() {
    contract::hold(|| PgStage::with_writers(1));
}

#[test]
fn the_contract_holds_with_two_writers() {
    contract::hold(|| PgStage::with_writers(2));
}

#[test]
fn random_histories_are_those_of_the_memory_record() {
    histories::hold(40, || PgStage::with_writers(1));
}
