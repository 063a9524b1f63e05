//! The README's commands do what they say.

use std::{fs, process::Command};

use parkpro_tests::{running::Setup, world::setups};

/// The lines of the fenced block under a heading.
fn block(heading: &str) -> Vec<String> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let section = readme.split_once(heading).expect("the heading is there").1;
    let block = section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("a block follows").lines().map(str::to_owned).collect()
}

fn run(line: &str) -> (bool, String) {
    let output = Command::new("bash").args(["-c", line]).output().unwrap();
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
fn it_begins_with_the_two_commands() {
    assert_eq!(
        block("# ParkPro").iter().map(|line| line.split("  ").next().unwrap()).collect::<Vec<_>>(),
        ["cargo run", "./tests/run"]
    );
    assert!(Setup::embedded().variables.is_empty(), "the first needs no settings");
}
