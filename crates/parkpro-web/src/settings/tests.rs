//! The settings as an operator meets them: sources in, settings or sentences out.

use std::{fs, path::PathBuf};

use parkpro_domain::{lot::Priorities, slot::Accepts, time::Zone};
use tempfile::TempDir;

use super::{
    address::{QueueUrl, StoreUrl},
    load::DEFAULT,
    rules::{RULES, Takes},
    *,
};

/// Sources of which each part is written as an operator writes it.
struct Given {
    directory: TempDir,
    sources: Sources,
}

impl Given {
    fn nothing() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let sources = Sources { directory: directory.path().to_owned(), ..Sources::default() };
        Self { directory, sources }
    }

    fn file(mut self, text: &str) -> Self {
        fs::write(self.directory.path().join("lot.toml"), text).unwrap();
        self.sources.config_file = Some("lot.toml".into());
        self
    }

    fn dot_env(self, text: &str) -> Self {
        fs::write(self.directory.path().join(".env"), text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.insert(name.into(), value.into());
        self
    }

    fn load(&self) -> Loaded {
        Settings::load(&self.sources).unwrap_or_else(|error| panic!("{error}"))
    }

    fn error(&self) -> SettingsError {
        Settings::load(&self.sources).unwrap_err()
    }
}

fn repository_file(path: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

#[test]
fn without_any_source_the_defaults_hold() {
    let loaded = Given::nothing().load();
    let Settings { server, store, queue, first_run, tariff, log, idempotency } = &loaded.settings;
    assert_eq!((server.host.as_str(), server.port), ("127.0.0.1", 8000));
    assert_eq!((&store.url, store.batch), (&StoreUrl::Sqlite("data/parkpro.db".into()), 128));
    assert_eq!(queue.redis_url, QueueUrl::Record);
    assert_eq!(
        (first_run.lot.as_str(), first_run.slots, first_run.label_prefix.as_str()),
        ("main", 20, "A-")
    );
    assert_eq!((first_run.time_zone, first_run.currency.code()), (Zone::UTC, "USD"));
    assert_eq!(first_run.accepts, Accepts::parse("car+motorcycle+van").unwrap());
    assert_eq!(first_run.priorities, Priorities::usual());
    assert_eq!(tariff.default, "");
    assert_eq!(
        (log.format, log.filter.as_str(), idempotency.keep_days),
        (LogFormat::Auto, "info,actix_server=warn", 7)
    );
    assert_eq!(loaded.describe("server.port"), "`server.port` = 8000 (from the built-in default.toml)");
    assert_eq!(loaded.warnings(), [""; 0]);
}

#[test]
fn every_layer_replaces_the_one_below() {
    let mut given = Given::nothing();
    let mut steps = vec![(given.load(), 8000, "the built-in default.toml")];
    given = given.file("[server]\n\nport = 1\n");
    steps.push((given.load(), 1, "lot.toml:3"));
    given = given.dot_env("# ours\nPARKPRO__SERVER__PORT=2\n");
    steps.push((given.load(), 2, "PARKPRO__SERVER__PORT in .env:2"));
    given = given.variable("PARKPRO__SERVER__PORT", "3");
    steps.push((given.load(), 3, "environment variable PARKPRO__SERVER__PORT"));
    given.sources.port = Some("4".to_owned());
    steps.push((given.load(), 4, "command-line flag --port"));
    for (loaded, port, origin) in steps {
        assert_eq!((loaded.settings.server.port, loaded.origin("server.port")), (port, origin));
        assert_eq!(loaded.describe("server.port"), format!("`server.port` = {port} (from {origin})"));
        assert_eq!(loaded.settings.server.host, "127.0.0.1", "what a layer does not name stays");
    }
}

#[test]
fn the_address_of_the_record_may_come_from_five_places() {
    let file = "[store]\nurl = \"sqlite:file.db\"";
    let (plain, full) = ("DATABASE_URL", "PARKPRO__STORE__URL");
    for (given, path, warned) in [
        (Given::nothing().file(file), "file.db", false),
        (Given::nothing().file(file).dot_env("DATABASE_URL=sqlite:a.db"), "a.db", false),
        (Given::nothing().dot_env("DATABASE_URL=sqlite:a.db").variable(plain, "sqlite:b.db"), "b.db", false),
        (Given::nothing().variable(plain, "sqlite:b.db").variable(full, "sqlite:c.db"), "c.db", true),
        (Given::nothing().variable(plain, "mysql://not/ours").variable(full, "sqlite:c.db"), "c.db", true),
        (
            Given::nothing().dot_env("PARKPRO__STORE__URL=sqlite:c.db").variable(plain, "sqlite:b.db"),
            "c.db",
            true,
        ),
        (Given::nothing().variable(plain, "sqlite:c.db").variable(full, "sqlite:c.db"), "c.db", false),
        (Given::nothing().file(file).variable(plain, ""), "file.db", false),
    ] {
        let loaded = given.load();
        assert_eq!(loaded.settings.store.url, StoreUrl::Sqlite(path.into()));
        assert_eq!(loaded.warnings().len(), usize::from(warned), "{:?}", loaded.warnings());
    }
    let loaded = Given::nothing().file("[queue]\nredis_url = \"redis://h\"").variable("REDIS_URL", "").load();
    assert_eq!(loaded.settings.queue.redis_url, QueueUrl::Record);
    assert_eq!(loaded.origin("queue.redis_url"), "environment variable REDIS_URL");
}

#[test]
fn variables_are_read_by_the_kind_of_the_setting() {
    let loaded = Given::nothing()
        .variable("PARKPRO__SERVER__WORKERS", " 3 ")
        .variable("PARKPRO__STORE__POSTGRES__TRANSACTION_POOLER", "true")
        .variable("PARKPRO__FIRST_RUN__NAME", "42")
        .variable("PARKPRO__FIRST_RUN__ACCEPTS", "van, car")
        .load();
    let Settings { server, store, first_run, .. } = &loaded.settings;
    assert_eq!((server.workers, store.postgres.transaction_pooler), (3, true));
    assert_eq!((first_run.name.as_str(), first_run.accepts.as_str()), ("42", "car+van"));
    let list = Given::nothing().variable("PARKPRO__FIRST_RUN__ACCEPTS", r#"["truck"]"#).load();
    assert_eq!(list.settings.first_run.accepts.as_str(), "truck");
    let strict = Given::nothing().variable("PARKPRO__FIRST_RUN__PRIORITIES", "vip,permit,standard").load();
    assert_eq!(strict.settings.first_run.priorities, Priorities::parse("vip,permit,standard").unwrap());
    let ageing = Given::nothing().file("first_run.priorities = [\"vip:900\", \"standard:0\"]").load();
    assert_eq!(ageing.settings.first_run.priorities, Priorities::parse("vip:900,standard:0").unwrap());
}

#[test]
fn dot_env_quotes_and_stands_back() {
    let loaded = Given::nothing()
        .dot_env("OTHER=1\nexport DATABASE_URL='postgres://u:a$b@h/db' # ours\n\nPARKPRO__FIRST_RUN__NAME=\"North lot\" ")
        .load();
    assert_eq!(loaded.settings.store.url, StoreUrl::Postgres(ConnectionUrl::new("postgres://u:a$b@h/db")));
    assert_eq!(loaded.settings.first_run.name.as_str(), "North lot");
    assert_eq!(loaded.origin("first_run.name"), "PARKPRO__FIRST_RUN__NAME in .env:4");
    let directory = Given::nothing();
    fs::create_dir(directory.directory.path().join(".env")).unwrap();
    assert_eq!(directory.load().settings, Given::nothing().load().settings);
}

#[test]
fn a_mistake_in_a_file_is_shown_where_it_stands() {
    let long = "`server` (lot.toml:1:1) is a section; write [server] above its settings.";
    for (text, sentence, marked) in [
        (
            "[server]\nprot = 1",
            "`server.prot` (lot.toml:2:1) is not a setting; did you mean `port`?",
            "prot = 1\n  | ^^^^",
        ),
        (
            "port = 1",
            "`port` (lot.toml:1:1) is not a setting; did you mean `port` in [server]?",
            "port = 1\n  | ^^^^",
        ),
        (
            "[sever]\nx = 1",
            "`sever` (lot.toml:1:2) is not a section; did you mean [server]?",
            "[sever]\n  |  ^^^^^",
        ),
        (
            "[log]\nlevel = 1",
            "`log.level` (lot.toml:2:1) is not a setting; [log] has format, filter.",
            "level = 1\n  | ^^^^^",
        ),
        (
            "[server]\nport = \"8000\"",
            "`server.port` = \"8000\" (from lot.toml:2:8) cannot be used: write a whole number from 0 to 65535, without quotes.",
            "port = \"8000\"\n  |        ^^^^^^",
        ),
        (
            "store.batch = 257",
            "`store.batch` = 257 (from lot.toml:1:15) cannot be used: write a whole number from 1 to 256.",
            "store.batch = 257\n  |               ^^^",
        ),
        (
            "[tariff]\ndefault = 50.0",
            "`tariff.default` = 50.0 (from lot.toml:2:11) cannot be used: write it in quotes.",
            "default = 50.0\n  |           ^^^^",
        ),
        (
            "[first_run]\naccepts = [\"car\", 1]",
            "`first_run.accepts` = [\"car\", 1] (from lot.toml:2:11) cannot be used: write a list of names in quotes, \
             such as [\"car\", \"van\"].",
            "accepts = [\"car\", 1]\n  |           ^^^^^^^^^^",
        ),
        (
            "[first_run]\npriorities = \"vip\"",
            "`first_run.priorities` = \"vip\" (from lot.toml:2:14) cannot be used: write a list of names in quotes, such \
             as [\"vip\", \"standard\"].",
            "priorities = \"vip\"\n  |              ^^^^^",
        ),
        (
            "[first_run]\npriorities = [\"vip\"]",
            "`first_run.priorities` = [\"vip\"] (from lot.toml:2:14) cannot be used: priorities are at most 16 different \
             names, one of them standard; either all of them have a head start or none.",
            "priorities = [\"vip\"]\n  |              ^^^^^^^",
        ),
        (
            "log.filter = \"\"\"\nverbose\"\"\"",
            "`log.filter` = \"\"\"… (from lot.toml:1:14) cannot be used: write off, error, warn, info, debug or trace, or \
             add modules, such as info,parkpro_web=debug.",
            "log.filter = \"\"\"\n  |              ^^^",
        ),
        (
            "[[queue]]",
            "`queue` (lot.toml:1:3) is a section; write [queue] above its settings.",
            "[[queue]]\n  |   ^^^^^",
        ),
        ("server = 1", long, "server = 1\n  | ^^^^^^"),
        (
            "[server\nport = 1",
            "lot.toml:1:8 is not TOML: unclosed table, expected `]`.",
            "[server\n  |        ^",
        ),
        ("[log]\n[log]", "lot.toml:2:2 is not TOML: duplicate key.", "[log]\n  |  ^^^"),
    ] {
        let error = Given::nothing().file(text).error();
        assert_eq!(error.sentences().collect::<Vec<_>>(), [sentence]);
        let shown = error.to_string();
        assert!(shown.starts_with(sentence) && shown.ends_with(marked), "{shown}\n---\n{marked}");
    }
}

#[test]
fn a_mistake_in_a_variable_names_it() {
    for (name, value, sentence) in [
        (
            "PARKPRO__SERVER__PROT",
            "1",
            "`server.prot` (from environment variable PARKPRO__SERVER__PROT) is not a setting; did you mean \
             PARKPRO__SERVER__PORT?",
        ),
        (
            "parkpro__server__port",
            "1",
            "`server.port` (from environment variable parkpro__server__port) is not a setting; did you mean \
             PARKPRO__SERVER__PORT?",
        ),
        (
            "PARKPRO__SERVER__PORT",
            "",
            "`server.port` = \"\" (from environment variable PARKPRO__SERVER__PORT) cannot be used: write a whole number \
             from 0 to 65535.",
        ),
        (
            "PARKPRO__FIRST_RUN__TIME_ZONE",
            "Mars/Olympus",
            "`first_run.time_zone` = \"Mars/Olympus\" (from environment variable PARKPRO__FIRST_RUN__TIME_ZONE) cannot be \
             used: a time zone is a name of the IANA database, such as Europe/Berlin.",
        ),
        (
            "DATABASE_URL",
            "mysql://root:hunter2@h/db",
            "`store.url` = \"mysql://root:***@h/db\" (from environment variable DATABASE_URL) cannot be used: write \
             sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME.",
        ),
    ] {
        let error = Given::nothing().variable(name, value).error();
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let mut given = Given::nothing()
        .file("[server]\nprot = 1\nhost = \"\"\n[queue]\nredis_url = \"http://u:hunter2@h\"")
        .dot_env("PARKPRO__STORE__BATCH=0\nnonsense\nPARKPRO__STORE__BATCH=1\nPARKPRO__TOKEN=hunter2")
        .variable("PARKPRO__LOG__FORMAT", "xml");
    given.sources.port = Some("65536".to_owned());
    let error = given.error();
    assert_eq!(error.sentences().count(), 9, "{error}");
    let text = error.to_string();
    assert!(text.starts_with("9 mistakes in the settings:\n\n`server.prot`"), "{text}");
    for part in
        ["set twice", ".env:2 cannot be read", ".env:4", "\"xml\"", "command-line flag --port", "***@h"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_settings_file_that_cannot_be_read_is_named() {
    let mut given = Given::nothing();
    given.sources.config_file = Some("none.toml".into());
    let sentence = "the settings file none.toml (from command-line flag --config) cannot be read: there is no such file; \
                    correct the path.";
    assert_eq!(given.error().to_string(), sentence);
    fs::write(given.directory.path().join("none.toml"), [0xff]).unwrap();
    assert!(given.error().to_string().contains("not UTF-8"));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_refused_only_if_it_is_ours() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};

    let mut given = Given::nothing();
    given.sources.environment.insert("OTHER".into(), OsString::from_vec(vec![0xff]));
    given.load();
    given.sources.environment.insert("REDIS_URL".into(), OsString::from_vec(vec![0xff]));
    assert_eq!(given.error().to_string(), "environment variable REDIS_URL is not UTF-8 text; set it again.");
}

#[test]
fn a_single_underscore_is_only_a_warning() {
    let loaded = Given::nothing()
        .variable("PARKPRO_SERVER_PORT", "tcp://10.0.0.1:80")
        .variable("PARKPRO_HOME", "/")
        .load();
    let warning = "environment variable PARKPRO_SERVER_PORT is not used; the setting is PARKPRO__SERVER__PORT, with two \
                   underscores";
    assert_eq!(loaded.warnings(), [warning]);
}

#[test]
fn print_config_is_a_settings_file_that_hides_passwords() {
    let given = Given::nothing()
        .file("[first_run]\nname = \"A \\\"B\\\"\"")
        .variable("DATABASE_URL", "postgres://user:hunter2@host/db")
        .variable("REDIS_URL", "redis://:hunter2@host");
    let printed = given.load().to_toml();
    assert!(!printed.contains("hunter2"), "{printed}");
    let line = "url = \"postgres://user:***@host/db\" # environment variable DATABASE_URL\n";
    assert!(printed.starts_with("[server]\n") && printed.contains(line), "{printed}");
    assert!(printed.contains("port = 8000 # the built-in default.toml\n"), "{printed}");
    let again = Given::nothing().file(&printed).load();
    assert_eq!(again.settings.first_run, given.load().settings.first_run);
    assert!(again.effective.keys().all(|key| again.origin(key).starts_with("lot.toml:")));
    assert!(!format!("{:?}", given.load()).contains("hunter2"));
}

#[test]
fn every_setting_stands_in_the_manual_with_its_range() {
    let lines: Vec<_> = DEFAULT.lines().collect();
    let (mut section, mut keys) = ("", Vec::new());
    for (at, line) in lines.iter().enumerate() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((name, _value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            let comment: Vec<_> =
                lines[..at].iter().rev().take_while(|line| line.starts_with('#')).copied().collect();
            let key = format!("{section}.{name}");
            assert!(!comment.is_empty(), "{key} has no comment");
            if let Some(Takes::Whole { low, high }) = rules::Rule::of(&key).map(|rule| &rule.takes) {
                assert!(
                    comment.concat().contains(&format!("{low} to {high}")),
                    "{key} does not tell its range"
                );
            }
            keys.push(key);
        }
    }
    assert_eq!(keys, RULES.iter().map(|rule| rule.key).collect::<Vec<_>>());
}

#[test]
fn no_setting_may_lack_or_be_added() {
    let whole: toml::Table = DEFAULT.parse().unwrap();
    assert!(whole.clone().try_into::<Settings>().is_ok());
    for rule in RULES {
        let mut without = whole.clone();
        let section =
            rule.section().split('.').fold(&mut without, |table, name| table[name].as_table_mut().unwrap());
        section.remove(rule.name()).unwrap();
        assert!(without.try_into::<Settings>().is_err(), "{} is optional", rule.key);
        let mut more = whole.clone();
        let section =
            rule.section().split('.').fold(&mut more, |table, name| table[name].as_table_mut().unwrap());
        section.insert("surplus".to_owned(), 1.into());
        assert!(more.try_into::<Settings>().is_err(), "[{}] takes unknown keys", rule.section());
    }
}

#[test]
fn the_example_for_several_programs_loads() {
    let loaded = Given::nothing().file(&repository_file("config/scaleout.toml")).load();
    assert!(matches!(loaded.settings.store.url, StoreUrl::Postgres(_)));
    assert!(matches!(loaded.settings.queue.redis_url, QueueUrl::Redis(_)));
}
