//! What clients send. These shapes are for the OpenAPI document; bodies are read field by field, so that every mistake in
//! them can be named; the tests hold both together.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// A vehicle at the gate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// 1 to 16 letters and digits of any script, with spaces, dashes and dots as you like.
    #[schema(max_length = 32)]
    pub plate: String,
    /// What kind of vehicle it is.
    #[schema(default = "car", pattern = "^[a-z0-9][a-z0-9_-]{0,31}$")]
    pub vehicle_class: Option<String>,
    /// What its slot must have: `electric`, `accessible`, …
    #[schema(max_items = 8)]
    pub needs: Option<Vec<String>>,
    /// One of the lot's priorities.
    #[schema(default = "standard", pattern = "^[a-z0-9][a-z0-9_-]{0,31}$")]
    pub priority: Option<String>,
    /// When the gate saw it, by the gate's own clock: from 24 hours ago to 2 minutes ahead. Recorded, never decisive.
    #[schema(format = DateTime)]
    pub occurred_at: Option<String>,
}

/// A vehicle that leaves: `plate`, `ticket` or `slot`, and only one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Departure {
    /// Its plate.
    #[schema(max_length = 32)]
    pub plate: Option<String>,
    /// Its ticket.
    pub ticket: Option<Uuid>,
    /// The label of the slot that it stands in.
    #[schema(pattern = "^[A-Za-z0-9_.#-]{1,32}$")]
    pub slot: Option<String>,
    /// Whether the driver has lost the ticket: then it costs what the tariff says about that. If it says so, nothing is
    /// taken off that price: codes are refused, and those that the ticket has are given back.
    #[schema(default = false)]
    pub lost_ticket: Option<bool>,
    /// Codes of discounts that it redeems, besides those that its ticket has.
    #[schema(max_items = 8)]
    pub discounts: Option<Vec<String>>,
    /// When the gate saw it, by the gate's own clock: from 24 hours ago to 2 minutes ahead. Recorded, never decisive.
    #[schema(format = DateTime)]
    pub occurred_at: Option<String>,
}

/// A new lot.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLot {
    /// A slug: it names the lot in every address.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,62}$")]
    pub id: String,
    /// For people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// IANA time zone: where its days begin.
    pub time_zone: String,
    /// ISO 4217: what its fees are in. It never changes.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// Whether vehicles may enter.
    #[schema(default = true)]
    pub accepting: Option<bool>,
    /// How many vehicles may wait; without it, as many as come.
    pub queue_limit: Option<u32>,
    /// First served first; `vip`, `standard` without it. `standard` must be among them.
    #[schema(max_items = 16)]
    pub priorities: Option<Vec<String>>,
    /// In what order the waiting are served, instead of `priorities`.
    pub priority_policy: Option<PriorityPolicy>,
    /// A list of slots, or numbered ones.
    pub slots: Option<NewSlotsOfLot>,
}

/// In what order the waiting are served.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorityPolicy {
    /// `strict`: whoever has a better priority goes first, then whoever came first. `ageing`: every vehicle counts as having
    /// come earlier by the head start of its priority, and whoever counts as having come first goes first; so a vehicle
    /// overtakes only those who came less than that before it, and nobody waits for ever.
    #[schema(pattern = "^(strict|ageing)$")]
    pub order: String,
    /// The priorities; in a strict order first served first. `standard` must be among them.
    #[schema(min_items = 1, max_items = 16)]
    pub classes: Vec<PriorityClass>,
}

/// A priority.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorityClass {
    /// Its name.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,31}$")]
    pub name: String,
    /// How much earlier its vehicles count as having come. With ageing every priority has one; in a strict order none has.
    #[schema(maximum = 86_400)]
    pub head_start_seconds: Option<u32>,
}

/// Slots of a new lot.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum NewSlotsOfLot {
    /// A list.
    List(Vec<NewSlot>),
    /// Numbered ones.
    Numbered(NumberedSlots),
}

/// What to change about a lot; what is missing stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LotSettings {
    /// For people.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub name: Option<String>,
    /// IANA time zone.
    #[schema(nullable = false)]
    pub time_zone: Option<String>,
    /// Whether vehicles may enter.
    #[schema(nullable = false)]
    pub accepting: Option<bool>,
    /// How many vehicles may wait; null is no limit.
    pub queue_limit: Option<u32>,
    /// A strict order: first served first. Those of waiting tickets must stay.
    #[schema(max_items = 16)]
    pub priorities: Option<Vec<String>>,
    /// In what order the waiting are served, instead of `priorities`.
    pub priority_policy: Option<PriorityPolicy>,
}

