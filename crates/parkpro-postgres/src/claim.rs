//! Claiming idempotency keys, and giving them back.

use std::collections::{HashMap, HashSet};

use diesel::sql_types::{BigInt, Binary, Nullable, SmallInt, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use parkpro_domain::{
    ports::{Fault, Key, PortError, Reply},
    protocol::Claim,
};

use crate::{
    clock::clock_micros,
    fault::{Nonsense, Trouble},
    session::PATIENT,
    statement::Statement,
    transaction::PgTransaction,
};

/// In the order of the arrays, which is the order of the keys everywhere, so that two instances cannot wait for each
/// other. Waits for a transaction that has claimed one of them and is not over.
pub(crate) const CLAIM: &str = concat!(
    "INSERT INTO idempotency (created_at, principal, key, fingerprint) SELECT coalesce($1, ",
    clock_micros!(),
    "), new.principal, new.key, new.fingerprint \
     FROM unnest($2, $3, $4) AS new (principal, key, fingerprint) \
     ON CONFLICT DO NOTHING RETURNING principal, key"
);

pub(crate) const USED: &str = "SELECT k.principal, k.key, k.fingerprint, k.status, k.location, k.etag, k.body \
     FROM unnest($1, $2) AS used (principal, key) CROSS JOIN LATERAL \
     (SELECT * FROM idempotency WHERE principal = used.principal AND key = used.key LIMIT 1) k";

pub(crate) const RELEASE: &str = "DELETE FROM idempotency USING unnest($1, $2) AS given (principal, key) \
     WHERE idempotency.principal = given.principal AND idempotency.key = given.key";

const IMPATIENT: &str = "SET LOCAL lock_timeout = '50ms'";

/// How often keys are claimed that were there and then were not.
const TRIES: usize = 3;

type Named = (String, String);
type UsedColumns = (Text, Text, Binary, Nullable<SmallInt>, Nullable<Text>, Nullable<Text>, Nullable<Binary>);
type UsedRow = (String, String, Vec<u8>, Option<i16>, Option<String>, Option<String>, Option<Vec<u8>>);

const CLAIMING: &str = "claiming idempotency keys";

impl PgTransaction {
    /// As [`parkpro_domain::protocol::Transaction::claim`].
    pub(crate) async fn claim_keys(&mut self, keys: &[&Key]) -> Result<Vec<Claim>, PortError> {
        let mut claims: Vec<Option<Claim>> = vec![None; keys.len()];
        for _try in 0..TRIES {
            let unknown: Vec<usize> = (0..keys.len()).filter(|at| claims[*at].is_none()).collect();
            let asked: Vec<&Key> = unknown.iter().map(|at| keys[*at]).collect();
            let connection = self.connection()?;
            let now = self.given_now();
            let impatient = self.key_was_held;
            let fresh = async {
                if impatient {
                    (&*connection).batch_execute(IMPATIENT).await?;
                }
                let fresh = claim(&connection, &asked, now).await?;
                if impatient {
                    (&*connection).batch_execute(PATIENT).await?;
                }
                Ok(fresh)
            };
            let fresh = self.step(CLAIMING, fresh).await.map_err(key_busy);
            self.key_was_held |= matches!(&fresh, Err(error) if error.fault == Fault::KeyBusy);
            let fresh = fresh?;
            let (fresh, used): (Vec<usize>, Vec<usize>) =
                unknown.into_iter().partition(|at| fresh.contains(&named(keys[*at])));
            for at in fresh {
                claims[at] = Some(Claim::Fresh);
            }
            if used.is_empty() {
                break;
            }
            let asked: Vec<&Key> = used.iter().map(|at| keys[*at]).collect();
            let mut known = self.step(CLAIMING, read(&connection, &asked)).await?;
            for at in used {
                claims[at] = known.remove(&named(keys[at]));
            }
        }
        let claims: Option<Vec<Claim>> = claims.into_iter().collect();
        claims.ok_or_else(|| PortError::new(CLAIMING, Fault::Conflict, "a key comes and goes"))
    }

    /// As [`parkpro_domain::protocol::Transaction::release`].
    pub(crate) async fn release_keys(&mut self, keys: &[&Key]) -> Result<(), PortError> {
        let connection = self.connection()?;
        let (principals, names) = columns(keys);
        let release =
            async { Ok(Statement::<()>::new(RELEASE, &[&principals, &names]).touched(&connection).await?) };
        self.step("giving idempotency keys back", release).await.map(drop)
    }
}

/// Who waits too long for a lock here waits for a request with the same key.
fn key_busy(error: PortError) -> PortError {
    match error.fault {
        Fault::Busy => PortError { fault: Fault::KeyBusy, ..error },
        _ => error,
    }
}

async fn claim(
    connection: &AsyncPgConnection,
    keys: &[&Key],
    now: Option<i64>,
) -> Result<HashSet<Named>, Trouble> {
    let (principals, names) = columns(keys);
    let fingerprints: Vec<&[u8]> = keys.iter().map(|key| &key.fingerprint[..]).collect();
    let claim =
        Statement::<(Text, Text)>::new(CLAIM, &[&now, &principals, &names, &fingerprints]).rows(connection);
    Ok(claim.await?.into_iter().collect())
}

async fn read(connection: &AsyncPgConnection, keys: &[&Key]) -> Result<HashMap<Named, Claim>, Trouble> {
    let (principals, names) = columns(keys);
    let rows = Statement::<UsedColumns>::new(USED, &[&principals, &names]).rows(connection).await?;
    rows.into_iter().map(|row| Ok(used(row)?)).collect()
}

fn used(row: UsedRow) -> Result<(Named, Claim), Nonsense> {
    let (principal, key, fingerprint, status, location, etag, body) = row;
    let wrong = |column| Nonsense { table: "idempotency", row: format!("{key} of {principal}"), column };
    let fingerprint = fingerprint.try_into().map_err(|_length| wrong("fingerprint"))?;
    let status = status.and_then(|status| u16::try_from(status).ok()).ok_or_else(|| wrong("status"))?;
    let body = body.ok_or_else(|| wrong("body"))?;
    let claim = Claim::Used { fingerprint, reply: Reply { status, location, etag, body } };
    Ok(((principal, key), claim))
}

pub(crate) fn columns<'k>(keys: &[&'k Key]) -> (Vec<&'k str>, Vec<&'k str>) {
    keys.iter().map(|key| (key.principal.0.as_str(), key.key.as_str())).unzip()
}

fn named(key: &Key) -> Named {
    (key.principal.0.clone(), key.key.clone())
}

/// Forgets the oldest keys; nobody waits for who uses one at the moment.
pub(crate) const FORGET: &str = "DELETE FROM idempotency WHERE (principal, key) IN \
     (SELECT principal, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2 \
      FOR UPDATE SKIP LOCKED)";

pub(crate) async fn forget(connection: &AsyncPgConnection, before: i64, most: i64) -> Result<u32, Trouble> {
    let forgotten = Statement::<BigInt>::new(FORGET, &[&before, &most]).touched(connection).await?;
    Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
}
