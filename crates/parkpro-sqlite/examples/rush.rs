//! How many changes a second the record takes: `cargo run --release -p parkpro-sqlite --example rush -- 64 500 keys`.
//!
//! So many callers let one vehicle each enter and exit so often.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use parkpro_domain::{
    command::{Command, Enter, Leaving, OpenLot},
    event::Principal,
    facts::Changes,
    lot::{LotId, LotName, Priorities},
    money::{Currency, MajorAmount},
    outcome::Outcome,
    parking::numbered_slots,
    ports::{Clock, Key, Ledger, Reply, Request, Witness, Wording},
    protocol::Rules,
    slot::Accepts,
    tariff::StartedHours,
    ticket::{Priority, TicketId},
    time::{Timestamp, Zone},
    vehicle::{Plate, VehicleClass},
};
use parkpro_sqlite::{SqliteRecord, SqliteSettings};
use tokio::task::JoinSet;
use uuid::Uuid;

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1000, Ordering::Relaxed))
    }
}

#[derive(Default)]
struct Counting {
    turns: AtomicUsize,
    requests: AtomicUsize,
}

impl Witness for Counting {
    fn committed(&self, _changes: &Changes) {}

    fn turned(&self, requests: usize) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(requests, Ordering::Relaxed);
    }
}

/// As long as the program's answers are.
struct Lengthy;

impl Wording for Lengthy {
    fn word(&self, _command: &Command, _outcome: &Outcome) -> Reply {
        Reply { status: 201, location: None, etag: None, body: vec![b' '; 500] }
    }
}

fn request(command: Command, key: Option<String>) -> Request {
    let actor = Principal::anonymous();
    let key = key.map(|key| Key { principal: actor.clone(), key, fingerprint: [7; 32] });
    Request { command, actor, key, wording: Arc::new(Lengthy) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let callers: u128 = arguments.next().as_deref().unwrap_or("64").parse()?;
    let visits: u128 = arguments.next().as_deref().unwrap_or("500").parse()?;
    let keyed = arguments.next().is_some_and(|word| word == "keys");
    let folder = tempfile::tempdir_in(".")?;
    let settings = SqliteSettings {
        path: folder.path().join("rush.db"),
        page_cache_mb: 64,
        readers: 2,
        queue_length: 4096,
        batch: 128,
    };
    let rules = Rules { fees: Arc::new(StartedHours::new(MajorAmount::parse("50.00")?)) };
    let clock = Arc::new(Ticking(AtomicI64::new(1_700_000_000_000_000)));
    let witness = Arc::new(Counting::default());
    let record = Arc::new(SqliteRecord::open(settings, clock, rules, Arc::clone(&witness) as _)?);
    let lot = LotId::parse("main")?;
    let open = OpenLot {
        lot: lot.clone(),
        name: LotName::parse("Main")?,
        zone: Zone::UTC,
        currency: Currency::parse("USD")?,
        accepting: true,
        queue_limit: None,
        priorities: Priorities::usual(),
        slots: numbered_slots(1000, "A-", &Accepts::parse("car")?)?,
    };
    record.change(request(Command::OpenLot(open), None)).await?;

    let begun = Instant::now();
    let mut rush = JoinSet::new();
    for caller in 0..callers {
        let (record, lot) = (Arc::clone(&record), lot.clone());
        let plate = Plate::parse(&format!("B {caller}"))?;
        rush.spawn(async move {
            let mut slowest = Duration::ZERO;
            for visit in 0..visits {
                let ticket = TicketId(Uuid::from_u128(visit << 32 | caller));
                let enter = Command::Enter(Enter {
                    lot: lot.clone(),
                    ticket,
                    plate: plate.clone(),
                    class: VehicleClass::car(),
                    priority: Priority::standard(),
                    occurred_at: None,
                });
                let exit = Command::Exit {
                    lot: lot.clone(),
                    vehicle: Leaving::Plate(plate.key().clone()),
                    occurred_at: None,
                };
                for (what, command) in [("enter", enter), ("exit", exit)] {
                    // Scattered, as clients' keys are.
                    let key = (visit << 32 | caller).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
                    let asked = Instant::now();
                    let key = keyed.then(|| format!("{key:032x}-{what}"));
                    record.change(request(command, key)).await.map_err(|error| error.to_string())?;
                    slowest = slowest.max(asked.elapsed());
                }
            }
            Ok::<_, String>(slowest)
        });
    }
    let mut slowest = Duration::ZERO;
    while let Some(caller) = rush.join_next().await {
        slowest = slowest.max(caller??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let (requests, turns) =
        (witness.requests.load(Ordering::Relaxed), witness.turns.load(Ordering::Relaxed));
    let each = f64::from(u32::try_from(requests)?) / seconds;
    println!("{each:.0} changes/s, {} to the turn, slowest {slowest:?}", requests / turns.max(1));
    if let Some(busy) = writer_time() {
        println!("the writer's thread had the processor for {:.1} us a change", busy / 1000.0 / each / seconds);
    }
    record.close().await;
    Ok(())
}

/// Nanoseconds that the writer's thread had a processor; the better measure on a machine that others use too.
fn writer_time() -> Option<f64> {
    let mut threads = std::fs::read_dir("/proc/self/task").ok()?.flatten().map(|thread| thread.path());
    let writer = threads.find(|thread| {
        std::fs::read_to_string(thread.join("comm")).is_ok_and(|name| name.trim() == "sqlite-writer")
    })?;
    std::fs::read_to_string(writer.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
}
