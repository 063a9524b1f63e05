//! The edges between the crates, and what the domain must not know.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

fn members() -> Vec<Package> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let metadata =
        MetadataCommand::new().manifest_path(manifest).no_deps().other_options(["--offline".into()]).exec();
    metadata.unwrap().packages
}

fn depends_on(package: &Package, what: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.clone()).filter(|name| what(name)).collect()
}

#[test]
fn every_crate_knows_only_whom_it_may() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("parkpro-domain", [].as_slice()),
        ("parkpro-postgres", &["parkpro-domain"]),
        ("parkpro-redis", &["parkpro-domain"]),
        ("parkpro-sqlite", &["parkpro-domain"]),
        ("parkpro-testkit", &["parkpro-domain"]),
        ("parkpro-web", &["parkpro-domain", "parkpro-postgres", "parkpro-redis", "parkpro-sqlite"]),
        (
            "parkpro-tests",
            &[
                "parkpro-domain",
                "parkpro-postgres",
                "parkpro-redis",
                "parkpro-sqlite",
                "parkpro-testkit",
                "parkpro-web",
            ],
        ),
    ]);
    let members = members();
    assert_eq!(members.len(), allowed.len(), "a new crate needs a reason that an edge enforces");
    for member in members {
        let edges = depends_on(&member, |name| name.starts_with("parkpro-"));
        let allowed: BTreeSet<String> =
            allowed[member.name.as_str()].iter().map(ToString::to_string).collect();
        assert!(edges.is_subset(&allowed), "{} depends on {:?}", member.name, edges.difference(&allowed));
    }
}

#[test]
fn the_domain_knows_no_outside_world() {
    let members = members();
    let domain = members.iter().find(|member| member.name.as_str() == "parkpro-domain").unwrap();
    let banned =
        ["tokio", "actix-web", "diesel", "diesel-async", "deadpool-redis", "serde", "serde_json", "tracing"];
    assert_eq!(depends_on(domain, |name| banned.contains(&name)), BTreeSet::new());
}

#[test]
fn only_the_web_crate_knows_json() {
    for member in members() {
        let knows = !depends_on(&member, |name| name == "serde_json").is_empty();
        assert_eq!(
            knows,
            ["parkpro-web", "parkpro-tests"].contains(&member.name.as_str()),
            "{}",
            member.name
        );
    }
}
