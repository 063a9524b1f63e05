//! Throw-away Redis.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::guardian::{Guardian, Order};
use super::{programs, unique_name};

const SETTINGS: [&str; 6] = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One Redis or Valkey server that keeps nothing on disk, on a port of 127.0.0.1. Ended and removed when dropped, or
/// when the process ends.
///
/// All calls wait until they are done and panic, with the end of the server's log, when they cannot be done.
#[derive(Debug)]
pub struct Redis {
    guardian: Guardian,
    port: u16,
}

impl Redis {
    /// Starts a server.
    #[must_use]
    pub fn start() -> Self {
        let guardian = Guardian::new("Redis", "redis", &programs::redis(), &SETTINGS);
        let port = guardian.start_somewhere();
        Self { guardian, port }
    }

    /// Where the server listens; the same for its whole life. A proxy that cuts connections is put in front of it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// A prefix for keys that no other test has, so that many can use the shared server.
    #[must_use]
    pub fn fresh_prefix(&self) -> String {
        unique_name()
    }

    /// Sends one command, its words divided by blanks, apart from whatever the test is testing, and returns the first
    /// line of the answer as the protocol has it: `+OK`, `:3`, `-ERR …`.
    pub fn command(&self, words: &str) -> String {
        self.try_command(words).unwrap_or_else(|error| panic!("Redis, {words}: {error}"))
    }

    fn try_command(&self, words: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address(), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{words}\r\n").as_bytes())?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    }

    /// Deletes everything. A fault for a server of the test's own, never for the shared one.
    pub fn flush_all(&self) {
        assert_eq!(self.command("FLUSHALL"), "+OK", "Redis does not forget");
    }

    /// Ends the server in good order; what it held is lost.
    pub fn stop(&self) {
        self.guardian.tell(Order::Stop);
    }

    /// Kills the server with SIGKILL; what it held is lost. A fault for a server of the test's own, never for the
    /// shared one.
    pub fn kill(&self) {
        self.guardian.tell(Order::Kill);
    }

    /// Starts the server that was stopped or killed, empty, on the same port.
    pub fn start_again(&self) {
        self.guardian.start_again(self.port);
    }

    /// Stops the server and starts it again.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::Redis;

    #[test]
    fn a_redis_is_used_killed_restarted_and_gone() {
        let server = Redis::start();
        let (address, folder) = (server.address(), server.guardian.folder().to_path_buf());
        assert_eq!(server.command("PING"), "+PONG");
        assert_eq!(server.command("RPUSH waiting a b"), ":2");
        server.flush_all();
        assert_eq!(server.command("LLEN waiting"), ":0");

        server.kill();
        assert!(TcpStream::connect(address).is_err(), "a killed server listens");
        server.start_again();
        assert_eq!(server.command("RPUSH waiting a"), ":1");
        server.restart();
        assert_eq!(server.command("DBSIZE"), ":0");

        server.stop();
        assert!(TcpStream::connect(address).is_err(), "a stopped server listens");
        server.start_again();
        drop(server);
        assert!(TcpStream::connect(address).is_err(), "a dropped server listens");
        assert!(!folder.exists(), "{} is left", folder.display());
    }

    #[test]
    fn the_shared_server_answers_and_prefixes_differ() {
        let server = crate::servers::redis();
        assert_eq!(server.command("PING"), "+PONG");
        assert_ne!(server.fresh_prefix(), server.fresh_prefix());
    }
}
