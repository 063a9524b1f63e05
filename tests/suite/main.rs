//! The whole, seen from outside: one binary, a module for each side.

mod architecture;
