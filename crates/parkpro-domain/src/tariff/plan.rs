//! Prices made ready for counting: every rate is a ladder of steps.

use smol_str::SmolStr;

use super::{
    almanac::SECOND,
    document::{
        Across, Block, CapPer, Choice, Count, Free, Package, Period, Price, Prices, Rate, RoundingMode,
    },
    exact::Exact,
    length::Length,
    when::When,
    words::Words,
};
use crate::money::MajorAmount;

/// Where a ladder ends that is open-ended.
pub(super) const OPEN: i64 = i64::MAX;

/// The prices of a board, or of an offer.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) free: Option<Free>,
    /// What is charged: the rate outside all windows, then those of the windows.
    pub(super) ladders: Vec<Ladder>,
    /// The steps to which [`Across::Once`] lengthens the stay, rate by rate.
    pub(super) last_steps: Vec<i64>,
    pub(super) windows: Vec<(When, bool)>,
    pub(super) caps: Vec<CapRule>,
    pub(super) cheapest: Vec<Package>,
    pub(super) restart: Option<Period>,
    pub(super) across: Across,
    pub(super) end_begins_next: bool,
    /// What counts as time, in microseconds.
    pub(super) grain: i64,
    pub(super) accumulate: bool,
    pub(super) minimum: Option<MajorAmount>,
    pub(super) maximum_stay: Option<(Length, Ladder)>,
    /// Whether the lot's calendar matters.
    pub(super) local: bool,
}

/// What parked time costs, in the order of time.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    pub(super) rungs: Vec<Rung>,
}

/// A stretch of parked time in which every started step has the same price.
#[derive(Debug, Clone)]
pub(super) struct Rung {
    /// Microseconds of parked time.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) step: Step,
    /// In major units.
    pub(super) price: Exact,
    /// The same in minor units, if so many of them are a major one: mostly a whole number, which spares a division.
    pub(super) minor: (i64, Exact),
    /// The rate per hour that the price is a share of.
    pub(super) per_hour: Option<MajorAmount>,
    /// The length of stay up to which a row of a table holds.
    pub(super) row: Option<Length>,
    pub(super) words: Words,
}

/// How long a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Every(i64),
    /// As long as the rung.
    Whole,
    Calendar(Period),
}

/// A cap made ready.
#[derive(Debug, Clone)]
pub(super) struct CapRule {
    pub(super) rule: &'static str,
    pub(super) note: SmolStr,
    /// None only cuts the time of charges, and limits nothing.
    pub(super) max: Option<MajorAmount>,
    pub(super) per: CapPer,
    pub(super) when: Option<When>,
    pub(super) entered: Option<When>,
    pub(super) first: i64,
}

impl Plan {
    /// `name` is that of the offer, or empty.
    pub(super) fn of(name: &str, prices: &Prices, minor: i64) -> Self {
        let mut ladders = vec![Ladder::of(name, &prices.rate, minor)];
        ladders.extend(prices.windows.iter().map(|window| Ladder::of(&window.name, &window.rate, minor)));
        let mut last_steps = Vec::new();
        if prices.steps.across == Across::Once {
            last_steps = ladders.iter_mut().map(Ladder::by_the_second).collect();
        }
        let mut plan = Self {
            free: prices.free,
            windows: prices.windows.iter().map(|window| (window.when.clone(), window.continues)).collect(),
            caps: caps(prices),
            cheapest: match prices.packages_choice {
                Choice::AsListed => Vec::new(),
                Choice::Cheapest => prices.packages.clone(),
            },
            restart: prices.restart,
            across: prices.steps.across,
            end_begins_next: prices.steps.end_begins_next,
            grain: match prices.steps.count {
                Count::Exact => 1,
                Count::Seconds => SECOND,
                Count::Minutes => 60 * SECOND,
            },
            accumulate: prices.accumulate,
            minimum: prices.minimum,
            maximum_stay: prices
                .maximum_stay
                .as_ref()
                .map(|maximum| (maximum.length, Ladder::of("overstay", &maximum.overstay, minor))),
            local: false,
            ladders,
            last_steps,
        };
        plan.local = plan.asks_calendar();
        plan
    }

    fn asks_calendar(&self) -> bool {
        let calendar = |period: Period| !matches!(period, Period::Every(_));
        let step = |rung: &Rung| matches!(rung.step, Step::Calendar(_));
        let overstay = self.maximum_stay.iter().map(|(_, ladder)| ladder);
        !self.windows.is_empty()
            || self.accumulate
            || self.restart.is_some_and(calendar)
            || self.ladders.iter().chain(overstay).any(|ladder| ladder.rungs.iter().any(step))
            || self.caps.iter().any(|cap| {
                cap.when.is_some()
                    || cap.entered.is_some()
                    || matches!(cap.per, CapPer::Period(period) if calendar(period))
            })
    }
}

fn caps(prices: &Prices) -> Vec<CapRule> {
    let package = |package: &Package| CapRule {
        rule: "package",
        note: format!("the first {}: at most {}", package.length, package.price).into(),
        max: Some(package.price),
        per: CapPer::Entry,
        when: None,
        entered: None,
        first: package.length.micros(),
    };
    let mut caps: Vec<CapRule> = prices
        .caps
        .iter()
        .map(|cap| CapRule {
            rule: "cap",
            note: match cap.name.as_str() {
                "" => format!("at most {}", cap.max).into(),
                name => format!("{name}: at most {}", cap.max).into(),
            },
            max: Some(cap.max),
            per: cap.per,
            when: cap.when.clone(),
            entered: cap.entered.clone(),
            first: cap.first.map_or(OPEN, Length::micros),
        })
        .collect();
    match prices.packages_choice {
        Choice::AsListed => caps.extend(prices.packages.iter().map(package)),
        // Cheapest packages replace whole days, so no charge may lie across two of them.
        Choice::Cheapest if !prices.packages.is_empty() => caps.push(CapRule {
            rule: "day",
            note: SmolStr::default(),
            max: None,
            per: CapPer::Period(Period::Every(Length::DAY)),
            when: None,
            entered: None,
            first: OPEN,
        }),
        Choice::Cheapest => {}
    }
    caps
}

