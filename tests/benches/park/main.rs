//! The project's benchmarks: `just bench`, `just bench-growth`.
//!
//! Every figure stands next to its limit, measured in turns with it in the same run: the disk's own sync, `pgbench`, a
//! bare actix server. So what counts are the ratios; absolute figures are worth what the machine is worth. Nothing fails
//! by being slow: goals are printed beside the ratios.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement: what cannot be done ends it"
)]

mod domain;
mod growth;
mod limits;
mod live;
mod load;
mod over_http;
mod process;
mod record;
#[path = "../../../crates/parkpro-web/src/api/spelling.rs"]
mod spelling;
mod stage;
#[path = "../../../crates/parkpro-web/src/api/tariff_document/mod.rs"]
mod tariff_document;

use std::{
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use parkpro_tests::{
    report::{Figures, Section, Side, page},
    running::binary,
};

type Run = fn(&Plan) -> Vec<Section>;

/// What can be run by itself, in the order of the page. All but the last belong to a run without a name.
const PARTS: [(&str, Run); 8] = [
    ("domain", domain::run),
    ("record", record::run),
    ("sqlite", over_http::sqlite),
    ("postgres", over_http::postgres),
    ("reads", over_http::reads),
    ("live", live::run),
    ("footprint", live::footprint),
    ("growth", growth::run),
];

const USAGE: &str = "usage: park [domain|record|sqlite|postgres|reads|live|footprint|growth] [--quick]
       without a name: all but growth; --quick only shows that it works, and writes nothing";

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md");

const INTRODUCTION: &str = "\
# Benchmarks

Written by `just bench` and `just bench-growth`, which replace the parts that they measure.

The sides of a table were measured in turns, in one run on one machine that they shared with the clients that asked
them. A row is the median of its rounds, a finding the median of what each round gave, so a ratio holds where the
absolute figures do not. p50 and p99 are those of the first request of a flow: of the entry, where vehicles enter and
exit. CPU is the time of all processors that the program and its database took for each request; the clients' is not in
it. `x` is a ratio. A goal that is missed is no failure; it is what to work on.";

/// How long to measure.
pub(crate) struct Plan {
    rounds: usize,
    window: Duration,
    quick: bool,
}

/// A side that measures itself for as long as it is told.
type Contender<'a> = (&'a str, Box<dyn FnMut(Duration) -> Figures + 'a>);

impl Plan {
    /// Measures the sides in turns, after all of them have warmed up.
    fn contest(&self, mut sides: Vec<Contender<'_>>) -> Vec<Side> {
        let mut measured: Vec<Side> =
            sides.iter().map(|(name, _)| Side { name: (*name).to_owned(), rounds: Vec::new() }).collect();
        for (_, side) in &mut sides {
            side(self.window / 4);
        }
        for round in 0..self.rounds {
            let mut turns: Vec<_> = sides.iter_mut().zip(&mut measured).collect();
            // Nobody always goes first.
            if round % 2 == 1 {
                turns.reverse();
            }
            for ((_, side), measured) in turns {
                measured.rounds.push(side(self.window));
            }
        }
        measured
    }
}

/// Runs a future in a runtime that is its own and the calling thread's.
pub(crate) fn in_this_thread<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["bare", posted, got] = words.as_slice() {
        limits::serve_bare(posted, got);
        return ExitCode::SUCCESS;
    }
    let (quick, named): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| *word == "--quick");
    if named.iter().any(|name| !PARTS.iter().any(|(part, _)| part == name)) {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    }
    let plan = if quick.is_empty() {
        Plan { rounds: 5, window: Duration::from_secs(3), quick: false }
    } else {
        Plan { rounds: 2, window: Duration::from_millis(400), quick: true }
    };
    // Ten thousand connections need as many descriptors; children inherit the limit.
    process::said("sh", &["-c", "prlimit --pid $PPID --nofile=$(ulimit -Hn):$(ulimit -Hn)"]);
    // Built before anything is measured.
    binary();
    let circumstances = process::circumstances();
    println!("{circumstances}");
    let everyday = &PARTS[..PARTS.len() - 1];
    for (part, run) in PARTS {
        let wanted = if named.is_empty() {
            everyday.iter().any(|(name, _)| *name == part)
        } else {
            named.contains(&part)
        };
        if wanted {
            let begun = Instant::now();
            let sections: Vec<String> = run(&plan).iter().map(Section::to_markdown).collect();
            println!("\n## {part}\n\n{}\n({:.0} s)", sections.join("\n"), begun.elapsed().as_secs_f64());
            if !plan.quick {
                let results = format!("{circumstances}\n\n{}", sections.join("\n"));
                keep(part, &results);
            }
        }
    }
    ExitCode::SUCCESS
}

fn keep(part: &str, results: &str) {
    let old = fs::read_to_string(PAGE).unwrap_or_default();
    fs::create_dir_all(Path::new(PAGE).parent().unwrap()).unwrap();
    fs::write(PAGE, page(&old, INTRODUCTION, &PARTS.map(|(part, _)| part), part, results)).unwrap();
}
