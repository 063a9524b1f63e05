//! The REST API of the car park, and the program `parkpro` that serves it: settings, wiring, routes. The only crate that
//! knows JSON; it holds no rule of the car park.

pub mod api;
pub mod cli;
pub mod docs;
pub mod live;
pub mod metrics;
pub mod program;
pub mod settings;
mod system;
pub mod telemetry;
