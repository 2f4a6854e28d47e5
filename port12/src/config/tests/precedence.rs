//! Flag before environment before file before default, each value with its origin.

use super::{config, file, line};
use crate::{
    config::{Config, Layer, Origin, Valued},
    host::interfaces::Link,
    policy::{Mode, Transit},
};

fn named(name: &str) -> Link {
    Link { name: name.to_owned(), ..Link::default() }
}

fn flag() -> Origin {
    Origin::Flag("--mode".into())
}

#[test]
fn what_nobody_says_is_the_default() {
    let config = Config::of(None, Layer::default());
    assert_eq!((config.mode.value, config.mode.origin), (Mode::Monitor, Origin::Default));
    assert_eq!(config.interval.value.as_secs(), 1);
    assert!(config.rules.is_empty() && config.file.is_none());
}

#[test]
fn the_file_goes_before_the_defaults_and_tells_its_lines() {
    let config = config("# a comment\nmode = \"drop\"\n\n[[port]]\nports = 12\nexpected = true\n");
    assert_eq!((config.mode.value, config.mode.origin), (Mode::Drop, line(2)));
    assert_eq!(config.rules[0].origin, line(4));
    assert_eq!(config.transit.origin, Origin::Default);
}

#[test]
fn a_flag_and_the_environment_go_before_the_file() {
    let variable = Origin::Environment("PORT12_TRANSIT".into());
    let overrides = Layer {
        mode: Some(Valued::new(Mode::Monitor, flag())),
        transit: Some(Valued::new(Transit::Drop, variable.clone())),
        ..Layer::default()
    };
    let text = "mode = \"drop\"\ntransit = \"watch\"\npin = true";
    let config = Config::of(Some(file(text).unwrap()), overrides);
    assert_eq!((config.mode.value, config.mode.origin), (Mode::Monitor, flag()));
    assert_eq!((config.transit.value, config.transit.origin), (Transit::Drop, variable));
    assert_eq!((config.pin.value, config.pin.origin), (true, line(3)));
}

#[test]
fn an_interface_is_watched_where_it_is_included_and_not_excluded() {
    let config = config("interfaces = [\"eth*\", \"wan\"]\nexclude = [\"eth9\", \"*.100\"]");
    assert!(config.is_dynamic());
    for (name, matches) in
        [("eth0", true), ("wan", true), ("eth9", false), ("eth0.100", false), ("lo", false)]
    {
        assert_eq!(config.matches(&named(name)), matches, "{name}");
    }
}

#[test]
fn without_a_glob_the_interfaces_are_those_that_are_named() {
    assert!(!config("interfaces = [\"eth0\"]\nexclude = [\"d*\"]").is_dynamic());
    assert!(!config("").matches(&named("lo")));
}
