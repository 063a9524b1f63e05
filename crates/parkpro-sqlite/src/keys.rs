//! Idempotency keys, and what was answered under them.
//!
//! Replies lie in the order in which they were given. A key is found by its digest, among the new ones or among all
//! before. Digests are at random, so each that is looked for or added needs a page of its own. The table of the new ones
//! has few pages; each turn puts those that begin alike to the others, which are neighbours there.

use diesel::{connection::DefaultLoadingMode, prelude::*, sqlite::SqliteConnection};
use parkpro_domain::{
    ports::{Key, Reply},
    protocol::Claim,
    time::Timestamp,
};
use sha2::{Digest as _, Sha256};

use crate::{
    fault::Failure,
    schema::{idempotency, new_keys, used_keys},
    statement::{CopyNewKeys, DropNewKeys, InsertNewKey, InsertReply, NewKey, UsedKey},
    transaction::SqliteTransaction,
};

/// Where the next keys go.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// The number of the last reply.
    last: i64,
    /// How those digests begin that were put to the others last.
    tidied: u8,
}

impl Shelf {
    /// As the file has it.
    pub(crate) fn of(connection: &mut SqliteConnection) -> QueryResult<Self> {
        let last = idempotency::table.select(idempotency::id).order(idempotency::id.desc());
        Ok(Self { last: last.first(connection).optional()?.unwrap_or(0), tidied: 0 })
    }
}

/// What a key is found by: half of a SHA-256, so no two keys have the same.
type Digest = [u8; 16];

fn digest(principal: &str, key: &str) -> Digest {
    let mut hash = Sha256::new();
    hash.update(principal);
    hash.update([0]);
    hash.update(key);
    let mut digest = Digest::default();
    digest.iter_mut().zip(hash.finalize()).for_each(|(byte, found)| *byte = found);
    digest
}

fn digests<'k>(keys: impl Iterator<Item = &'k Key>) -> Vec<Digest> {
    keys.map(|key| digest(&key.principal.0, &key.key)).collect()
}

impl SqliteTransaction {
    /// Nobody else writes, so a key that is not there is ours; its row is written with the answer.
    pub(crate) fn claims(&mut self, keys: &[&Key]) -> Result<Vec<Claim>, Failure> {
        let mut claims: Vec<Claim> = keys.iter().map(|_| Claim::Fresh).collect();
        let digests = digests(keys.iter().copied());
        let new: Vec<NewKey<'_>> = digests.iter().map(|digest| NewKey { digest }).collect();
        let used: Vec<UsedKey<'_>> = digests.iter().map(|digest| UsedKey { digest }).collect();
        let found = [NewKey::find(&mut self.connection, &new)?, UsedKey::find(&mut self.connection, &used)?];
        for row in found.into_iter().flatten() {
            let place = keys.iter().position(|key| key.principal.0 == row.principal && key.key == row.key);
            let (fingerprint, reply) = row.reply()?;
            if let Some(claim) = place.and_then(|place| claims.get_mut(place)) {
                *claim = Claim::Used { fingerprint, reply };
            }
        }
        Ok(claims)
    }

    /// Keeps what was answered.
    pub(crate) fn keep_replies(&mut self, replies: &[(&Key, &Reply)], now: Timestamp) -> Result<(), Failure> {
        if replies.is_empty() {
            return Ok(());
        }
        // Numbers that are given here are not given again, also if this is undone.
        let numbered = replies.iter().map(|(key, reply)| {
            self.shelf.last += 1;
            reply_row(self.shelf.last, key, reply, now)
        });
        let rows: Vec<InsertReply<'_>> = numbered.collect();
        let digests = digests(replies.iter().map(|(key, _)| *key));
        let keys = digests.iter().zip(&rows).map(|(digest, row)| InsertNewKey { digest, reply: row.id });
        self.insert(&keys.collect::<Vec<_>>())?;
        self.insert(&rows)?;
        self.tidy_keys()
    }

    /// Puts those new keys to the others whose digests begin with the next byte. So the table of the new ones has at most
    /// as many as come in 256 turns.
    fn tidy_keys(&mut self) -> Result<(), Failure> {
        let next = self.shelf.tidied.wrapping_add(1);
        self.shelf.tidied = next;
        let (first, mut last) = ([next], [u8::MAX; 16]);
        last[0] = next;
        let (from, to) = (first.as_slice(), last.as_slice());
        CopyNewKeys { from, to }.execute(&mut self.connection)?;
        DropNewKeys { from, to }.execute(&mut self.connection)?;
        Ok(())
    }

    /// Forgets old keys, oldest first, which is the order in which they lie; how many.
    pub(crate) fn forget(&mut self, used_before: Timestamp, most: u32) -> Result<u32, Failure> {
        self.alone(|transaction| transaction.forget_some(used_before, most))
    }

    fn forget_some(&mut self, used_before: Timestamp, most: u32) -> Result<u32, Failure> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let old = idempotency::table
            .select((idempotency::id, idempotency::principal, idempotency::key, idempotency::created_at))
            .order(idempotency::id)
            .load_iter::<(i64, String, String, i64), DefaultLoadingMode>(&mut self.connection)?
            .take(most)
            .filter(|row| row.as_ref().map_or(true, |(.., used_at)| *used_at < used_before.micros()))
            .map(|row| row.map(|(reply, principal, key, _)| (digest(&principal, &key), reply)));
        let mut old: Vec<(Digest, i64)> = old.collect::<QueryResult<_>>()?;
        // In the order of the digests, so that neighbours go together.
        old.sort_unstable();
        for (digest, reply) in &old {
            let digest = digest.as_slice();
            diesel::delete(used_keys::table.find(digest)).execute(&mut self.connection)?;
            diesel::delete(new_keys::table.find(digest)).execute(&mut self.connection)?;
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
    const AT_ONCE: usize = 256;
    let new = new_keys::table.select(new_keys::reply).first::<i64>(connection).optional()?;
    let used = used_keys::table.select(used_keys::reply).first::<i64>(connection).optional()?;
    if new.or(used).is_some() {
        return Ok(());
    }
    let replies = idempotency::table
        .select((idempotency::id, idempotency::principal, idempotency::key))
        .load_iter::<(i64, String, String), DefaultLoadingMode>(connection)?
        .map(|row| row.map(|(reply, principal, key)| (digest(&principal, &key), reply)));
    let mut keys: Vec<(Digest, i64)> = replies.collect::<QueryResult<_>>()?;
    keys.sort_unstable();
    connection.immediate_transaction(|connection| {
        for some in keys.chunks(AT_ONCE) {
            let rows = some
                .iter()
                .map(|(digest, reply)| (used_keys::digest.eq(digest.as_slice()), used_keys::reply.eq(reply)));
            let rows: Vec<_> = rows.collect();
            diesel::insert_into(used_keys::table).values(rows).execute(connection)?;
        }
        Ok(())
    })
}
