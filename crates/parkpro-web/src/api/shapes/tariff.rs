//! Tariffs, what was published of them, and what stays cost by them.

use parkpro_domain::{
    money::Money,
    parking::Quote,
    tariff::{Assignment, Change, DocumentText, Length, Published, Series, TariffId, TariffVersion},
    vehicle::VehicleClass,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{FeeBody, Formatted, Instant};
use crate::api::tariff_text::shown;

/// A state of a tariff that was published, and so never changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TariffVersionName)]
pub(crate) struct VersionName<'a> {
    /// The tariff.
    id: &'a str,
    /// Counts what was published of it, from 1.
    version: i64,
}

/// A tariff: what holds, and what may be next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tariff)]
pub(crate) struct TariffBody<'a> {
    /// A slug that its operator chose.
    id: &'a str,
    /// Counts its changes, from 1; the `ETag` is made of it.
    revision: i64,
    /// What was published last; null if nothing was.
    #[schema(required)]
    published: Option<PublishedBody<'a>>,
    /// The document that may be published next; null if there is none.
    #[schema(value_type = Option<Object>, required)]
    draft: Option<Value>,
}

/// A version of a tariff. It never changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TariffVersion)]
pub(crate) struct PublishedBody<'a> {
    /// The tariff.
    id: &'a str,
    /// Counts what was published of it, from 1.
    version: i64,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    published_at: Instant,
    /// What it says, in the language of `docs/tariffs.md`.
    #[schema(value_type = Object)]
    document: Value,
}

/// A tariff in a list, without its documents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TariffInList)]
pub(crate) struct TariffLine<'a> {
    /// A slug that its operator chose.
    id: &'a str,
    /// Counts its changes, from 1.
    revision: i64,
    /// What was published last; null if nothing was.
    #[schema(required)]
    published: Option<VersionLine>,
    /// Whether there is a draft.
    draft: bool,
}

/// A version of a tariff in a list, without its document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TariffVersionInList)]
pub(crate) struct VersionLine {
    /// Counts what was published of the tariff, from 1.
    version: i64,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    published_at: Instant,
}

/// A change of a tariff.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TariffChange<'a> {
    /// As it now is.
    pub(crate) tariff: TariffBody<'a>,
}

/// A tariff that holds in a lot for vehicles that park from an instant on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LotTariff)]
pub(crate) struct AssignmentBody<'a> {
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    from: Instant,
    /// For vehicles of this class; null is all for which no other one holds.
    #[schema(required)]
    vehicle_class: Option<&'a str>,
    /// What they pay by.
    tariff: VersionName<'a>,
}

/// The tariffs of a lot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LotTariffs<'a> {
    /// Which.
    pub(crate) lot: &'a str,
    /// In the order in which they begin. The newest that has begun holds, one for a vehicle's class before one for all.
    pub(crate) tariffs: Vec<AssignmentBody<'a>>,
    /// What holds if none of these does: the tariff of the settings.
    #[schema(required)]
    pub(crate) default: Option<VersionName<'a>>,
    /// The state of the lot that this is true for.
    pub(crate) lot_version: i64,
}

/// The next other fee of a stay that goes on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NextFee)]
pub(crate) struct ChangeBody {
    /// The first instant of leaving at which the fee is another one.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// What it is then, in minor units of the currency.
    amount: i64,
    /// The same in major units, for people.
    #[schema(value_type = String)]
    formatted: Formatted,
}

/// What a stay would cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Simulation)]
pub(crate) struct SimulationBody<'a> {
    /// The version that was asked for; null for a document or a draft.
    #[schema(required)]
    tariff: Option<VersionName<'a>>,
    /// The fee, line by line.
    fee: FeeBody<'a>,
    /// Until when it is the same if the vehicle stays.
    #[schema(value_type = String, format = DateTime)]
    valid_until: Instant,
    /// When and to what it next changes; null if it does not within a year.
    #[schema(required)]
    next: Option<ChangeBody>,
}

/// What stays of usual lengths cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceTable)]
pub(crate) struct TableBody<'a> {
    /// By which version; null for a draft.
    #[schema(required)]
    pub(crate) tariff: Option<VersionName<'a>>,
    /// When the vehicle parks.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) entry: Instant,
    /// ISO 4217.
    pub(crate) currency: &'static str,
    /// Stays of 1 h, 2 h, … 24 h, 2 d, … 7 d.
    pub(crate) rows: Vec<TableRow>,
}

/// A row of a table of prices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceRow)]
pub(crate) struct TableRow {
    /// How long: `24h`.
    stay: String,
    /// Minor units of the currency.
    amount: i64,
    /// Major units, for people.
    #[schema(value_type = String)]
    formatted: Formatted,
}

impl<'a> VersionName<'a> {
    /// Names a version.
    pub(crate) fn of(version: &'a TariffVersion) -> Self {
        Self { id: version.tariff.as_str(), version: version.number }
    }
}

impl<'a> TariffBody<'a> {
    /// A tariff.
    pub(crate) fn of(series: &'a Series) -> Self {
        Self {
            id: series.id.as_str(),
            revision: series.revision,
            published: series.newest.as_ref().map(|newest| PublishedBody::of(&series.id, newest)),
            draft: series.draft.as_ref().map(shown),
        }
    }
}

impl<'a> PublishedBody<'a> {
    /// A version of a tariff.
    pub(crate) fn of(tariff: &'a TariffId, published: &Published) -> Self {
        let Published { number, document, at }: &Published = published;
        let document: &DocumentText = document;
        Self { id: tariff.as_str(), version: *number, published_at: Instant(*at), document: shown(document) }
    }
}

impl<'a> TariffLine<'a> {
    /// A tariff in a list.
    pub(crate) fn of(series: &'a Series) -> Self {
        Self {
            id: series.id.as_str(),
            revision: series.revision,
            published: series.newest.as_ref().map(VersionLine::of),
            draft: series.draft.is_some(),
        }
    }
}

impl VersionLine {
    /// A version in a list.
    pub(crate) fn of(published: &Published) -> Self {
        Self { version: published.number, published_at: Instant(published.at) }
    }
}

impl<'a> AssignmentBody<'a> {
    /// A tariff of a lot.
    pub(crate) fn of(assignment: &'a Assignment) -> Self {
        Self {
            from: Instant(assignment.from),
            vehicle_class: assignment.class.as_ref().map(VehicleClass::as_str),
            tariff: VersionName::of(&assignment.tariff),
        }
    }
}

impl ChangeBody {
    /// The next fee.
    pub(crate) fn of(change: &Change) -> Self {
        Self { at: Instant(change.at), amount: change.total.minor, formatted: Formatted(change.total) }
    }
}

impl<'a> SimulationBody<'a> {
    /// The price of a stay that ends when a quote says.
    pub(crate) fn of(quote: &'a Quote) -> Self {
        Self {
            tariff: quote.tariff.as_ref().map(VersionName::of),
            fee: FeeBody::of(&quote.fee),
            valid_until: Instant(quote.valid_until.unwrap_or(quote.at)),
            next: quote.next.as_ref().map(ChangeBody::of),
        }
    }
}

impl TableRow {
    /// What a stay of a length costs.
    pub(crate) fn of((length, total): (Length, Money)) -> Self {
        Self { stay: length.to_string(), amount: total.minor, formatted: Formatted(total) }
    }
}
