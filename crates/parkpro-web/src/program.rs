//! The whole program, put together from its settings: adapters, use cases, HTTP server, background work. `main` and the
//! tests start it through the same function.

mod background;
mod bells;
mod figures;
mod greeting;
mod store;

use std::{fs, io, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev::Server};
use parkpro_domain::{
    command::OpenLot,
    parking::{Aftermath, Board, First, Outbox, Places, follow_settings, numbered_slots, open_first_lot},
    ports::{Bell, WaitingQueue, Witness},
    protocol::Rules,
    tariff::{DocumentText, Language, Tariff, Tariffs},
};
use parkpro_redis::{RedisBell, RedisQueue, RedisSettings};
use thiserror::Error;
use tokio::task::JoinSet;

use self::{
    bells::{Bells, Others},
    store::Store,
};
use crate::{
    api::{self, CarPark, Json, JsonDocuments, document, tariff_text},
    live::Live,
    metrics::Metrics,
    settings::{Loaded, QueueUrl, Settings},
    system::{SystemClock, SystemIds},
};

/// What a new installation charges.
const USUAL_TARIFF: &str = include_str!("../../../config/tariff.json");

/// Why the program did not start or did not go on: one sentence for its operator.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("{setting} cannot be listened on: {why}; {advice}.")]
    Address {
        /// The setting, its value and its origin.
        setting: String,
        /// What the system said.
        why: io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// The record cannot be opened.
    #[error("{setting} cannot be used: {why}")]
    Store {
        /// The setting, its value and its origin.
        setting: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The queue's address makes no sense.
    #[error("{setting} cannot be used: {why}")]
    Queue {
        /// The setting, its value and its origin.
        setting: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The usual tariff cannot be used.
    #[error("{setting} cannot be used: {why}")]
    Tariff {
        /// The setting, its value and its origin.
        setting: String,
        /// Everything that is wrong with it.
        why: String,
    },
    /// The first lot cannot be made.
    #[error("the first lot (settings [first_run]) cannot be opened: {0}")]
    FirstLot(String),
    /// The server ended.
    #[error("the server ended: {0}")]
    Server(#[from] io::Error),
}

/// A running car park.
pub struct Program {
    server: Server,
    address: SocketAddr,
    store: Store,
    live: Arc<Live>,
    redis: Option<Redis>,
    background: JoinSet<()>,
    greeting: String,
}

/// The queue's index and the bell between instances.
#[derive(Clone)]
struct Redis {
    queue: Arc<RedisQueue>,
    bell: Arc<RedisBell>,
}

impl Program {
    /// Opens the record, makes the first lot if there is none, and listens.
    pub async fn start(loaded: &Loaded) -> Result<Self, StartError> {
        let settings = &loaded.settings;
        for warning in loaded.warnings() {
            tracing::warn!("{warning}");
        }
        let (document, fees) = usual_tariff(loaded)?;
        let rules = Rules { fees, tariffs: Arc::new(Tariffs::new(Arc::new(JsonDocuments))) };
        let metrics = Metrics::new().map_err(io::Error::other)?;
        let here = Arc::new(Bells::default());
        let redis = open_redis(loaded, here.clone())?;
        let outbox = redis.as_ref().map(|_| Arc::new(Outbox::default()));
        let board = Arc::new(Board::default());
        // The board hears first, so that whoever is rung for finds the change there.
        let witnesses: Vec<Arc<dyn Witness>> = vec![
            metrics.clone(),
            board.clone(),
            Arc::new(Aftermath::new(everywhere(&here, redis.as_ref()), outbox.clone())),
        ];

        let store = store::open(loaded, rules.clone(), Arc::new(witnesses)).await?;
        let live = Arc::new(Live::new(Arc::clone(&store.records)));
        let others = store.shared.is_some().then(|| Arc::new(Others::new(board.clone())));
        let mut bells: Vec<Arc<dyn Bell>> = vec![live.clone()];
        bells.extend(others.clone().map(|others| -> Arc<dyn Bell> { others }));
        here.hang(bells);
        let wrong = |why: String| StartError::Tariff { setting: loaded.describe("tariff.default"), why };
        let followed = follow_settings(&*store.ledger, &rules.tariffs, document).await;
        followed.map_err(|error| wrong(error.to_string()))?;
        let first = open_first(settings, &store).await?;
        let index = redis.as_ref().map(|redis| -> Arc<dyn WaitingQueue> { redis.queue.clone() });
        let mut background = JoinSet::new();
        let to_follow = index.clone().zip(outbox);
        background::start(&mut background, settings, &store, &live, others, &metrics, to_follow);
        figures::register(&metrics, &store, redis.as_ref());

        let car_park = CarPark {
            ledger: Arc::clone(&store.ledger),
            records: Arc::clone(&store.records),
            places: Arc::new(Places::new(Arc::clone(&store.records), index)),
            live: Arc::clone(&live),
            board,
            ids: Arc::new(SystemIds),
            clock: Arc::new(SystemClock),
            rules,
            metrics,
            default_accepts: settings.first_run.accepts.clone(),
        };
        let (server, address) = listen(loaded, car_park)?;
        let greeting = greeting::text(address, settings, first);
        Ok(Self { server, address, store, live, redis, background, greeting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What an operator wants to read first.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Serves until the process is told to stop (SIGINT, SIGTERM), then finishes what was accepted.
    pub async fn until_told_to_stop(self) -> Result<(), StartError> {
        let Self { server, store, live, redis, mut background, .. } = self;
        let handle = server.handle();
        let mut serving = tokio::spawn(server);
        tokio::select! {
            ended = &mut serving => return Ok(ended.map_err(io::Error::other)??),
            told = told_to_stop() => told?,
        }
        tracing::info!("stopping: finishing what was accepted");
        live.close();
        handle.stop(true).await;
        serving.await.map_err(io::Error::other)??;
        store.ledger.close().await;
        background.shutdown().await;
        if let Some(redis) = redis {
            redis.bell.close().await;
            redis.queue.close().await;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// The bells of this instance and of the others.
fn everywhere(here: &Arc<Bells>, redis: Option<&Redis>) -> Arc<dyn Bell> {
    let bells = Bells::default();
    let mut all: Vec<Arc<dyn Bell>> = vec![here.clone()];
    all.extend(redis.map(|redis| -> Arc<dyn Bell> { redis.bell.clone() }));
    bells.hang(all);
    Arc::new(bells)
}

/// What holds in every lot that was given no other tariff.
fn usual_tariff(loaded: &Loaded) -> Result<(DocumentText, Arc<Tariff>), StartError> {
    let wrong = |why: String| StartError::Tariff { setting: loaded.describe("tariff.default"), why };
    let path = loaded.settings.tariff.default.as_str();
    let text = match path {
        "" => USUAL_TARIFF.to_owned(),
        path => {
            fs::read_to_string(path).map_err(|error| wrong(format!("the file cannot be read: {error}")))?
        }
    };
    let json = Json::parse(text.as_bytes()).map_err(|error| wrong(error.to_string()))?;
    let document = document(&json).map_err(|mistakes| {
        let mistakes = mistakes.into_parts().0.into_iter();
        let told: Vec<String> = mistakes.map(|one| format!("{}: {}", one.pointer, one.detail)).collect();
        wrong(told.join("; "))
    })?;
    if document.currency.is_some() {
        return Err(wrong(
            "/currency: it holds in every lot, so it is in the lot's; leave it out".to_owned(),
        ));
    }
    let kept = tariff_text(&document);
    let tariff = JsonDocuments.read(&kept).map_err(|error| wrong(error.detail))?;
    Ok((kept, Arc::new(tariff)))
}

/// A Redis that is down is no reason not to start; one whose address makes no sense is.
fn open_redis(loaded: &Loaded, live: Arc<dyn Bell>) -> Result<Option<Redis>, StartError> {
    let queue = &loaded.settings.queue;
    let QueueUrl::Redis(url) = &queue.redis_url else { return Ok(None) };
    let settings = RedisSettings { url: url.expose().to_owned(), key_prefix: queue.key_prefix.clone() };
    let wrong = |error: parkpro_redis::OpenError| StartError::Queue {
        setting: loaded.describe("queue.redis_url"),
        why: error.to_string(),
    };
    let bell = RedisBell::open(&settings, live).map_err(wrong)?;
    let queue = RedisQueue::open(&settings).map_err(wrong)?;
    Ok(Some(Redis { queue: Arc::new(queue), bell: Arc::new(bell) }))
}

async fn open_first(settings: &Settings, store: &Store) -> Result<First, StartError> {
    let run = &settings.first_run;
    let wrong = |why: String| StartError::FirstLot(why);
    let slots =
        numbered_slots(run.slots, &run.label_prefix, &run.accepts).map_err(|error| wrong(error.detail))?;
    let open = OpenLot {
        lot: run.lot.clone(),
        name: run.name.clone(),
        zone: run.time_zone,
        currency: run.currency,
        accepting: true,
        queue_limit: None,
        priorities: run.priorities.clone(),
        slots,
    };
    let opened = open_first_lot(&*store.records, &*store.ledger, open).await;
    opened.map_err(|error| wrong(error.to_string()))
}

fn listen(loaded: &Loaded, car_park: CarPark) -> Result<(Server, SocketAddr), StartError> {
    let settings = &loaded.settings.server;
    let taken = |why: io::Error| StartError::Address {
        advice: match why.kind() {
            io::ErrorKind::AddrInUse => "stop the other program or choose another port with --port",
            io::ErrorKind::PermissionDenied => "choose a port above 1023 with --port",
            _ => "choose an address of this machine with --host",
        },
        setting: format!("{} and {}", loaded.describe("server.host"), loaded.describe("server.port")),
        why,
    };
    let car_park = Arc::new(car_park);
    let server = HttpServer::new(move || App::new().configure(api::configure(Arc::clone(&car_park))))
        .disable_signals()
        .shutdown_timeout(settings.shutdown_seconds)
        .client_request_timeout(Duration::from_secs(5));
    let server = if settings.workers == 0 { server } else { server.workers(settings.workers) };
    let server = server.bind((settings.host.as_str(), settings.port)).map_err(taken)?;
    let address = server.addrs().first().copied();
    let address = address.ok_or_else(|| taken(io::Error::other("the name has no address")))?;
    Ok((server.run(), address))
}

#[cfg(unix)]
async fn told_to_stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
