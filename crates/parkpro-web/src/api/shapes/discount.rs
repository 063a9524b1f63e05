//! Discounts of a lot.

use parkpro_domain::discount::{Discount, Gift};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Instant, PromotedBody};

/// A discount of a lot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Discount)]
pub(crate) struct DiscountBody<'a> {
    /// What it is used by, in capitals.
    code: &'a str,
    /// What it takes off.
    grant: GrantBody<'a>,
    /// From when on it may be used; null is always.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    valid_from: Option<Instant>,
    /// Before when it may be used; null is always.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    valid_until: Option<Instant>,
    /// How often it may be used; null is any number of times.
    #[schema(required)]
    limit: Option<u32>,
    /// How often each vehicle may use it; null is any number of times.
    #[schema(required)]
    limit_per_plate: Option<u32>,
    /// Whether a stay may have others beside it.
    stacks: bool,
    /// How many tickets have it: those that are open, and those that left with it.
    uses: i64,
    /// Counts the changes of its terms, from 1; the `ETag` is made of it.
    revision: i64,
}

/// What a discount takes off: one of these.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Grant)]
pub(crate) struct GrantBody<'a> {
    /// Minutes at the beginning of the stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    free_minutes: Option<i64>,
    /// A share of what is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<String>,
    /// An amount in major units of the lot's currency, at most what is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    /// The prices of this tariff …
    #[serde(skip_serializing_if = "Option::is_none")]
    tariff: Option<&'a str>,
    /// … in this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

/// A change of a discount.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiscountChange<'a> {
    /// As it now is; a removed one as it last was.
    pub(crate) discount: DiscountBody<'a>,
    /// The state of the lot that the change made.
    #[schema(value_type = i64)]
    pub(crate) lot_version: Option<i64>,
    /// Who got a slot.
    pub(crate) promoted: Vec<PromotedBody<'a>>,
}

impl<'a> DiscountBody<'a> {
    /// A discount.
    pub(crate) fn of(discount: &'a Discount) -> Self {
        let terms = &discount.terms;
        Self {
            code: discount.code.as_str(),
            grant: GrantBody::of(&terms.gift),
            valid_from: terms.valid_from.map(Instant),
            valid_until: terms.valid_until.map(Instant),
            limit: terms.limit,
            limit_per_plate: terms.limit_per_plate,
            stacks: terms.stacks,
            uses: discount.uses,
            revision: discount.revision,
        }
    }
}

impl<'a> GrantBody<'a> {
    fn of(gift: &'a Gift) -> Self {
        match gift {
            Gift::Free(length) => Self { free_minutes: Some(length.seconds() / 60), ..Self::default() },
            Gift::Percent(percent) => Self { percent: Some(percent.to_string()), ..Self::default() },
            Gift::Amount(amount) => Self { amount: Some(amount.to_string()), ..Self::default() },
            Gift::Tariff(version) => Self {
                tariff: Some(version.tariff.as_str()),
                version: Some(version.number),
                ..Self::default()
            },
        }
    }
}
