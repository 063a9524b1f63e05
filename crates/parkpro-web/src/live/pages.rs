//! The journal of a watched lot in pages, which all who watch it share.
//!
//! Where a page ends is a matter of the lot's versions and not of who reads it. So those who lag behind soon need the same
//! pages wherever they began, and find them among the few that are kept.

use std::collections::VecDeque;

use bytes::Bytes;
use parkpro_domain::{event::Entry, lot::Version, ports::JournalCursor};

use super::Put;

/// A page ends with a version that is a multiple of this.
const VERSIONS: i64 = 128;
/// A page has at most so many events.
const EVENTS: usize = 256;
/// A page ends when it has so much text, in bytes.
const TEXT: usize = 64 * 1024;
/// So many pages of a lot are kept.
const KEPT: usize = 8;

/// Those that were used last.
#[derive(Default)]
pub(super) struct Pages(VecDeque<Page>);

/// All events behind `begin` up to `end`.
pub(super) struct Page {
    begin: JournalCursor,
    end: JournalCursor,
    /// Each event, and where its text ends.
    events: Vec<(JournalCursor, usize)>,
    text: Bytes,
}

/// Behind the last event of a version.
pub(super) const fn behind_all_of(version: Version) -> JournalCursor {
    JournalCursor { version, n: i32::MAX }
}

impl Pages {
    /// The page on which somebody goes on: of those that are kept the one that leads furthest, or else an empty one.
    pub(super) fn page_behind(&mut self, cursor: JournalCursor) -> &mut Page {
        let fitting = self.0.iter().enumerate().filter(|(_, page)| page.leads_on_from(cursor));
        let known = fitting.max_by_key(|(_, page)| page.end).map(|(place, _)| place);
        let page = known.and_then(|place| self.0.remove(place)).unwrap_or_else(|| Page::empty(cursor));
        self.0.truncate(KEPT - 1);
        self.0.push_front(page);
        &mut self.0[0]
    }
}

impl Page {
    const fn empty(begin: JournalCursor) -> Self {
        Self { begin, end: begin, events: Vec::new(), text: Bytes::new() }
    }

    fn leads_on_from(&self, cursor: JournalCursor) -> bool {
        self.begin <= cursor && (cursor < self.end || (cursor == self.end && !self.is_whole()))
    }

    /// Up to where it is known.
    pub(super) const fn end(&self) -> JournalCursor {
        self.end
    }

    /// How many more events it may have.
    pub(super) fn room(&self) -> u32 {
        u32::try_from(EVENTS.saturating_sub(self.events.len())).unwrap_or(u32::MAX)
    }

    /// Whether nothing more belongs to it.
    pub(super) fn is_whole(&self) -> bool {
        self.is_full() || self.bound().is_some_and(|bound| self.end >= bound)
    }

    fn is_full(&self) -> bool {
        self.events.len() >= EVENTS || self.text.len() >= TEXT
    }

    /// Where it ends at the latest; unknown before its first event.
    fn bound(&self) -> Option<JournalCursor> {
        let (first, _) = self.events.first()?;
        let pages_before = (first.version.0 - 1).div_euclid(VERSIONS);
        Some(behind_all_of(Version((pages_before + 1) * VERSIONS)))
    }

    /// What stands on it behind an event, and how many events that is.
    pub(super) fn behind(&self, cursor: JournalCursor) -> (Bytes, usize) {
        let past = self.events.partition_point(|(place, _)| *place <= cursor);
        let from = past.checked_sub(1).map_or(0, |last| self.events[last].1);
        (self.text.slice(from..), self.events.len() - past)
    }

    /// Adds what was found behind its end when the lot had reached a version, as far as it belongs to it. Less than there
    /// was room for is all that there was.
    pub(super) fn add(&mut self, found: &[Entry], reached: Version, put: Put) {
        let found_all = u32::try_from(found.len()).is_ok_and(|found| found < self.room());
        let mut texts = vec![self.text.clone()];
        let mut length = self.text.len();
        for entry in found {
            let place = JournalCursor { version: entry.version, n: entry.n };
            let beyond = self.bound().is_some_and(|bound| place > bound);
            if beyond || self.events.len() >= EVENTS || length >= TEXT {
                break;
            }
            let text = put(entry);
            length += text.len();
            self.events.push((place, length));
            texts.push(text);
        }
        self.text = texts.concat().into();
        let newest = found.last().map_or(reached, |last| last.version.max(reached));
        self.end = match (self.events.last(), self.bound()) {
            (Some((last, _)), _) if self.is_full() => *last,
            (_, Some(bound)) if found_all => behind_all_of(newest).min(bound),
            (_, Some(bound)) => bound,
            (_, None) => behind_all_of(newest),
        };
    }
}

