//! A closed loop of clients: each sends its next request when it has the answer to the last.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parkpro_tests::report::Figures;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// Stands for a number of twelve digits in a request.
pub(crate) const NUMBER: &str = "############";
/// Stands for sixteen hexadecimal digits in a request that are scattered, as clients make their keys.
const SCATTERED: &str = "~~~~~~~~~~~~~~~~";

/// A request that is ready but for its numbers.
#[derive(Clone)]
struct Template {
    bytes: Vec<u8>,
    numbers: Vec<usize>,
    scattered: Vec<usize>,
}

impl Template {
    fn new(text: &str) -> Self {
        let places = |hole| text.match_indices(hole).map(|(place, _)| place).collect();
        Self { bytes: text.into(), numbers: places(NUMBER), scattered: places(SCATTERED) }
    }

    fn with(&mut self, number: u64) -> &[u8] {
        let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut fill = |places: &[usize], text: String| {
            for place in places {
                self.bytes[*place..*place + text.len()].copy_from_slice(text.as_bytes());
            }
        };
        fill(&self.numbers, format!("{number:012}"));
        if !self.scattered.is_empty() {
            fill(&self.scattered, format!("{scattered:016x}"));
        }
        &self.bytes
    }
}

/// What a client does over and over.
#[derive(Clone)]
pub(crate) struct Flow {
    steps: Vec<Template>,
    /// Where the numbers of each step come from; a step without one has that of the step before.
    counters: Vec<Arc<AtomicU64>>,
}

impl Flow {
    /// Reads.
    pub(crate) fn get(path: &str) -> Self {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Self { steps: vec![Template::new(&request)], counters: Vec::new() }
    }

    /// Posts one body.
    pub(crate) fn post(path: &str, body: &str) -> Self {
        Self { steps: vec![post(path, body, None)], counters: vec![numbers_from(1)] }
    }

    /// A vehicle that was never there enters a lot and leaves it.
    pub(crate) fn visit(lot: &str, keyed: bool) -> Self {
        Self { steps: gate(lot, 'N', keyed), counters: vec![visitors()] }
    }

    /// One enters a full lot and waits, and whoever came first leaves it. `inside` are there, with such plates.
    pub(crate) fn relay(lot: &str, plates: char, inside: u32) -> Self {
        let counters = vec![numbers_from(u64::from(inside) + 1), numbers_from(1)];
        Self { steps: gate(lot, plates, false), counters }
    }
}

fn gate(lot: &str, plates: char, keyed: bool) -> Vec<Template> {
    let body = format!(r#"{{"plate":"{plates}{NUMBER}"}}"#);
    let step = |gate: &str| post(&format!("/api/v1/lots/{lot}/{gate}"), &body, keyed.then_some(gate));
    vec![step("entries"), step("exits")]
}

fn post(path: &str, body: &str, key: Option<&str>) -> Template {
    let key = key.map_or_else(String::new, |key| format!("Idempotency-Key: {key}-{SCATTERED}\r\n"));
    let head = "Host: localhost\r\nContent-Type: application/json";
    let length = body.len();
    Template::new(&format!("POST {path} HTTP/1.1\r\n{head}\r\n{key}Content-Length: {length}\r\n\r\n{body}"))
}

fn numbers_from(first: u64) -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(first))
}

/// Shared by all flows, so that no plate comes twice to an installation.
fn visitors() -> Arc<AtomicU64> {
    static VISITORS: std::sync::LazyLock<Arc<AtomicU64>> = std::sync::LazyLock::new(|| numbers_from(1));
    Arc::clone(&VISITORS)
}

/// So many clients, each with a connection of its own.
#[derive(Clone)]
pub(crate) struct Load {
    /// Whom they ask, in turns.
    pub(crate) targets: Vec<SocketAddr>,
    /// How many they are.
    pub(crate) clients: usize,
    /// What they do, in turns.
    pub(crate) flows: Vec<Flow>,
}

/// What clients saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// Requests that were answered.
    pub(crate) answered: u32,
    /// How long the first step of each flow took, in nanoseconds.
    pub(crate) first: Vec<u32>,
    /// The time from the first request to the last answer, in seconds.
    pub(crate) seconds: f64,
}

