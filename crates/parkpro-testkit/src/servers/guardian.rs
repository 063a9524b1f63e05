//! Nobody runs the destructors of statics, or those of a killed process. So each server lives under a small `sh`
//! of its own that reads from a pipe whose other end only this process holds: when the pipe closes, for whatever
//! reason, the guardian ends the server and removes its folder.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::free_port;

/// How often a new server may lose the race for its port.
const PORTS_TRIED: u32 = 3;

/// How long a server that was killed may need to get back on its port.
const RETURN_WITHIN: Duration = Duration::from_secs(15);

/// The process that guards one server and its folder.
#[derive(Debug)]
pub(super) struct Guardian {
    what: &'static str,
    folder: PathBuf,
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    process: Child,
    answers: BufReader<ChildStdout>,
}

/// What the guardian can be told; see `guardian.sh`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// Prepares the folder of data.
    Create,
    /// Starts the server on a port and waits until it answers.
    Start(u16),
    /// Lets the server end in good order.
    Stop,
    /// Kills the server with SIGKILL.
    Kill,
}

impl Guardian {
    /// Starts the guardian; `what` and `kind` name the server for people and for the script.
    pub(super) fn new(what: &'static str, kind: &str, programs: &Path, settings: &[&str]) -> Self {
        Self::spawn(what, kind, programs, settings)
            .unwrap_or_else(|error| panic!("no guardian for a throw-away {what} server: {error}"))
    }

    fn spawn(what: &'static str, kind: &str, programs: &Path, settings: &[&str]) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", include_str!("guardian.sh"), "guardian", kind]).arg(programs).args(settings);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // Apart from the tests, so that Ctrl-C ends only those.
        command.process_group(0);
        without_postgres_variables(&mut command);
        let mut process = command.spawn()?;
        let answers = process.stdout.take().map(BufReader::new).ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = Line { process, answers };
        let folder = PathBuf::from(line.hear()?);
        Ok(Self { what, folder, line: Mutex::new(line) })
    }

    /// Gives the order and waits until it is carried out; panics with the end of the server's log when it is not.
    pub(super) fn tell(&self, order: Order) {
        self.ask(order).unwrap_or_else(|why| panic!("throw-away {} server, {order:?}: {why}", self.what));
    }

    /// Starts the server on a port that is free, and returns the port.
    pub(super) fn start_somewhere(&self) -> u16 {
        for _ in 1..PORTS_TRIED {
            let port = free_port();
            if self.ask(Order::Start(port)).is_ok() {
                return port;
            }
        }
        let port = free_port();
        self.tell(Order::Start(port));
        port
    }

    /// Starts the server on the port it had. What is left of a killed one may be in the way for a moment.
    pub(super) fn start_again(&self, port: u16) {
        let begun = Instant::now();
        while begun.elapsed() < RETURN_WITHIN {
            if self.ask(Order::Start(port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.tell(Order::Start(port));
    }

    fn ask(&self, order: Order) -> Result<(), String> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = line.say(order).and_then(|()| line.hear());
        match answer.as_deref() {
            Ok("ok") => Ok(()),
            Ok(_) => Err(self.end_of_log()),
            Err(error) => Err(format!("its guardian is gone ({error})")),
        }
    }

    /// All that the server has said.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn end_of_log(&self) -> String {
        let log = self.log();
        let mut lines: Vec<&str> = log.lines().rev().take(20).collect();
        lines.reverse();
        format!("it failed, and its log ends with\n{}", lines.join("\n"))
    }

    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Line {
    fn say(&mut self, order: Order) -> io::Result<()> {
        let pipe = self.process.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        match order {
            Order::Create => writeln!(pipe, "create"),
            Order::Start(port) => writeln!(pipe, "start {port}"),
            Order::Stop => writeln!(pipe, "stop"),
            Order::Kill => writeln!(pipe, "kill"),
        }
    }

    fn hear(&mut self) -> io::Result<String> {
        let mut answer = String::new();
        match self.answers.read_line(&mut answer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(answer.trim_end().to_owned()),
        }
    }
}

impl Drop for Line {
    /// Waiting closes the pipe first, which is what the guardian waits for.
    fn drop(&mut self) {
        let _ = self.process.wait();
    }
}

/// Takes away what would send Postgres programs somewhere else than they are told.
pub(super) fn without_postgres_variables(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
}
