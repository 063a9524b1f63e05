//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::settings::Sources;

const AFTER: &str = "\
Environment (also read from a file .env in the working directory):
  DATABASE_URL             the record: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME
  REDIS_URL                the queue: redis://HOST:PORT/0; empty: the record itself
  PARKPRO__SECTION__KEY    any setting, such as PARKPRO__SERVER__PORT=8001

Examples:
  parkpro
      starts on http://127.0.0.1:8000 with its record in data/parkpro.db
  DATABASE_URL=postgres://parkpro@db/parkpro REDIS_URL=redis://cache parkpro --host 0.0.0.0
      one of several programs that share a record

All settings: parkpro --print-config; what each of them does: config/default.toml";

/// Runs a car park: who parks, who waits, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "parkpro", version, after_help = AFTER)]
pub struct Cli {
    /// Read settings from FILE, over the defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Listen on this address; 0.0.0.0 is every interface.
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,

    /// Listen on this port; 0 is any free one. Text, so that a wrong one is told like every other wrong setting.
    #[arg(long, value_name = "PORT", help = "Listen on this port; 0 is any free one")]
    pub port: Option<String>,

    /// Print the settings in force, each with its origin, passwords masked, and end.
    #[arg(long)]
    pub print_config: bool,

    /// Print openapi.json, which describes the API, and end.
    #[arg(long)]
    pub openapi: bool,
}

impl Cli {
    /// Where the settings of this process come from: the flags, its environment and its working directory.
    #[must_use]
    pub fn sources(&self) -> Sources {
        Sources {
            directory: PathBuf::from("."),
            environment: std::env::vars_os().collect(),
            config_file: self.config.clone(),
            host: self.host.clone(),
            port: self.port.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_sources() {
        let cli = Cli::parse_from(["parkpro", "--config", "lot.toml", "--host", "::1", "--port", "8001"]);
        let sources = cli.sources();
        assert_eq!(sources.config_file, Some("lot.toml".into()));
        assert_eq!((sources.host.as_deref(), sources.port.as_deref()), (Some("::1"), Some("8001")));
        assert!(!cli.print_config && !cli.openapi);
    }

    #[test]
    fn a_wrong_flag_is_refused() {
        for wrong in [["parkpro", "--prot=1"], ["parkpro", "--port"], ["parkpro", "8001"]] {
            assert!(Cli::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_help_names_variables_and_fits_a_terminal() {
        let help = Cli::command().render_help().to_string();
        for word in
            ["DATABASE_URL", "REDIS_URL", "PARKPRO__SERVER__PORT", "--print-config", "--openapi", "Examples"]
        {
            assert!(help.contains(word), "{word}");
        }
        assert!(help.lines().count() <= 40 && help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
}
