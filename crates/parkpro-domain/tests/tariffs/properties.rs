//! What holds for every tariff and every stay, tried on random ones.
//!
//! A few hundred by default; `just fees` is the full run.

use parkpro_domain::{
    money::{Currency, MajorAmount},
    tariff::{
        Change, Discount, Document, EarlierStay, Grant, Length, Stay, Tariff, When,
        document::{
            Across, Block, Board, Cap, CapPer, Choice, Count, Free, FreeKind, MaximumStay, Offer, Package,
            Percent, Period, Price, Prices, Rate, Rounding, RoundingMode, Row, Stacking, Steps, Tax, Window,
        },
    },
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};
use proptest::{prelude::*, sample::select, test_runner::Config};

use crate::reference;

const MINUTE: i64 = 60_000_000;

fn cases() -> Config {
    let cases = std::env::var("PARKPRO_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    Config { cases, failure_persistence: None, max_global_rejects: cases * 20, ..Config::default() }
}

fn length(minutes: i64) -> Length {
    Length::of_seconds(minutes * 60).unwrap()
}

fn amount() -> impl Strategy<Value = MajorAmount> {
    (0..2_000_i64)
        .prop_map(|minor| MajorAmount::parse(&format!("{}.{:02}", minor / 100, minor % 100)).unwrap())
}

fn fine_amount() -> impl Strategy<Value = MajorAmount> {
    (0..20_000_i64)
        .prop_map(|fine| MajorAmount::parse(&format!("{}.{:03}", fine / 1_000, fine % 1_000)).unwrap())
}

fn lengths() -> impl Strategy<Value = Length> {
    prop_oneof![1..180_i64, select(vec![1, 5, 10, 15, 30, 60, 90, 120, 180, 240, 720, 1_440, 2_880, 10_080])]
        .prop_map(length)
}

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![fine_amount().prop_map(Price::Each), amount().prop_map(Price::PerHour)]
}

fn blocks() -> impl Strategy<Value = Rate> {
    let block = (lengths(), lengths(), price(), prop::bool::weighted(0.15));
    prop::collection::vec(block, 1..4).prop_map(|parts| {
        let (mut to, last) = (0, parts.len() - 1);
        let block = |(at, (long, step, price, whole)): (usize, (Length, Length, Price, bool))| {
            to += long.seconds();
            let whole = whole && matches!(price, Price::Each(_));
            Block {
                to: (at < last).then(|| Length::of_seconds(to).unwrap()),
                step: (!whole).then_some(Period::Every(step)),
                price,
            }
        };
        Rate::Blocks(parts.into_iter().enumerate().map(block).collect())
    })
}

fn table() -> impl Strategy<Value = Rate> {
    (prop::collection::vec((lengths(), 0..500_i64), 1..5), lengths(), price()).prop_map(
        |(parts, step, price)| {
            let (mut up_to, mut total) = (0, 0);
            let row = |(long, more): (Length, i64)| {
                (up_to, total) = (up_to + long.seconds(), total + more);
                let text = format!("{}.{:02}", total / 100, total % 100);
                Row { up_to: Length::of_seconds(up_to).unwrap(), total: MajorAmount::parse(&text).unwrap() }
            };
            let rows = parts.into_iter().map(row).collect();
            Rate::Table { rows, then: Some(Block { to: None, step: Some(Period::Every(step)), price }) }
        },
    )
}

fn rate() -> impl Strategy<Value = Rate> {
    prop_oneof![1 => Just(Rate::Free), 5 => blocks(), 2 => table()]
}

fn when() -> impl Strategy<Value = When> {
    let days = select(vec!["", "Mo-Fr", "Sa,Su", "Su,PH", "We", "PH", "2024-03-31", "10-20..04-10"]);
    let times = prop_oneof![
        Just(String::new()),
        (0..96_i64, 1..97_i64).prop_map(|(from, to)| {
            let clock = |quarter: i64| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
            format!("{}-{}", clock(from), clock(to))
        })
    ];
    let spans = prop::collection::vec((days, times), 1..3).prop_map(|spans| {
        let span = |(days, times): (&str, String)| {
            let text = format!("{days} {times}").trim().to_owned();
            if text.is_empty() { "24/7".to_owned() } else { text }
        };
        spans.into_iter().map(span).collect::<Vec<_>>().join("; ")
    });
    let spans = (spans, prop::bool::weighted(0.2))
        .prop_map(|(spans, off)| if off { format!("{spans}; PH off") } else { spans });
    prop_oneof![4 => spans, 1 => Just("Fr 16:00-Su 24:00".to_owned())]
        .prop_map(|text| When::parse(&text).unwrap())
}

