//! From a path to open connections: the lock, the pragmas, the migrations.

use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use diesel::{
    connection::SimpleConnection,
    migration::MigrationSource,
    prelude::*,
    sql_types::Text,
    sqlite::{Sqlite, SqliteConnection},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use parkpro_domain::ports::BoxError;
use thiserror::Error;

use crate::{
    checkpoints::Checkpoints,
    disk::{Durability, SyncLog},
    keys::find_again,
    schema::epoch,
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Why a record could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another record of this one, has it open.
    #[error("{} is in use: only one program at a time can keep its record there; stop the other one, or give this one a file of its own", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The folder is missing and cannot be made.
    #[error("the folder {} cannot be made: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file, or the lock beside it, cannot be opened for writing.
    #[error("the file {} cannot be opened: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{} is damaged, or not a SQLite database: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: BoxError,
    },
    /// The file is a database, but not a record.
    #[error("{} is the database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The record has a migration that this program does not know.
    #[error("{} was used by a newer version of this program: it has the migration {migration}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// What it has.
        migration: String,
    },
    /// The record cannot be made ready.
    #[error("{} cannot be made ready: {source}", path.display())]
    Unwell {
        /// The file.
        path: PathBuf,
        /// What was said.
        source: BoxError,
    },
}

/// Where the record is, held so that nobody else can open it.
#[derive(Debug)]
pub(crate) struct Place {
    /// As the settings name it.
    path: PathBuf,
    /// Absolute, because SQLite takes a name such as `file:x` for an address.
    url: String,
    page_cache_mb: u32,
    /// Outlives every connection: whoever closes a file ends all locks that its process has on it, SQLite's too.
    file: Arc<File>,
    durability: Arc<Durability>,
    /// Given up last.
    _lock: Lock,
}

/// The file beside the record that one program at a time holds.
#[derive(Debug)]
struct Lock(File);

impl Lock {
    fn take(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    /// Closing the file does not end the lock while a child of this process, forked and not yet another program, has it
    /// open as well.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the lock of the record could not be given up");
        }
    }
}

