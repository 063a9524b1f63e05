//! Watching a lot: whoever watches hears of every event once and in order, from wherever it left off.
//!
//! The bell only says that there is something; what it is, everyone reads from the journal behind its own cursor. So a
//! ring that is lost or comes twice changes nothing. The newest events of a watched lot are read and put once, and
//! shared by all who watch it; whoever is too slow for them reads the journal for itself. Nothing is kept for a slow
//! watcher but its cursor.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use parkpro_domain::{
    event::Entry,
    lot::{LotId, Version},
    ports::{Bell, JournalCursor, PortError, Records},
};
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::api;

/// Events that are read from the journal at once.
const PAGE: u32 = 200;
/// Events of a lot that are kept for those who watch it.
const KEPT: usize = 256;

/// How an event is put for those who watch.
type Put = fn(&Entry) -> Bytes;

/// The lots that are watched here.
pub struct Live {
    records: Arc<dyn Records>,
    put: Put,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    lots: HashMap<LotId, Lot>,
    epoch: Option<String>,
    closed: bool,
}

/// Dropping it ends every watch of the lot.
struct Lot {
    reached: watch::Sender<Version>,
    tail: Arc<AsyncMutex<Tail>>,
}

/// One who watches a lot.
pub struct Watch {
    lot: LotId,
    records: Arc<dyn Records>,
    put: Put,
    reached: watch::Receiver<Version>,
    tail: Arc<AsyncMutex<Tail>>,
    cursor: JournalCursor,
}

/// Every event of a lot behind `from` and up to the version `read`, as it is put.
struct Tail {
    from: JournalCursor,
    read: Version,
    events: VecDeque<(JournalCursor, Bytes)>,
}

impl Live {
    /// Nobody watches yet.
    pub fn new(records: Arc<dyn Records>) -> Self {
        Self::putting(records, api::event_frame)
    }

    fn putting(records: Arc<dyn Records>, put: Put) -> Self {
        Self { records, put, watched: Mutex::default() }
    }

    /// Watches a lot, which is at a version, from behind an event on. None if the program is ending.
    pub fn watch(&self, lot: &LotId, version: Version, behind: JournalCursor) -> Option<Watch> {
        let mut watched = self.watched();
        if watched.closed {
            return None;
        }
        let known = watched.lots.entry(lot.clone()).or_insert_with(|| Lot {
            reached: watch::Sender::new(version),
            tail: Arc::new(AsyncMutex::new(Tail::behind(version))),
        });
        Some(Watch {
            lot: lot.clone(),
            records: Arc::clone(&self.records),
            put: self.put,
            reached: known.reached.subscribe(),
            tail: Arc::clone(&known.tail),
            cursor: behind,
        })
    }

    /// Rings for every watched lot that has changed unheard. To be called about once a second: a lost ring then costs a
    /// second. If the record was put back to an earlier state, every watch ends, because its cursor means nothing now.
    pub fn compare(&self, epoch: &str, versions: &[(LotId, Version)]) {
        let mut watched = self.watched();
        if watched.epoch.as_ref().is_some_and(|known| known != epoch) {
            watched.lots.clear();
        }
        watched.epoch = Some(epoch.to_owned());
        drop(watched);
        for (lot, version) in versions {
            self.ring(lot, *version);
        }
    }

    /// Ends every watch, and begins no more.
    pub fn close(&self) {
        let mut watched = self.watched();
        watched.closed = true;
        watched.lots.clear();
    }

    /// Whether the program is ending.
    pub fn is_closed(&self) -> bool {
        self.watched().closed
    }

