//! The newest state of every lot that was asked for or changed here, in memory: what every display asks for, all day long.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::head::{Head, READ};
use crate::{
    facts::Changes,
    lot::{LotId, Version},
    ports::{LotView, PortError, Records, WaitingPage, Witness},
};

/// Shows the newest known state of each lot, put into the caller's words once for all who ask.
///
/// It hears of this instance's changes after the commit and before the answers, so whoever has changed a lot finds the
/// change here. Of other instances' changes it hears by the bell, and reads them when it is told to catch up.
pub struct Board<T> {
    lots: RwLock<Lots<T>>,
}

struct Lots<T> {
    /// The history of the record that the states belong to.
    epoch: Option<String>,
    known: HashMap<LotId, Known<T>>,
}

struct Known<T> {
    shown: Arc<Shown<T>>,
    /// The newest version that the bell told.
    heard: Version,
    /// Who waits first, if somebody asked for them.
    head: Option<Head>,
}

/// One state of a lot.
pub struct Shown<T> {
    /// The lot and what is in it.
    pub view: LotView,
    put: OnceLock<T>,
}

impl<T> Shown<T> {
    fn new(view: LotView) -> Arc<Self> {
        Arc::new(Self { view, put: OnceLock::new() })
    }

    /// The state in the caller's words, which are found once.
    pub fn put(&self, words: impl FnOnce(&LotView) -> T) -> &T {
        self.put.get_or_init(|| words(&self.view))
    }
}

impl<T> Default for Board<T> {
    fn default() -> Self {
        Self { lots: RwLock::new(Lots { epoch: None, known: HashMap::new() }) }
    }
}

impl<T: Send + Sync> Board<T> {
    /// A lot; none if there is no such lot. The record is only asked for a lot that nobody asked for before.
    pub async fn lot(&self, records: &dyn Records, lot: &LotId) -> Result<Option<Arc<Shown<T>>>, PortError> {
        let known = self.read().known.get(lot).map(|known| Arc::clone(&known.shown));
        let shown = match known {
            Some(shown) => Some(shown),
            None => records.lot(lot.clone()).await?.map(|view| self.show(view)),
        };
        Ok(shown.filter(|shown| !shown.view.lot.retired))
    }

    /// The first of a lot's queue, at most so many; none if there is no such lot. The record is only asked if nobody asked for
    /// this queue before, or if so many have left it since that too few are known.
    pub async fn queue(
        &self,
        records: &dyn Records,
        lot: &LotId,
        most: u32,
    ) -> Result<Option<WaitingPage>, PortError> {
        if self.lot(records, lot).await?.is_none() {
            return Ok(None);
        }
        if let Some(page) = self.head(lot, most) {
            return Ok(Some(page));
        }
        let page = records.waiting(lot.clone(), None, most.max(READ)).await?;
        Ok(page.map(|mut page| {
            if let Some(known) = self.write().known.get_mut(lot) {
                let newer = known.head.as_ref().is_some_and(|head| head.version() >= page.lot.version);
                known.head = known.head.take().filter(|_| newer).or_else(|| Some(Head::of(&page)));
            }
            page.tickets.truncate(usize::try_from(most).unwrap_or(usize::MAX));
            page
        }))
    }

    fn head(&self, lot: &LotId, most: u32) -> Option<WaitingPage> {
        let lots = self.read();
        let Known { shown, head, .. } = lots.known.get(lot)?;
        let LotView { lot, tally } = &shown.view;
        let first = match head {
            _ if tally.waiting() == 0 => Vec::new(),
            Some(head) => head.first(usize::try_from(most).ok()?, lot.version)?,
            None => return None,
        };
        let tickets = first.iter().map(|ticket| (**ticket).clone()).collect();
        Some(WaitingPage { lot: lot.clone(), ahead: 0, tickets })
    }

    /// Whether no lot is known yet.
    pub fn is_empty(&self) -> bool {
        self.read().known.is_empty()
    }

    /// Reads every lot of which the bell told a newer state than is known. The first fault is returned; what could not be
    /// read is read the next time.
    pub async fn catch_up(&self, records: &dyn Records) -> Result<(), PortError> {
        let behind = |(lot, known): (&LotId, &Known<T>)| {
            (known.heard > known.shown.view.lot.version).then(|| lot.clone())
        };
        let behind: Vec<LotId> = self.read().known.iter().filter_map(behind).collect();
        for lot in behind {
            match records.lot(lot.clone()).await? {
                Some(view) => drop(self.show(view)),
                None => drop(self.write().known.remove(&lot)),
            }
        }
        Ok(())
    }