fn period() -> impl Strategy<Value = Period> {
    prop_oneof![
        4 => select(vec![60, 720, 1_440, 10_080]).prop_map(|minutes| Period::Every(length(minutes))),
        3 => Just(Period::Day),
        1 => Just(Period::Week),
        1 => Just(Period::Month)
    ]
}

fn cap() -> impl Strategy<Value = Cap> {
    let per = prop_oneof![Just(CapPer::Entry), Just(CapPer::Window), period().prop_map(CapPer::Period)];
    (
        amount(),
        per,
        prop::option::of(when()),
        prop::option::weighted(0.2, when()),
        prop::option::weighted(0.3, lengths()),
    )
        .prop_map(|(max, per, when, entered, first)| Cap {
            name: String::new(),
            max,
            per,
            when,
            entered,
            first,
        })
}

fn prices() -> impl Strategy<Value = Prices> {
    let window = (when(), rate(), any::<bool>()).prop_map(|(when, rate, continues)| Window {
        name: "Window".to_owned(),
        when,
        rate,
        continues,
    });
    let steps = (select(vec![Count::Exact, Count::Seconds, Count::Minutes]), any::<bool>(), any::<bool>());
    let steps = steps.prop_map(|(count, runs_on, end_begins_next)| Steps {
        count,
        across: if runs_on { Across::RunOn } else { Across::Cut },
        end_begins_next,
    });
    let free = (lengths(), any::<bool>()).prop_map(|(first, cliff)| Free {
        first,
        kind: if cliff { FreeKind::Cliff } else { FreeKind::Deducted },
    });
    let maximum = (lengths(), rate()).prop_map(|(length, overstay)| MaximumStay { length, overstay });
    let parts = (
        prop::option::weighted(0.4, free),
        rate(),
        prop::collection::vec(window, 0..3),
        prop::collection::vec(cap(), 0..4),
        prop::option::of(period()),
        steps,
        prop::option::weighted(0.2, amount()),
        prop::option::weighted(0.1, maximum),
    );
    parts.prop_map(|(free, rate, windows, caps, restart, steps, minimum, maximum_stay)| Prices {
        free,
        rate,
        windows,
        caps,
        restart,
        steps,
        minimum,
        maximum_stay,
        ..Prices::default()
    })
}

/// A document of these prices, with two public holidays.
fn document(prices: Prices) -> Document {
    let board = Board { prices, ..Board::default() };
    Document {
        currency: Some(Currency::parse("EUR").unwrap()),
        holidays: ["2024-04-01", "2024-10-28"].map(|date| date.parse().unwrap()).to_vec(),
        board,
        ..Document::of_rate("Random", Rate::Free)
    }
}

/// Around the nights on which clocks change, and around no such night.
fn stay() -> impl Strategy<Value = Stay> {
    let zones = [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Kolkata",
        "UTC",
    ];
    let days =
        ["2024-03-29", "2024-10-25", "2024-04-05", "2024-10-04", "2024-09-06", "2024-11-01", "2024-06-11"];
    let lengths =
        prop_oneof![3 => 0..600_i64, 3 => 0..4_320_i64, 1 => select(vec![0, 15, 30, 60, 120, 1_440, 2_880])];
    (select(zones.to_vec()), select(days.to_vec()), 0..1_440_i64, lengths).prop_map(
        |(zone, day, minute, length)| {
            let from = Timestamp::parse(&format!("{day}T00:00:00Z")).unwrap().plus_micros(minute * MINUTE);
            let to = from.plus_micros(length * MINUTE);
            let (zone, currency) = (Zone::parse(zone).unwrap(), Currency::parse("EUR").unwrap());
            Stay::new(from, to, VehicleClass::car(), zone, currency)
        },
    )
}

