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

#[test]
fn both_records_have_the_same_tables_and_columns() {
    let ([mut sqlite, ..], [postgres, ..]) = (sqlite(), postgres());
    assert!(sqlite.remove("epoch").is_some(), "Postgres names its own history");
    assert_eq!(sqlite, postgres);
}
