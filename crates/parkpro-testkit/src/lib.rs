//! What the tests of every crate share: throw-away servers that they start themselves.

pub mod servers;