/// Everything that the reference does not know: offers, packages, tax, discounts, coins.
fn whole_document() -> impl Strategy<Value = Document> {
    let offer =
        (prop::option::of(when()), prop::option::of(when()), prop::option::of(when()), lengths(), prices());
    let offer = offer.prop_map(|(enter, leave, during, up_to, prices)| Offer {
        name: "Offer".to_owned(),
        enter,
        leave,
        during,
        longer_than: None,
        up_to: Some(up_to),
        prices,
    });
    let choice =
        || any::<bool>().prop_map(|cheapest| if cheapest { Choice::Cheapest } else { Choice::AsListed });
    let package = (1..8_i64, 0..6_000_i64);
    let mode =
        select(vec![RoundingMode::HalfUp, RoundingMode::HalfEven, RoundingMode::Up, RoundingMode::Down]);
    let end = (any::<bool>(), 1..300_000_i64, any::<bool>(), mode, any::<bool>());
    let stacking = select(vec![Stacking::All, Stacking::AmountsFirst, Stacking::Best]);
    let board = (
        prices(),
        prop::collection::vec(offer, 0..3),
        choice(),
        prop::collection::vec(package, 0..3),
        choice(),
    );
    (board, end, stacking).prop_map(
        |((prices, offers, offers_choice, packages, packages_choice), end, discounts)| {
            let mut document = document(prices);
            let (mut days, mut cents) = (0, 0);
            document.board.prices.packages = packages
                .into_iter()
                .map(|(more_days, more_cents)| {
                    (days, cents) = (days + more_days, cents + more_cents);
                    let price = MajorAmount::parse(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap();
                    Package { length: length(days * 1_440), price }
                })
                .collect();
            (document.board.offers, document.board.offers_choice) = (offers, offers_choice);
            document.board.prices.packages_choice = packages_choice;
            let (taxed, percent, included, mode, coins) = end;
            let percent = Percent::parse(&format!("{}.{:04}", percent / 10_000, percent % 10_000)).unwrap();
            document.tax = taxed.then_some(Tax { percent, included });
            document.rounding = Rounding { mode, cash: coins.then(|| MajorAmount::parse("0.05").unwrap()) };
            document.discounts = discounts;
            document
        },
    )
}

fn discounts() -> impl Strategy<Value = Vec<Discount>> {
    let grant = prop_oneof![
        lengths().prop_map(Grant::Free),
        (0..=100_i64).prop_map(|percent| Grant::Percent(Percent::parse(&percent.to_string()).unwrap())),
        amount().prop_map(Grant::Amount)
    ];
    prop::collection::vec(grant.prop_map(|grant| Discount { name: "CODE".to_owned(), grant }), 0..3)
}

/// Random parts may not go together; what saving refuses is not counted as a case.
fn saved(document: &Document) -> Result<Tariff, TestCaseError> {
    Tariff::new(document.clone()).map_err(|_mistakes| TestCaseError::reject("refused when saved"))
}

/// How the caps that hold at all times limit the sum.
fn highest(document: &Document) -> Option<i64> {
    let prices = &document.board.prices;
    let entry = |cap: &&Cap| {
        cap.per == CapPer::Entry && cap.when.is_none() && cap.entered.is_none() && cap.first.is_none()
    };
    let minor = |amount: MajorAmount| amount.of(Currency::parse("EUR").unwrap()).unwrap().minor;
    let least = prices.caps.iter().filter(entry).map(|cap| minor(cap.max)).min()?;
    prices.maximum_stay.is_none().then(|| least.max(prices.minimum.map_or(0, minor)))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_fee_is_what_a_slow_count_minute_by_minute_gives(prices in prices(), stay in stay()) {
        let document = document(prices);
        let tariff = saved(&document)?;
        let fee = tariff.fee(&stay);
        let slow = reference::total(&document, &stay);
        prop_assert_eq!(fee.total.minor, slow, "{:#?}", fee);
    }

    #[test]
    fn lines_add_up_and_the_same_stay_costs_the_same(
        document in whole_document(), stay in stay(), discounts in discounts(), micros in 0..MINUTE
    ) {
        let tariff = saved(&document)?;
        let mut stay = stay;
        stay.discounts = discounts;
        stay.ended_at = stay.ended_at.plus_micros(micros);
        let fee = tariff.fee(&stay);
        prop_assert_eq!(fee.lines.iter().map(|line| line.amount).sum::<i64>(), fee.total.minor);
        prop_assert_eq!(&tariff.fee(&stay), &fee);
        prop_assert_eq!(tariff.total(&stay), fee.total);
        prop_assert!(fee.total.minor >= 0 && fee.tax().minor >= 0 && fee.net().minor >= 0);
        let stored = parkpro_domain::tariff::Fee::stored(fee.total, &fee.lines_text());
        prop_assert_eq!(stored.unwrap(), fee);
    }

    #[test]
    fn a_longer_stay_never_costs_less_and_no_fee_exceeds_its_caps(
        document in whole_document(), stay in stay(), discounts in discounts(), longer in 0..2_880 * MINUTE
    ) {
        // An offer may be cheaper for longer stays; that is what it is for.
        let document = Document { board: Board { offers: Vec::new(), ..document.board }, ..document };
        let tariff = saved(&document)?;
        let mut stay = stay;
        if let (Some(most), None) = (highest(&document), document.tax.filter(|tax| !tax.included)) {
            let coin = if document.rounding.cash.is_some() { 5 } else { 0 };
            prop_assert!(tariff.total(&stay).minor <= most + coin);
        }
        stay.discounts = discounts;
        let shorter = tariff.total(&stay).minor;
        stay.ended_at = stay.ended_at.plus_micros(longer);
        prop_assert!(tariff.total(&stay).minor >= shorter);
    }

    #[test]
    fn a_fee_holds_as_long_as_it_says(document in whole_document(), stay in stay()) {
        let tariff = saved(&document)?;
        let now = tariff.total(&stay);
        let mut later = stay.clone();
        let until = Change::holds_until(tariff.next_change(&stay), &stay);
        prop_assert!(until >= stay.ended_at);
        let held = until.micros_since(stay.ended_at);
        for part in 0..=8 {
            later.ended_at = stay.ended_at.plus_micros(held / 8 * part);
            prop_assert_eq!(tariff.total(&later), now);
        }
        if let Some(change) = tariff.next_change(&stay) {
            later.ended_at = change.at;
            prop_assert_eq!(tariff.total(&later), change.total);
            prop_assert!(change.total != now && change.at == until.plus_micros(1));
        }
    }

    #[test]
    fn stays_that_add_up_cost_together_what_one_stay_would(
        rate in blocks(), max in prop::option::of(amount()), parts in (1..400_i64, 1..400_i64)
    ) {
        let Rate::Blocks(mut blocks) = rate else { unreachable!() };
        // Prices without fractions of a cent: parts of a fee are rounded each.
        for block in &mut blocks {
            let (Price::Each(price) | Price::PerHour(price)) = block.price;
            block.price = Price::Each(MajorAmount::parse(price.to_string().split('.').next().unwrap()).unwrap());
        }
        let cap = max.map(|max| Cap {
            name: String::new(), max, per: CapPer::Period(Period::Day), when: None, entered: None, first: None,
        });
        let rate = Rate::Blocks(blocks);
        let prices = Prices { rate, restart: Some(Period::Day), accumulate: true, caps: cap.into_iter().collect(), ..Prices::default() };
        let tariff = saved(&document(prices))?;
        let at = |minutes: i64| Timestamp::parse("2024-03-31T02:00:00Z").unwrap().plus_micros(minutes * MINUTE);
        let stay = |from, to| Stay::new(
            at(from), at(to), VehicleClass::car(), Zone::parse("Europe/Berlin").unwrap(), Currency::parse("EUR").unwrap(),
        );
        let total = |stay: &Stay| tariff.total(stay).minor;
        let (first, second) = parts;
        let mut later = stay(first + 60, first + 60 + second);
        later.earlier_stays.push(EarlierStay { from: at(0), to: at(first) });
        prop_assert_eq!(total(&stay(0, first)) + total(&later), total(&stay(0, first + second)));
    }

    #[test]
    fn a_step_that_counts_once_is_a_started_step_where_no_other_rate_takes_over(
        step in lengths(), price in amount(), stay in stay()
    ) {
        let total = |across| {
            let rate = Rate::Blocks(vec![Block { to: None, step: Some(Period::Every(step)), price: Price::PerHour(price) }]);
            let steps = Steps { across, ..Steps::default() };
            Tariff::new(document(Prices { rate, steps, ..Prices::default() })).unwrap().total(&stay)
        };
        prop_assert_eq!(total(Across::Once), total(Across::Cut));
    }
}
