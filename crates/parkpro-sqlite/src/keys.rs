//! Idempotency keys, and what was answered under them.
//!
//! Replies lie in the order in which they were given. A key is found by its digest: first among the new ones, then among
//! all before. Digests are at random, so whoever looks for one or adds one needs a page of its own; the table of the new
//! ones has few pages. When it has become long, its rows are put into the large table together and in its order, which
//! touches each page of that once for many keys.

use diesel::{
    connection::{DefaultLoadingMode, SimpleConnection},
    prelude::*,
    sqlite::SqliteConnection,
};
use parkpro_domain::{
    ports::{Key, Reply},
    protocol::Claim,
    time::Timestamp,
};
use sha2::{Digest, Sha256};

use crate::{
    fault::Failure,
    schema::{idempotency, new_keys, used_keys},
    statement::{InsertNewKey, InsertReply, NewKey, UsedKey},
    transaction::SqliteTransaction,
};

/// So many new ones are put to the others.
const MANY: usize = 4096;

/// Where the next key goes.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// The row of the last reply.
    last: i64,
    /// New keys, or more after some were undone.
    new: usize,
}

impl Shelf {
    /// As the file has it.
    pub(crate) fn of(connection: &mut SqliteConnection) -> QueryResult<Self> {
        let last = idempotency::table
            .select(idempotency::rowid)
            .order(idempotency::rowid.desc())
            .first(connection)
            .optional()?;
        let new: i64 = new_keys::table.count().get_result(connection)?;
        Ok(Self { last: last.unwrap_or(0), new: usize::try_from(new).unwrap_or(MANY) })
    }
}

/// What a key is found by. Two keys may have the same, so the keys are compared too.
fn digest(principal: &str, key: &str) -> i64 {
    let mut hash = Sha256::new();
    hash.update(principal);
    hash.update([0]);
    hash.update(key);
    let bytes = hash.finalize().into_iter().take(size_of::<i64>());
    bytes.fold(0, |digest, byte| (digest << 8) | i64::from(byte))
}

impl SqliteTransaction {
    /// Nobody else writes, so a key that is not there is ours; its row is written with the answer.
    pub(crate) fn claims(&mut self, keys: &[&Key]) -> Result<Vec<Claim>, Failure> {
        let mut claims: Vec<Claim> = keys.iter().map(|_| Claim::Fresh).collect();
        let digests: Vec<i64> = keys.iter().map(|key| digest(&key.principal.0, &key.key)).collect();
        let new: Vec<NewKey<'_>> = digests.iter().map(|digest| NewKey { digest }).collect();
        let used: Vec<UsedKey<'_>> = digests.iter().map(|digest| UsedKey { digest }).collect();
        let found = [NewKey::find(&mut self.connection, &new)?, UsedKey::find(&mut self.connection, &used)?];
        for row in found.into_iter().flatten() {
            let place = keys.iter().position(|key| key.principal.0 == row.principal && key.key == row.key);
            if let Some(claim) = place.and_then(|place| claims.get_mut(place)) {
                let (fingerprint, reply) = row.reply()?;
                *claim = Claim::Used { fingerprint, reply };
            }
        }
        Ok(claims)
    }

    /// Keeps what was answered.
    pub(crate) fn keep_replies(&mut self, replies: &[(&Key, &Reply)], now: Timestamp) -> Result<(), Failure> {
        let mut last = self.shelf.last;
        let rows = replies.iter().map(|(key, reply)| {
            last += 1;
            reply_row(last, key, reply, now)
        });
        let rows: Vec<InsertReply<'_>> = rows.collect();
        let digests: Vec<i64> = rows.iter().map(|row| digest(row.principal, row.key)).collect();
        let keys = digests.iter().zip(&rows).map(|(digest, row)| InsertNewKey { digest, reply: row.id });
        let keys: Vec<InsertNewKey<'_>> = keys.collect();
        // Also if this is undone: no row is given twice.
        (self.shelf.last, self.shelf.new) = (last, self.shelf.new + keys.len());
        self.insert(&rows)?;
        self.insert(&keys)
    }

