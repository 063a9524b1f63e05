//! Settings: what an operator may choose, from where, and why a choice was not accepted.
//!
//! `config/default.toml` is the manual and is compiled in; [`Settings::load`] lays the operator's sources over it. Nothing
//! here reads the environment of the process by itself: [`Sources`] carries it in.

mod address;
mod excerpt;
mod file;
mod load;
mod mistake;
mod print;
mod rules;
mod variables;

#[cfg(test)]
mod tests;

use parkpro_domain::{
    invalid::Invalid,
    lot::{LotId, LotName, Priorities},
    money::Currency,
    slot::Accepts,
    time::Zone,
    vehicle::VehicleClass,
};
use serde::{Deserialize, Deserializer, de::Error};

pub use self::{
    address::{ConnectionUrl, QueueUrl, StoreUrl},
    load::{Loaded, Sources},
    mistake::SettingsError,
};

/// Every setting, checked. The fields are the keys of `config/default.toml`, which says what each one does.
///
/// No field is optional: a key that `default.toml` lacks, or has in addition, does not load.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What the program listens on.
    pub server: Server,
    /// The record.
    pub store: Store,
    /// The waiting queue.
    pub queue: Queue,
    /// The lot that is made when the record is empty.
    pub first_run: FirstRun,
    /// What stays cost.
    pub tariff: Tariff,
    /// The log.
    pub log: Log,
    /// Requests that are sent twice.
    pub idempotency: Idempotency,
}

/// What the program listens on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// An IP address or a host name, without brackets.
    pub host: String,
    /// A TCP port; 0 takes any free one.
    pub port: u16,
    /// Threads that answer requests; 0 is one per core.
    pub workers: usize,
    /// Seconds that accepted requests have to finish when the program stops.
    pub shutdown_seconds: u64,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Where it is kept, and so which adapter keeps it.
    pub url: StoreUrl,
    /// Changes that may wait for their turn; one more is refused.
    pub queue_length: usize,
    /// The most changes in one transaction, 1 to 256.
    pub batch: usize,
    /// Read when `url` is [`StoreUrl::Sqlite`].
    pub sqlite: Sqlite,
    /// Read when `url` is [`StoreUrl::Postgres`].
    pub postgres: Postgres,
}

/// The record in a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sqlite {
    /// MiB of pages that each connection keeps.
    pub page_cache_mb: u32,
    /// Connections that answer reads.
    pub readers: usize,
}

/// The record on a Postgres server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Connections that answer reads.
    pub connections: usize,
    /// Connections that write, 1 or 2.
    pub write_connections: usize,
    /// Whether a pooler in transaction mode stands between.
    pub transaction_pooler: bool,
    /// Seconds after which the server counts as unreachable.
    pub connect_timeout_seconds: u64,
}

/// The waiting queue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Who answers for its order.
    pub redis_url: QueueUrl,
    /// What every key in Redis begins with.
    pub key_prefix: String,
}

/// The lot that is made when the record is empty.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstRun {
    /// Its id.
    #[serde(deserialize_with = "lot")]
    pub lot: LotId,
    /// Its name for people.
    #[serde(deserialize_with = "lot_name")]
    pub name: LotName,
    /// Where its days begin and end.
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: Zone,
    /// What its fees are in.
    #[serde(deserialize_with = "currency")]
    pub currency: Currency,
    /// How many slots it has, at most 10,000.
    pub slots: u32,
    /// What their labels begin with; a label of this prefix and five digits is valid.
    pub label_prefix: String,
    /// What each of them takes.
    #[serde(deserialize_with = "accepts")]
    pub accepts: Accepts,
    /// In what order its waiting vehicles are served.
    #[serde(deserialize_with = "priorities")]
    pub priorities: Priorities,
}

/// What stays cost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// The file of the tariff that holds in every lot that was given no other; the built-in one if empty.
    pub default: String,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How it looks.
    pub format: LogFormat,
    /// Directives of `tracing_subscriber::EnvFilter`, known to be valid.
    pub filter: String,
}

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, else one plain line per event.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Requests that are sent twice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    /// Days for which an answer is kept.
    pub keep_days: u32,
}

fn lot<'de, D: Deserializer<'de>>(from: D) -> Result<LotId, D::Error> {
    parsed(from, LotId::parse)
}

fn lot_name<'de, D: Deserializer<'de>>(from: D) -> Result<LotName, D::Error> {
    parsed(from, LotName::parse)
}

fn time_zone<'de, D: Deserializer<'de>>(from: D) -> Result<Zone, D::Error> {
    parsed(from, Zone::parse)
}

fn currency<'de, D: Deserializer<'de>>(from: D) -> Result<Currency, D::Error> {
    parsed(from, Currency::parse)
}

fn accepts<'de, D: Deserializer<'de>>(from: D) -> Result<Accepts, D::Error> {
    let classes: Result<Vec<_>, _> =
        Vec::<String>::deserialize(from)?.iter().map(|class| VehicleClass::parse(class)).collect();
    classes.and_then(Accepts::of).map_err(D::Error::custom)
}

fn priorities<'de, D: Deserializer<'de>>(from: D) -> Result<Priorities, D::Error> {
    Priorities::parse(&Vec::<String>::deserialize(from)?.join(",")).map_err(D::Error::custom)
}

fn parsed<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: fn(&str) -> Result<T, Invalid>,
) -> Result<T, D::Error> {
    parse(&String::deserialize(from)?).map_err(D::Error::custom)
}
