//! The REST API of the car park, and the program `parkpro` that serves it: settings, wiring, routes. The only crate that
//! knows JSON; it holds no rule of the car park.

pub mod cli;
pub mod settings;
