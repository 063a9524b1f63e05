//! Where a waiting vehicle stands.

use std::sync::Arc;

use crate::{
    ports::{Place, PortError, Records, TicketView, WaitingQueue},
    ticket::TicketStatus,
};

/// Answers where a waiting vehicle stands: from the index if there is one and it can tell, else from the record.
pub struct Places {
    records: Arc<dyn Records>,
    index: Option<Arc<dyn WaitingQueue>>,
}

impl Places {
    /// A record, and an index made from it if there is one.
    pub fn new(records: Arc<dyn Records>, index: Option<Arc<dyn WaitingQueue>>) -> Self {
        Self { records, index }
    }

    /// The place of a ticket in the state in which it was read or a later one; none if it does not wait.
    pub async fn of(&self, view: &TicketView) -> Result<Option<Place>, PortError> {
        if view.ticket.status() != TicketStatus::Waiting {
            return Ok(None);
        }
        match self.indexed(view).await {
            Some(place) => Ok(Some(place)),
            None => self.records.position(view.ticket.id).await,
        }
    }

    /// What the index says; an index that is down or behind says nothing.
    async fn indexed(&self, view: &TicketView) -> Option<Place> {
        let index = self.index.as_ref()?;
        let epoch = self.records.epoch().await.ok()?;
        let at_least = view.lot.version;
        let place = index.position(epoch, view.lot.id.clone(), view.ticket.id, at_least).await.ok()??;
        (place.version >= at_least).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        lot::Version,
        parking::tests::{parked, unwell, waiting},
        ports::{MockRecords, MockWaitingQueue},
    };

    fn place(position: i64, version: i64) -> Place {
        Place { position, version: Version(version) }
    }

    fn records(place: Option<Place>) -> MockRecords {
        let mut records = MockRecords::new();
        records.expect_epoch().returning(|| Ok("epoch".into()));
        records.expect_position().returning(move |_| Ok(place));
        records
    }

    fn asked(records: MockRecords, index: Option<MockWaitingQueue>, view: &TicketView) -> Option<Place> {
        let index = index.map(|index| -> Arc<dyn WaitingQueue> { Arc::new(index) });
        let places = Places::new(Arc::new(records), index);
        places.of(view).now_or_never().unwrap().unwrap()
    }

    #[test]
    fn the_index_answers_if_it_can() {
        let mut index = MockWaitingQueue::new();
        index.expect_position().returning(|_, _, _, _| Ok(Some(place(3, 9))));
        let mut records = MockRecords::new();
        records.expect_epoch().returning(|| Ok("epoch".into()));
        assert_eq!(asked(records, Some(index), &waiting(9)), Some(place(3, 9)));
    }

    #[test]
    fn the_record_answers_when_the_index_is_down_or_behind_or_knows_nothing() {
        type Says = fn() -> Result<Option<Place>, PortError>;
        let answers: [Says; 3] = [|| Err(unwell()), || Ok(Some(place(3, 8))), || Ok(None)];
        for answer in answers {
            let mut index = MockWaitingQueue::new();
            index.expect_position().returning(move |_, _, _, _| answer());
            assert_eq!(asked(records(Some(place(4, 10))), Some(index), &waiting(9)), Some(place(4, 10)));
        }
        assert_eq!(asked(records(Some(place(4, 10))), None, &waiting(9)), Some(place(4, 10)));
    }

    #[test]
    fn who_does_not_wait_has_no_place() {
        assert_eq!(asked(MockRecords::new(), None, &parked(9)), None);
    }
}