impl Seen {
    /// Adds what another client saw.
    pub(crate) fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.first.extend(other.first);
    }

    /// `busy` is the processor time meanwhile, in microseconds.
    pub(crate) fn figures(mut self, busy: Option<f64>) -> Figures {
        let answered = f64::from(self.answered);
        self.first.sort_unstable();
        let part = |of: usize, parts: usize| {
            self.first.get((self.first.len() * of / parts).min(self.first.len().saturating_sub(1)))
        };
        let micros = |nanos: Option<&u32>| nanos.map(|nanos| f64::from(*nanos) / 1000.0);
        Figures {
            rate: answered / self.seconds,
            p50: micros(part(50, 100)),
            p99: micros(part(99, 100)),
            cpu: busy.map(|busy| busy / answered),
        }
    }
}

/// Nanoseconds since then, at most four seconds.
pub(crate) fn nanos_since(then: Instant) -> u32 {
    u32::try_from(then.elapsed().as_nanos()).unwrap_or(u32::MAX)
}

impl Load {
    /// Goes on for so long; whoever is inside then still leaves. All in the calling thread.
    pub(crate) fn run(&self, window: Duration) -> Seen {
        super::in_this_thread(async {
            let mut clients = Vec::with_capacity(self.clients);
            for n in 0..self.clients {
                let client = Client::connect(self.targets[n % self.targets.len()]).await;
                clients.push((client.expect("it listens"), self.flows[n % self.flows.len()].clone()));
            }
            let begun = Instant::now();
            let mut working = JoinSet::new();
            for (client, flow) in clients {
                working.spawn(client.work(flow, begun + window));
            }
            let mut all = Seen::default();
            while let Some(seen) = working.join_next().await {
                all.add(seen.expect("nobody panics").expect("the connection holds"));
            }
            all.seconds = begun.elapsed().as_secs_f64();
            all
        })
    }
}

struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    async fn connect(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(16 * 1024) })
    }

    async fn work(mut self, mut flow: Flow, until: Instant) -> io::Result<Seen> {
        let mut seen = Seen::default();
        let mut number = 0;
        while Instant::now() < until {
            for (n, step) in flow.steps.iter_mut().enumerate() {
                if let Some(counter) = flow.counters.get(n) {
                    number = counter.fetch_add(1, Ordering::Relaxed);
                }
                let asked = Instant::now();
                let status = self.ask(step.with(number)).await?;
                if n == 0 {
                    seen.first.push(nanos_since(asked));
                }
                let text = || String::from_utf8_lossy(&self.answer);
                assert!((200..300).contains(&status), "a benchmark is refused: {}", text());
                seen.answered += 1;
            }
        }
        Ok(seen)
    }

    /// Sends a request and reads its whole answer; its status.
    async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let mut whole = None;
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            whole = whole.or_else(|| whole_length(&self.answer));
            if whole.is_some_and(|whole| self.answer.len() >= whole) {
                let status = self.answer.get(9..12).and_then(|digits| str::from_utf8(digits).ok());
                return status
                    .and_then(|digits| digits.parse().ok())
                    .ok_or(io::ErrorKind::InvalidData.into());
            }
        }
    }
}

/// How long the answer is with its body, once its head is there.
fn whole_length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")?;
    let text = str::from_utf8(&answer[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head + 4 + length.unwrap_or(0))
}

/// Readers of a lot's events, who listen until this is dropped.
pub(crate) struct Readers(Option<(tokio::sync::oneshot::Sender<()>, std::thread::JoinHandle<()>)>);

impl Readers {
    /// Returns when all of them listen.
    pub(crate) fn open(to: SocketAddr, lot: &str, count: usize) -> Self {
        let accept = "Accept: text/event-stream";
        let request =
            format!("GET /api/v1/lots/{lot}/events HTTP/1.1\r\nHost: localhost\r\n{accept}\r\n\r\n");
        let (ready, listening) = std::sync::mpsc::channel();
        let (end, ended) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            super::in_this_thread(async {
                let mut readers = JoinSet::new();
                for _ in 0..count {
                    let mut client = Client::connect(to).await.expect("it listens");
                    let status = client.ask(request.as_bytes()).await.expect("the stream begins");
                    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&client.answer));
                    let mut stream = client.stream;
                    readers.spawn(async move {
                        let mut piece = [0; 16 * 1024];
                        while stream.read(&mut piece).await.is_ok_and(|read| read > 0) {}
                    });
                }
                ready.send(()).expect("somebody waits");
                ended.await.ok();
            });
        });
        listening.recv().expect("all of them listen");
        Self(Some((end, thread)))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.0.take() {
            end.send(()).ok();
            thread.join().ok();
        }
    }
}