#[cfg(test)]
mod tests {
    use parkpro_domain::{
        event::{Event, Principal},
        lot::LotId,
        time::Timestamp,
    };

    use super::*;

    fn at(version: i64, n: i32) -> JournalCursor {
        JournalCursor { version: Version(version), n }
    }

    fn entries(places: impl IntoIterator<Item = JournalCursor>) -> Vec<Entry> {
        let entry = |place: JournalCursor| Entry {
            lot: LotId::parse("main").unwrap(),
            version: place.version,
            n: place.n,
            at: Timestamp::from_micros(0),
            actor: Principal::system(),
            event: Event::LotChanged,
        };
        places.into_iter().map(entry).collect()
    }

    fn short(entry: &Entry) -> Bytes {
        format!("{}.{} ", entry.version, entry.n).into()
    }

    /// One event a version, as many as a page behind there has room for.
    fn page(begin: JournalCursor, reached: i64) -> Page {
        let mut page = Page::empty(begin);
        let found = (1..=reached).map(|version| at(version, 0)).filter(|place| *place > begin);
        page.add(&entries(found.take(EVENTS)), Version(reached), short);
        page
    }

    #[test]
    fn a_page_ends_with_a_multiple_wherever_it_begins() {
        for begin in [at(0, i32::MAX), at(5, 0), at(5, i32::MAX), at(127, 0)] {
            let page = page(begin, 10_000);
            assert!(page.is_whole() && page.end() == behind_all_of(Version(VERSIONS)), "{begin:?}");
        }
        for begin in [at(128, 0), at(128, i32::MAX), at(255, i32::MAX)] {
            assert_eq!(page(begin, 10_000).end(), behind_all_of(Version(2 * VERSIONS)), "{begin:?}");
        }
    }

    #[test]
    fn a_page_grows_until_it_is_whole() {
        let mut page = page(at(3, i32::MAX), 5);
        assert_eq!((page.end(), page.behind(at(4, 0))), (behind_all_of(Version(5)), ("5.0 ".into(), 1)));
        page.add(&[], Version(6), short);
        assert_eq!((page.end(), page.is_whole()), (behind_all_of(Version(6)), false));
        // What was read has more than the bell has told of.
        page.add(&entries([at(7, 0), at(7, 1)]), Version(7), short);
        page.add(&entries([at(8, 0), at(9, 0)]), Version(8), short);
        assert_eq!(
            (page.end(), page.behind(at(7, 0))),
            (behind_all_of(Version(9)), ("7.1 8.0 9.0 ".into(), 3))
        );
        page.add(&entries((10..200).map(|version| at(version, 0))), Version(199), short);
        assert!(
            page.is_whole() && page.end() == behind_all_of(Version(128)) && page.behind(at(3, 9)).1 == 125
        );
        assert_eq!(page.behind(page.end()), (Bytes::new(), 0));
    }

    #[test]
    fn a_great_change_takes_several_pages() {
        let mut page = Page::empty(at(4, 0));
        page.add(&entries((0..256).map(|n| at(5, n))), Version(5), short);
        assert!(page.is_whole() && page.end() == at(5, 255) && page.room() == 0);
    }

    #[test]
    fn the_room_that_pages_take_is_bounded() {
        const ONE: usize = 4_000;
        let mut pages = Pages::default();
        for version in 0..100 {
            let page = pages.page_behind(behind_all_of(Version(version * VERSIONS)));
            let found = (0..256).map(|n| at(version * VERSIONS + 1, n));
            page.add(&entries(found), Version(100 * VERSIONS), |_| Bytes::from_static(&[b'x'; ONE]));
            assert!(
                page.is_whole()
                    && page.text.len() < TEXT + ONE
                    && page.end() < at(version * VERSIONS + 1, 255)
            );
        }
        assert_eq!(pages.0.len(), KEPT);
    }

    #[test]
    fn pages_that_are_used_stay_and_the_one_that_leads_furthest_is_taken() {
        let mut pages = Pages::default();
        *pages.page_behind(at(10, 0)) = page(at(10, 0), 20);
        assert_eq!(pages.page_behind(at(9, 0)).end(), at(9, 0), "it does not begin there");
        for other in 0..20 {
            assert_eq!(pages.page_behind(at(1_000 + other, 0)).end(), at(1_000 + other, 0));
            assert_eq!(pages.page_behind(at(15, 0)).end(), behind_all_of(Version(20)));
        }
        *pages.page_behind(at(5, 0)) = page(at(5, 0), 30);
        assert_eq!(pages.page_behind(at(15, 0)).end(), behind_all_of(Version(30)));
    }
}