impl Place {
    /// Makes folder and file if they are missing, and locks them.
    pub(crate) fn claim(path: &Path, page_cache_mb: u32) -> Result<Self, OpenError> {
        let wrong = |source| OpenError::File { path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            let wrong = |source| OpenError::Folder { path: folder.to_owned(), source };
            fs::create_dir_all(folder).map_err(wrong)?;
        }
        let file = Arc::new(open_file(path).map_err(wrong)?);
        let absolute = path.canonicalize().map_err(wrong)?;
        let url = absolute.to_str().ok_or_else(|| wrong(io::Error::other("its name is not UTF-8")))?;
        let lock = open_file(Path::new(&format!("{url}.lock"))).map_err(wrong)?;
        let lock = Lock::take(lock).map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::InUse { path: path.to_owned() },
            TryLockError::Error(source) => wrong(source),
        })?;
        Ok(Self {
            path: path.to_owned(),
            url: url.to_owned(),
            page_cache_mb,
            file,
            durability: Arc::default(),
            _lock: lock,
        })
    }

    /// Brings the tables up to this version of the program and gives the record's history a new name. A connection for
    /// writing, and the name of this history.
    ///
    /// The name changes at each opening, because a file can only be put back to an earlier state while it is not open.
    pub(crate) fn prepare(&self) -> Result<(SqliteConnection, String), OpenError> {
        let refused = |source| self.refused(source);
        let mut connection = self.connect().map_err(refused)?;
        // Before anything is changed.
        if is_foreign(&mut connection).map_err(|error| refused(error.into()))? {
            return Err(OpenError::Foreign { path: self.path.clone() });
        }
        make_durable(&mut connection).map_err(refused)?;
        if let Some(migration) = unknown_migration(&mut connection).map_err(refused)? {
            return Err(OpenError::Newer { path: self.path.clone(), migration });
        }
        connection.run_pending_migrations(MIGRATIONS).map_err(refused)?;
        find_again(&mut connection).map_err(|error| refused(error.into()))?;
        let epoch = new_epoch(&mut connection).map_err(|error| refused(error.into()))?;
        Ok((connection, epoch))
    }

    /// A connection that writes.
    pub(crate) fn writer(&self) -> Result<SqliteConnection, BoxError> {
        let mut connection = self.connect()?;
        make_durable(&mut connection)?;
        Ok(connection)
    }

    /// Who folds the log into the file.
    pub(crate) fn checkpoints(&self) -> Result<Checkpoints, BoxError> {
        Ok(Checkpoints::start(Arc::clone(&self.file), self.writer()?)?)
    }

    /// A connection that cannot write.
    pub(crate) fn reader(&self) -> Result<SqliteConnection, BoxError> {
        let mut connection = self.connect()?;
        connection.batch_execute("PRAGMA query_only = ON")?;
        Ok(connection)
    }

    /// How far the log is durable.
    pub(crate) fn durability(&self) -> &Arc<Durability> {
        &self.durability
    }

    /// How to make the log durable.
    pub(crate) fn sync_of_log(&self) -> io::Result<SyncLog> {
        let log = File::options().write(true).open(format!("{}-wal", self.url))?;
        Ok(Box::new(move || log.sync_data()))
    }

    fn connect(&self) -> Result<SqliteConnection, BoxError> {
        let mut connection = SqliteConnection::establish(&self.url)?;
        for pragma in [
            "PRAGMA busy_timeout = 5000",
            &format!("PRAGMA cache_size = -{}", u64::from(self.page_cache_mb) * 1024),
            "PRAGMA temp_store = MEMORY",
        ] {
            connection.batch_execute(pragma)?;
        }
        Ok(connection)
    }

    fn refused(&self, source: BoxError) -> OpenError {
        let (path, said) = (self.path.clone(), source.to_string());
        if said.contains("not a database") || said.contains("malformed") {
            return OpenError::Unreadable { path, source };
        }
        OpenError::Unwell { path, source }
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

/// What is committed is in the log, in order, and readers do not wait for it. The log is synced before anybody is answered
/// (`disk`) and folded into the file by another thread (`checkpoints`). A log of 64 MiB that could not be is folded by whoever
/// commits.
fn make_durable(connection: &mut SqliteConnection) -> Result<(), BoxError> {
    let mode: Mode = diesel::sql_query("PRAGMA journal_mode = WAL").get_result(connection)?;
    if mode.journal_mode != "wal" {
        return Err(format!("its file system allows only the journal mode {}", mode.journal_mode).into());
    }
    for pragma in [
        "PRAGMA synchronous = NORMAL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA wal_autocheckpoint = 16384",
        "PRAGMA journal_size_limit = 67108864",
    ] {
        connection.batch_execute(pragma)?;
    }
    Ok(())
}

/// Whether there are tables, but not the one that lists our migrations.
fn is_foreign(connection: &mut SqliteConnection) -> QueryResult<bool> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables: Vec<Name> = diesel::sql_query(tables).load(connection)?;
    Ok(!tables.is_empty() && !tables.iter().any(|table| table.name == "__diesel_schema_migrations"))
}

/// A migration that was carried out and that this program does not have.
fn unknown_migration(connection: &mut SqliteConnection) -> Result<Option<String>, BoxError> {
    let known = MigrationSource::<Sqlite>::migrations(&MIGRATIONS)?;
    let known: HashSet<_> = known.iter().map(|migration| migration.name().version().as_owned()).collect();
    let applied = connection.applied_migrations()?;
    Ok(applied.into_iter().find(|version| !known.contains(version)).map(|version| version.to_string()))
}

fn new_epoch(connection: &mut SqliteConnection) -> QueryResult<String> {
    connection.batch_execute("UPDATE epoch SET value = lower(hex(randomblob(16)))")?;
    epoch::table.select(epoch::value).get_result(connection)
}

#[derive(QueryableByName)]
struct Mode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_lock_that_is_given_up_is_free_although_a_child_still_has_its_file_open() {
        let folder = TempDir::new().unwrap();
        let take = || Lock::take(open_file(&folder.path().join("parkpro.db.lock")).unwrap());
        let lock = take().unwrap();
        let _of_a_child = lock.0.try_clone().unwrap();
        assert!(matches!(take(), Err(TryLockError::WouldBlock)));
        drop(lock);
        take().unwrap();
    }
}
