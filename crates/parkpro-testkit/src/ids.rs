//! Ids that count.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parkpro_domain::{ports::IdGenerator, ticket::TicketId};
use uuid::Uuid;

/// Gives ticket 1, ticket 2, … so that the same test always makes the same tickets. All clones count together.
#[derive(Debug, Clone, Default)]
pub struct CountingIds(Arc<AtomicU64>);

/// The id of the n-th ticket: a UUID of version 7, as the program makes them, with n at its end.
pub fn nth_ticket(n: u64) -> TicketId {
    TicketId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + u128::from(n)))
}

impl IdGenerator for CountingIds {
    fn ticket(&self) -> TicketId {
        nth_ticket(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_greater_than_the_one_before() {
        let ids = CountingIds::default();
        assert_eq!(ids.ticket(), nth_ticket(1));
        assert!(ids.clone().ticket() < ids.ticket());
    }
}
