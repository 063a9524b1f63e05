//! The waiting queue in Redis, for reading, and the bell that wakes the other instances.
//!
//! [`RedisQueue`] is an index: everything in it came from the record and can be loaded from it again. A place is answered
//! only from an index that is whole and names the version asked for, so losing some or all of Redis costs speed, never
//! truth. [`RedisBell`] tells the instances on one record about each other's changes. Neither needs a Redis that is up:
//! while it is away, calls fail at once and entries and exits go on.
//!
//! Keys: `<prefix>:{<lot>}:meta` is a hash of epoch, version and count, `<prefix>:{<lot>}:queue` a sorted set of ticket
//! ids by their turns, `<prefix>:{<lot>}:staging:…` a queue that is being loaded. The channel is `<prefix>:bell`.

mod bell;
mod breaker;
mod health;
mod listener;
mod queue;
mod scripts;
mod server;
mod settings;

pub use bell::RedisBell;
pub use health::QueueHealth;
pub use queue::RedisQueue;
pub use settings::{Limits, OpenError, RedisSettings};
