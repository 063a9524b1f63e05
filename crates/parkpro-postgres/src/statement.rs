//! Hand-written SQL, prepared once a connection.
//!
//! `diesel::sql_query` is prepared anew at every call, and the DSL has neither `unnest` nor `LATERAL`. This is what lies
//! between: Diesel binds, sends, caches and reads, the text is ours.

use std::marker::PhantomData;

use diesel::{
    deserialize::FromSqlRow,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::{Error, QueryResult},
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};
use futures_util::{StreamExt, TryStreamExt, future::BoxFuture};
use uuid::Uuid;

/// A text with `$1`, `$2`, … in this order, each once, what they stand for, and the columns of its rows.
pub(crate) struct Statement<'a, Columns = ()> {
    text: &'a str,
    parameters: &'a [&'a dyn Parameter],
    columns: PhantomData<fn() -> Columns>,
}

/// A value that Postgres gets.
pub(crate) trait Parameter: Sync {
    fn bind<'b>(&'b self, pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

macro_rules! parameter {
    ($($value:ty => $sql:ty;)*) => {
        $(impl Parameter for $value {
            fn bind<'b>(&'b self, pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                pass.push_bind_param::<$sql, _>(self)
            }
        })*
    };
}

parameter! {
    bool => Bool;
    i32 => Integer;
    i64 => BigInt;
    str => Text;
    &str => Text;
    Uuid => SqlUuid;
    Option<i32> => Nullable<Integer>;
    Option<i64> => Nullable<BigInt>;
    Option<&str> => Nullable<Text>;
    Option<bool> => Nullable<Bool>;
    &[i64] => Array<BigInt>;
    &[&str] => Array<Text>;
    &[Uuid] => Array<SqlUuid>;
    Vec<bool> => Array<Bool>;
    Vec<i16> => Array<SmallInt>;
    Vec<i32> => Array<Integer>;
    Vec<i64> => Array<BigInt>;
    Vec<&str> => Array<Text>;
    Vec<String> => Array<Text>;
    Vec<&[u8]> => Array<Binary>;
    Vec<Uuid> => Array<SqlUuid>;
    Vec<Option<i32>> => Array<Nullable<Integer>>;
    Vec<Option<i64>> => Array<Nullable<BigInt>>;
    Vec<Option<&str>> => Array<Nullable<Text>>;
    Vec<Option<String>> => Array<Nullable<Text>>;
    Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>;
}

impl<'a, Columns: 'static> Statement<'a, Columns> {
    pub(crate) const fn new(text: &'a str, parameters: &'a [&'a dyn Parameter]) -> Self {
        Self { text, parameters, columns: PhantomData }
    }

    /// Its rows. It is sent when the future is first polled; the future borrows nothing but the connection.
    pub(crate) fn rows<Row>(self, mut connection: &AsyncPgConnection) -> BoxFuture<'_, QueryResult<Vec<Row>>>
    where
        Columns: Send,
        Row: FromSqlRow<Columns, Pg> + Send + 'static,
    {
        let rows = connection.load(self);
        Box::pin(async move {
            let rows = rows.await?;
            rows.map(|row| Row::build_from_row(&row?).map_err(Error::DeserializationError))
                .try_collect()
                .await
        })
    }

    /// Its first row, if there is one.
    pub(crate) fn row<Row>(self, connection: &AsyncPgConnection) -> BoxFuture<'_, QueryResult<Option<Row>>>
    where
        Columns: Send,
        Row: FromSqlRow<Columns, Pg> + Send + 'static,
    {
        let rows = self.rows(connection);
        Box::pin(async move { Ok(rows.await?.into_iter().next()) })
    }

    /// How many rows it touched.
    pub(crate) fn touched(self, mut connection: &AsyncPgConnection) -> BoxFuture<'_, QueryResult<usize>> {
        connection.execute_returning_count(self)
    }
}

impl<Columns> QueryFragment<Pg> for Statement<'_, Columns> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut pieces = self.text.split('$');
        pass.push_sql(pieces.next().unwrap_or_default());
        for (piece, parameter) in pieces.zip(self.parameters) {
            parameter.bind(&mut pass)?;
            pass.push_sql(piece.trim_start_matches(|letter: char| letter.is_ascii_digit()));
        }
        Ok(())
    }
}

/// The text itself is what a prepared statement is found by.
impl<Columns> QueryId for Statement<'_, Columns> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Columns> Query for Statement<'_, Columns> {
    type SqlType = Columns;
}
