//! Those who watch, over a journal that grows.

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

/// A journal of two events a version, or many in a great change, that grows, and counts how often it is read.
#[derive(Default)]
struct Journal {
    versions: i64,
    great_change: Option<i64>,
    epoch: &'static str,
    reads: usize,
}

impl Journal {
    fn all(&self) -> impl Iterator<Item = JournalCursor> {
        let great = self.great_change;
        let events_of = move |version| if great == Some(version) { 1_000 } else { 2 };
        (1..=self.versions).flat_map(move |version| (0..events_of(version)).map(move |n| at(version, n)))
    }

    fn behind(&self, cursor: JournalCursor) -> Vec<String> {
        let behind = self.all().filter(|place| *place > cursor);
        behind.map(|place| format!("{}.{}", place.version, place.n)).collect()
    }
}

fn live() -> (Live, Arc<Mutex<Journal>>) {
    let journal = Arc::new(Mutex::new(Journal::default()));
    let mut records = MockRecords::new();
    let source = Arc::clone(&journal);
    records.expect_journal().returning(move |lot, after, limit| {
        let mut journal = source.lock().unwrap();
        journal.reads += 1;
        let behind = journal.all().filter(|place| *place > after).take(usize::try_from(limit).unwrap());
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
    (Live::putting(Arc::new(records), |entry| format!("{}.{}\n", entry.version, entry.n).into()), journal)
}

fn grow(live: &Live, journal: &Mutex<Journal>, versions: i64) {
    journal.lock().unwrap().versions = versions;
    live.ring(&main_lot(), Version(versions));
}

fn compare(live: &Live, journal: &Mutex<Journal>) {
    let journal = journal.lock().unwrap();
    live.compare(journal.epoch, &[(main_lot(), Version(journal.versions))]);
}

fn now(watch: &mut Watch) -> Option<Vec<String>> {
    let news = watch.next().now_or_never().and_then(Result::unwrap)?;
    let text = String::from_utf8(news.text.to_vec()).unwrap();
    Some(text.split_terminator('\n').map(str::to_owned).collect())
}

/// Everything that one who watches hears until there is nothing more.
fn heard(watch: &mut Watch) -> Vec<String> {
    std::iter::from_fn(|| now(watch)).flatten().collect()
}

fn ended(watch: &mut Watch) -> bool {
    matches!(watch.next().now_or_never(), Some(Ok(None)))
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
    assert_eq!((heard.len(), heard[0].as_str(), heard[598].as_str()), (599, "1.1", "300.1"));
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
    for versions in (100..=4_000).step_by(100) {
        grow(&live, &journal, versions);
        assert_eq!(heard(&mut quick).len(), 200);
    }
    assert_eq!(heard(&mut slow), journal.lock().unwrap().behind(at(0, i32::MAX)));
}

#[test]
fn those_who_lag_share_the_reading() {
    let (live, journal) = live();
    journal.lock().unwrap().versions = 1_000;
    let mut watches: Vec<_> =
        (0..200).map(|n| live.watch(&main_lot(), Version(1_000), at(n / 2, 0)).unwrap()).collect();
    let mut counts = vec![0; watches.len()];
    for _ in 0..10 {
        for (watch, count) in watches.iter_mut().zip(&mut counts) {
            *count += now(watch).map_or(0, |told| told.len());
        }
    }
    let journal = journal.lock().unwrap();
    let all: Vec<_> = (0..200).map(|n| journal.behind(at(n / 2, 0)).len()).collect();
    assert_eq!((counts, journal.reads), (all, 8), "a page of 128 versions is read once");
}

#[test]
fn those_who_began_elsewhere_are_soon_handed_the_same_text() {
    let (live, journal) = live();
    journal.lock().unwrap().versions = 1_000;
    let mut one = live.watch(&main_lot(), Version(1_000), at(77, 0)).unwrap();
    let mut other = live.watch(&main_lot(), Version(1_000), at(1, i32::MAX)).unwrap();
    let text = |watch: &mut Watch| watch.next().now_or_never().unwrap().unwrap().unwrap().text;
    assert_ne!(text(&mut one), text(&mut other));
    assert_eq!(text(&mut one).as_ptr_range(), text(&mut other).as_ptr_range());
}

#[test]
fn everyone_hears_everything_in_order_however_it_falls_behind_and_catches_up() {
    let (live, journal) = live();
    journal.lock().unwrap().great_change = Some(700);
    let mut chance = 7_u64;
    let mut below = |most: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((chance >> 33) % most).unwrap()
    };
    let mut watches = Vec::new();
    let mut versions = 0;
    while versions < 1_500 {
        versions += 1 + below(60);
        grow(&live, &journal, versions);
        if watches.len() < 40 {
            let begin = at(below(60).min(versions), i32::try_from(below(3)).unwrap());
            watches.push((begin, live.watch(&main_lot(), Version(versions), begin).unwrap(), Vec::new()));
        }
        for (place, (_, watch, told)) in watches.iter_mut().enumerate() {
            if below(1 + u64::try_from(place).unwrap()) < 3 {
                told.extend(now(watch).into_iter().flatten());
            }
        }
    }
    for (begin, watch, told) in &mut watches {
        told.extend(heard(watch));
        assert_eq!(*told, journal.lock().unwrap().behind(*begin));
    }
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
    assert!(ended(&mut watch));

    let mut watch = live.watch(&main_lot(), Version(0), at(0, i32::MAX)).unwrap();
    grow(&live, &journal, 1_000);
    live.close();
    assert!(ended(&mut watch), "even if there is more");
    assert!(live.watch(&main_lot(), Version(0), at(0, 0)).is_none() && live.is_closed());
}

#[test]
fn nothing_is_kept_of_a_lot_that_nobody_watches() {
    let (live, journal) = live();
    drop(live.watch(&main_lot(), Version(0), at(0, 0)));
    grow(&live, &journal, 1);
    assert!(live.watched().lots.is_empty());
}
