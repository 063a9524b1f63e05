//! Lots as they are after years: filled by SQL in one go, and true to every promise of the record.

use std::{fmt::Write as _, path::Path};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use parkpro_domain::{
    money::Currency,
    protocol::Rules,
    tariff::Stay,
    ticket::{TicketNumber, Turn},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};
use parkpro_testkit::{ask, clock::MINUTE, servers::Postgres};

/// What a lot, which has only just been opened and has no slots, is filled with. Everything is for cars.
#[derive(Debug, Clone, Copy)]
pub struct Grown<'a> {
    /// Which lot.
    pub lot: &'a str,
    /// Slots.
    pub slots: u32,
    /// Vehicles that have come and gone, one after the other, each plate about twenty times. They need a slot.
    pub history: u32,
    /// Vehicles that stand in a slot.
    pub parked: u32,
    /// Vehicles that wait; only if no slot is free.
    pub waiting: u32,
    /// What the plates of those inside begin with, one letter. The rest is twelve digits: those who are parked first,
    /// then those who wait, from 1 on in the order in which they came.
    pub plates: char,
}

impl Grown<'_> {
    /// Fills a lot of a SQLite file that nobody has open.
    pub fn fill_sqlite(&self, path: &Path) {
        let path = path.to_str().expect("a path is text");
        let mut connection = SqliteConnection::establish(path).expect("the record is a file");
        connection
            .batch_execute("PRAGMA journal_mode = WAL; PRAGMA cache_size = -400000")
            .expect("a setting");
        let script = format!("BEGIN; {}; COMMIT", self.script(&SQLITE));
        connection.batch_execute(&script).expect("the lot is filled");
    }

    /// Fills a lot of a Postgres database.
    pub fn fill_postgres(&self, server: &Postgres, database: &str) {
        server.sql(database, &self.script(&POSTGRES));
        server.sql(database, "VACUUM ANALYZE");
    }

    /// Version 1 opened the lot. Version 2 adds the slots, then each who has gone came and left in a version each, then
    /// the others came.
    fn script(&self, dialect: &Dialect) -> String {
        let Self { lot, slots, history, parked, waiting, plates } = *self;
        let plate = format!("'{plates}' || {}", digits(12, &format!("(s.i - {history})")));
        let regulars = (history / 20).max(1);
        let mut script = self.slots(dialect);
        let mut tickets = |first: u32, count: u32, kind: &Kind<'_>| {
            if count > 0 {
                script.push_str(&self.tickets(dialect, first, count, kind));
            }
        };
        let gone = format!("'H' || {}", digits(8, &format!("(s.i % {regulars})")));
        tickets(1, history, &Kind { status: "departed", plate: &gone, version: "(2 * s.i + 1)" });
        let version = format!("(s.i + {history} + 2)");
        tickets(history + 1, parked, &Kind { status: "parked", plate: &plate, version: &version });
        tickets(history + parked + 1, waiting, &Kind { status: "waiting", plate: &plate, version: &version });
        let (arrivals, admissions) = (history + parked + waiting, history + parked);
        script + &format!(
            "INSERT INTO slot_counts (lot_id, accepts, capacity, occupied, out_of_service)
               SELECT id, 'car', {slots}, {parked}, 0 FROM lots WHERE slug = '{lot}';
             INSERT INTO waiting_counts (lot_id, class, priority, waiting)
               SELECT id, 'car', 'standard', {waiting} FROM lots WHERE slug = '{lot}' AND {waiting} > 0;
             UPDATE lots SET version = {arrivals} + {history} + 2, last_at = last_at + {arrivals} + {history} + 1,
               next_number = {arrivals} + 1, next_admission = {admissions} + 1, next_slot = {slots} + 1
               WHERE slug = '{lot}'",
        )
    }

    fn slots(&self, dialect: &Dialect) -> String {
        let Self { lot, slots, history, parked, .. } = *self;
        let occupant = (dialect.ticket_id)(&format!("(s.i + {history})"));
        let (series, label) = ((dialect.series)(1, slots), label("s.i"));
        format!(
            "INSERT INTO slots (lot_id, id, label, accepts, rank, in_service, retired, revision, ticket_id)
               SELECT lots.id, s.i, {label}, 'car', 0, TRUE, FALSE, 1, CASE WHEN s.i <= {parked} THEN {occupant} END
               FROM lots, {series} WHERE slug = '{lot}';
             INSERT INTO journal (lot_id, version, n, kind, slot_id, actor, at, data)
               SELECT lots.id, 2, s.i - 1, 'slot_added', s.i, 'anonymous', last_at + 1, {label}
               FROM lots, {series} WHERE slug = '{lot}';",
        )
    }

    /// `number` is `s.i` in what it makes of a ticket.
    fn tickets(&self, dialect: &Dialect, first: u32, count: u32, kind: &Kind<'_>) -> String {
        let Self { lot, slots, history, .. } = *self;
        let Kind { status, plate, version } = kind;
        let from = format!("FROM lots, {} WHERE slug = '{lot}'", (dialect.series)(first, count));
        let ticket = (dialect.ticket_id)("s.i");
        let turn = Turn::of(1, TicketNumber(0)).0;
        let (gone, parked) = (*status == "departed", *status != "waiting");
        let slot = if gone { format!("((s.i - 1) % {slots} + 1)") } else { format!("(s.i - {history})") };
        let label = label(&slot);
        let only = |so: bool, then: &str| if so { then.to_owned() } else { "NULL".to_owned() };
        let (slot, admission, at) =
            (only(parked, &slot), only(parked, "s.i"), format!("last_at + {version} - 1"));
        let (parked_at, ended_at) = (only(parked, &at), only(gone, &format!("last_at + {version}")));
        let (fee, lines) = an_hour();
        let (fee, currency, lines) =
            (only(gone, &fee), only(gone, "'USD'"), only(gone, &format!("'{lines}'")));
        let mut script = format!(
            "INSERT INTO tickets (id, lot_id, number, plate_shown, plate_key, class, priority, turn, status, arrived_at,
                 slot_id, admission, parked_at, ended_at, fee_minor, fee_currency, fee_lines)
               SELECT {ticket}, lots.id, s.i, {plate}, {plate}, 'car', 'standard', s.i + {turn}, '{status}', {at},
                 {slot}, {admission}, {parked_at}, {ended_at}, {fee}, {currency}, {lines} {from};"
        );
        let mut journal = |version: &str, n: u32, kind: &str, slot: &str, at: &str, data: &str| {
            let _ = write!(
                script,
                "INSERT INTO journal (lot_id, version, n, kind, ticket_id, slot_id, actor, at, data)
                   SELECT lots.id, {version}, {n}, '{kind}', {ticket}, {slot}, 'anonymous', {at}, {data} {from};"
            );
        };
        let number = "CAST(s.i AS text)";
        journal(version, 0, "ticket_arrived", "NULL", &at, &format!("{number} || '\tcar\tstandard'"));
        let stands = format!("{number} || '\t' || {label}");
        if parked {
            journal(version, 1, "ticket_parked", &slot, &at, &stands);
        }
        if gone {
            let left = format!("({version} + 1)");
            journal(&left, 0, "ticket_departed", &slot, &ended_at, &format!("{stands} || '\t{fee}'"));
        }
        script
    }
}

