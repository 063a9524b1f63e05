//! A running `parkpro` and a client that talks to it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::Value;
use tempfile::TempDir;

/// The program, built as the tests were.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--quiet",
            "--locked",
            "--workspace",
            "--bin",
            "parkpro",
            "--manifest-path",
            manifest,
        ]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        // What cargo has set for this package would make build scripts of others run again.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                build.env_remove(&name);
            }
        }
        assert!(build.status().expect("cargo runs").success(), "the program does not build");
        let tests = std::env::current_exe().expect("this test is a file");
        tests.ancestors().nth(2).expect("it is in target/<profile>/deps").join("parkpro")
    })
}

/// How a program is to be started.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Variables of its environment; it gets no others but `PATH`.
    pub variables: BTreeMap<String, String>,
}

impl Setup {
    /// As a new user has it: a SQLite file in an empty folder.
    pub fn embedded() -> Self {
        Self::default()
    }

    /// On Postgres.
    pub fn postgres(url: &str) -> Self {
        Self::default().with("DATABASE_URL", url)
    }

    /// With one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A command that starts the program in a folder.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(folder).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("PARKPRO__SERVER__PORT", "0").envs(&self.variables);
        command
    }

    /// Runs the program to its end, for one that is expected to end by itself.
    pub fn output(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.command(folder).args(arguments).stdin(Stdio::null()).output().expect("the program starts")
    }

    /// Starts it in a new folder.
    pub fn start(&self) -> Running {
        self.start_in(Arc::new(TempDir::new().expect("a temporary folder")))
    }

    /// Starts it in a folder that another one has used, or uses.
    pub fn start_in(&self, folder: Arc<TempDir>) -> Running {
        let mut command = self.command(folder.path());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        collect(child.stderr.take().expect("it is piped"), Arc::clone(&log));
        let mut greeting = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut first = String::new();
        greeting.read_line(&mut first).expect("it says something");
        let base = first.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
        let Some(base) = base else {
            let ended = child.wait();
            panic!("the program did not start ({ended:?}): {}", log.lock().expect("nobody panicked"))
        };
        let mut text = first;
        while !text.ends_with("\n\n") || text.matches("\n\n").count() < 2 {
            if greeting.read_line(&mut text).expect("it goes on") == 0 {
                break;
            }
        }
        collect(greeting, Arc::default());
        Running { child, base, greeting: text, folder, log, client: reqwest::Client::new() }
    }
}

fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            into.lock().expect("nobody panicked").push_str(&String::from_utf8_lossy(&piece[..read]));
        }
    });
}

/// A program that runs, and ends with this value.
pub struct Running {
    child: Child,
    base: String,
    greeting: String,
    folder: Arc<TempDir>,
    log: Arc<Mutex<String>>,
    client: reqwest::Client,
}

impl Running {
    /// Where it listens: `http://127.0.0.1:40123`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What it said when it had started.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("nobody panicked").clone()
    }

    /// Kills it without warning.
    pub fn kill(mut self) -> Arc<TempDir> {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        self.folder()
    }

    /// Tells it to stop, waits until it has, and says whether it ended well.
    pub fn stop(mut self) -> bool {
        self.signal("TERM");
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the program does not stop: {}", self.log())
    }

    /// Sends it a signal by name: `STOP`, `CONT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh runs").success());
    }

    /// A request to be added to and sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    /// Patches whatever revision there is.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).header("If-Match", "*").json(&body)).await
    }

    /// Deletes whatever revision there is.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path).header("If-Match", "*")).await
    }

    /// A vehicle comes.
    pub async fn enter(&self, plate: &str) -> Answer {
        self.post("/api/v1/lots/main/entries", serde_json::json!({ "plate": plate })).await
    }

    /// A vehicle leaves.
    pub async fn exit(&self, plate: &str) -> Answer {
        self.post("/api/v1/lots/main/exits", serde_json::json!({ "plate": plate })).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its body, if that is JSON; else null.
    pub body: Value,
}

impl Answer {
    /// Sends a request and reads all of the answer.
    pub async fn of(request: RequestBuilder) -> Self {
        Self::read(request.send().await.expect("the program answers")).await.expect("the answer is whole")
    }

    /// Reads all of an answer; none if it breaks off.
    pub async fn read(response: Response) -> Option<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.ok()?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Some(Self { status, headers, bytes, body })
    }

    /// A header as text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// What stands at a JSON pointer.
    pub fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The same answer, if it has this status.
    #[expect(clippy::return_self_not_must_use, reason = "often the status is all that matters")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }
}
