//! The API over mocked ports.
