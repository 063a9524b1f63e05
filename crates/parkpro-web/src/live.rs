//! Watching a lot: whoever watches hears of every event once and in order, from wherever it left off.
//!
//! The bell only says that there is something; what it is, everyone finds in the journal behind its own cursor. So a ring
//! that is lost or comes twice changes nothing. The journal is read in pages that all who watch the lot share
//! (`pages.rs`), and nobody is told more often than the program can afford (`pace.rs`): in a flood they fall behind, and
//! catch up afterwards. Nothing is kept for a slow watcher but its cursor.

mod pace;
mod pages;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use parkpro_domain::{
    event::Entry,
    lot::{LotId, Version},
    ports::{Bell, JournalCursor, PortError, Records},
};
use tokio::{
    sync::{Mutex as AsyncMutex, watch},
    time::Instant,
};

use self::{
    pace::{Cost, Pace},
    pages::{Pages, behind_all_of},
};
use crate::api;

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
    shared: Arc<Shared>,
}

/// What all who watch a lot have in common.
struct Shared {
    pages: AsyncMutex<Pages>,
    pace: Mutex<Pace>,
}

/// One who watches a lot.
pub struct Watch {
    lot: LotId,
    records: Arc<dyn Records>,
    put: Put,
    reached: watch::Receiver<Version>,
    shared: Arc<Shared>,
    cursor: JournalCursor,
}

/// Events that one who watches is told at once.
pub struct News {
    /// The events, in order, as they are put.
    pub text: Bytes,
    cost: Cost,
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
            shared: Arc::new(Shared {
                pages: AsyncMutex::default(),
                pace: Mutex::new(Pace::new(version, Instant::now())),
            }),
        });
        Some(Watch {
            lot: lot.clone(),
            records: Arc::clone(&self.records),
            put: self.put,
            reached: known.reached.subscribe(),
            shared: Arc::clone(&known.shared),
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
    /// The next events, at least one and at most a page of them. None when the watch has ended, even if there were more.
    /// May be dropped at any time: what was not returned comes with the next call.
    pub async fn next(&mut self) -> Result<Option<News>, PortError> {
        loop {
            if self.reached.has_changed().is_err() {
                return Ok(None);
            }
            let version = *self.reached.borrow_and_update();
            if self.cursor < behind_all_of(version) {
                let news = self.turn_over(version).await?;
                if !news.text.is_empty() {
                    return Ok(Some(news));
                }
            } else if self.reached.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// When it is this one's turn again, now that it was told something.
    pub fn due_after(&self, news: &News) -> Instant {
        let reached = *self.reached.borrow();
        let mut pace = self.shared.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.due_after(&news.cost, reached, Instant::now())
    }

    /// Goes to the end of its page, which is read as far as it is not yet known.
    async fn turn_over(&mut self, version: Version) -> Result<News, PortError> {
        // Held while the record is asked, so that whoever needs the same waits for it and does not ask too.
        let mut pages = self.shared.pages.lock().await;
        let page = pages.page_behind(self.cursor);
        let mut read = 0;
        if !page.is_whole() && page.end() < behind_all_of(version) {
            let entries = self.records.journal(self.lot.clone(), page.end(), page.room()).await?;
            let entries = entries.unwrap_or_default();
            read = entries.len();
            page.add(&entries, version, self.put);
        }
        let (text, events) = page.behind(self.cursor);
        self.cursor = page.end();
        Ok(News { text, cost: Cost { events, read, more: page.is_whole() } })
    }
}
