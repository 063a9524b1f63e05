//! Figures for Prometheus: what was asked, how long it took, what came of it, and what the parts of the program tell when
//! they are asked.

use std::{
    collections::HashMap,
    fmt::Write,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use metrics::{Counter, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};
use parkpro_domain::{
    facts::Changes,
    lot::SlotCount,
    ports::{LotView, Witness},
};

const REQUESTS: &str = "parkpro_requests_total";
const REQUEST_SECONDS: &str = "parkpro_request_seconds";
const CHANGES: &str = "parkpro_changes_total";
const EVENTS: &str = "parkpro_events_total";
const TURN_REQUESTS: &str = "parkpro_turn_requests";

const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const TURN_SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

const HERE: Metadata<'static> = Metadata::new("parkpro", Level::INFO, None);

/// Every figure of this program.
pub struct Metrics {
    recorder: PrometheusRecorder,
    requests: Known<(&'static str, &'static str, u16), Counter>,
    seconds: Known<(&'static str, &'static str), Histogram>,
    changes: Known<(&'static str, &'static str), Counter>,
    events: Known<&'static str, Counter>,
    turns: Histogram,
    gauges: Mutex<Vec<Gauge>>,
}

/// A figure that is asked for when it is wanted.
struct Gauge {
    name: &'static str,
    help: &'static str,
    read: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// Figures that were made before, so that a request neither makes labels nor searches the registry.
struct Known<L, F>(RwLock<HashMap<L, F>>);

impl Metrics {
    /// None counted yet. Fails only if its buckets were none.
    pub fn new() -> Result<Arc<Self>, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(REQUEST_SECONDS.to_owned()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Full(TURN_REQUESTS.to_owned()), &TURN_SIZES)?
            .build_recorder();
        let describe = |name: &'static str, help: &'static str| (name.into(), None, help.into());
        let counters = [
            (REQUESTS, "Requests that were answered, by method, route and status"),
            (CHANGES, "Changes that were asked for, by kind and what came of them"),
            (EVENTS, "Events that this instance committed, by kind"),
        ];
        for (name, help) in counters {
            let (name, unit, help) = describe(name, help);
            recorder.describe_counter(name, unit, help);
        }
        let histograms = [
            (REQUEST_SECONDS, "Seconds from the head of a request to the head of its answer"),
            (TURN_REQUESTS, "Requests that shared one transaction"),
        ];
        for (name, help) in histograms {
            let (name, unit, help) = describe(name, help);
            recorder.describe_histogram(name, unit, help);
        }
        let turns = recorder.register_histogram(&Key::from_static_name(TURN_REQUESTS), &HERE);
        Ok(Arc::new(Self {
            recorder,
            requests: Known::none(),
            seconds: Known::none(),
            changes: Known::none(),
            events: Known::none(),
            turns,
            gauges: Mutex::default(),
        }))
    }

    /// Adds a figure that is read whenever the figures are asked for; `read` must not wait.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        let gauge = Gauge { name, help, read: Box::new(read) };
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner).push(gauge);
    }

    /// Puts what the histograms gathered into their buckets. To be called every few seconds: until then every value is
    /// kept.
    pub fn upkeep(&self) {
        self.recorder.handle().run_upkeep();
    }

    /// Counts a request.
    pub(crate) fn request(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        let labels = || vec![Label::new("method", method), Label::new("route", route)];
        self.requests.with(
            (method, route, status),
            || {
                let mut labels = labels();
                labels.push(Label::new("status", status.to_string()));
                self.recorder.register_counter(&Key::from_parts(REQUESTS, labels), &HERE)
            },
            |counter| counter.increment(1),
        );
        self.seconds.with(
            (method, route),
            || self.recorder.register_histogram(&Key::from_parts(REQUEST_SECONDS, labels()), &HERE),
            |histogram| histogram.record(took.as_secs_f64()),
        );
    }

    /// Counts a change that was asked for.
    pub(crate) fn change(&self, kind: &'static str, outcome: &'static str) {
        let make = || {
            let labels = vec![Label::new("kind", kind), Label::new("outcome", outcome)];
            self.recorder.register_counter(&Key::from_parts(CHANGES, labels), &HERE)
        };
        self.changes.with((kind, outcome), make, |counter| counter.increment(1));
    }

    fn event(&self, kind: &'static str) {
        let make = || {
            let labels = vec![Label::new("kind", kind)];
            self.recorder.register_counter(&Key::from_parts(EVENTS, labels), &HERE)
        };
        self.events.with(kind, make, |counter| counter.increment(1));
    }

    /// All figures, and those of these lots, as Prometheus reads them.
    pub(crate) fn render(&self, lots: &[LotView]) -> String {
        let mut text = self.recorder.handle().render();
        let gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        for Gauge { name, help, read } in gauges.iter() {
            let value = read();
            // Writing to a text cannot fail, here and below.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        }
        drop(gauges);
        let _ = writeln!(text, "# HELP parkpro_waiting Vehicles in the queue\n# TYPE parkpro_waiting gauge");
        for view in lots {
            let _ = writeln!(text, "parkpro_waiting{{lot=\"{}\"}} {}", view.lot.id, view.tally.waiting());
        }
        let _ = writeln!(text, "\n# HELP parkpro_slots Slots by status\n# TYPE parkpro_slots gauge");
        for view in lots {
            for (status, count) in by_status(view.tally.total()) {
                let lot = &view.lot.id;
                let _ = writeln!(text, "parkpro_slots{{lot=\"{lot}\",status=\"{status}\"}} {count}");
            }
        }
        text
    }
}

fn by_status(slots: SlotCount) -> [(&'static str, i64); 3] {
    [("available", slots.available()), ("occupied", slots.occupied), ("out_of_service", slots.out_of_service)]
}

impl<L: Hash + Eq, F> Known<L, F> {
    fn none() -> Self {
        Self(RwLock::default())
    }

    fn with(&self, labels: L, make: impl FnOnce() -> F, use_it: impl FnOnce(&F)) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(figure) = known.get(&labels) {
            return use_it(figure);
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        use_it(known.entry(labels).or_insert_with(make));
    }
}

/// Counts what is committed.
impl Witness for Metrics {
    fn committed(&self, changes: &Changes) {
        for entry in &changes.journal {
            self.event(entry.event.kind());
        }
    }

    fn turned(&self, requests: usize) {
        self.turns.record(f64::from(u32::try_from(requests).unwrap_or(u32::MAX)));
    }
}
