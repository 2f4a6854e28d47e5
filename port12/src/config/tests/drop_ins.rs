//! Drop-ins: their order, how they are merged, and that none is ignored silently.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use crate::{
    config::{Config, ConfigError, Layer, files::drop_in_directory},
    policy::Mode,
    registry::Registry,
};

/// A policy file, and files in the directory of its drop-ins.
struct Policy {
    directory: tempfile::TempDir,
}

impl Policy {
    fn new(main: &str, drop_ins: &[(&str, &str)]) -> Self {
        let policy = Self { directory: tempfile::tempdir().unwrap() };
        fs::write(policy.main(), main).unwrap();
        fs::create_dir(policy.drop_in("")).unwrap();
        for (name, text) in drop_ins {
            fs::write(policy.drop_in(name), text).unwrap();
        }
        policy
    }

    fn main(&self) -> PathBuf {
        self.directory.path().join("port12.toml")
    }

    fn drop_in(&self, name: &str) -> PathBuf {
        self.directory.path().join("port12.toml.d").join(name)
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(Some(&self.main()), Layer::default())
    }

    fn refusal(&self) -> String {
        self.load().unwrap_err().to_string()
    }
}

fn shown(config: &Config, key: &str) -> String {
    let entry = config.entries().into_iter().find(|it| it.key == key).unwrap();
    entry.value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

#[test]
fn the_default_file_has_conf_d_and_any_other_a_directory_of_its_own_name() {
    let of = |path| drop_in_directory(Path::new(path));
    assert_eq!(of("/etc/port12/port12.toml"), Path::new("/etc/port12/conf.d"));
    assert_eq!(of("/srv/a.toml"), Path::new("/srv/a.toml.d"));
}

#[test]
fn a_later_file_wins_and_lists_are_joined() {
    let policy = Policy::new(
        "mode = \"drop\"\nallow = [\"192.0.2.1\"]\nsinks = [\"journald\"]\ninterfaces = [\"eth0\"]\n\
         [[port]]\nports = 12\naction = \"watch\"",
        &[
            (
                "20-b.toml",
                "mode = \"monitor\"\nsinks = [\"journald\", \"syslog:unix:/s\"]\npin = true",
            ),
            (
                "10-a.toml",
                "mode = \"drop\"\npin = false\nallow = [\"192.0.2.2\"]\nexclude = [\"lo\"]\n\
                 [[port]]\nports = 12\naction = \"ignore\"",
            ),
        ],
    );
    let config = policy.load().unwrap();
    assert_eq!((config.mode.value, config.pin.value), (Mode::Monitor, true));
    assert_eq!(shown(&config, "allow"), r#"["192.0.2.1", "192.0.2.2"]"#);
    assert_eq!(config.sinks.value.len(), 2, "{:?}", config.sinks.value);
    assert_eq!(
        (shown(&config, "interfaces"), shown(&config, "exclude")),
        (r#"["eth0"]"#.to_owned(), r#"["lo"]"#.to_owned())
    );
    assert_eq!(config.rules.len(), 2);
    assert_eq!(config.drop_ins, ["10-a.toml", "20-b.toml"].map(|name| policy.drop_in(name)));
}

#[test]
fn each_value_tells_its_file_and_line() {
    let policy = Policy::new(
        "allow = [\"192.0.2.1\"]",
        &[(
            "10.toml",
            "\nallow = [\"192.0.2.2\"]\nmode = \"drop\"\n[[port]]\nports = 12\nexpected = true",
        )],
    );
    let config = policy.load().unwrap();
    let (main, drop_in) = (policy.main(), policy.drop_in("10.toml"));
    let (main, drop_in) = (main.display(), drop_in.display());
    assert_eq!(config.mode.origin.to_string(), format!("{drop_in}, line 3"));
    assert_eq!(config.allow.origin.to_string(), format!("{main}, line 1; {drop_in}, line 2"));
    let written = config.to_toml();
    assert!(written.contains(&format!("# {main}, line 1; {drop_in}, line 2\n")), "{written}");
    assert!(written.contains(&format!("[[port]]  # {drop_in}, line 4\n")), "{written}");
}

#[test]
fn a_reset_discards_what_the_files_before_say() {
    let policy = Policy::new(
        "allow = [\"192.0.2.1\"]\nconfirm = \"60s\"\n[ban]\nafter = 9\n[[port]]\nports = 12\nexpected = true",
        &[
            (
                "10.toml",
                "reset = [\"allow\", \"ban\", \"port\", \"confirm\"]\nallow = [\"192.0.2.2\"]",
            ),
            ("20.toml", "allow = [\"192.0.2.3\"]"),
        ],
    );
    let config = policy.load().unwrap();
    assert_eq!(shown(&config, "allow"), r#"["192.0.2.2", "192.0.2.3"]"#);
    assert!(config.ban.value.is_none() && config.confirm.value.is_none());
    assert!(config.rules.is_empty());
}

#[test]
fn a_reset_is_refused_where_it_means_nothing() {
    let said = Policy::new("reset = [\"allow\"]", &[]).refusal();
    assert!(said.contains("port12.toml: line 1: reset: only a drop-in resets"), "{said}");
    let said = Policy::new("", &[("1.toml", "\nreset = [\"alow\"]")]).refusal();
    assert!(
        said.contains("1.toml: line 2: reset[0]: \"alow\" is not accepted: write a list"),
        "{said}"
    );
}

#[test]
fn a_bad_drop_in_is_an_error_that_names_file_line_and_key() {
    let said = Policy::new("", &[("10.toml", ""), ("20.toml", "\nmode = \"dorp\"")]).refusal();
    assert!(
        said.contains("port12.toml.d/20.toml: line 2: mode: \"dorp\" is not accepted"),
        "{said}"
    );
}

#[test]
fn a_drop_in_that_is_no_regular_file_or_can_be_written_by_others_is_an_error() {
    let policy = Policy::new("", &[]);
    symlink("/dev/null", policy.drop_in("10.toml")).unwrap();
    let said = policy.refusal();
    assert!(said.contains("10.toml is a symbolic link, and none is followed"), "{said}");
    let policy = Policy::new("", &[]);
    fs::create_dir(policy.drop_in("10.toml")).unwrap();
    assert!(policy.refusal().contains("10.toml is a directory"), "{}", policy.refusal());
    let policy = Policy::new("", &[("10.toml", "")]);
    let mode =
        |path: PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(policy.drop_in("10.toml"), 0o666);
    assert!(policy.refusal().contains("can be written by others"), "{}", policy.refusal());
    mode(policy.drop_in("10.toml"), 0o644);
    policy.load().unwrap();
    mode(policy.drop_in(""), 0o777);
    assert!(policy.refusal().contains("can be written by others"), "{}", policy.refusal());
}

#[test]
fn an_entry_that_is_not_read_is_warned_of() {
    let policy = Policy::new("", &[("10.toml.bak", "mode ="), (".hidden.toml", "mode =")]);
    let compiled = policy.load().unwrap().compile(Registry::embedded());
    let warned: Vec<_> =
        compiled.warnings.iter().filter(|line| line.contains(": not read: ")).collect();
    assert_eq!(warned.len(), 2, "{:?}", compiled.warnings);
    assert!(warned[1].contains("10.toml.bak"), "{warned:?}");
}

#[test]
fn the_index_of_a_rule_is_that_in_its_file() {
    let rule = "[[port]]\nports = 22\naction = \"watch\"\n";
    let policy = Policy::new(rule, &[("10.toml", rule)]);
    let warnings = policy.load().unwrap().compile(Registry::embedded()).warnings;
    assert!(
        warnings[1].contains("10.toml: line 1: port[0].ports: 22 is not watched"),
        "{warnings:?}"
    );
}
