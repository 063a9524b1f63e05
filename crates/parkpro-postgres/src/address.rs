//! The address of a Postgres: what of it we read ourselves, because the driver under us does not know `verify-ca`,
//! `verify-full` and `sslrootcert`.

use std::{path::PathBuf, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};
use url::form_urlencoded;

/// How long the system may leave what we sent unacknowledged before the connection counts as lost.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// After how much silence the system asks whether the other side is still there.
const SILENCE: Duration = Duration::from_secs(30);

/// Where a Postgres is, and whom to believe that it is the right one.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) trust: Trust,
}

/// What has to be true of the certificate of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// `disable`: no TLS, so no certificate.
    NoTls,
    /// `prefer`: TLS if the server has it, with whatever certificate. Whoever could present a wrong one could as well
    /// say that there is no TLS.
    Anyone,
    /// `verify-ca`: somebody whom we trust has signed it.
    Signed(Roots),
    /// `require` and `verify-full`: it was signed, and for the host of the address.
    SignedForHost(Roots),
}

/// Whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Whom the system trusts.
    System,
    /// Only the certificates of this file.
    File(PathBuf),
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`. What is wrong with it is said
    /// without the address, because that holds the password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err("it must begin with postgres://".to_owned());
        }
        let (place, options) = split(url);
        let (mut mode, mut roots, mut rest, mut keepalives_set) =
            ("prefer".to_owned(), None, Vec::new(), false);
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "sslmode" => mode = decoded(value),
                "sslrootcert" => roots = Some(decoded(value)),
                "sslcert" | "sslkey" | "sslcrl" => {
                    return Err(format!(
                        "{name} is not supported; only certificates of the server are checked"
                    ));
                }
                _ => rest.push(option),
            }
            keepalives_set |= name == "keepalives_idle";
        }
        let place = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
        let mut config: Config = place.parse().map_err(|error| words_of(&error))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("the host is missing".to_owned());
        }
        let trust = trust(&mode, roots.as_deref())?;
        config.ssl_mode(match trust {
            Trust::NoTls => SslMode::Disable,
            Trust::Anyone => SslMode::Prefer,
            Trust::Signed(_) | Trust::SignedForHost(_) => SslMode::Require,
        });
        // Of several hosts the one that can be written; a standby is no record, not even for reading.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("parkpro");
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        if !keepalives_set {
            config.keepalives_idle(SILENCE);
        }
        Ok(Self { config, trust })
    }

    /// The hosts and ports, for people; no secret.
    pub(crate) fn place(&self) -> String {
        let named = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let mut hosts: Vec<String> = named.collect();
        if hosts.is_empty() {
            hosts = self.config.get_hostaddrs().iter().map(ToString::to_string).collect();
        }
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let places = hosts.iter().enumerate().map(|(at, host)| format!("{host}:{}", port(at)));
        places.collect::<Vec<_>>().join(", ")
    }
}

/// What is before and behind the `?`. As the driver sees it, a `?` before the `@` belongs to the password.
fn split(url: &str) -> (&str, &str) {
    let login = url.find('@').unwrap_or(0);
    match url[login..].find('?') {
        Some(mark) => (&url[..login + mark], &url[login + mark + 1..]),
        None => (url, ""),
    }
}

/// Without percent signs; a plus is a plus.
fn decoded(value: &str) -> String {
    let value = value.replace('+', "%2B");
    form_urlencoded::parse(value.as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

fn trust(mode: &str, roots: Option<&str>) -> Result<Trust, String> {
    let roots = match roots {
        None | Some("" | "system") => Roots::System,
        Some(path) => Roots::File(path.into()),
    };
    Ok(match mode {
        "disable" => Trust::NoTls,
        "prefer" => Trust::Anyone,
        "verify-ca" => Trust::Signed(roots),
        "require" | "verify-full" => Trust::SignedForHost(roots),
        _ => return Err("sslmode is disable, prefer, require, verify-ca or verify-full".to_owned()),
    })
}

/// What the driver says about an address; it names options, never values of secrets.
fn words_of(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|why| panic!("{url}: {why}"))
    }

    #[test]
    fn the_mode_says_whom_to_believe() {
        let file = |path: &str| Roots::File(path.into());
        for (options, trust) in [
            ("", Trust::Anyone),
            ("?sslmode=prefer", Trust::Anyone),
            ("?sslmode=disable", Trust::NoTls),
            ("?sslmode=require", Trust::SignedForHost(Roots::System)),
            ("?sslmode=verify-full", Trust::SignedForHost(Roots::System)),
            ("?sslmode=verify-full&sslrootcert=system", Trust::SignedForHost(Roots::System)),
            ("?sslrootcert=/etc/my%20ca+1.pem&sslmode=verify-ca", Trust::Signed(file("/etc/my ca+1.pem"))),
            ("?sslmode=require&sslrootcert=ca.pem&connect_timeout=3", Trust::SignedForHost(file("ca.pem"))),
        ] {
            assert_eq!(parsed(&format!("postgres://park@db/parkpro{options}")).trust, trust, "{options}");
        }
        assert_eq!(
            parsed("postgres://park@db/parkpro?sslmode=verify-ca").config.get_ssl_mode(),
            SslMode::Require
        );
        assert_eq!(parsed("postgres://park@db/parkpro").config.get_ssl_mode(), SslMode::Prefer);
    }

    #[test]
    fn what_else_the_address_says_reaches_the_driver() {
        let address = parsed(
            "postgresql://park:s%40fe?1@one:1111,two:2222/lots?sslmode=disable&channel_binding=require&\
             keepalives_idle=7&application_name=gate",
        );
        let config = &address.config;
        assert_eq!(config.get_password(), Some(&b"s@fe?1"[..]));
        assert_eq!(config.get_dbname(), Some("lots"));
        assert_eq!(config.get_application_name(), Some("gate"));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(address.place(), "one:1111, two:2222");
        assert_eq!(parsed("postgres://park@db/lots").place(), "db:5432");
        assert_eq!(parsed("postgres://park@%2Frun%2Fpg:99/lots").place(), "/run/pg:99");
    }

    #[test]
    fn a_wrong_address_is_told_without_its_password() {
        for (url, why) in [
            ("mysql://park:hunter2@db", "it must begin with postgres://"),
            ("host=db password=hunter2", "it must begin with postgres://"),
            ("postgres://park:hunter2@db?sslmode=maybe", "sslmode is"),
            ("postgres://park:hunter2@db?sslcert=a", "sslcert is not supported"),
            ("postgres://park:hunter2@db?colour=red", "unknown option `colour`"),
            ("postgres://park:hunter2@db:port/x", "invalid value for option `port`"),
            ("postgres:///lots", "the host is missing"),
        ] {
            let said = Address::parse(url).err().unwrap_or_else(|| panic!("{url} is accepted"));
            assert!(said.starts_with(why) && !said.contains("hunter2"), "{url}: {said}");
        }
    }
}
