//! Both records go up, down and up again, and keep the same tables.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::Text,
};
use parkpro_testkit::servers;

fn folder(record: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(record)
}

/// The names of a record's migrations, oldest first.
fn names(record: &str) -> Vec<String> {
    let entries = fs::read_dir(folder(record)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn script(record: &str, name: &str, way: &str) -> String {
    fs::read_to_string(folder(record).join(name).join(format!("{way}.sql"))).unwrap()
}

/// Goes up, down and up again; what there was after each.
fn up_down_up<T>(record: &str, mut run: impl FnMut(&str), mut tables: impl FnMut() -> T) -> [T; 3] {
    let names = names(record);
    let up = || names.iter().map(|name| script(record, name, "up")).collect::<Vec<_>>();
    let down = || names.iter().rev().map(|name| script(record, name, "down")).collect::<Vec<_>>();
    let mut go = |scripts: Vec<String>| {
        for script in &scripts {
            run(script);
        }
        tables()
    };
    [go(up()), go(down()), go(up())]
}

type Columns = BTreeMap<String, Vec<String>>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

const OF_SQLITE: &str =
    "SELECT m.name AS table_name, c.name AS column_name FROM sqlite_schema m, pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2";
const OF_POSTGRES: &str = "SELECT table_name || ' ' || column_name FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"";

fn sqlite() -> [Columns; 3] {
    let connection = std::cell::RefCell::new(SqliteConnection::establish(":memory:").unwrap());
    let run = |script: &str| connection.borrow_mut().batch_execute(script).unwrap();
    let tables = || {
        let columns: Vec<Column> = diesel::sql_query(OF_SQLITE).load(&mut *connection.borrow_mut()).unwrap();
        by_table(columns.into_iter().map(|column| (column.table_name, column.column_name)))
    };
    up_down_up("sqlite", run, tables)
}

fn postgres() -> [Columns; 3] {
    let server = servers::postgres();
    let url = server.fresh_database();
    let database = url.rsplit('/').next().unwrap();
    let tables = || {
        let text = server.sql(database, OF_POSTGRES);
        by_table(
            text.lines().filter_map(|line| line.split_once(' ')).map(|(t, c)| (t.to_owned(), c.to_owned())),
        )
    };
    up_down_up("postgres", |script| drop(server.sql(database, script)), tables)
}

fn by_table(columns: impl Iterator<Item = (String, String)>) -> Columns {
    let mut tables = Columns::new();
    for (table, column) in columns {
        tables.entry(table).or_default().push(column);
    }
    tables
}

#[test]
fn both_records_have_the_same_migrations() {
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn they_go_up_down_and_up_again() {
    for [up, down, again] in [sqlite(), postgres()] {
        assert!(up.contains_key("tickets"), "{up:?}");
        assert_eq!(down, Columns::new(), "nothing is left behind");
        assert_eq!(up, again);
    }
}

/// A lot with a vehicle inside whose plate was corrected, one that has left, a line of the journal, and two replies.
const A_USED_LOT: &str = "
    INSERT INTO lots VALUES (1, 'main', 'Main', 'UTC', 'USD', 1, NULL, 'standard', 1, 0, 4, 4, 3, 3, 2, '');
    INSERT INTO slots VALUES (1, 1, 'A-1', NULL, 'car', 0, 1, NULL, 0, 1, NULL), (1, 2, 'A-2', NULL, 'car', 0, 1, NULL, 0, 1, NULL);
    INSERT INTO tickets (id, lot_id, number, plate_shown, plate_key, class, priority, turn, status, arrived_at,
                         slot_id, admission, parked_at, ended_at, fee_minor, fee_currency, fee_lines)
    VALUES (X'01990000000070008000000000000001', 1, 1, 'A 1', 'A1', 'car', 'standard', 1, 'departed', 1, 1, 1, 1, 2, 5000, 'USD', ''),
           (X'01990000000070008000000000000002', 1, 2, 'A 2', 'A2', 'car', 'standard', 2, 'parked', 3, 1, 2, 3, NULL, NULL, NULL, NULL);
    UPDATE slots SET ticket_id = X'01990000000070008000000000000002' WHERE id = 1;
    INSERT INTO plate_corrections VALUES (X'01990000000070008000000000000002', 4, 'A 3', 'A3', 4, 'somebody');
    INSERT INTO journal VALUES (1, 4, 0, 'plate_corrected', X'01990000000070008000000000000002', NULL, 'somebody', 4, '');
    INSERT INTO idempotency VALUES ('gate', 'z', zeroblob(32), 201, NULL, NULL, X'7B7D', 1), ('gate', 'a', zeroblob(32), 404, NULL, NULL, X'7B', 2);";

#[derive(QueryableByName, Debug, PartialEq)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Everything in it that a migration could lose.
fn lines(connection: &mut SqliteConnection) -> Vec<Line> {
    let all = "SELECT hex(id) || number || plate_key || status || coalesce(slot_id, '') || coalesce(fee_minor, '') AS line
        FROM tickets
        UNION ALL SELECT version || kind || hex(ticket_id) FROM journal
        UNION ALL SELECT id || label || accepts || coalesce(hex(ticket_id), '') FROM slots
        UNION ALL SELECT principal || key || hex(fingerprint) || status || hex(body) || created_at FROM idempotency
        ORDER BY 1";
    diesel::sql_query(all).load(connection).unwrap()
}

#[test]
fn a_used_record_survives_that_sqlite_makes_its_tables_anew() {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection.batch_execute("PRAGMA foreign_keys = ON").unwrap();
    let names = names("sqlite");
    let (old, new) = names.split_at(names.iter().position(|name| name.contains("lean_rows")).unwrap());
    // As the program carries them out: each in a transaction, which what refers to nothing would break.
    let run = |connection: &mut SqliteConnection, name: &str, way: &str| {
        connection
            .immediate_transaction(|connection| connection.batch_execute(&script("sqlite", name, way)))
            .unwrap();
    };
    for name in old {
        run(&mut connection, name, "up");
    }
    connection.batch_execute(A_USED_LOT).unwrap();
    let before = lines(&mut connection);
    assert_eq!(before.len(), 7);
    for name in new {
        run(&mut connection, name, "up");
        assert_eq!(lines(&mut connection), before, "{name}");
    }
    let broken = "SELECT \"table\" AS line FROM pragma_foreign_key_check";
    assert_eq!(diesel::sql_query(broken).load::<Line>(&mut connection).unwrap(), []);
    let gone = connection.batch_execute("DELETE FROM tickets WHERE number = 2");
    assert!(gone.is_err(), "corrections still refer to tickets");
    for name in new.iter().rev() {
        run(&mut connection, name, "down");
        assert_eq!(lines(&mut connection), before, "{name}, down");
    }
    for name in new {
        run(&mut connection, name, "up");
    }
    assert_eq!(lines(&mut connection), before);
}

#[test]
fn both_records_have_the_same_tables_and_columns() {
    let ([mut sqlite, ..], [postgres, ..]) = (sqlite(), postgres());
    assert!(sqlite.remove("epoch").is_some(), "Postgres names its own history");
    for keys in ["new_keys", "used_keys"] {
        assert!(sqlite.remove(keys).is_some(), "Postgres finds keys by an index");
    }
    assert_eq!(sqlite.get_mut("idempotency").map(|columns| columns.remove(4)).as_deref(), Some("id"));
    assert_eq!(sqlite, postgres);
}
