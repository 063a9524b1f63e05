//! The ways to run the program that must behave alike.

use parkpro_testkit::servers;

use crate::running::Setup;

/// SQLite, and Postgres with Redis, each new and empty.
pub fn setups() -> Vec<(&'static str, Setup)> {
    vec![("sqlite", Setup::embedded()), ("postgres and redis", shared())]
}

/// A new database and a new place in Redis, as several instances share them.
pub fn shared() -> Setup {
    let (postgres, redis) = (servers::postgres(), servers::redis());
    Setup::postgres(&postgres.fresh_database())
        .with("REDIS_URL", &redis.url())
        .with("PARKPRO__QUEUE__KEY_PREFIX", &redis.fresh_prefix())
}
