//! Lots and what is in them.

use std::collections::BTreeMap;

use parkpro_domain::{
    demand::Feature,
    lot::{HeadStart, Lot, Priorities, SlotCount, Tally},
    ticket::Priority,
    vehicle::VehicleClass,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AssignmentBody, Instant};

/// One car park.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lot)]
pub(crate) struct LotBody<'a> {
    /// A slug that its operator chose.
    id: &'a str,
    /// For people.
    name: &'a str,
    /// An IANA time zone: where its days begin.
    time_zone: &'static str,
    /// ISO 4217: what its fees are in.
    currency: &'static str,
    /// Whether vehicles may enter.
    accepting: bool,
    /// How many vehicles may wait; null is no limit.
    #[schema(required)]
    queue_limit: Option<u32>,
    /// In what order the waiting are served, first served first.
    priorities: Vec<&'a str>,
    /// The same with the rule.
    priority_policy: PolicyBody<'a>,
    /// What stays are priced by that begin from now on, in the order in which they begin; the tariff of the settings if
    /// none of them holds.
    tariffs: Vec<AssignmentBody<'a>>,
    #[serde(flatten)]
    #[schema(inline)]
    count: CountBody,
    /// Counts the changes of its settings, from 1; the `ETag` is made of it.
    revision: i64,
    /// Names this state of the lot.
    lot_version: i64,
}

/// In what order the waiting are served.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyBody<'a> {
    /// `strict`: by priority, then by number. `ageing`: by the instant of arrival less the head start of the priority.
    order: &'static str,
    /// First served first, or longest head start first.
    classes: Vec<ClassBody<'a>>,
}

/// A priority.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyClass)]
pub(crate) struct ClassBody<'a> {
    /// Its name.
    name: &'a str,
    /// How much earlier its vehicles count as having come (`ageing`).
    #[serde(skip_serializing_if = "Option::is_none")]
    head_start_seconds: Option<u32>,
}

impl<'a> PolicyBody<'a> {
    /// The priorities of a lot.
    pub(crate) fn of(priorities: &'a Priorities) -> Self {
        let class = |name: &'a Priority| ClassBody {
            name: name.as_str(),
            head_start_seconds: priorities.head_start(name).map(HeadStart::seconds),
        };
        let order = if priorities.are_ageing() { "ageing" } else { "strict" };
        Self { order, classes: priorities.iter().map(class).collect() }
    }
}

/// How many slots there are and how many vehicles wait. `capacity` = `available` + `occupied` + `out_of_service`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Count)]
pub(crate) struct CountBody {
    /// All slots.
    capacity: i64,
    /// Empty and in service.
    available: i64,
    /// With a vehicle in them, also if they are draining.
    occupied: i64,
    /// Empty and not given out.
    out_of_service: i64,
    /// Vehicles in the queue.
    waiting: i64,
}

/// How full a lot is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Availability)]
pub(crate) struct AvailabilityBody<'a> {
    /// Which.
    lot: &'a str,
    /// The state of the lot that this is true for.
    lot_version: i64,
    #[serde(flatten)]
    #[schema(inline)]
    count: CountBody,
    /// The same for every class of vehicle. A slot that accepts several classes counts for each.
    by_class: BTreeMap<String, CountBody>,
    /// The same for every feature that a slot has: the slots that have it, and the vehicles that wait and need it.
    by_feature: BTreeMap<String, CountBody>,
    /// When the lot came into this state. It is in it still.
    #[schema(value_type = String, format = DateTime)]
    as_of: Instant,
}

impl CountBody {
    fn of(slots: SlotCount, waiting: i64) -> Self {
        Self {
            capacity: slots.capacity,
            available: slots.available(),
            occupied: slots.occupied,
            out_of_service: slots.out_of_service,
            waiting,
        }
    }

    fn of_class(tally: &Tally, class: &VehicleClass) -> Self {
        Self::of(tally.of_class(class), tally.waiting_of(class))
    }

    fn with_feature(tally: &Tally, feature: &Feature) -> Self {
        Self::of(tally.with_feature(feature), tally.waiting_for(feature))
    }
}

impl<'a> LotBody<'a> {
    /// A lot and what is in it.
    pub(crate) fn of(lot: &'a Lot, tally: &Tally) -> Self {
        Self {
            id: lot.id.as_str(),
            name: lot.name.as_str(),
            time_zone: lot.zone.name(),
            currency: lot.currency.code(),
            accepting: lot.accepting,
            queue_limit: lot.queue_limit,
            priorities: lot.priorities.iter().map(Priority::as_str).collect(),
            priority_policy: PolicyBody::of(&lot.priorities),
            tariffs: lot.tariffs.iter().map(AssignmentBody::of).collect(),
            count: CountBody::of(tally.total(), tally.waiting()),
            revision: lot.revision,
            lot_version: lot.version.0,
        }
    }
}

impl<'a> AvailabilityBody<'a> {
    /// How full a lot is.
    pub(crate) fn of(lot: &'a Lot, tally: &Tally) -> Self {
        let classes = tally.classes().into_iter();
        let features = tally.features().into_iter();
        Self {
            lot: lot.id.as_str(),
            lot_version: lot.version.0,
            count: CountBody::of(tally.total(), tally.waiting()),
            by_class: classes.map(|class| (class.to_string(), CountBody::of_class(tally, &class))).collect(),
            by_feature: features
                .map(|feature| (feature.to_string(), CountBody::with_feature(tally, &feature)))
                .collect(),
            as_of: Instant(lot.last_at),
        }
    }
}