    /// Hears that a lot has reached a version, as the bell tells; whether it is behind now.
    pub fn hear(&self, lot: &LotId, version: Version) -> bool {
        let behind = |known: &Known<T>| known.shown.view.lot.version < version;
        // Of this instance's own changes it knows already.
        if !self.read().known.get(lot).is_some_and(behind) {
            return false;
        }
        let mut lots = self.write();
        let Some(known) = lots.known.get_mut(lot) else { return false };
        known.heard = known.heard.max(version);
        behind(known)
    }

    /// Compares itself with the record, so that a bell that was lost costs no more than the time between two calls, and
    /// forgets everything if the record was put back to an earlier state. What it is behind of is read by
    /// [`Self::catch_up`].
    pub fn compare(&self, epoch: &str, versions: &[(LotId, Version)]) {
        self.begin(epoch);
        self.write().known.retain(|lot, _| versions.iter().any(|(there, _)| there == lot));
        for (lot, version) in versions {
            self.hear(lot, *version);
        }
    }

    /// Forgets what belongs to another history.
    fn begin(&self, epoch: &str) {
        let mut lots = self.write();
        if lots.epoch.as_ref().is_some_and(|known| known != epoch) {
            lots.known.clear();
        }
        lots.epoch = Some(epoch.to_owned());
    }

    /// Keeps a state unless a newer one is known; the newer of the two.
    fn show(&self, view: LotView) -> Arc<Shown<T>> {
        let mut lots = self.write();
        if let Some(known) = lots.known.get_mut(&view.lot.id) {
            if known.shown.view.lot.version < view.lot.version {
                known.shown = Shown::new(view);
            }
            return Arc::clone(&known.shown);
        }
        let (lot, heard) = (view.lot.id.clone(), view.lot.version);
        let shown = Shown::new(view);
        lots.known.insert(lot, Known { shown: Arc::clone(&shown), heard, head: None });
        shown
    }

