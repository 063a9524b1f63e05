//! Opening connections, and saying in one sentence why one could not be opened.

use std::{
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::{ConnectionError, result::Error as SqlError};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use parkpro_domain::ports::{Fault, PortError};
use thiserror::Error;
use tokio::time::timeout;
use tokio_postgres::{NoTls, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    address::Address,
    fault::{self, POOLER},
    session::Session,
    tls,
};

/// Why the record could not be opened. No text has the password in it.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The address itself is wrong.
    #[error("the address of the Postgres record cannot be used: {0}")]
    Address(String),
    /// Nobody answers.
    #[error("Postgres at {place} cannot be reached: {why}")]
    Unreachable {
        /// Hosts and ports.
        place: String,
        /// What the system says.
        why: String,
    },
    /// The user or the password is not the right one.
    #[error("Postgres at {place} does not let the user in: {why}")]
    Login {
        /// Hosts and ports.
        place: String,
        /// What the server says.
        why: String,
    },
    /// The server has no such database.
    #[error(
        "Postgres at {place} has no such database: {why}; create it, the tables are made by this program"
    )]
    NoDatabase {
        /// Hosts and ports.
        place: String,
        /// What the server says.
        why: String,
    },
    /// The server can only be read.
    #[error("Postgres at {place} can only be read; the record needs the server that is written to")]
    ReadOnly {
        /// Hosts and ports.
        place: String,
    },
    /// TLS was asked for and did not come about.
    #[error("TLS with Postgres at {place} failed: {why}")]
    Tls {
        /// Hosts and ports.
        place: String,
        /// What the library says.
        why: String,
    },
    /// A pooler loses prepared statements.
    #[error("{POOLER}")]
    Pooler,
    /// The server answered with something else.
    #[error("Postgres at {place} refuses: {why}")]
    Refused {
        /// Hosts and ports.
        place: String,
        /// What the server says.
        why: String,
    },
    /// A newer program has changed the tables.
    #[error(
        "the tables of the record are of version {found}, which this program does not know; run a newer program"
    )]
    Newer {
        /// The newest migration that the record has seen.
        found: String,
    },
    /// The tables could not be made or changed.
    #[error("the tables of the record could not be brought up to date: {0}")]
    Migration(String),
}

/// Opens connections to one server, all alike.
pub(crate) struct Connector {
    address: Address,
    tls: Option<MakeRustlsConnect>,
    session: Session,
    patience: Duration,
    opened: AtomicU64,
}

impl Connector {
    pub(crate) fn new(url: &str, session: Session, patience: Duration) -> Result<Self, OpenError> {
        let mut address = Address::parse(url).map_err(OpenError::Address)?;
        if address.config.get_connect_timeout().is_none() {
            address.config.connect_timeout(patience);
        }
        let tls =
            tls::connector(&address.trust).map_err(|why| OpenError::Tls { place: address.place(), why })?;
        Ok(Self { address, tls, session, patience, opened: AtomicU64::new(0) })
    }

    /// How many connections were opened so far.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::SeqCst)
    }

    /// How sessions are set up.
    pub(crate) const fn session(&self) -> Session {
        self.session
    }

    /// A connection to a server that can be written. It lives on the runtime of the caller.
    pub(crate) async fn connect(&self) -> Result<AsyncPgConnection, OpenError> {
        let connection = timeout(self.patience, self.open()).await.map_err(|_elapsed| {
            let why = format!("no answer within {} s", self.patience.as_secs_f32());
            OpenError::Unreachable { place: self.address.place(), why }
        })??;
        self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(connection)
    }

    async fn open(&self) -> Result<AsyncPgConnection, OpenError> {
        let config = &self.address.config;
        let opened = if let Some(tls) = &self.tls {
            let (client, driver) = config.connect(tls.clone()).await.map_err(|error| self.refused(&error))?;
            AsyncPgConnection::try_from_client_and_connection(client, driver).await
        } else {
            let (client, driver) = config.connect(NoTls).await.map_err(|error| self.refused(&error))?;
            AsyncPgConnection::try_from_client_and_connection(client, driver).await
        };
        let connection = opened.map_err(|error| match error {
            ConnectionError::CouldntSetupConfiguration(error) => self.not_set_up(&error),
            error => OpenError::Refused { place: self.address.place(), why: error.to_string() },
        })?;
        let mut session = &connection;
        for (text, needed) in self.session.at_connect() {
            match session.batch_execute(text).await {
                Err(error) if *needed => return Err(self.not_set_up(&error)),
                _ => {}
            }
        }
        Ok(connection)
    }

    fn not_set_up(&self, error: &SqlError) -> OpenError {
        if fault::is_pooler(&error.to_string()) {
            return OpenError::Pooler;
        }
        OpenError::Refused { place: self.address.place(), why: error.to_string() }
    }

    fn refused(&self, error: &tokio_postgres::Error) -> OpenError {
        let place = self.address.place();
        if let Some(said) = error.as_db_error() {
            let why = said.message().to_owned();
            let code = said.code();
            return if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION]
                .contains(code)
            {
                OpenError::Login { place, why }
            } else if *code == SqlState::INVALID_CATALOG_NAME {
                OpenError::NoDatabase { place, why }
            } else {
                OpenError::Refused { place, why }
            };
        }
        let source = error.source();
        let why = source.map_or_else(|| error.to_string(), deepest);
        // The driver tells the kinds of its errors by their text alone.
        match (error.to_string().as_str(), source.and_then(|source| source.downcast_ref::<io::Error>())) {
            ("error connecting to server", Some(io)) if io.kind() == io::ErrorKind::PermissionDenied => {
                OpenError::ReadOnly { place }
            }
            ("error performing TLS handshake", _)
                if why.contains("UnknownIssuer") || why.contains("CaUsed") =>
            {
                let why =
                    format!("{why}; name the certificate of whoever signed the server's with sslrootcert");
                OpenError::Tls { place, why }
            }
            ("error performing TLS handshake", _) => OpenError::Tls { place, why },
            ("authentication error" | "invalid configuration", _) => OpenError::Login { place, why },
            _ => OpenError::Unreachable { place, why },
        }
    }
}

/// The last of a chain of causes, which says most.
fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

impl From<OpenError> for PortError {
    fn from(error: OpenError) -> Self {
        Self::new("connecting to Postgres", Fault::Unavailable, error)
    }
}

/// Shared by the writers and the readers.
pub(crate) type Connections = Arc<Connector>;