/// New slots, in one of three forms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum NewSlots {
    /// One.
    One(NewSlot),
    /// Several.
    Several(SlotList),
    /// Numbered ones.
    Numbered(NumberedSlots),
}

/// A slot to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSlot {
    /// What is painted on the ground; unique in its lot.
    #[schema(pattern = "^[A-Za-z0-9_.#-]{1,32}$")]
    pub label: String,
    /// The floor or section.
    #[schema(min_length = 1, max_length = 32)]
    pub level: Option<String>,
    /// The classes of vehicle that it takes.
    #[schema(min_items = 1, max_items = 16)]
    pub accepts: Option<Vec<String>>,
    /// What it has: `electric`, `accessible`, …
    #[schema(max_items = 8)]
    pub features: Option<Vec<String>>,
    /// Whether it is given only to vehicles that need one of its features.
    #[schema(default = false)]
    pub reserved: Option<bool>,
    /// Order of allocation, lowest first.
    #[schema(default = 0)]
    pub rank: Option<i32>,
}

/// Several slots.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotList {
    /// Each with its own settings.
    #[schema(min_items = 1, max_items = 10_000)]
    pub slots: Vec<NewSlot>,
}

/// Slots that are numbered from 1, in as many digits as the last needs and two at least: `A-01` … `A-20`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberedSlots {
    /// How many.
    #[schema(minimum = 1, maximum = 10_000)]
    pub count: u32,
    /// What their labels begin with.
    #[schema(default = "", pattern = "^[A-Za-z0-9_.#-]{0,30}$")]
    pub prefix: Option<String>,
    /// The floor or section of each.
    #[schema(min_length = 1, max_length = 32)]
    pub level: Option<String>,
    /// The classes of vehicle that each takes.
    #[schema(min_items = 1, max_items = 16)]
    pub accepts: Option<Vec<String>>,
    /// What each has.
    #[schema(max_items = 8)]
    pub features: Option<Vec<String>>,
    /// Whether each is given only to vehicles that need one of its features.
    #[schema(default = false)]
    pub reserved: Option<bool>,
    /// Order of allocation of each; equal ranks go by label.
    #[schema(default = 0)]
    pub rank: Option<i32>,
}

/// What to change about a slot; what is missing stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotSettings {
    /// Another label.
    #[schema(pattern = "^[A-Za-z0-9_.#-]{1,32}$", nullable = false)]
    pub label: Option<String>,
    /// The floor or section; null is none.
    #[schema(min_length = 1, max_length = 32)]
    pub level: Option<String>,
    /// The classes of vehicle that it takes.
    #[schema(min_items = 1, max_items = 16, nullable = false)]
    pub accepts: Option<Vec<String>>,
    /// What it has.
    #[schema(max_items = 8, nullable = false)]
    pub features: Option<Vec<String>>,
    /// Whether it is given only to vehicles that need one of its features.
    #[schema(nullable = false)]
    pub reserved: Option<bool>,
    /// Order of allocation, lowest first.
    #[schema(nullable = false)]
    pub rank: Option<i32>,
    /// Whether it is given out.
    #[schema(nullable = false)]
    pub in_service: Option<bool>,
    /// Why it is out of service; forgotten when it is back.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: Option<String>,
}

/// What is wrong on a ticket; what is missing stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The right plate.
    #[schema(max_length = 32, nullable = false)]
    pub plate: Option<String>,
    /// The right priority; the ticket must be waiting.
    #[schema(nullable = false)]
    pub priority: Option<String>,
}

/// Why an entry is cancelled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Voiding {
    /// For those who read it later.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

/// A new tariff and its first draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTariff {
    /// A slug: it names the tariff in every address.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,62}$")]
    pub id: String,
    /// What it says, in the language of `docs/tariffs.md`.
    #[schema(value_type = Object)]
    pub document: Value,
}

/// Another draft of a tariff.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDraft {
    /// What it says, in the language of `docs/tariffs.md`.
    #[schema(value_type = Object)]
    pub document: Value,
}

