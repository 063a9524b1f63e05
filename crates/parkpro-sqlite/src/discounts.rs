//! The discounts of lots, and who has used them.

use diesel::{connection::DefaultLoadingMode, prelude::*, sqlite::SqliteConnection};
use parkpro_domain::{
    discount::{Discount, DiscountCode, Gift, Terms, Uses},
    facts::{Changes, Use},
    lot::LotId,
    time::Timestamp,
};

use crate::{
    fault::{Failure, Nonsense},
    lots::lot,
    records::rows,
    schema::{discount_codes, discount_uses},
    statement::{PutDiscount, PutDiscountUses},
    transaction::SqliteTransaction,
};

/// A row of `discount_codes`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = discount_codes)]
struct DiscountRow {
    lot_id: i64,
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
    fn discount(&self) -> Result<Discount, Nonsense> {
        let nonsense = |column| Nonsense {
            table: "discount_codes",
            row: format!("{}/{}", self.lot_id, self.code),
            column,
        };
        let limit = |limit: Option<i64>, column| {
            limit.map(u32::try_from).transpose().map_err(|_wrong| nonsense(column))
        };
        Ok(Discount {
            code: DiscountCode::parse(&self.code).map_err(|_wrong| nonsense("code"))?,
            terms: Terms {
                gift: Gift::parse(&self.gift).map_err(|_wrong| nonsense("gift"))?,
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

fn numbered(
    connection: &mut SqliteConnection,
    lot: i64,
    code: &DiscountCode,
) -> Result<Option<Discount>, Failure> {
    let row = discount_codes::table
        .filter(discount_codes::lot_id.eq(lot))
        .filter(discount_codes::code.eq(code.as_str()))
        .select(DiscountRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(|row| row.discount()).transpose()?)
}

/// One discount of a lot, also if it was removed.
pub(crate) fn discount(
    connection: &mut SqliteConnection,
    id: &LotId,
    code: &DiscountCode,
) -> Result<Option<Discount>, Failure> {
    let Some((number, _)) = lot(connection, id)? else { return Ok(None) };
    numbered(connection, number, code)
}

/// Discounts that were not removed, by code.
pub(crate) fn page(
    connection: &mut SqliteConnection,
    id: &LotId,
    after: Option<&DiscountCode>,
    limit: u32,
) -> Result<Option<Vec<Discount>>, Failure> {
    let Some((number, _)) = lot(connection, id)? else { return Ok(None) };
    let found = discount_codes::table
        .filter(discount_codes::lot_id.eq(number))
        .filter(discount_codes::code.gt(after.map_or("", DiscountCode::as_str)))
        .order(discount_codes::code)
        .select(DiscountRow::as_select())
        .load_iter::<DiscountRow, DefaultLoadingMode>(connection)?;
    let there = found.filter(|row| row.as_ref().map_or(true, |row| !row.retired)).take(rows(limit));
    there.map(|row| Ok(row?.discount()?)).collect::<Result<_, Failure>>().map(Some)
}

impl SqliteTransaction {
    pub(crate) fn discounts_of(
        &mut self,
        lot: &LotId,
        codes: &[DiscountCode],
        uses: &[Use],
    ) -> Result<(Vec<Discount>, Vec<Uses>), Failure> {
        let number = self.number_of(lot)?.ok_or(diesel::NotFound)?;
        let (mut discounts, mut counts) = (Vec::new(), Vec::new());
        for code in codes {
            discounts.extend(numbered(&mut self.connection, number, code)?);
        }
        for (code, plate) in uses {
            let count = discount_uses::table
                .filter(discount_uses::lot_id.eq(number))
                .filter(discount_uses::code.eq(code.as_str()))
                .filter(discount_uses::plate_key.eq(plate.as_str()))
                .select(discount_uses::uses)
                .get_result::<i64>(&mut self.connection)
                .optional()?;
            counts.extend(count.map(|uses| Uses { code: code.clone(), plate: plate.clone(), uses }));
        }
        Ok((discounts, counts))
    }

    pub(crate) fn put_discounts(&mut self, lot: i64, changes: &Changes) -> Result<(), Failure> {
        for Discount { code, terms, uses, revision, retired } in &changes.discounts {
            self.one(PutDiscount {
                lot,
                code: code.as_str(),
                gift: &terms.gift.to_string(),
                valid_from: terms.valid_from.map(Timestamp::micros),
                valid_until: terms.valid_until.map(Timestamp::micros),
                use_limit: terms.limit.map(i64::from),
                plate_limit: terms.limit_per_plate.map(i64::from),
                stacks: terms.stacks,
                uses: *uses,
                revision: *revision,
                retired: *retired,
            })?;
        }
        for Uses { code, plate, uses } in &changes.discount_uses {
            let (code, plate_key) = (code.as_str(), plate.as_str());
            self.one(PutDiscountUses { lot, code, plate_key, uses: *uses })?;
        }
        Ok(())
    }
}
