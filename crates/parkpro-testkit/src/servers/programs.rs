//! Where the programs of the servers are on this machine. `tests/run` looks in the same places.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What must lie beside each other in a folder of Postgres programs.
const OF_POSTGRES: [&str; 4] = ["initdb", "postgres", "psql", "pg_isready"];

/// Folders that hold one folder for each version of Postgres: Debian's, Homebrew's, PGDG's.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("/usr", "pgsql-", "bin"),
];

/// The folder of the Postgres programs.
pub(super) fn postgres() -> PathBuf {
    let configured = pg_config().into_iter();
    let versioned =
        VERSIONED.into_iter().flat_map(|(parent, prefix, rest)| newest_first(parent, prefix, rest));
    // Beside the true place of a linked program lie its sisters.
    let on_path = find_on_path("initdb")
        .and_then(|program| Some(fs::canonicalize(program).ok()?.parent()?.to_path_buf()));
    configured.chain(versioned).chain(on_path).find(|folder| is_complete(folder)).unwrap_or_else(|| {
        panic!(
            "the tests need a PostgreSQL server and find none: run ./tests/run, which installs it, \
             or install it yourself (Debian, Ubuntu: apt install postgresql; macOS: brew install postgresql@17)"
        )
    })
}

/// The program of the Redis server, or of Valkey, which speaks the same.
pub(super) fn redis() -> PathBuf {
    ["redis-server", "valkey-server"].into_iter().find_map(find_on_path).unwrap_or_else(|| {
        panic!(
            "the tests need a Redis server and find none: run ./tests/run, which installs it, \
             or install it yourself (Debian, Ubuntu: apt install redis-server; macOS: brew install redis)"
        )
    })
}

fn pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim_end()))
}

fn is_complete(folder: &Path) -> bool {
    OF_POSTGRES.iter().all(|program| folder.join(program).is_file())
}

/// `parent/prefix*/rest`, the highest version first.
fn newest_first(parent: &str, prefix: &str, rest: &str) -> Vec<PathBuf> {
    let mut found: Vec<(Vec<u32>, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.split('.').map(str::parse).collect::<Result<_, _>>();
            Some((version.ok()?, entry.path().join(rest)))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}

fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
