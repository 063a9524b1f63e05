//! Throw-away Postgres.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::guardian::{Guardian, Order, without_postgres_variables};
use super::{programs, unique_name};

const SETTINGS: [&str; 6] = [
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "max_connections=200",
    // In the folder of data, which is removed: a killed server leaves nothing in /dev/shm.
    "-c",
    "dynamic_shared_memory_type=mmap",
];

/// A test's Postgres need not survive a power cut, so it does not wait for the disk.
const HURRY: [&str; 4] = ["-c", "fsync=off", "-c", "full_page_writes=off"];

/// One Postgres server with a cluster of its own in a temporary folder, on a port of 127.0.0.1. Its user `parkpro` may
/// do everything and has no password. Ended and removed when dropped, or when the process ends.
///
/// All calls wait until they are done and panic, with the end of the server's log, when they cannot be done.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    guardian: Guardian,
    port: u16,
}

impl Postgres {
    /// Starts a server that does not wait for the disk.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[&SETTINGS[..], &HURRY].concat())
    }

    /// Starts a server that waits for the disk at each commit, as one does that matters. For benchmarks.
    #[must_use]
    pub fn start_durable() -> Self {
        Self::with(&SETTINGS)
    }

    fn with(settings: &[&str]) -> Self {
        let programs = programs::postgres();
        let guardian = Guardian::new("PostgreSQL", "postgres", &programs, settings);
        guardian.tell(Order::Create);
        let port = guardian.start_somewhere();
        Self { programs, guardian, port }
    }

    /// Where the server listens; the same for its whole life. A proxy that cuts connections is put in front of it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The URL of a database of this server; the database `postgres` is always there.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://parkpro@{}/{database}", self.address())
    }

    /// Creates an empty database.
    pub fn create_database(&self, name: &str) {
        self.sql("postgres", &format!(r#"CREATE DATABASE "{name}""#));
    }

    /// Creates an empty database with a name that no other has, and returns its URL.
    #[must_use]
    pub fn fresh_database(&self) -> String {
        let name = unique_name();
        self.create_database(&name);
        self.url(&name)
    }

    /// As [`Postgres::fresh_database`], but a copy of `template`, to which nobody may be connected meanwhile.
    #[must_use]
    pub fn fresh_copy(&self, template: &str) -> String {
        let name = unique_name();
        self.sql("postgres", &format!(r#"CREATE DATABASE "{name}" TEMPLATE "{template}""#));
        self.url(&name)
    }

    /// Where a program is that comes with this server, if it is installed: `pgbench`.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Runs SQL by `psql`, apart from whatever the test is testing, and returns what it prints: rows as lines,
    /// fields with `|` between them.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        without_postgres_variables(&mut psql);
        psql.args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"]);
        psql.args(["-d", &self.url(database), "-c", statement]);
        let output = psql.stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| panic!("psql does not start: {error}"));
        assert!(output.status.success(), "psql, {statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// From now on notes every execution, by whatever session, that takes so many milliseconds.
    pub fn note_slow(&self, milliseconds: u32) {
        self.sql("postgres", &format!("ALTER SYSTEM SET log_min_duration_statement = {milliseconds}"));
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// What was noted, as the server tells it.
    #[must_use]
    pub fn slow(&self) -> Vec<String> {
        let told = self.guardian.log();
        told.lines().filter(|line| line.contains("LOG:  duration: ")).map(str::to_owned).collect()
    }

    /// Ends the server in good order and cuts its connections. The data stay.
    pub fn stop(&self) {
        self.guardian.tell(Order::Stop);
    }

    /// Kills the server and its workers with SIGKILL, as a crash would. The data stay, and are recovered at the next
    /// start. A fault for a server of the test's own, never for the shared one.
    pub fn kill(&self) {
        self.guardian.tell(Order::Kill);
    }

    /// Starts the server that was stopped or killed, with its data, on the same port.
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

    use super::Postgres;

    #[test]
    fn a_postgres_is_used_killed_restarted_and_gone() {
        let server = Postgres::start();
        let (address, folder) = (server.address(), server.guardian.folder().to_path_buf());
        server.create_database("lots");
        server.sql("lots", "CREATE TABLE lot (name text); INSERT INTO lot VALUES ('harbour')");
        assert_eq!(server.url("lots"), format!("postgres://parkpro@127.0.0.1:{}/lots", address.port()));

        server.kill();
        assert!(TcpStream::connect(address).is_err(), "a killed server listens");
        server.start_again();
        assert_eq!(server.sql("lots", "SELECT name FROM lot"), "harbour");

        server.restart();
        assert_eq!(server.sql("lots", "SHOW fsync"), "off");
        let copy = server.fresh_copy("lots");
        assert_eq!(server.sql(copy.rsplit('/').next().unwrap(), "SELECT name FROM lot"), "harbour");

        server.sql("lots", "SELECT pg_sleep(0.05)");
        server.note_slow(40);
        server.sql("lots", "SELECT 1; SELECT pg_sleep(0.05)");
        let [slow] = server.slow().try_into().unwrap();
        assert!(slow.contains("pg_sleep"), "{slow}");

        server.stop();
        assert!(TcpStream::connect(address).is_err(), "a stopped server listens");
        server.start_again();
        drop(server);
        assert!(TcpStream::connect(address).is_err(), "a dropped server listens");
        assert!(!folder.exists(), "{} is left", folder.display());
    }

    #[test]
    fn fresh_databases_of_the_shared_server_differ() {
        let server = crate::servers::postgres();
        assert_ne!(server.fresh_database(), server.fresh_database());
        assert_eq!(server.address(), crate::servers::postgres().address());
    }
}
