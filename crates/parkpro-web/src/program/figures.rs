//! The figures that are read from the adapters when /metrics is asked for.

use std::sync::Arc;

use super::{Redis, store::Store};
use crate::metrics::Metrics;

pub(super) fn register(metrics: &Metrics, store: &Store, redis: Option<&Redis>) {
    if let Some(record) = &store.shared {
        let pool = |read: fn(parkpro_postgres::PoolState) -> usize| {
            let record = Arc::clone(record);
            move || figure(read(record.pool_state()))
        };
        metrics.gauge("parkpro_pool_connections", "Open connections for reading", pool(|state| state.size));
        metrics.gauge(
            "parkpro_pool_available",
            "Idle connections for reading",
            pool(|state| state.available),
        );
        metrics.gauge(
            "parkpro_pool_waiting",
            "Reads that wait for a connection",
            pool(|state| state.waiting),
        );
    }
    let in_line = Arc::clone(&store.in_line);
    let in_line = move || figure(in_line());
    metrics.gauge("parkpro_requests_in_line", "Changes that wait for their turn", in_line);
    if let Some(redis) = redis {
        let health = |read: fn(parkpro_redis::QueueHealth) -> u64| {
            let queue = Arc::clone(&redis.queue);
            move || figure(read(queue.health()))
        };
        let down = health(|health| u64::from(health.breaker_open));
        metrics.gauge(
            "parkpro_queue_index_down",
            "1 while Redis is not asked because it does not answer",
            down,
        );
        metrics.gauge(
            "parkpro_queue_index_applied",
            "Turns that the index followed",
            health(|health| health.applied),
        );
        metrics.gauge(
            "parkpro_queue_index_loaded",
            "Queues loaded into the index",
            health(|health| health.loaded),
        );
        metrics.gauge(
            "parkpro_queue_index_misses",
            "Places it could not tell",
            health(|health| health.misses),
        );
        metrics.gauge(
            "parkpro_queue_index_failures",
            "Calls to Redis that failed",
            health(|health| health.failures),
        );
    }
}

/// Counts are far below 2^32 or only roughly of interest.
fn figure(count: impl TryInto<u32>) -> f64 {
    f64::from(count.try_into().unwrap_or(u32::MAX))
}
