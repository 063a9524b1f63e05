//! The whole, seen from outside: one binary, a module for each side.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::similar_names,
    reason = "a failure here is the test's failure"
)]

mod api;
mod architecture;
mod contract;
mod grown;
mod instances;
mod migrations;
mod promises;
mod readme;
mod start;
