//! The machine's clock and its source of random ids: the one place that asks for them.

use parkpro_domain::{
    ports::{Clock, IdGenerator},
    ticket::TicketId,
    time::Timestamp,
};

/// The machine's clock, to the microsecond.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now().into()
    }
}

/// UUIDs of version 7: ordered by time, so that they are appended to an index and not scattered over it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemIds;

impl IdGenerator for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the IdGenerator")]
    fn ticket(&self) -> TicketId {
        TicketId(uuid::Uuid::now_v7())
    }
}
