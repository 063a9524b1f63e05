//! Statements and conditions that Diesel's own language lacks, or would have prepared anew at each use.
//!
//! Four habits of SQLite and Diesel decide what is here. Diesel never keeps an UPDATE or an upsert prepared, and takes
//! twice as long as here over an INSERT of many columns or a SELECT of many. SQLite uses a partial index only if the query
//! repeats its condition word for word, not with bound values. It prepares a statement again whenever a bound LIMIT
//! changes, so nothing here has a LIMIT: whoever wants the first few rows stops reading. And it copies every page that a
//! statement of many rows writes, to be able to undo that statement alone, unless the statement says `OR FAIL`, as those do
//! that are carried out for every ticket: whatever fails undoes the whole turn.

use std::array::from_fn;

use diesel::{
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::Bool,
    sqlite::Sqlite,
};

/// Declares a statement that is prepared once. Each `?` of its text stands for a field, in order.
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident<'a> { $($field:ident: $rust:ty => $sql:ty,)+ } $text:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $rust,)+
        }

        impl $name<'_> {
            const PIECES: [&'static str; [$(stringify!($field)),+].len() + 1] = pieces($text);
        }

        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl QueryFragment<Sqlite> for $name<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                let [first, rest @ ..] = Self::PIECES;
                let mut rest = rest.iter();
                out.push_sql(first);
                $(
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                    rest.next().into_iter().for_each(|piece| out.push_sql(piece));
                )+
                Ok(())
            }
        }

        impl RunQueryDsl<SqliteConnection> for $name<'_> {}
    };
}

/// How many rows are inserted, or looked for, by one statement if there are as many. Each text is prepared for so many and
/// for one.
pub(crate) const TOGETHER: usize = 8;

/// What one statement inserts, or looks for.
#[derive(Debug)]
pub(crate) struct Each<'r, R, const N: usize>(pub(crate) &'r [R; N]);

/// One of them: what comes before all and after them, and its own values.
pub(crate) trait Row: QueryId {
    const BEFORE: &'static str;
    const AFTER: &'static str;

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()>;
}

impl<R: Row, const N: usize> QueryId for Each<'_, R, N> {
    type QueryId = Each<'static, R::QueryId, N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Row, const N: usize> QueryFragment<Sqlite> for Each<'_, R, N> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(R::BEFORE);
        for (n, row) in self.0.iter().enumerate() {
            out.push_sql(if n == 0 { "VALUES (" } else { "), (" });
            row.bind(&mut out)?;
        }
        out.push_sql(")");
        out.push_sql(R::AFTER);
        Ok(())
    }
}

impl<R, const N: usize> RunQueryDsl<SqliteConnection> for Each<'_, R, N> {}

/// Declares what a statement inserts many of.
macro_rules! rows {
    ($(#[$doc:meta])* $name:ident<'a> { $($field:ident: $rust:ty => $sql:ty,)+ } $before:expr, $after:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $rust,)+
        }

        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl Row for $name<'_> {
            const BEFORE: &'static str = $before;
            const AFTER: &'static str = $after;

            fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                let mut separators = once("").chain(repeat(", "));
                $(
                    separators.next().into_iter().for_each(|separator| out.push_sql(separator));
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                )+
                Ok(())
            }
        }
    };
}

/// Declares what a statement looks for, many at once, and the rows that it finds.
macro_rules! lookup {
    ($(#[$doc:meta])* $name:ident<'a> { $($field:ident: $rust:ty => $sql:ty,)+ } $found:ty: $before:expr, $after:literal) => {
        rows! { $(#[$doc])* $name<'a> { $($field: $rust => $sql,)+ } $before, $after }

        impl<const N: usize> Query for Each<'_, $name<'_>, N> {
            type SqlType = SqlTypeOf<AsSelect<$found, Sqlite>>;
        }

        impl $name<'_> {
            /// What is there, in any order, some of it perhaps twice.
            pub(crate) fn find(connection: &mut SqliteConnection, wanted: &[Self]) -> QueryResult<Vec<$found>> {
                let mut found = Vec::new();
                for some in wanted.chunks(TOGETHER) {
                    found.extend(match some {
                        [one] => Each(from_ref(one)).load::<$found>(connection)?,
                        some => Each(&filled(some)).load::<$found>(connection)?,
                    });
                }
                Ok(found)
            }
        }
    };
}

mod lookups;
mod writes;

pub(crate) use self::{lookups::*, writes::*};

/// As many as a statement takes, the last one again and again.
fn filled<R: Copy>(some: &[R]) -> [R; TOGETHER] {
    from_fn(|n| some[n.min(some.len() - 1)])
}

/// The pieces of a text between its question marks, of which there must be one less.
const fn pieces<const N: usize>(text: &str) -> [&str; N] {
    let mut pieces = [""; N];
    let (mut piece, mut from, mut at) = (0, 0, 0);
    while at < text.len() {
        if text.as_bytes()[at] == b'?' {
            pieces[piece] = text.split_at(at).0.split_at(from).1;
            (piece, from) = (piece + 1, at + 1);
        }
        at += 1;
    }
    assert!(piece + 1 == N, "as many question marks as fields");
    pieces[piece] = text.split_at(from).1;
    pieces
}

/// Declares a condition in literal words, as a partial index has it.
macro_rules! condition {
    ($(#[$doc:meta])* $name:ident $text:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name;

        impl Expression for $name {
            type SqlType = Bool;
        }

        impl<Source> AppearsOnTable<Source> for $name {}

        impl<Source> SelectableExpression<Source> for $name {}

        impl ValidGrouping<()> for $name {
            type IsAggregate = is_aggregate::No;
        }

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql($text);
                Ok(())
            }
        }
    };
}

condition! {
    /// A ticket that waits.
    Waiting "tickets.status = 'waiting'"
}

condition! {
    /// A ticket that waits or is parked.
    Open "tickets.status IN ('waiting', 'parked')"
}

condition! {
    /// A ticket that ended in one of the less usual ways.
    Rare "tickets.status IN ('withdrawn', 'voided')"
}

/// Declares a comparison of two columns with a place in their order: a row value, which an index of both can search.
macro_rules! row_value {
    ($(#[$doc:meta])* $name:ident $compares:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name<Columns, Place>(pub(crate) Columns, pub(crate) Place);

        impl<Columns, Place> Expression for $name<Columns, Place> {
            type SqlType = Bool;
        }

        impl<Columns, Place, Source> AppearsOnTable<Source> for $name<Columns, Place> {}

        impl<Columns, Place> ValidGrouping<()> for $name<Columns, Place> {
            type IsAggregate = is_aggregate::No;
        }

        impl<Columns: QueryFragment<Sqlite>, Place: QueryFragment<Sqlite>> QueryFragment<Sqlite>
            for $name<Columns, Place>
        {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql("(");
                self.0.walk_ast(out.reborrow())?;
                out.push_sql($compares);
                self.1.walk_ast(out.reborrow())?;
                out.push_sql(")");
                Ok(())
            }
        }
    };
}

row_value! {
    /// A row behind a place in the order of two columns.
    Behind ") > ("
}

row_value! {
    /// A row before or at a place in the order of two columns.
    UpTo ") <= ("
}
