//! What benchmarks found, as tables for people.

use std::fmt::Write as _;

/// What one round measured of one side.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// How many were done in a second.
    pub rate: f64,
    /// Half of them took no longer, in microseconds; none if single ones were not timed.
    pub p50: Option<f64>,
    /// All but one in a hundred took no longer, in microseconds.
    pub p99: Option<f64>,
    /// Processor time for each, in microseconds, of all processes of the side; none if they were not watched.
    pub cpu: Option<f64>,
}

/// One side of a comparison: what each round measured of it.
#[derive(Debug, Clone)]
pub struct Side {
    /// For people.
    pub name: String,
    /// In the order of the rounds, which the sides of a comparison share.
    pub rounds: Vec<Figures>,
}

impl Side {
    /// The median over the rounds; none if a round did not measure it.
    pub fn median(&self, figure: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
        median(self.rounds.iter().map(figure).collect::<Option<Vec<_>>>()?)
    }
}

/// The middle of some numbers; none if there are none.
pub fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() % 2 {
        0 => Some(f64::midpoint(*numbers.get(middle.checked_sub(1)?)?, numbers[middle])),
        _ => numbers.get(middle).copied(),
    }
}

/// What a finding should be. Nothing fails if it is not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Goal {
    fn is_met(self, by: f64) -> bool {
        match self {
            Self::AtLeast(least) => by >= least,
            Self::AtMost(most) => by <= most,
        }
    }
}

/// One number that says how a comparison went.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Of what.
    pub what: String,
    /// How much.
    pub value: f64,
    /// Of what it is so much: `x`, `MB`.
    pub unit: &'static str,
    /// What it should be.
    pub goal: Option<Goal>,
}

impl Finding {
    /// The median over the rounds of what these figures, one of each side, say together. None if a side did not
    /// measure what is asked.
    pub fn of<const N: usize>(
        what: &str,
        unit: &'static str,
        sides: [&Side; N],
        say: impl Fn([&Figures; N]) -> Option<f64>,
    ) -> Option<Self> {
        let rounds = sides.iter().map(|side| side.rounds.len()).min().unwrap_or(0);
        let values =
            (0..rounds).map(|round| say(sides.map(|side| &side.rounds[round]))).collect::<Option<_>>();
        Some(Self { what: what.to_owned(), value: median(values?)?, unit, goal: None })
    }

    /// The same with a goal.
    #[must_use]
    pub fn goal(self, goal: Goal) -> Self {
        Self { goal: Some(goal), ..self }
    }
}

/// A comparison.
#[derive(Debug, Clone)]
pub struct Section {
    /// What is compared.
    pub title: String,
    /// What a reader has to know of it; may be empty.
    pub note: String,
    /// The sides.
    pub sides: Vec<Side>,
    /// What it comes to.
    pub findings: Vec<Finding>,
}

impl Section {
    /// As Markdown that can be read as it is.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("### {}\n", self.title);
        if !self.note.is_empty() {
            let _ = write!(text, "\n{}\n", self.note);
        }
        if !self.sides.is_empty() {
            let head = ["side", "per second", "p50 us", "p99 us", "CPU us each"];
            let rows = self.sides.iter().map(|side| {
                [
                    side.name.clone(),
                    number(side.median(|round| Some(round.rate))),
                    number(side.median(|round| round.p50)),
                    number(side.median(|round| round.p99)),
                    number(side.median(|round| round.cpu)),
                ]
            });
            table(&mut text, head, rows.collect());
        }
        if !self.findings.is_empty() {
            let rows = self.findings.iter().map(|finding| {
                let of = |value| format!("{} {}", number(Some(value)), finding.unit);
                let goal = finding.goal.map_or_else(String::new, |goal| match goal {
                    Goal::AtLeast(least) => format!(">= {}", of(least)),
                    Goal::AtMost(most) => format!("<= {}", of(most)),
                });
                let met =
                    finding.goal.map_or("", |goal| if goal.is_met(finding.value) { "met" } else { "missed" });
                [finding.what.clone(), of(finding.value), goal, met.to_owned()]
            });
            table(&mut text, ["finding", "measured", "goal", ""], rows.collect());
        }
        text
    }
}

/// Three digits that say something, or all before the point.
fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value >= 1000.0 => {
            let digits = format!("{value:.0}");
            let groups: Vec<&str> =
                digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
            groups.join(",")
        }
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) if value >= 1.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.3}"),
    }
}