/// A tariff for stays in a lot that begin later.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLotTariff)]
pub struct LotTariff {
    /// Its id.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,62}$")]
    pub tariff: String,
    /// Which version of it.
    #[schema(minimum = 1)]
    pub version: i64,
    /// From when on; from now on if that is past, or without it.
    #[schema(format = DateTime)]
    pub from: Option<String>,
    /// For vehicles of this class; for all without it.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,31}$")]
    pub vehicle_class: Option<String>,
}

/// A stay that is tried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// A document, or the id of a tariff.
    pub tariff: TrialTariff,
    /// A version of the tariff; the newest without it.
    #[schema(minimum = 1)]
    pub version: Option<i64>,
    /// The draft of the tariff instead of a version.
    #[schema(default = false)]
    pub draft: Option<bool>,
    /// IANA time zone of the lot.
    pub time_zone: String,
    /// ISO 4217; needed if the tariff has none of its own.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// When the vehicle parks.
    #[schema(format = DateTime)]
    pub entry: String,
    /// When it leaves.
    #[schema(format = DateTime)]
    pub exit: String,
    /// What kind of vehicle it is.
    #[schema(default = "car", pattern = "^[a-z0-9][a-z0-9_-]{0,31}$")]
    pub vehicle_class: Option<String>,
    /// Whether the driver has lost the ticket.
    #[schema(default = false)]
    pub lost_ticket: Option<bool>,
    /// Other stays of the plate, over by `entry`, for tariffs that add up those of one day.
    #[schema(max_items = 64)]
    pub earlier_stays: Option<Vec<TrialStay>>,
    /// What is taken off.
    #[schema(max_items = 8)]
    pub discounts: Option<Vec<TrialDiscount>>,
}

/// Something that is taken off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialDiscount {
    /// What the line of the fee calls it.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub code: String,
    /// What it takes off.
    pub grant: NewGrant,
}

/// A document, or the id of a tariff.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum TrialTariff {
    /// The id of a tariff.
    Id(String),
    /// A document in the language of `docs/tariffs.md`.
    #[schema(value_type = Object)]
    Document(Map<String, Value>),
}

/// A stay that was over before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialStay {
    /// When it began.
    #[schema(format = DateTime)]
    pub from: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub to: String,
}

/// A new discount.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDiscount {
    /// What it is used by; small letters count as capitals.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub code: String,
    /// What it takes off.
    pub grant: NewGrant,
    /// From when on it may be used.
    #[schema(format = DateTime)]
    pub valid_from: Option<String>,
    /// Before when it may be used.
    #[schema(format = DateTime)]
    pub valid_until: Option<String>,
    /// How often it may be used.
    #[schema(minimum = 1)]
    pub limit: Option<u32>,
    /// How often each vehicle may use it.
    #[schema(minimum = 1)]
    pub limit_per_plate: Option<u32>,
    /// Whether a stay may have others beside it.
    #[schema(default = true)]
    pub stacks: Option<bool>,
}

/// What a discount takes off: one of `free_minutes`, `percent`, `amount`, and `tariff` with `version`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// Minutes at the beginning of the stay.
    #[schema(minimum = 1)]
    pub free_minutes: Option<i64>,
    /// A share of what is due, with at most 4 decimals.
    #[schema(pattern = "^[0-9]{1,3}(\\.[0-9]{1,4})?$")]
    pub percent: Option<String>,
    /// An amount in major units of the lot's currency, at most what is due.
    #[schema(pattern = "^[0-9]{1,9}(\\.[0-9]{1,6})?$")]
    pub amount: Option<String>,
    /// The prices of this tariff …
    pub tariff: Option<String>,
    /// … in this version.
    #[schema(minimum = 1)]
    pub version: Option<i64>,
}

/// What to change about a discount; what is missing stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscountTerms {
    /// What it takes off.
    #[schema(nullable = false)]
    pub grant: Option<NewGrant>,
    /// From when on it may be used; null is always.
    #[schema(format = DateTime)]
    pub valid_from: Option<String>,
    /// Before when it may be used; null is always.
    #[schema(format = DateTime)]
    pub valid_until: Option<String>,
    /// How often it may be used; null is any number of times.
    #[schema(minimum = 1)]
    pub limit: Option<u32>,
    /// How often each vehicle may use it; null is any number of times.
    #[schema(minimum = 1)]
    pub limit_per_plate: Option<u32>,
    /// Whether a stay may have others beside it.
    #[schema(nullable = false)]
    pub stacks: Option<bool>,
}

/// A discount for a ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// The code of a discount of the lot.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub code: String,
}

/// An object without fields; the body may also be empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
