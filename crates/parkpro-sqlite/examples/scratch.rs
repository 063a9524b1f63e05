#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::as_conversions)]
use diesel::prelude::*;
use diesel::connection::SimpleConnection;
use diesel_migrations::{embed_migrations, EmbeddedMigrations, MigrationHarness};
use std::time::Instant;
const M: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
diesel::table! { slots (lot_id, id) { lot_id -> BigInt, id -> BigInt, label -> Text, level -> Nullable<Text>, accepts -> Text, rank -> Integer, in_service -> Bool, reason -> Nullable<Text>, retired -> Bool, revision -> BigInt, ticket_id -> Nullable<Binary>, } }
diesel::table! { journal (lot_id, version, n) { lot_id -> BigInt, version -> BigInt, n -> Integer, kind -> Text, ticket_id -> Nullable<Binary>, slot_id -> Nullable<BigInt>, actor -> Text, at -> BigInt, data -> Text, } }
diesel::table! { idempotency (principal, key) { principal -> Text, key -> Text, fingerprint -> Binary, status -> Integer, location -> Nullable<Text>, etag -> Nullable<Text>, body -> Binary, created_at -> BigInt, } }
diesel::table! { tickets (id) { id -> Binary, lot_id -> BigInt, number -> BigInt, plate_shown -> Text, plate_key -> Text, class -> Text, priority -> Text, turn -> BigInt, status -> Text, arrived_at -> BigInt, occurred_at -> Nullable<BigInt>, slot_id -> Nullable<BigInt>, admission -> Nullable<BigInt>, parked_at -> Nullable<BigInt>, ended_at -> Nullable<BigInt>, exit_occurred_at -> Nullable<BigInt>, fee_minor -> Nullable<BigInt>, fee_currency -> Nullable<Text>, fee_lines -> Nullable<Text>, reason -> Nullable<Text>, } }

#[derive(Insertable, Clone)]
#[diesel(table_name = journal, treat_none_as_default_value = false)]
struct J<'a> { lot_id: i64, version: i64, n: i32, kind: &'a str, ticket_id: Option<&'a [u8]>, slot_id: Option<i64>, actor: &'a str, at: i64, data: &'a str }
#[derive(Insertable, Clone)]
#[diesel(table_name = tickets, treat_none_as_default_value = false)]
struct T<'a> { id: &'a [u8], lot_id: i64, number: i64, plate_shown: &'a str, plate_key: &'a str, class: &'a str, priority: &'a str, turn: i64, status: &'a str, arrived_at: i64, occurred_at: Option<i64>, slot_id: Option<i64>, admission: Option<i64>, parked_at: Option<i64>, ended_at: Option<i64> , fee_minor: Option<i64>, fee_currency: Option<&'a str>, fee_lines: Option<&'a str>}
#[derive(Insertable, Clone)]
#[diesel(table_name = idempotency, treat_none_as_default_value = false)]
struct I<'a> { principal: &'a str, key: &'a str, fingerprint: &'a [u8], status: i32, location: Option<&'a str>, etag: Option<&'a str>, body: &'a [u8], created_at: i64 }

fn time<R>(what: &str, n: usize, f: impl FnOnce() -> R) -> R { let t = Instant::now(); let r = f(); println!("{what}: {:.2} us each", t.elapsed().as_secs_f64()*1e6/n as f64); r }
fn uuid(n: u64) -> [u8;16] { let mut b=[0;16]; b[..8].copy_from_slice(&n.to_be_bytes()); b }