    /// How many watch.
    pub fn watches(&self) -> usize {
        self.watched().lots.values().map(|lot| lot.reached.receiver_count()).sum()
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell for Live {
    fn ring(&self, lot: &LotId, version: Version) {
        let mut watched = self.watched();
        let Some(known) = watched.lots.get(lot) else { return };
        if known.reached.receiver_count() == 0 {
            watched.lots.remove(lot);
            return;
        }
        known.reached.send_if_modified(|reached| {
            let newer = *reached < version;
            *reached = version.max(*reached);
            newer
        });
    }
}

impl Watch {
    /// The next events, at least one, in order. None when the watch has ended. May be dropped at any time: what was not
    /// returned comes with the next call.
    pub async fn next(&mut self) -> Result<Option<Vec<Bytes>>, PortError> {
        loop {
            let version = *self.reached.borrow_and_update();
            let before = self.cursor;
            let news = self.news(version).await?;
            if let Some((last, _)) = news.last() {
                self.cursor = *last;
                return Ok(Some(news.into_iter().map(|(_, event)| event).collect()));
            }
            if self.cursor == before && self.reached.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    async fn news(&mut self, version: Version) -> Result<Vec<(JournalCursor, Bytes)>, PortError> {
        let tail = Arc::clone(&self.tail);
        let mut tail = tail.lock().await;
        if self.cursor >= tail.from {
            while tail.read < version {
                let page = self.page(tail.end()).await?;
                let whole = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
                tail.keep(page);
                if whole {
                    tail.read = version;
                }
            }
        }
        // Reading on may have let go what this one needs.
        if self.cursor >= tail.from {
            let known = tail.events.partition_point(|(place, _)| *place <= self.cursor);
            return Ok(tail.events.range(known..).cloned().collect());
        }
        let from = tail.from;
        drop(tail);
        let page = self.page(self.cursor).await?;
        if page.is_empty() {
            self.cursor = from;
        }
        Ok(page)
    }

    async fn page(&self, behind: JournalCursor) -> Result<Vec<(JournalCursor, Bytes)>, PortError> {
        let entries = self.records.journal(self.lot.clone(), behind, PAGE).await?.unwrap_or_default();
        let put = |entry: &Entry| (JournalCursor { version: entry.version, n: entry.n }, (self.put)(entry));
        Ok(entries.iter().map(put).collect())
    }
}

impl Tail {
    /// Holds nothing, and begins behind the last event of a version.
    fn behind(version: Version) -> Self {
        Self { from: JournalCursor { version, n: i32::MAX }, read: version, events: VecDeque::new() }
    }

    fn end(&self) -> JournalCursor {
        self.events.back().map_or(self.from, |(place, _)| *place)
    }

    fn keep(&mut self, page: Vec<(JournalCursor, Bytes)>) {
        self.events.extend(page);
        while self.events.len() > KEPT {
            if let Some((place, _)) = self.events.pop_front() {
                self.from = place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use parkpro_domain::{
        event::{Event, Principal},
        ports::MockRecords,
        time::Timestamp,
    };

    use super::*;

    fn main_lot() -> LotId {
        LotId::parse("main").unwrap()
    }

    fn at(version: i64, n: i32) -> JournalCursor {
        JournalCursor { version: Version(version), n }
    }

    /// A journal of two events a version, that grows, and counts how often it is read.
    #[derive(Default)]
    struct Journal {
        versions: i64,
        epoch: &'static str,
        reads: usize,
    }

    fn live() -> (Live, Arc<Mutex<Journal>>) {
        let journal = Arc::new(Mutex::new(Journal::default()));
        let mut records = MockRecords::new();
        let source = Arc::clone(&journal);
        records.expect_journal().returning(move |lot, after, limit| {
            let mut journal = source.lock().unwrap();
            journal.reads += 1;
            let all = (1..=journal.versions).flat_map(|version| [at(version, 0), at(version, 1)]);
            let behind = all.filter(|place| *place > after).take(usize::try_from(limit).unwrap());
            let entry = |place: JournalCursor| Entry {
                lot: lot.clone(),
                version: place.version,
                n: place.n,
                at: Timestamp::from_micros(0),
                actor: Principal::system(),
                event: Event::LotChanged,
            };
            Ok(Some(behind.map(entry).collect()))
        });
        (Live::putting(Arc::new(records), |entry| format!("{}.{}", entry.version, entry.n).into()), journal)
    }

    fn grow(live: &Live, journal: &Mutex<Journal>, versions: i64) {
        journal.lock().unwrap().versions = versions;
        live.ring(&main_lot(), Version(versions));
    }

    fn compare(live: &Live, journal: &Mutex<Journal>) {
        let journal = journal.lock().unwrap();
        live.compare(journal.epoch, &[(main_lot(), Version(journal.versions))]);
    }

    fn now(watch: &mut Watch) -> Option<Vec<Bytes>> {
        watch.next().now_or_never().and_then(Result::unwrap)
    }

    /// Everything that one who watches hears until there is nothing more.
    fn heard(watch: &mut Watch) -> Vec<Bytes> {
        std::iter::from_fn(|| now(watch)).flatten().collect()
    }

    #[test]
    fn a_ring_brings_what_is_behind_the_cursor_once() {
        let (live, journal) = live();
        journal.lock().unwrap().versions = 2;
        let mut watch = live.watch(&main_lot(), Version(2), at(2, i32::MAX)).unwrap();
        assert_eq!(now(&mut watch), None);
        grow(&live, &journal, 3);
        assert_eq!(now(&mut watch).unwrap(), ["3.0", "3.1"]);
        live.ring(&main_lot(), Version(3));
        live.ring(&main_lot(), Version(1));
        assert_eq!(now(&mut watch), None, "a ring that comes twice or late brings nothing");
    }

    #[test]
    fn who_left_off_in_the_middle_of_a_change_goes_on_there() {
        let (live, journal) = live();
        journal.lock().unwrap().versions = 300;
        let mut watch = live.watch(&main_lot(), Version(300), at(1, 0)).unwrap();
        let heard = heard(&mut watch);
        assert_eq!((heard.len(), &heard[0], &heard[598]), (599, &Bytes::from("1.1"), &Bytes::from("300.1")));
    }

    #[test]
    fn who_comes_back_shares_what_is_new() {
        let (live, journal) = live();
        journal.lock().unwrap().versions = 5;
        let mut back = live.watch(&main_lot(), Version(5), at(5, 1)).unwrap();
        let mut new = live.watch(&main_lot(), Version(5), at(5, i32::MAX)).unwrap();
        assert_eq!((now(&mut back), journal.lock().unwrap().reads), (None, 1));
        grow(&live, &journal, 6);
        assert_eq!((heard(&mut back).len(), heard(&mut new).len(), journal.lock().unwrap().reads), (2, 2, 2));
    }

    #[test]
    fn those_who_watch_share_one_reading() {
        let (live, journal) = live();
        let mut watches: Vec<_> =
            (0..50).map(|_| live.watch(&main_lot(), Version(0), at(0, i32::MAX)).unwrap()).collect();
        grow(&live, &journal, 1);
        for watch in &mut watches {
            assert_eq!(heard(watch), ["1.0", "1.1"]);
        }
        assert_eq!((journal.lock().unwrap().reads, live.watches()), (1, 50));
    }

    #[test]
    fn who_is_slow_misses_nothing_and_takes_no_room() {
        let (live, journal) = live();
        let mut slow = live.watch(&main_lot(), Version(0), at(0, i32::MAX)).unwrap();
        let mut quick = live.watch(&main_lot(), Version(0), at(0, i32::MAX)).unwrap();
        for versions in (100..=1_000).step_by(100) {
            grow(&live, &journal, versions);
            assert_eq!(heard(&mut quick).len(), 200);
        }
        assert_eq!(slow.tail.try_lock().unwrap().events.len(), KEPT);
        let heard = heard(&mut slow);
        let all: Vec<_> = (1..=1_000).flat_map(|v| [format!("{v}.0"), format!("{v}.1")]).collect();
        assert_eq!(heard, all);
    }

    #[test]
    fn a_lost_ring_costs_a_comparison() {
        let (live, journal) = live();
        let mut watch = live.watch(&main_lot(), Version(0), at(0, i32::MAX)).unwrap();
        journal.lock().unwrap().versions = 1;
        assert_eq!(now(&mut watch), None);
        compare(&live, &journal);
        assert_eq!(heard(&mut watch), ["1.0", "1.1"]);
    }

    #[test]
    fn a_watch_ends_with_the_program_and_with_the_history() {
        let (live, journal) = live();
        let mut watch = live.watch(&main_lot(), Version(0), at(0, i32::MAX)).unwrap();
        compare(&live, &journal);
        journal.lock().unwrap().epoch = "put back";
        compare(&live, &journal);
        assert_eq!(watch.next().now_or_never().unwrap().unwrap(), None);

        let mut watch = live.watch(&main_lot(), Version(0), at(0, i32::MAX)).unwrap();
        live.close();
        assert_eq!(watch.next().now_or_never().unwrap().unwrap(), None);
        assert!(live.watch(&main_lot(), Version(0), at(0, 0)).is_none() && live.is_closed());
    }

    #[test]
    fn nothing_is_kept_of_a_lot_that_nobody_watches() {
        let (live, journal) = live();
        drop(live.watch(&main_lot(), Version(0), at(0, 0)));
        grow(&live, &journal, 1);
        assert!(live.watched().lots.is_empty());
    }
}
