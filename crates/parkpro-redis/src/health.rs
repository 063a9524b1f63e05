//! How the queue in Redis is doing, for metrics.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::server::ServerHealth;

/// How the queue in Redis is doing. Counts begin when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueHealth {
    /// Redis did not answer lately, and most calls fail without being tried.
    pub breaker_open: bool,
    /// How long ago a call was answered; none if none ever was.
    pub since_success: Option<Duration>,
    /// Turns that the index followed.
    pub applied: u64,
    /// Turns that did not follow what the index held, each followed by a load from the record.
    pub rebuilds: u64,
    /// Queues that were loaded.
    pub loaded: u64,
    /// Places that the index knew.
    pub hits: u64,
    /// Places that the index could not tell.
    pub misses: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Calls that were not tried because the breaker was open.
    pub spared: u64,
}

/// What happened to the index so far.
#[derive(Default)]
pub(crate) struct Counters {
    applied: AtomicU64,
    rebuilds: AtomicU64,
    loaded: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Counters {
    pub(crate) fn applied(&self) {
        self.applied.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn rebuild(&self) {
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn loaded(&self) {
        self.loaded.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn looked_up(&self, found: bool) {
        let count = if found { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn with(&self, server: &ServerHealth) -> QueueHealth {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        QueueHealth {
            breaker_open: server.breaker_open,
            since_success: server.since_success,
            applied: now(&self.applied),
            rebuilds: now(&self.rebuilds),
            loaded: now(&self.loaded),
            hits: now(&self.hits),
            misses: now(&self.misses),
            failures: server.failures,
            spared: server.spared,
        }
    }
}