fn main() {
    let _ = std::fs::remove_file("/tmp/scratch.db"); let _ = std::fs::remove_file("/tmp/scratch.db-wal");
    let mut c = SqliteConnection::establish("/tmp/scratch.db").unwrap();
    for p in ["PRAGMA busy_timeout=5000","PRAGMA journal_mode=WAL","PRAGMA synchronous=FULL","PRAGMA foreign_keys=ON","PRAGMA cache_size=-64000","PRAGMA temp_store=MEMORY"] { c.batch_execute(p).unwrap(); }
    c.run_pending_migrations(M).unwrap();
    c.batch_execute("insert into lots values (1,'main','Main','UTC','USD',1,null,'vip,standard',1,0,1,0,1,1,1)").unwrap();
    c.batch_execute("BEGIN IMMEDIATE").unwrap();
    for i in 1..=10000i64 { diesel::insert_into(slots::table).values((slots::lot_id.eq(1), slots::id.eq(i), slots::label.eq(format!("A-{i:05}")), slots::accepts.eq("car"), slots::rank.eq(0), slots::in_service.eq(true), slots::retired.eq(false), slots::revision.eq(1))).execute(&mut c).unwrap(); }
    let n = 20000usize;
    let plates: Vec<String> = (0..n as u64).map(|i| format!("P{:07X}", i.wrapping_mul(0x9E3779B97F4A7C15)>>36)).collect();
    let mk = |i: usize, id: &'static [u8]| -> T<'_> { let d = i >= 8000; T { id, lot_id: 1, number: i as i64+1, plate_shown: &plates[i], plate_key: &plates[i], class: "car", priority: "standard", turn: i as i64, status: if d {"departed"} else {"parked"}, arrived_at: i as i64, occurred_at: None, slot_id: Some(i as i64 % 8000 + 1), admission: Some(i as i64+1), parked_at: Some(i as i64), ended_at: d.then_some(9), fee_minor: d.then_some(5000), fee_currency: d.then_some("USD"), fee_lines: d.then_some("started-hour\t123\t123\t1\t5000\t5000\t1 started hour")} };
    let ids: Vec<&'static [u8]> = (0..n as u64).map(|i| &*Box::leak(Box::new(uuid(i)))as &[u8]).collect();
    time("insert ticket single", 8000, || for i in 0..8000 { diesel::insert_into(tickets::table).values(mk(i, ids[i])).execute(&mut c).unwrap(); });
    time("insert departed ticket single", 4000, || for i in 8000..12000 { diesel::insert_into(tickets::table).values(mk(i, ids[i])).execute(&mut c).unwrap(); });
    time("insert departed ticket x8", 8000, || for i in (12000..20000).step_by(8) { let a: [T;8] = std::array::from_fn(|k| mk(i+k, ids[i+k])); diesel::insert_into(tickets::table).values(a).execute(&mut c).unwrap(); });
    time("update slot single", 8000, || for i in 0..8000 { diesel::update(slots::table.filter(slots::lot_id.eq(1).and(slots::id.eq(i as i64+1)))).set(slots::ticket_id.eq(Some(ids[i]))).execute(&mut c).unwrap(); });
    time("update slot same", 8000, || for i in 0..8000 { diesel::update(slots::table.filter(slots::lot_id.eq(1).and(slots::id.eq(i as i64+1)))).set(slots::revision.eq(2)).execute(&mut c).unwrap(); });
    let j = |i: usize| J { lot_id: 1, version: i as i64, n: 0, kind: "ticket_parked", ticket_id: Some(ids[i%8000]), slot_id: Some(7), actor: "anonymous", at: 77777777, data: "1234\tA-0034" };
    time("journal single", 16000, || for i in 0..16000 { diesel::insert_into(journal::table).values(j(i)).execute(&mut c).unwrap(); });
    time("journal x4", 16000, || for i in (16000..32000).step_by(4) { let a: [J;4] = std::array::from_fn(|k| j(i+k)); diesel::insert_into(journal::table).values(a).execute(&mut c).unwrap(); });
    time("journal x16", 16000, || for i in (32000..48000).step_by(16) { let a: [J;16] = std::array::from_fn(|k| j(i+k)); diesel::insert_into(journal::table).values(a).execute(&mut c).unwrap(); });
    let body = vec![b'x'; 500];
    let keys: Vec<String> = (0..32000u64).map(|i| format!("{:016x}-{:016x}", i.wrapping_mul(0x9E3779B97F4A7C15), i)).collect();
    let f = [7u8;32];
    let r = |i: usize| I { principal: "anonymous", key: &keys[i], fingerprint: &f, status: 201, location: Some("/api/v1/tickets/0199f0c2-0199f0c2-0199f0c2"), etag: None, body: &body, created_at: 7777777 };
    time("reply single", 16000, || for i in 0..16000 { diesel::insert_into(idempotency::table).values(r(i)).execute(&mut c).unwrap(); });
    time("reply x8", 16000, || for i in (16000..32000).step_by(8) { let a: [I;8] = std::array::from_fn(|k| r(i+k)); diesel::insert_into(idempotency::table).values(a).execute(&mut c).unwrap(); });
    type R = (Vec<u8>, i32, Option<String>, Option<String>, Vec<u8>);
    time("claim single miss", 16000, || for i in 0..16000 { idempotency::table.filter(idempotency::principal.eq("anonymou").and(idempotency::key.eq(&keys[i]))).select((idempotency::fingerprint, idempotency::status, idempotency::location, idempotency::etag, idempotency::body)).first::<R>(&mut c).optional().unwrap(); });
    time("claim eq_any16 uncached miss", 16000, || for i in (0..16000).step_by(16) { idempotency::table.filter(idempotency::principal.eq("anonymou").and(idempotency::key.eq_any(&keys[i..i+16]))).select((idempotency::fingerprint, idempotency::status, idempotency::location, idempotency::etag, idempotency::body)).load::<R>(&mut c).unwrap(); });
    #[derive(Queryable, Selectable)] #[diesel(table_name=tickets)] #[allow(dead_code)]
    struct Row { id: Vec<u8>, lot_id: i64, number: i64, plate_shown: String, plate_key: String, class: String, priority: String, turn: i64, status: String, arrived_at: i64, occurred_at: Option<i64>, slot_id: Option<i64>, admission: Option<i64>, parked_at: Option<i64>, ended_at: Option<i64>, exit_occurred_at: Option<i64>, fee_minor: Option<i64>, fee_currency: Option<String>, fee_lines: Option<String>, reason: Option<String> }
    time("newest single hit", 16000, || for i in 0..16000 { tickets::table.filter(tickets::lot_id.eq(1).and(tickets::plate_key.eq(&plates[i]))).order(tickets::number.desc()).limit(1).select(Row::as_select()).load(&mut c).unwrap(); });
    time("newest single miss", 16000, || for i in 0..16000 { tickets::table.filter(tickets::lot_id.eq(2).and(tickets::plate_key.eq(&plates[i]))).order(tickets::number.desc()).limit(1).select(Row::as_select()).load(&mut c).unwrap(); });
    time("by id hit", 16000, || for i in 0..16000 { tickets::table.filter(tickets::id.eq(ids[i])).select(Row::as_select()).load(&mut c).unwrap(); });
    time("id exists via id", 16000, || for i in 0..16000 { tickets::table.filter(tickets::id.eq(ids[i])).select(tickets::lot_id).load::<i64>(&mut c).unwrap(); });
    time("eq_any16 hit uncached", 16000, || for i in (0..16000).step_by(16) { tickets::table.filter(tickets::id.eq_any(&ids[i..i+16])).select(Row::as_select()).load(&mut c).unwrap(); });
    time("eq_any64 hit uncached", 15360, || for i in (0..15360).step_by(64) { tickets::table.filter(tickets::id.eq_any(&ids[i..i+64])).select(Row::as_select()).load(&mut c).unwrap(); });
    time("depart update", 8000, || for i in 0..8000 { diesel::update(tickets::table.filter(tickets::id.eq(ids[i]))).set((tickets::status.eq("departed"), tickets::ended_at.eq(9), tickets::exit_occurred_at.eq(None::<i64>), tickets::fee_minor.eq(5000), tickets::fee_currency.eq("USD"), tickets::fee_lines.eq("started-hour\t123\t123\t1\t5000\t5000\t1 started hour"))).execute(&mut c).unwrap(); });
    time("update slot free", 8000, || for i in 0..8000 { diesel::update(slots::table.filter(slots::lot_id.eq(1).and(slots::id.eq(i as i64+1)))).set(slots::ticket_id.eq(None::<Vec<u8>>)).execute(&mut c).unwrap(); });
    time("commit", 1, || c.batch_execute("COMMIT").unwrap());
}