    fn read(&self) -> RwLockReadGuard<'_, Lots<T>> {
        self.lots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Lots<T>> {
        self.lots.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + Sync> Witness for Board<T> {
    fn committed(&self, changes: &Changes) {
        if let Some(known) = self.write().known.get_mut(&changes.lot.id) {
            known.head = known.head.take().and_then(|mut head| head.follow(changes).then_some(head));
        }
        self.show(LotView { lot: changes.lot.clone(), tally: changes.counts.clone() });
    }

    fn turned(&self, _requests: usize) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;

    use super::*;
    use crate::{
        lot::{Lot, SlotCount, Tally},
        parking::tests::{changes, main_lot, waiting},
        ports::{MockRecords, QueueDelta},
        slot::Accepts,
        ticket::{Ticket, TicketId, Turn},
    };

    /// The lot at a version, in which as many slots are taken.
    fn view(version: i64) -> LotView {
        let count = SlotCount { capacity: 99, occupied: version, out_of_service: 0 };
        let slots = [(Accepts::parse("car").unwrap(), count)].into();
        LotView { lot: main_lot(version), tally: Tally { slots, ..Tally::default() } }
    }

    /// A record that can be changed by others, and how often it was asked.
    #[derive(Clone)]
    struct Elsewhere(Arc<Mutex<(Option<LotView>, &'static str, u32)>>);

    impl Elsewhere {
        fn at(version: i64) -> Self {
            Self(Arc::new(Mutex::new((Some(view(version)), "first", 0))))
        }

        fn records(&self) -> MockRecords {
            let mut records = MockRecords::new();
            let lot = self.clone();
            records.expect_lot().returning(move |_| {
                let mut record = lot.0.lock().unwrap();
                record.2 += 1;
                Ok(record.0.clone())
            });
            records
        }

        fn asked(&self) -> u32 {
            self.0.lock().unwrap().2
        }

        fn shown(&self, board: &Board<i64>) -> Option<i64> {
            let lot = view(1).lot.id;
            let shown = board.lot(&self.records(), &lot).now_or_never().unwrap().unwrap()?;
            Some(*shown.put(|view| view.tally.total().occupied))
        }

        fn compare(&self, board: &Board<i64>) {
            let (view, epoch, _) = self.0.lock().unwrap().clone();
            let versions: Vec<_> = view.iter().map(|view| (view.lot.id.clone(), view.lot.version)).collect();
            board.compare(epoch, &versions);
            self.catch_up(board);
        }

        fn catch_up(&self, board: &Board<i64>) {
            board.catch_up(&self.records()).now_or_never().unwrap().unwrap();
        }
    }

    fn commit(board: &Board<i64>, version: i64) {
        let LotView { lot, tally } = view(version);
        board.committed(&Changes { counts: tally, ..changed(lot) });
    }

    fn changed(lot: Lot) -> Changes {
        let (from, to) = (Version(lot.version.0 - 1), lot.version);
        let queue =
            QueueDelta { lot: lot.id.clone(), from, to, count: 0, removed: Vec::new(), added: Vec::new() };
        Changes { lot, ..changes(queue) }
    }

    #[test]
    fn the_record_is_asked_once_and_every_change_is_seen_at_once() {
        let (record, board) = (Elsewhere::at(3), Board::default());
        assert_eq!((record.shown(&board), record.shown(&board), record.asked()), (Some(3), Some(3), 1));
        commit(&board, 4);
        assert_eq!((record.shown(&board), record.asked()), (Some(4), 1));
        assert!(!board.hear(&view(1).lot.id, Version(4)), "of its own changes it knows");
    }

    #[test]
    fn a_state_is_put_into_words_once() {
        let shown = Shown::new(view(3));
        assert_eq!((*shown.put(|_| 7), *shown.put(|_| 8)), (7, 7));
    }

    #[test]
    fn the_head_of_a_queue_is_read_once_and_follows_the_changes() {
        let (record, board) = (Elsewhere::at(3), Board::<i64>::default());
        let lot = view(3).lot.id;
        let first = waiting(4).ticket;
        let second =
            Ticket { id: TicketId(uuid::Uuid::from_u128(9)), turn: Turn(first.turn.0 + 1), ..first.clone() };
        let mut records = record.records();
        let page = WaitingPage { lot: main_lot(4), ahead: 0, tickets: vec![first.clone()] };
        records.expect_waiting().times(1).returning(move |_, _, _| Ok(Some(page.clone())));
        let ask = || {
            let page = board.queue(&records, &lot, 9).now_or_never().unwrap().unwrap().unwrap();
            let ids: Vec<TicketId> = page.tickets.iter().map(|ticket| ticket.id).collect();
            (page.lot.version.0, ids)
        };
        let commit = |version, new_tickets: Vec<Ticket>, waiting| {
            let counts = [((first.demand(), first.priority.clone()), waiting)].into();
            let counts = Tally { waiting: counts, ..Tally::default() };
            board.committed(&Changes { counts, new_tickets, ..changed(main_lot(version)) });
        };
        assert_eq!(ask(), (3, vec![]), "nobody waits, so the record need not be asked");
        commit(4, vec![first.clone()], 1);
        assert_eq!((ask(), ask()), ((4, vec![first.id]), (4, vec![first.id])));
        commit(5, vec![second.clone()], 2);
        assert_eq!(ask(), (5, vec![first.id, second.id]));
    }

    #[test]
    fn an_older_state_never_takes_the_place_of_a_newer_one() {
        let (record, board) = (Elsewhere::at(3), Board::default());
        commit(&board, 5);
        commit(&board, 4);
        assert!(board.hear(&view(1).lot.id, Version(9)));
        record.catch_up(&board);
        assert_eq!(
            (record.shown(&board), record.asked()),
            (Some(5), 1),
            "the record that was read is behind"
        );
    }

    #[test]
    fn what_another_instance_did_is_read_after_the_bell_or_a_comparison() {
        let (record, board) = (Elsewhere::at(3), Board::default());
        assert_eq!(record.shown(&board), Some(3));
        record.0.lock().unwrap().0 = Some(view(4));
        record.catch_up(&board);
        assert_eq!((record.shown(&board), record.asked()), (Some(3), 1), "nobody rang");
        assert!(board.hear(&view(1).lot.id, Version(4)));
        record.catch_up(&board);
        assert_eq!(record.shown(&board), Some(4));
        record.0.lock().unwrap().0 = Some(view(5));
        record.compare(&board);
        assert_eq!((record.shown(&board), record.asked()), (Some(5), 3));
    }

    #[test]
    fn a_lot_that_another_instance_removed_is_gone_after_a_comparison() {
        let (record, board) = (Elsewhere::at(3), Board::default());
        assert_eq!(record.shown(&board), Some(3));
        record.0.lock().unwrap().0 = None;
        record.compare(&board);
        assert_eq!((record.shown(&board), record.asked()), (None, 2));
    }

    #[test]
    fn a_record_that_was_put_back_is_believed() {
        let (record, board) = (Elsewhere::at(9), Board::default());
        assert_eq!(record.shown(&board), Some(9));
        record.compare(&board);
        *record.0.lock().unwrap() = (Some(view(2)), "second", 0);
        record.compare(&board);
        assert_eq!(record.shown(&board), Some(2));
    }

    #[test]
    fn a_lot_that_was_removed_is_not_shown_whoever_read_it_before() {
        let (record, board) = (Elsewhere::at(3), Board::default());
        board.committed(&changed(Lot { retired: true, ..main_lot(4) }));
        assert_eq!(board.show(view(3)).view.lot.version, Version(4), "a reader that was slow");
        assert_eq!((record.shown(&board), record.asked()), (None, 0));
    }
}