/// Tickets that are alike: SQL that makes the plate and the version of their arrival out of the number `s.i`.
struct Kind<'a> {
    status: &'a str,
    plate: &'a str,
    version: &'a str,
}

/// In what the two records' SQL differs.
struct Dialect {
    /// A table `s` whose column `i` counts from the first on.
    series: fn(u32, u32) -> String,
    /// The id of the ticket of `lots` with this number.
    ticket_id: fn(&str) -> String,
}

const SQLITE: Dialect = Dialect {
    series: |first, count| {
        let next = format!("SELECT i + 1 FROM s WHERE i + 1 < {first} + {count}");
        format!(
            "(WITH RECURSIVE s(i) AS (SELECT {first} WHERE {count} > 0 UNION ALL {next}) SELECT i FROM s) AS s"
        )
    },
    ticket_id: |number| format!("unhex({})", id_digits(number)),
};

const POSTGRES: Dialect = Dialect {
    series: |first, count| format!("generate_series({first}, {first} + {count} - 1) AS s(i)"),
    ticket_id: |number| format!("CAST({} AS uuid)", id_digits(number)),
};

/// The hexadecimal digits of a UUID of version 7.
fn id_digits(number: &str) -> String {
    format!("'0199' || {} || '70008000' || {}", digits(8, "lots.id"), digits(12, number))
}

fn label(slot: &str) -> String {
    format!("'G-' || {}", digits(7, slot))
}

/// A number in so many digits.
fn digits(width: usize, number: &str) -> String {
    format!("substr(CAST(1{:0width$} + {number} AS text), 2)", 0)
}

/// What everybody who has gone has paid: minor units, and the lines that say why.
fn an_hour() -> (String, String) {
    let Rules { fees, .. } = ask::rules();
    let currency = Currency::parse("USD").expect("a currency");
    let (from, to) = (Timestamp::from_micros(0), Timestamp::from_micros(MINUTE));
    let fee = fees.fee(&Stay::new(from, to, VehicleClass::car(), Zone::UTC, currency));
    (fee.total.minor.to_string(), fee.lines_text())
}
