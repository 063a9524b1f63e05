//! Lays the sources over each other and remembers who said what.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use config::{Config, ConfigError, Map, Source, Value, ValueKind};

use super::{
    Settings, SettingsError,
    address::mask,
    file,
    mistake::Mistake,
    print,
    rules::{RULES, Rule},
    variables::{self, Variables},
};

/// The manual of the settings, compiled in.
pub(super) const DEFAULT: &str = include_str!("../../../../config/default.toml");

/// Where settings may come from besides the defaults.
///
/// It holds the whole environment, secrets too, and so cannot be printed.
#[derive(Clone, Default)]
pub struct Sources {
    /// The working directory: where `.env` is looked for, and what the path of `config_file` is relative to.
    pub directory: PathBuf,
    /// Environment variables.
    pub environment: BTreeMap<OsString, OsString>,
    /// The file after `--config`.
    pub config_file: Option<PathBuf>,
    /// The value of `--host`.
    pub host: Option<String>,
    /// The value of `--port`.
    pub port: Option<String>,
}

/// The value that one source gives to one setting, checked.
pub(super) struct Entry {
    pub(super) rule: &'static Rule,
    pub(super) kind: ValueKind,
    /// Completes "from …".
    pub(super) origin: String,
}

/// The settings in force, and where each one comes from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    pub(super) effective: BTreeMap<&'static str, Effective>,
    warnings: Vec<String>,
}

/// What is known of a setting for people. It is kept masked, so that no `{:?}` can give a password away.
#[derive(Debug, Clone)]
pub(super) struct Effective {
    /// The value as TOML.
    pub(super) shown: String,
    /// Completes "from …".
    pub(super) origin: String,
}

impl Settings {
    /// Reads all sources, from the weakest to the strongest: the defaults, the file, `DATABASE_URL` and `REDIS_URL`,
    /// `PARKPRO__SECTION__KEY`, the command line. Variables may also stand in `.env`; those of the environment win.
    ///
    /// The error names every mistake in every source, also in a value that a stronger source replaces.
    pub fn load(sources: &Sources) -> Result<Loaded, SettingsError> {
        let (defaults, mut mistakes) = file::read("default.toml", DEFAULT);
        let defaults =
            defaults.into_iter().map(|entry| Entry { origin: "the built-in default.toml".into(), ..entry });
        let from_file = sources.config_file.as_ref().map_or_else(Vec::new, |path| {
            let (entries, wrong) = config_file(&sources.directory, path);
            mistakes.extend(wrong);
            entries
        });
        let (variables, wrong) = dot_env(&sources.directory).map_or_else(
            |unread| (Variables::default(), vec![unread]),
            |text| variables::read(&sources.environment, &text),
        );
        mistakes.extend(wrong);
        let (flags, wrong) = flags(sources);
        mistakes.extend(wrong);
        if !mistakes.is_empty() {
            return Err(SettingsError::new(mistakes));
        }
        let config = Config::builder()
            .add_source(Layer::of(defaults))
            .add_source(Layer::of(from_file))
            .add_source(Layer::of(variables.plain))
            .add_source(Layer::of(variables.full))
            .add_source(Layer::of(flags))
            .build()
            .map_err(|error| unexpected(&error))?;
        let effective = RULES
            .iter()
            .filter_map(|rule| Some((rule.key, Effective::of(value_at(&config.cache, rule.key)?))))
            .collect();
        let settings = config.try_deserialize().map_err(|error| unexpected(&error))?;
        Ok(Loaded { settings, effective, warnings: variables.warnings })
    }
}

impl Effective {
    fn of(value: &Value) -> Self {
        Self { shown: print::value(value), origin: value.origin().unwrap_or_default().to_owned() }
    }
}

impl Loaded {
    /// Where the value of a setting comes from, to complete "from …": `environment variable PARKPRO__SERVER__PORT`.
    /// Empty if there is no such setting.
    #[must_use]
    pub fn origin(&self, key: &str) -> &str {
        self.effective.get(key).map_or("", |setting| &setting.origin)
    }

    /// A setting, its value and its origin, to begin a sentence with; passwords are masked:
    /// `` `server.port` = 8000 (from environment variable PARKPRO__SERVER__PORT) ``.
    #[must_use]
    pub fn describe(&self, key: &str) -> String {
        match self.effective.get(key) {
            Some(Effective { shown, origin }) => format!("`{key}` = {shown} (from {origin})"),
            None => format!("`{key}`"),
        }
    }

    /// What the operator may have meant otherwise, in sentences for the log. None of it keeps the program from starting.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// What one source says, for the `config` crate to lay over the others.
#[derive(Debug, Clone)]
struct Layer(Map<String, Value>);

impl Layer {
    fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let value = |entry: Entry| (entry.rule.key.to_owned(), Value::new(Some(&entry.origin), entry.kind));
        Self(entries.into_iter().map(value).collect())
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn value_at<'a>(root: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(root, |value, name| match &value.kind {
        ValueKind::Table(table) => table.get(name),
        _ => None,
    })
}

fn config_file(directory: &Path, path: &Path) -> (Vec<Entry>, Vec<Mistake>) {
    let name = path.display().to_string();
    let unread = |why: &str| {
        let sentence =
            format!("the settings file {name} (from command-line flag --config) cannot be read: {why}.");
        (Vec::new(), vec![Mistake::new(sentence)])
    };
    match fs::read(directory.join(path)) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => file::read(&name, &text),
            Err(_binary) => unread("it is not UTF-8 text; save it as UTF-8"),
        },
        Err(error) => unread(&reason(&error)),
    }
}

/// The text of `.env`; empty if there is none, or a directory of that name as some tools make.
fn dot_env(directory: &Path) -> Result<String, Mistake> {
    let path = directory.join(".env");
    match fs::read(&path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_binary| {
            Mistake::new("the file .env is not UTF-8 text; save it as UTF-8 or remove it.")
        }),
        Err(error) if error.kind() == ErrorKind::NotFound || path.is_dir() => Ok(String::new()),
        Err(error) => {
            Err(Mistake::new(format!("the file .env cannot be read: {}, or remove it.", reason(&error))))
        }
    }
}

/// Why a file cannot be read and what to do, without the numbers of the operating system.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file; correct the path".to_owned(),
        ErrorKind::PermissionDenied => "this user may not; change its permissions".to_owned(),
        ErrorKind::IsADirectory => "it is a directory; name a file".to_owned(),
        kind => format!("{kind}; check the path"),
    }
}

fn flags(sources: &Sources) -> (Vec<Entry>, Vec<Mistake>) {
    let given =
        [("server.host", "--host", sources.host.clone()), ("server.port", "--port", sources.port.clone())];
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    for (key, flag, value) in given {
        if let (Some(rule), Some(value)) = (Rule::of(key), value) {
            let origin = format!("command-line flag {flag}");
            variables::take(rule, &value, &origin, &mut entries, &mut mistakes);
        }
    }
    (entries, mistakes)
}

/// The rules have let something pass that a type refuses: a mistake of ours, still told in one sentence.
fn unexpected(error: &ConfigError) -> SettingsError {
    SettingsError::new(vec![Mistake::new(format!(
        "the settings cannot be used: {}.",
        mask(&error.to_string())
    ))])
}
