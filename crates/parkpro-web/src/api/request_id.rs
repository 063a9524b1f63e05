//! What the log and a problem call a request.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// Its header.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// Names one request: what the client calls it, or else a name that is unique among all instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The client's, if it has 1 to 128 visible characters, else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let fits = |id: &&HeaderValue| {
            (1..=LONGEST).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
        };
        headers.get(X_REQUEST_ID).filter(fits).map_or_else(Self::fresh, |id| Self(id.clone()))
    }

    /// The one of the examples.
    pub(crate) fn example() -> Self {
        Self(HeaderValue::from_static("3f1c9a6e5b7d2048-1a2b"))
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// For the answer.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    fn fresh() -> Self {
        static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = format!("{:016x}-{:x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed));
        Self(HeaderValue::try_from(id).unwrap_or_else(|_not_ascii| HeaderValue::from_static("unnamed")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &[u8]) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
        RequestId::of(&headers)
    }

    #[test]
    fn a_client_names_its_request_in_visible_ascii() {
        assert_eq!(named(b"gate-1/42").as_str(), "gate-1/42");
        assert_eq!(named("x".repeat(128).as_bytes()).as_str().len(), 128);
        for odd in [&b""[..], b"a b", "x".repeat(129).as_bytes(), b"\xff", "ä".as_bytes()] {
            assert!(named(odd).as_str().len() > 17, "{odd:?}");
        }
        assert_ne!(RequestId::of(&HeaderMap::new()), RequestId::of(&HeaderMap::new()));
    }
}
