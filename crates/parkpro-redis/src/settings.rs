//! Where Redis is, and how long it may take.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::{Client, ConnectionAddr, IntoConnectionInfo, RedisError};
use rustls::crypto::{CryptoProvider, ring};
use thiserror::Error;
use tokio::runtime::{Handle, TryCurrentError};

/// Which Redis, and what in it.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://USER:PASSWORD@HOST:PORT/NUMBER`, or `rediss://` with TLS, verified against the system's trusted roots.
    pub url: String,
    /// What the name of every key and of the channel begins with: 1 to 64 of A-Z, a-z, 0-9, `-`, `_` and `.`.
    pub key_prefix: String,
}

/// How long Redis may take, and how much of it is used.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most connections that calls share.
    pub connections: usize,
    /// To open a connection. A call does not wait for that longer than for its answer.
    pub connect: Duration,
    /// To read.
    pub read: Duration,
    /// To follow a turn.
    pub write: Duration,
    /// To load one chunk of a queue.
    pub load: Duration,
    /// Between two signs of life that the bell's subscription asks for, and how long each may take.
    pub heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8,
            connect: Duration::from_secs(1),
            read: Duration::from_millis(50),
            write: Duration::from_millis(200),
            load: Duration::from_secs(2),
            heartbeat: Duration::from_secs(3),
        }
    }
}

/// Why these settings cannot be used. A Redis that is down is no reason. Nothing of the URL is in the text.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The URL cannot be read.
    #[error("it is not the URL of a Redis: {0}")]
    Url(#[source] RedisError),
    /// The URL asks for TLS without verification.
    #[error(
        "TLS without verification (#insecure) is not supported; add the certificate to the system's trusted roots"
    )]
    Insecure,
    /// The prefix has other characters, which could move keys of one lot apart.
    #[error("the key prefix must be 1 to 64 characters of A-Z, a-z, 0-9, -, _ and .")]
    KeyPrefix,
    /// Connections are kept by tasks.
    #[error("it was not called on a tokio runtime")]
    Runtime(#[from] TryCurrentError),
    /// The pool refuses its settings.
    #[error("no pool of connections: {0}")]
    Pool(#[from] deadpool_redis::BuildError),
}

/// Settings that make sense.
pub(crate) struct Checked {
    pub(crate) client: Client,
    pub(crate) prefix: Arc<str>,
    /// Where connections live. Callers may be on runtimes that end sooner.
    pub(crate) runtime: Handle,
}

impl RedisSettings {
    pub(crate) fn check(&self) -> Result<Checked, OpenError> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if !(1..=64).contains(&self.key_prefix.len()) || !self.key_prefix.chars().all(plain) {
            return Err(OpenError::KeyPrefix);
        }
        let info = self.url.as_str().into_connection_info().map_err(OpenError::Url)?;
        match info.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => return Err(OpenError::Insecure),
            ConnectionAddr::TcpTls { .. } => name_cryptography(),
            _ => {}
        }
        // Small messages both ways: nothing may wait for more to send.
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        let client = Client::open(info.set_tcp_settings(tcp)).map_err(OpenError::Url)?;
        Ok(Checked { client, prefix: self.key_prefix.as_str().into(), runtime: Handle::try_current()? })
    }
}

/// rustls panics at the first connection if it has to choose between providers.
fn name_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // Whoever else named one in the meantime is as right.
        let _named_meanwhile = ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(url: &str, prefix: &str) -> Result<Checked, OpenError> {
        RedisSettings { url: url.into(), key_prefix: prefix.into() }.check()
    }

    #[tokio::test]
    async fn addresses_with_and_without_tls_are_read() {
        for url in ["redis://h", "redis://:secret@h:6380/2", "rediss://u:secret@h", "redis://[::1]:6379"] {
            assert!(opened(url, "parkpro").is_ok(), "{url}");
        }
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused_without_its_secrets() {
        for url in ["", "http://h", "h:6379", "redis://u:secret@h:port", "redis://u:secret@h/zero"] {
            let error = opened(url, "parkpro").err().unwrap();
            assert!(matches!(error, OpenError::Url(_)), "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert!(matches!(opened("rediss://h/#insecure", "parkpro"), Err(OpenError::Insecure)));
        for prefix in ["", "a:b", "{a}", "a b", &"x".repeat(65)] {
            assert!(matches!(opened("redis://h", prefix), Err(OpenError::KeyPrefix)), "{prefix}");
        }
    }

    #[test]
    fn a_runtime_is_needed() {
        assert!(matches!(opened("redis://h", "parkpro"), Err(OpenError::Runtime(_))));
    }
}
