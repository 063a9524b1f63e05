//! Throw-away Postgres and Redis servers, started by the tests themselves.
//!
//! [`postgres`] and [`redis`] are shared by all tests of the process: a test takes a fresh database or a fresh prefix
//! and leaves the server alone. A test that stops, kills or flushes starts a server of its own. Either way, no server
//! and no folder outlives the process, even if it is killed.
//!
//! Everything here blocks its thread, a start for a second or two.

#![expect(
    clippy::missing_panics_doc,
    reason = "for tests: whatever cannot be done fails the test with a sentence"
)]

mod guardian;
mod postgres;
mod programs;
mod redis;

pub use postgres::Postgres;
pub use redis::Redis;

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The Postgres server that all tests of this process share; started by whoever asks first.
pub fn postgres() -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    SHARED.get_or_init(Postgres::start)
}

/// The Redis server that all tests of this process share; started by whoever asks first.
pub fn redis() -> &'static Redis {
    static SHARED: OnceLock<Redis> = OnceLock::new();
    SHARED.get_or_init(Redis::start)
}

/// A name that is given once in this process.
fn unique_name() -> String {
    static GIVEN: AtomicU32 = AtomicU32::new(1);
    format!("test_{}", GIVEN.fetch_add(1, Ordering::Relaxed))
}

/// A port of 127.0.0.1 that was free a moment ago, below those that systems give to outgoing connections: from there,
/// a client that keeps calling a killed server would end up connected to itself, and hold the port.
fn free_port() -> u16 {
    const FIRST: u16 = 15_000;
    const COUNT: u64 = 17_000;
    loop {
        let offset = u16::try_from(RandomState::new().hash_one(()) % COUNT).unwrap_or_default();
        let port = FIRST + offset;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
