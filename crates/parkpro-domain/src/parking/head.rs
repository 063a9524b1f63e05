//! The head of a lot's queue, kept in memory while the queue moves.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    facts::Changes,
    lot::Version,
    ports::WaitingPage,
    ticket::{Ticket, TicketId, TicketStatus, Turn},
};

/// Who waits first, at one version of the lot.
#[derive(Debug)]
pub(super) struct Head {
    version: Version,
    tickets: BTreeMap<Place, Arc<Ticket>>,
    /// Whoever waits up to here is known; none if that is everybody.
    horizon: Option<Place>,
}

type Place = (Turn, TicketId);

/// How many are read at once, so that many can leave before the record has to be asked again.
pub(super) const READ: u32 = 512;
/// How many are kept.
const KEPT: usize = 1024;

impl Head {
    /// The first [`READ`] of a queue.
    pub(super) fn of(page: &WaitingPage) -> Self {
        let tickets: BTreeMap<_, _> =
            page.tickets.iter().map(|ticket| (place(ticket), Arc::new(ticket.clone()))).collect();
        let full = u32::try_from(tickets.len()).is_ok_and(|count| count >= READ);
        let horizon = tickets.keys().next_back().copied().filter(|_| full);
        Self { version: page.lot.version, tickets, horizon }
    }

    /// The first so many who wait at a version, if they are known.
    pub(super) fn first(&self, most: usize, version: Version) -> Option<Vec<Arc<Ticket>>> {
        let known = self.version == version && (self.horizon.is_none() || self.tickets.len() >= most);
        known.then(|| self.tickets.values().take(most).cloned().collect())
    }

    /// At which version it is.
    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Moves on with the queue; false if it cannot, because something was missed or nothing is left that is known.
    pub(super) fn follow(&mut self, changes: &Changes) -> bool {
        let queue = &changes.queue;
        if queue.to <= self.version {
            // It was read from a record that was ahead.
            return true;
        }
        if queue.from != self.version || queue.removed.len() > KEPT {
            return false;
        }
        self.version = queue.to;
        self.tickets.retain(|(_, id), _| !queue.removed.contains(id));
        for ticket in changes.amended.iter().chain(&changes.new_tickets) {
            let place = place(ticket);
            let seen = self.horizon.is_none_or(|horizon| place <= horizon);
            if seen && ticket.status() == TicketStatus::Waiting {
                self.tickets.insert(place, Arc::new(ticket.clone()));
            }
        }
        while self.tickets.len() > KEPT {
            self.tickets.pop_last();
            self.horizon = self.tickets.keys().next_back().copied();
        }
        self.horizon.is_none() || !self.tickets.is_empty()
    }
}

fn place(ticket: &Ticket) -> Place {
    (ticket.turn, ticket.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        parking::tests::{changes, main_lot, waiting},
        ports::QueueDelta,
        vehicle::Plate,
    };

    fn ticket(n: i64) -> Ticket {
        let id = TicketId(uuid::Uuid::from_u128(u128::try_from(n).unwrap()));
        Ticket { id, turn: Turn(n), ..waiting(1).ticket }
    }

    fn head(turns: impl Iterator<Item = i64>) -> Head {
        Head::of(&WaitingPage { lot: main_lot(7), ahead: 0, tickets: turns.map(ticket).collect() })
    }

    /// A change from version 7 to version 8.
    fn moved(removed: &[i64], added: &[i64]) -> Changes {
        let lot = main_lot(8);
        let queue = QueueDelta {
            lot: lot.id.clone(),
            from: Version(7),
            to: Version(8),
            count: 0,
            removed: removed.iter().map(|n| ticket(*n).id).collect(),
            added: added.iter().map(|n| (ticket(*n).id, Turn(*n))).collect(),
        };
        let new_tickets = added.iter().map(|n| ticket(*n)).collect();
        Changes { lot, new_tickets, ..changes(queue) }
    }

    fn turns(head: &Head, most: usize) -> Option<Vec<i64>> {
        let first = head.first(most, Version(8))?;
        Some(first.iter().map(|ticket| ticket.turn.0).collect())
    }

    #[test]
    fn it_moves_with_the_queue() {
        let mut head = head([10, 20, 30].into_iter());
        assert!(head.follow(&moved(&[10], &[25, 40])));
        assert_eq!(turns(&head, 2), Some(vec![20, 25]));
        assert_eq!(turns(&head, 9), Some(vec![20, 25, 30, 40]));
        assert_eq!(head.first(9, Version(9)), None, "of another version");
    }

    #[test]
    fn a_corrected_plate_is_seen() {
        let mut head = head([10].into_iter());
        let corrected = Ticket { plate: Plate::parse("NEW 1").unwrap(), ..ticket(10) };
        assert!(head.follow(&Changes { amended: vec![corrected], ..moved(&[], &[]) }));
        assert_eq!(head.first(1, Version(8)).unwrap()[0].plate.shown(), "NEW 1");
    }

    #[test]
    fn what_lies_beyond_the_horizon_is_not_made_up() {
        let read = i64::from(READ);
        let mut head = head(1..=read);
        assert!(head.follow(&moved(&[1, read], &[read + 5])));
        let known = usize::try_from(READ).unwrap() - 2;
        assert_eq!(turns(&head, known).map(|turns| turns[0]), Some(2));
        assert_eq!(turns(&head, known + 1), None, "there may be others before the newcomer");
    }

    #[test]
    fn one_that_was_read_ahead_stays() {
        let mut head = head([10].into_iter());
        head.version = Version(8);
        assert!(head.follow(&moved(&[10], &[])));
        assert_eq!(turns(&head, 9), Some(vec![10]));
    }

    #[test]
    fn a_change_that_was_missed_ends_it() {
        let mut head = head([10].into_iter());
        head.version = Version(6);
        assert!(!head.follow(&moved(&[], &[])));
    }
}
