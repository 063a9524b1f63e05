//! The whole, seen from outside: one binary, a module for each side.

mod api;
mod architecture;
mod contract;
mod migrations;
mod readme;
mod start;
