//! What the program says when it has started.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use parkpro_domain::parking::First;

use crate::settings::{QueueUrl, Settings, StoreUrl};

/// Where it listens, what it uses, and three requests to begin with.
pub(super) fn text(address: SocketAddr, settings: &Settings, first: First) -> String {
    let base = format!("http://{}", reachable(address));
    let record = match &settings.store.url {
        StoreUrl::Sqlite(path) => format!("SQLite file {}", path.display()),
        StoreUrl::Postgres(url) => format!("Postgres {url}"),
    };
    let queue = match &settings.queue.redis_url {
        QueueUrl::Record => "the record itself".to_owned(),
        QueueUrl::Redis(url) => format!("Redis {url}"),
    };
    let run = &settings.first_run;
    let lot = match first {
        First::Opened => format!("opened lot `{}` with {} slots", run.lot, run.slots),
        First::Known => "over; the record has its lots".to_owned(),
    };
    let json = "-H 'Content-Type: application/json'";
    format!(
        "ParkPro {version} listens on {base}
  documentation  {base}/docs
  record         {record}
  queue          {queue}
  first run      {lot}

Try:
  curl {base}/api/v1/lots/{id}/availability
  curl -X POST {base}/api/v1/lots/{id}/entries {json} -d '{{\"plate\":\"ABC-123\"}}'
  curl -X POST {base}/api/v1/lots/{id}/exits {json} -d '{{\"plate\":\"ABC-123\"}}'
",
        version = env!("CARGO_PKG_VERSION"),
        id = run.lot,
    )
}

/// An address that a person on this machine can type, also when the program listens on every interface.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    }
}
