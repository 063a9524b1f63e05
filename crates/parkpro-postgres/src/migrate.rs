//! Bringing the tables up to date.

use std::error::Error;

use diesel::{Connection, connection::SimpleConnection, migration::MigrationSource, pg::Pg};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio::runtime::Handle;

use crate::{
    connect::{Connector, OpenError},
    fault::is_pooler,
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Instances that start together do it one after the other; the number means nothing. All is one transaction, so that
/// it also works through a pooler, and nothing is left of an attempt that fails.
const ALONE: &str = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'; \
     SELECT pg_advisory_xact_lock(7036874417766402)";

/// Carries out the migrations that the record has not seen, on a connection of its own.
pub(crate) async fn up(connector: &Connector, runtime: &Handle) -> Result<(), OpenError> {
    let connection = connector.connect().await?;
    // Diesel's migrations block their thread.
    let carried_out = runtime.spawn_blocking(move || carry_out(connection));
    carried_out.await.unwrap_or_else(|error| Err(OpenError::Migration(error.to_string())))
}

fn carry_out(connection: AsyncPgConnection) -> Result<(), OpenError> {
    let mut connection: AsyncConnectionWrapper<AsyncPgConnection> = connection.into();
    connection
        .transaction::<(), Halt, _>(|connection| {
            connection.batch_execute(ALONE)?;
            if let Some(found) = newer(connection)? {
                return Err(Halt(OpenError::Newer { found }));
            }
            let carried_out = connection.run_pending_migrations(MIGRATIONS)?;
            for version in carried_out {
                tracing::info!(%version, "the tables of the record were changed");
            }
            Ok(())
        })
        .map_err(|halt| halt.0)
}

/// The newest migration that the record has seen, if it is newer than ours.
fn newer(connection: &mut AsyncConnectionWrapper<AsyncPgConnection>) -> Result<Option<String>, Halt> {
    let ours = MigrationSource::<Pg>::migrations(&MIGRATIONS)?;
    let newest = ours.iter().map(|migration| migration.name().version().as_owned()).max();
    let seen = connection.applied_migrations()?.into_iter().max();
    Ok(seen.filter(|seen| newest.is_none_or(|newest| *seen > newest)).map(|seen| seen.to_string()))
}

/// Why nothing was changed.
struct Halt(OpenError);

impl From<diesel::result::Error> for Halt {
    fn from(error: diesel::result::Error) -> Self {
        Box::<dyn Error + Send + Sync>::from(error).into()
    }
}

impl From<Box<dyn Error + Send + Sync>> for Halt {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        let why = error.to_string();
        Self(if is_pooler(&why) { OpenError::Pooler } else { OpenError::Migration(why) })
    }
}
