//! The whole, seen from outside: one binary, a module for each side.

mod api;
mod architecture;
mod contract;
mod instances;
mod migrations;
mod promises;
mod readme;
mod start;
