//! The discounts of lots, and who has used them.

use diesel::{
    deserialize::Queryable,
    sql_types::{BigInt, Bool, Nullable, Text},
};
use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    discount::{Discount, DiscountCode, Gift, Terms, Uses},
    facts::{Changes, Use},
    lot::LotId,
    ports::PortError,
    time::Timestamp,
    vehicle::Plate,
};

use crate::{
    facts::unknown,
    fault::{Nonsense, Trouble},
    statement::{Parameter, Statement},
    transaction::PgTransaction,
    write::{Of, touch},
};

/// The columns of a [`DiscountRow`], of the table `discount_codes` under the name `d`.
macro_rules! discount_columns {
    () => {
        "d.code, d.gift, d.valid_from, d.valid_until, d.use_limit, d.plate_limit, d.stacks, d.uses, d.revision, \
         d.retired"
    };
}

pub(crate) const OF_LOT: &str = concat!(
    "SELECT ",
    discount_columns!(),
    " FROM unnest($1) AS wanted (code) CROSS JOIN LATERAL \
     (SELECT * FROM discount_codes WHERE lot_id = $2 AND code = wanted.code LIMIT 1) d"
);

pub(crate) const USED: &str = "SELECT u.code, u.plate_key, u.uses \
     FROM unnest($1, $2) AS wanted (code, plate_key) CROSS JOIN LATERAL \
     (SELECT * FROM discount_uses \
      WHERE lot_id = $3 AND code = wanted.code AND plate_key = wanted.plate_key LIMIT 1) u";

const ONE: &str = concat!(
    "SELECT ",
    discount_columns!(),
    " FROM discount_codes d WHERE d.lot_id = (SELECT id FROM lots WHERE slug = $1 AND NOT retired) AND d.code = $2"
);

const PAGE: &str = concat!(
    "SELECT ",
    discount_columns!(),
    " FROM discount_codes d WHERE d.lot_id = (SELECT id FROM lots WHERE slug = $1 AND NOT retired) \
     AND d.code > $2 AND NOT d.retired ORDER BY d.code LIMIT $3"
);

const PUT: &str = "INSERT INTO discount_codes (lot_id, code, gift, valid_from, valid_until, use_limit, \
       plate_limit, stacks, uses, revision, retired) \
     SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
     ON CONFLICT (lot_id, code) DO UPDATE SET gift = excluded.gift, valid_from = excluded.valid_from, \
       valid_until = excluded.valid_until, use_limit = excluded.use_limit, plate_limit = excluded.plate_limit, \
       stacks = excluded.stacks, uses = excluded.uses, revision = excluded.revision, retired = excluded.retired";

const PUT_USES: &str = "INSERT INTO discount_uses (lot_id, code, plate_key, uses) \
     SELECT * FROM unnest($1, $2, $3, $4) \
     ON CONFLICT (lot_id, code, plate_key) DO UPDATE SET uses = excluded.uses";

type DiscountColumns = (
    Text,
    Text,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Bool,
    BigInt,
    BigInt,
    Bool,
);

#[derive(Debug, Queryable)]
struct DiscountRow {
    code: String,
    gift: String,
    valid_from: Option<i64>,
    valid_until: Option<i64>,
    use_limit: Option<i64>,
    plate_limit: Option<i64>,
    stacks: bool,
    uses: i64,
    revision: i64,
    retired: bool,
}

impl DiscountRow {
    fn discount(self) -> Result<Discount, Nonsense> {
        let wrong = |column| Nonsense { table: "discount_codes", row: self.code.clone(), column };
        let limit =
            |limit: Option<i64>, column| limit.map(u32::try_from).transpose().map_err(|_why| wrong(column));
        Ok(Discount {
            code: DiscountCode::parse(&self.code).map_err(|_why| wrong("code"))?,
            terms: Terms {
                gift: Gift::parse(&self.gift).map_err(|_why| wrong("gift"))?,
                valid_from: self.valid_from.map(Timestamp::from_micros),
                valid_until: self.valid_until.map(Timestamp::from_micros),
                limit: limit(self.use_limit, "use_limit")?,
                limit_per_plate: limit(self.plate_limit, "plate_limit")?,
                stacks: self.stacks,
            },
            uses: self.uses,
            revision: self.revision,
            retired: self.retired,
        })
    }
}

/// One discount of a lot, also if it was removed.
pub(crate) async fn one(
    connection: &AsyncPgConnection,
    lot: &LotId,
    code: &DiscountCode,
) -> Result<Option<Discount>, Trouble> {
    let parameters: [&dyn Parameter; 2] = [&lot.as_str(), &code.as_str()];
    let row = Statement::<DiscountColumns>::new(ONE, &parameters).row(connection);
    let row: Option<DiscountRow> = row.await?;
    Ok(row.map(DiscountRow::discount).transpose()?)
}