impl Ladder {
    /// `name` is that of the window or offer, or empty; `minor` are the minor units of the currency in a major one.
    pub(super) fn of(name: &str, rate: &Rate, minor: i64) -> Self {
        let mut rungs = match rate {
            Rate::Free => Vec::new(),
            Rate::Blocks(blocks) => {
                let mut from = 0;
                let rung = |block: &Block| {
                    let rung = Rung::of(from, block);
                    from = rung.to;
                    rung
                };
                blocks.iter().map(rung).collect()
            }
            Rate::Table { rows, then } => {
                let (mut from, mut before) = (0, Exact::of(0, 1));
                let mut rungs = Vec::with_capacity(rows.len() + 1);
                for row in rows {
                    let total = Exact::major(row.total);
                    rungs.push(Rung {
                        from,
                        to: row.up_to.micros(),
                        step: Step::Whole,
                        price: total.minus(before),
                        minor: (0, before),
                        per_hour: None,
                        row: Some(row.up_to),
                        words: Words::default(),
                    });
                    (from, before) = (row.up_to.micros(), total);
                }
                rungs.extend(then.iter().map(|block| Rung::of(from, block)));
                rungs
            }
        };
        for rung in &mut rungs {
            rung.words = Words::of(name, rung, minor);
            rung.minor = (minor, rung.price.times(minor, 1));
        }
        Self { rungs }
    }

    /// Makes every step a second long, at its share of the price; gives the length that steps had.
    fn by_the_second(&mut self) -> i64 {
        let mut length = 1;
        for rung in &mut self.rungs {
            if let Step::Every(step) = rung.step {
                rung.words = rung.words.by_the_second(rung, step);
                rung.price = rung.price.times(SECOND, step);
                rung.minor.1 = rung.price.times(rung.minor.0, 1);
                (rung.step, length) = (Step::Every(SECOND), step);
            }
        }
        length
    }
}

impl Rung {
    fn of(from: i64, block: &Block) -> Self {
        let step = match block.step {
            None => Step::Whole,
            Some(Period::Every(length)) => Step::Every(length.micros()),
            Some(calendar) => Step::Calendar(calendar),
        };
        let seconds = match step {
            Step::Every(micros) => micros / SECOND,
            // A rate per hour needs a step; saving sees to it.
            Step::Whole | Step::Calendar(_) => 3_600,
        };
        let (price, per_hour) = match block.price {
            Price::Each(amount) => (Exact::major(amount), None),
            Price::PerHour(amount) => (Exact::major(amount).times(seconds, 3_600), Some(amount)),
        };
        Self {
            from,
            to: block.to.map_or(OPEN, Length::micros),
            step,
            price,
            minor: (0, price),
            per_hour,
            row: None,
            words: Words::default(),
        }
    }

    /// What so many steps cost in minor units, `scale` of which are a major one.
    pub(super) fn cost(&self, steps: i64, scale: i64, mode: RoundingMode) -> i64 {
        let (known, price) = self.minor;
        if known == scale {
            return price.round(steps, mode);
        }
        self.price.round(steps.saturating_mul(scale), mode)
    }
}

/// More than a stay within some length can cost, in minor units, by the parts that cost it.
pub(super) fn most(prices: &Prices, within: Length, scale: i64) -> Vec<(String, i128)> {
    let longest = i128::from(within.micros());
    let days = longest / i128::from(Length::DAY.micros()) + 7;
    let again = match prices.restart {
        None => 0,
        Some(Period::Every(length)) => longest / i128::from(length.micros()),
        Some(_) => days,
    };
    let spans: usize = prices.windows.iter().map(|window| window.when.spans.len()).sum();
    let switches = again + 1 + 2 * days * i128::try_from(spans).unwrap_or(i128::MAX / 10_000);
    let cost = |rung: &Rung| {
        let steps = match rung.step {
            Step::Every(step) => longest / i128::from(step) + switches,
            Step::Whole => switches,
            Step::Calendar(_) => days + switches,
        };
        rung.price.at_most(scale).saturating_mul(steps)
    };
    let of_rate = |(at, rate): (String, &Rate)| {
        (at, Ladder::of("", rate, 1).rungs.iter().map(cost).fold(0, i128::saturating_add))
    };
    let of_amount =
        |(at, amount): (String, MajorAmount)| (at, Exact::major(amount).at_most(scale).saturating_mul(days));
    let windows = prices.windows.iter().enumerate();
    let rates = std::iter::once(("rate".to_owned(), &prices.rate))
        .chain(windows.map(|(number, window)| (format!("windows/{number}/rate"), &window.rate)))
        .chain(prices.maximum_stay.iter().map(|most| ("maximum_stay/overstay".to_owned(), &most.overstay)));
    let packages = prices.packages.iter().enumerate();
    let amounts = packages
        .map(|(number, package)| (format!("packages/{number}/price"), package.price))
        .chain(prices.minimum.map(|minimum| ("minimum".to_owned(), minimum)));
    rates.map(of_rate).chain(amounts.map(of_amount)).collect()
}