/// The first column to the left, the others to the right.
fn table<const N: usize>(text: &mut String, head: [&str; N], rows: Vec<[String; N]>) {
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows);
    let widths: [usize; N] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).fold(2, usize::max)
    });
    text.push('\n');
    for (n, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            let _ = if column == 0 {
                write!(text, "| {cell:width$} ")
            } else {
                write!(text, "| {cell:>width$} ")
            };
        }
        text.push_str("|\n");
        if n == 0 {
            for (column, width) in widths.into_iter().enumerate() {
                let _ = match column {
                    0 => write!(text, "| {:-<width$} ", ""),
                    _ => write!(text, "| {:-<1$}: ", "", width.saturating_sub(1)),
                };
            }
            text.push_str("|\n");
        }
    }
}

/// A page with the newest results of every part: those of one part are replaced, the others stay. `order` names all
/// parts; `introduction` is what stands above them.
pub fn page(old: &str, introduction: &str, order: &[&str], part: &str, results: &str) -> String {
    let known = |wanted: &str| {
        let parts = old.split("\n## ").skip(1).map(|text| text.split_once('\n').unwrap_or((text, "")));
        parts.filter(|(title, _)| *title == wanted).map(|(_, text)| text.trim().to_owned()).next()
    };
    let mut page = introduction.trim_end().to_owned();
    for title in order {
        let text = if *title == part { Some(results.trim().to_owned()) } else { known(title) };
        if let Some(text) = text {
            let _ = write!(page, "\n\n## {title}\n\n{text}");
        }
    }
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(name: &str, rates: [f64; 3]) -> Side {
        let figures = |rate| Figures { rate, p50: Some(1200.0), p99: Some(3400.2), cpu: None };
        Side { name: name.to_owned(), rounds: rates.map(figures).to_vec() }
    }

    fn ratio(one: &Side, other: &Side) -> Finding {
        Finding::of("one to other", "x", [one, other], |[one, other]| Some(one.rate / other.rate)).unwrap()
    }

    #[test]
    fn a_section_is_two_tables_with_goals() {
        let (disk, park) = (side("raw sync", [100.0, 50.0, 80.0]), side("park", [300.0, 250.0, 32_000.0]));
        let findings = vec![
            ratio(&park, &disk).goal(Goal::AtLeast(4.0)),
            ratio(&disk, &park).goal(Goal::AtMost(0.1)),
            ratio(&disk, &disk),
        ];
        let section =
            Section { title: "Disk".into(), note: "Shared.".into(), sides: vec![disk, park], findings };
        let expected = "\
### Disk

Shared.

| side     | per second | p50 us | p99 us | CPU us each |
| -------- | ---------: | -----: | -----: | ----------: |
| raw sync |       80.0 |  1,200 |  3,400 |           - |
| park     |        300 |  1,200 |  3,400 |           - |

| finding      | measured |     goal |        |
| ------------ | -------: | -------: | -----: |
| one to other |   5.00 x | >= 4.00 x |    met |
| one to other |  0.200 x | <= 0.100 x | missed |
| one to other |   1.00 x |          |        |
";
        let spaceless = |text: &str| text.replace([' ', '-'], "");
        assert_eq!(spaceless(&section.to_markdown()), spaceless(expected));
        let widths =
            |text: &str| text.lines().filter(|line| line.starts_with('|')).map(str::len).collect::<Vec<_>>();
        let widths = widths(&section.to_markdown());
        assert!(
            widths[..4].iter().all(|width| *width == widths[0])
                && widths[4..].iter().all(|width| *width == widths[4])
        );
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds() {
        let (slow, quick) = (side("slow", [1.0, 10.0, 100.0]), side("quick", [2.0, 50.0, 300.0]));
        assert!((ratio(&quick, &slow).value - 3.0).abs() < 1e-9);
        let untimed = Finding::of("cpu", "us", [&slow], |[slow]| slow.cpu);
        assert!(untimed.is_none(), "what was not measured is not found");
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn a_page_keeps_the_parts_that_were_not_run() {
        let order = ["disk", "http", "growth"];
        let add = |old: &str, part, results| page(old, "# Benchmarks\n", &order, part, results);
        let one = add("", "growth", "### g\n\n| 1 |\n");
        let two = add(&one, "disk", "d\n");
        assert_eq!(two, "# Benchmarks\n\n## disk\n\nd\n\n## growth\n\n### g\n\n| 1 |\n");
        assert_eq!(add(&two, "disk", "newer"), two.replace("\nd\n", "\nnewer\n"));
    }
}
