//! Where the log goes and how it looks.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt};

use crate::settings::{Log, LogFormat};

/// Starts the log on standard error. Only the first call of a process has an effect.
pub fn start(log: &Log) {
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let output = fmt().with_env_filter(filter).with_writer(stderr);
    let started = match log.format {
        LogFormat::Json => output.json().flatten_event(true).try_init(),
        LogFormat::Pretty => output.with_ansi(true).try_init(),
        LogFormat::Auto => output.with_ansi(stderr().is_terminal()).try_init(),
    };
    drop(started);
}