    /// Puts the new keys to the others if there are many. To be called between two turns.
    pub(crate) fn tidy_keys(&mut self) {
        if self.shelf.new < MANY {
            return;
        }
        let tidied = self.begin_now().and_then(|()| {
            self.connection.batch_execute(
                "INSERT INTO used_keys SELECT digest, reply FROM new_keys ORDER BY digest, reply; DELETE FROM new_keys",
            )?;
            self.commit_now()
        });
        match tidied {
            Ok(()) => self.shelf.new = 0,
            Err(failure) => {
                self.undo();
                tracing::warn!(%failure, "new keys cannot be put to the others; it is tried again");
            }
        }
    }

    /// Forgets old keys, oldest first, which is the order in which they lie; how many.
    pub(crate) fn forget(&mut self, used_before: Timestamp, most: u32) -> Result<u32, Failure> {
        self.begin_now()?;
        let forgotten = self.forget_some(used_before, most).and_then(|forgotten| {
            self.commit_now()?;
            Ok(forgotten)
        });
        if forgotten.is_err() {
            self.undo();
        }
        forgotten
    }

    fn forget_some(&mut self, used_before: Timestamp, most: u32) -> Result<u32, Failure> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let old = idempotency::table
            .select((idempotency::rowid, idempotency::principal, idempotency::key, idempotency::created_at))
            .order(idempotency::rowid)
            .load_iter::<(i64, String, String, i64), DefaultLoadingMode>(&mut self.connection)?
            .take(most)
            .filter(|row| !row.as_ref().is_ok_and(|(.., created_at)| *created_at >= used_before.micros()))
            .map(|row| row.map(|(reply, principal, key, _)| (digest(&principal, &key), reply)));
        let mut old: Vec<(i64, i64)> = old.collect::<QueryResult<_>>()?;
        // In the order of the tables, so that neighbours go together.
        old.sort_unstable();
        for &(digest, reply) in &old {
            let (used, new) = (used_keys::table.find((digest, reply)), new_keys::table.find((digest, reply)));
            diesel::delete(used).execute(&mut self.connection)?;
            diesel::delete(new).execute(&mut self.connection)?;
            diesel::delete(idempotency::table.find(reply)).execute(&mut self.connection)?;
        }
        Ok(u32::try_from(old.len()).unwrap_or(u32::MAX))
    }
}

fn reply_row<'a>(id: i64, key: &'a Key, reply: &'a Reply, now: Timestamp) -> InsertReply<'a> {
    InsertReply {
        id,
        principal: &key.principal.0,
        key: &key.key,
        fingerprint: &key.fingerprint,
        status: i32::from(reply.status),
        location: reply.location.as_deref(),
        etag: reply.etag.as_deref(),
        body: &reply.body,
        created_at: now.micros(),
    }
}

/// Makes replies findable that were given before keys had digests.
pub(crate) fn find_again(connection: &mut SqliteConnection) -> QueryResult<()> {
    const AT_ONCE: i64 = 1024;
    let new = new_keys::table.select(new_keys::reply).first::<i64>(connection).optional()?;
    let used = used_keys::table.select(used_keys::reply).first::<i64>(connection).optional()?;
    if new.or(used).is_some() {
        return Ok(());
    }
    connection.immediate_transaction(|connection| {
        let mut last = 0;
        loop {
            let replies: Vec<(i64, String, String)> = idempotency::table
                .select((idempotency::rowid, idempotency::principal, idempotency::key))
                .filter(idempotency::rowid.gt(last))
                .order(idempotency::rowid)
                .limit(AT_ONCE)
                .load(connection)?;
            let Some((reply, ..)) = replies.last() else { return Ok(()) };
            last = *reply;
            let rows: Vec<_> = replies
                .iter()
                .map(|(reply, principal, key)| {
                    (used_keys::digest.eq(digest(principal, key)), used_keys::reply.eq(reply))
                })
                .collect();
            diesel::insert_into(used_keys::table).values(rows).execute(connection)?;
        }
    })
}