/// Discounts that were not removed, by code.
pub(crate) async fn page(
    connection: &AsyncPgConnection,
    lot: &LotId,
    after: Option<&DiscountCode>,
    limit: u32,
) -> Result<Vec<Discount>, Trouble> {
    let after = after.map_or("", DiscountCode::as_str);
    let parameters: [&dyn Parameter; 3] = [&lot.as_str(), &after, &i64::from(limit)];
    let rows = Statement::<DiscountColumns>::new(PAGE, &parameters).rows(connection);
    let rows: Vec<DiscountRow> = rows.await?;
    rows.into_iter().map(|row| Ok(row.discount()?)).collect()
}

/// Discounts, and who has used them how often.
type Discounts = (Vec<Discount>, Vec<Uses>);

impl PgTransaction {
    /// As [`parkpro_domain::protocol::Transaction::discounts`].
    pub(crate) async fn read_discounts(
        &mut self,
        lot: &LotId,
        codes: &[DiscountCode],
        uses: &[Use],
    ) -> Result<Discounts, PortError> {
        const DOING: &str = "reading discounts";
        let connection = self.connection()?;
        let id = self.lots.id(lot).ok_or_else(|| unknown(lot.as_str()).while_doing(DOING))?;
        let codes: Vec<&str> = codes.iter().map(DiscountCode::as_str).collect();
        let (redeemed, plates): (Vec<&str>, Vec<&str>) =
            uses.iter().map(|(code, plate)| (code.as_str(), plate.as_str())).unzip();
        let read = async {
            let (of_lot, by): ([&dyn Parameter; 2], [&dyn Parameter; 3]) =
                ([&codes, &id], [&redeemed, &plates, &id]);
            let discounts = Statement::<DiscountColumns>::new(OF_LOT, &of_lot).rows(&connection);
            let uses = Statement::<(Text, Text, BigInt)>::new(USED, &by).rows(&connection);
            let (discounts, uses): (Vec<DiscountRow>, Vec<(String, String, i64)>) =
                tokio::try_join!(biased; discounts, uses)?;
            let discounts = discounts.into_iter().map(DiscountRow::discount).collect::<Result<_, _>>()?;
            Ok((discounts, uses.into_iter().map(used).collect::<Result<_, _>>()?))
        };
        self.step(DOING, read).await
    }
}

fn used((code, plate, uses): (String, String, i64)) -> Result<Uses, Nonsense> {
    let known = DiscountCode::parse(&code);
    let known = known.map_err(|_why| Nonsense { table: "discount_uses", row: code, column: "code" })?;
    Ok(Uses { code: known, plate: Plate::stored("", &plate).key().clone(), uses })
}

/// Discounts as they now are, and then who has used them.
pub(crate) async fn put(connection: &AsyncPgConnection, changes: &[Of<'_, Changes>]) -> Result<(), Trouble> {
    let discounts: Vec<Of<'_, Discount>> = changes
        .iter()
        .flat_map(|(lot, change)| change.discounts.iter().map(move |discount| (*lot, discount)))
        .collect();
    if discounts.is_empty() {
        return Ok(());
    }
    let each = || discounts.iter().map(|(_, discount)| *discount);
    let terms = || each().map(|discount| &discount.terms);
    let lots: Vec<i64> = discounts.iter().map(|(lot, _)| *lot).collect();
    let codes: Vec<&str> = each().map(|discount| discount.code.as_str()).collect();
    let gifts: Vec<String> = terms().map(|terms| terms.gift.to_string()).collect();
    let from: Vec<Option<i64>> = terms().map(|terms| terms.valid_from.map(Timestamp::micros)).collect();
    let until: Vec<Option<i64>> = terms().map(|terms| terms.valid_until.map(Timestamp::micros)).collect();
    let limits: Vec<Option<i64>> = terms().map(|terms| terms.limit.map(i64::from)).collect();
    let by_plate: Vec<Option<i64>> = terms().map(|terms| terms.limit_per_plate.map(i64::from)).collect();
    let stacks: Vec<bool> = terms().map(|terms| terms.stacks).collect();
    let uses: Vec<i64> = each().map(|discount| discount.uses).collect();
    let revisions: Vec<i64> = each().map(|discount| discount.revision).collect();
    let retired: Vec<bool> = each().map(|discount| discount.retired).collect();
    let parameters: [&dyn Parameter; 11] =
        [&lots, &codes, &gifts, &from, &until, &limits, &by_plate, &stacks, &uses, &revisions, &retired];
    let put = touch(connection, "discount_codes", discounts.len(), PUT, &parameters);
    tokio::try_join!(biased; put, put_uses(connection, changes))?;
    Ok(())
}

async fn put_uses(connection: &AsyncPgConnection, changes: &[Of<'_, Changes>]) -> Result<(), Trouble> {
    let rows =
        || changes.iter().flat_map(|(lot, change)| change.discount_uses.iter().map(|used| (*lot, used)));
    let lots: Vec<i64> = rows().map(|(lot, ..)| lot).collect();
    if lots.is_empty() {
        return Ok(());
    }
    let codes: Vec<&str> = rows().map(|(_, used)| used.code.as_str()).collect();
    let plates: Vec<&str> = rows().map(|(_, used)| used.plate.as_str()).collect();
    let uses: Vec<i64> = rows().map(|(_, used)| used.uses).collect();
    touch(connection, "discount_uses", lots.len(), PUT_USES, &[&lots, &codes, &plates, &uses]).await
}
