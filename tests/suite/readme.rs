//! The commands that are printed in README.md and in the pages about tariffs do what they say.

use std::{fs, process::Command};

use parkpro_tests::{running::Setup, world::setups};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The lines of the fenced block under a heading of the README.
fn block(heading: &str) -> Vec<String> {
    block_of("README.md", heading)
}

/// The lines of the fenced block under a heading of a page.
fn block_of(page: &str, heading: &str) -> Vec<String> {
    let page = fs::read_to_string(format!("{ROOT}/{page}")).unwrap();
    let section = page.split_once(heading).expect("the heading is there").1;
    let block = section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("a block follows").lines().map(str::to_owned).collect()
}

fn run(line: &str) -> (bool, String) {
    let output = Command::new("bash").args(["-c", line]).current_dir(ROOT).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_ten_lines_work_as_printed() {
    for (name, setup) in setups() {
        let program = setup.start();
        let lines = block("One vehicle parks, two wait");
        assert_eq!(lines.len(), 10);
        let mut told = String::new();
        for line in block("## The API in ten lines").into_iter().chain(lines) {
            let live = line.contains("curl -N");
            let line =
                line.replace("localhost:8000", program.base()).replace("curl ", "curl -sS --fail-with-body ");
            let (well, body) = run(&line);
            assert!(well || live, "on {name}: {line}\n{body}");
            told.push_str(&body);
        }
        for word in [
            r#""status":"waiting","slot":null"#,
            r#""promoted":[{"#,
            r#""formatted":"50.00""#,
            r#""status":"withdrawn""#,
            r#""status":"out_of_service""#,
            "event: ticket_parked",
        ] {
            assert!(told.contains(word), "on {name}: {word} is not in {told}");
        }
    }
}

#[test]
fn a_tariff_goes_from_a_document_to_a_fee_as_printed() {
    let program = Setup::embedded().start();
    let mut told = String::new();
    for line in block_of("docs/tariffs.md", "## From a document to a fee")
        .into_iter()
        .chain(block_of("docs/tariffs.md", "brings its own, as"))
        .chain(block_of("examples/tariffs/README.md", "# Boards"))
    {
        let line =
            line.replace("localhost:8000", program.base()).replace("curl ", "curl -sS --fail-with-body ");
        let (well, body) = run(&line);
        assert!(well, "{line}\n{body}");
        told.push_str(&body);
    }
    for word in [
        r#""stay":"7d""#,
        r#""published":{"id":"short-term","version":1"#,
        r#""tariff":{"id":"short-term","version":1}"#,
        r#""formatted":"7.00""#,
        r#""formatted":"1800""#,
    ] {
        assert!(told.contains(word), "{word} is not in {told}");
    }
}

#[test]
fn it_begins_with_the_two_commands() {
    assert_eq!(
        block("# ParkPro").iter().map(|line| line.split("  ").next().unwrap()).collect::<Vec<_>>(),
        ["cargo run", "./tests/run"]
    );
    assert!(Setup::embedded().variables.is_empty(), "the first needs no settings");
}
