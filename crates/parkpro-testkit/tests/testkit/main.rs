//! The tests of the testkit itself, and of the protocol that it can make fail.

mod crowds;
mod protocol;
mod random;
mod suite;
