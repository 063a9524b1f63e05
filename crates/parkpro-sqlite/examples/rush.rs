//! How many changes a second the record takes: `cargo run --release -p parkpro-sqlite --example rush -- 64 500 keys`.
//!
//! So many callers let one vehicle each enter and exit so often, with idempotency keys or without.

use std::{error::Error, fs, sync::Arc, time::Instant};

use parkpro_domain::{
    command::Command,
    outcome::Outcome,
    ports::{Ledger, Reply, Request, Wording},
};
use parkpro_sqlite::{SqliteRecord, SqliteSettings};
use parkpro_testkit::{ask, clock::HandClock, heard::Heard, ids::nth_ticket};
use tokio::task::JoinSet;

/// As long as the program's answers are.
struct Lengthy;

impl Wording for Lengthy {
    fn word(&self, _command: &Command, _outcome: &Outcome) -> Reply {
        Reply { status: 201, location: None, etag: None, body: vec![b' '; 500] }
    }
}

/// Keys are scattered, as clients make them.
fn request(command: Command, keyed: bool, nth: u64) -> Request {
    let key = format!("{:016x}-{nth}", nth.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let request = if keyed { ask::keyed(command, &key) } else { ask::request(command) };
    Request { wording: Arc::new(Lengthy), ..request }
}

/// Microseconds that the writing thread had a processor: the better measure on a machine that others use too.
fn writer_time() -> Option<f64> {
    let mut threads = fs::read_dir("/proc/self/task").ok()?.flatten().map(|thread| thread.path());
    let is_writer = |name: String| name.trim() == "sqlite-writer";
    let writer = threads.find(|thread| fs::read_to_string(thread.join("comm")).is_ok_and(is_writer))?;
    let nanos: f64 = fs::read_to_string(writer.join("schedstat")).ok()?.split(' ').next()?.parse().ok()?;
    Some(nanos / 1000.0)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let callers: u32 = arguments.next().as_deref().unwrap_or("64").parse()?;
    let visits: u32 = arguments.next().as_deref().unwrap_or("500").parse()?;
    let keyed = arguments.next().is_some_and(|word| word == "keys");
    let folder = tempfile::tempdir_in(".")?;
    let path = folder.path().join("rush.db");
    let settings = SqliteSettings { path, page_cache_mb: 64, readers: 2, queue_length: 4096, batch: 128 };
    let heard = Arc::new(Heard::default());
    let clock = Arc::new(HandClock::default());
    let record = Arc::new(SqliteRecord::open(settings, clock, ask::rules(), heard.clone())?);
    record.change(ask::request(Command::OpenLot(ask::open("main", ask::slots(999))))).await?;

    let (begun, busy) = (Instant::now(), writer_time());
    let mut rush = JoinSet::new();
    for caller in 0..callers {
        let record = Arc::clone(&record);
        rush.spawn(async move {
            let plate = format!("B {caller}");
            for visit in 0..visits {
                let nth = u64::from(visit) * u64::from(callers) + u64::from(caller);
                let enter = Command::Enter(ask::enter("main", nth_ticket(nth), &plate));
                record.change(request(enter, keyed, 2 * nth)).await?;
                record.change(request(ask::exit("main", &plate), keyed, 2 * nth + 1)).await?;
            }
            Ok::<_, parkpro_domain::ports::LedgerError>(())
        });
    }
    while let Some(caller) = rush.join_next().await {
        caller??;
    }
    let (seconds, changes) = (begun.elapsed().as_secs_f64(), f64::from(callers * visits * 2));
    println!("{:.0} changes/s, {} turns", changes / seconds, heard.turns().len());
    if let (Some(busy), Some(now)) = (busy, writer_time()) {
        println!("{:.1} us of the writing thread for each", (now - busy) / changes);
    }
    record.close().await;
    Ok(())
}
