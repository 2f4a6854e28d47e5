use std::{fs, path::Path, thread};

use super::*;
use crate::model::event::tests::sample;

const PATIENCE: Duration = Duration::from_secs(60);

fn specs(directory: &Path, texts: &[&str]) -> Vec<SinkSpec> {
    let at = directory.display().to_string();
    texts.iter().map(|text| text.replace('@', &at).parse().unwrap()).collect()
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

fn record(event: impl Into<Record>) -> Arc<Record> {
    Arc::new(event.into())
}

#[test]
fn each_sink_takes_what_is_of_its_level() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let all = specs(at, &["eve:@/all", "human:@/alerts", "portsentry:@/lines"]);
    let sinks = Sinks::start(&all).unwrap();
    sinks.offer(&record(sample::event()));
    sinks.offer(&record(sample::sctp()));
    sinks.offer(&record(sample::alert()));
    let counts = sinks.finish(PATIENCE);
    let written: Vec<_> = counts.iter().map(|(spec, counts)| (spec, counts.written)).collect();
    assert_eq!(written, [(&all[0], 3), (&all[1], 1), (&all[2], 1)]);
    assert_eq!(["all", "alerts", "lines"].map(|name| lines(&at.join(name))), [3, 1, 1]);
}

#[test]
fn two_sinks_never_write_to_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fs::create_dir(at.join("d")).unwrap();
    for pair in [
        ["eve:@/a", "eve/alerts:@/a"],
        ["human:-", "eve:-"],
        ["human:@/a", "eve:@/d/../a"],
        ["human:unix:@/s", "eve:unix:@/s"],
    ] {
        let error = Sinks::start(&specs(at, &pair)).unwrap_err();
        assert!(matches!(error, SinkError::Same { .. }), "{pair:?}: {error}");
    }
}

#[test]
fn a_sink_that_cannot_be_had_is_named_and_nothing_changes() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let first = specs(at, &["human/events:@/a"]);
    let mut sinks = Sinks::start(&first).unwrap();
    let error = sinks.replace(&specs(at, &["human:@/b", "eve:@/none/c"]), PATIENCE).unwrap_err();
    assert!(error.to_string().contains("the sink eve:"), "{error}");
    sinks.offer(&record(sample::event()));
    assert_eq!(sinks.finish(PATIENCE)[0].1.written, 1);
}

#[test]
fn a_reload_keeps_what_stays_and_finishes_what_goes() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let mut sinks = Sinks::start(&specs(at, &["human/events:@/a", "eve:@/b"])).unwrap();
    for _ in 0..100 {
        sinks.offer(&record(sample::event()));
    }
    let after = specs(at, &["portsentry:@/c", "human/events:@/a"]);
    sinks.replace(&after, PATIENCE).unwrap();
    sinks.offer(&record(sample::event()));
    let counts = sinks.finish(PATIENCE);
    assert_eq!(counts.iter().map(|(spec, _)| spec).collect::<Vec<_>>(), [&after[0], &after[1]]);
    assert_eq!([counts[0].1.offered, counts[1].1.offered], [1, 101]);
    assert_eq!([counts[0].1.written, counts[1].1.written], [1, 101]);
    let end = Instant::now() + PATIENCE;
    while lines(&at.join("b")) < 100 {
        assert!(Instant::now() < end, "the sink that went did not write what it had");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_level_may_change_at_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let mut sinks = Sinks::start(&specs(at, &["human/events:@/a"])).unwrap();
    sinks.offer(&record(sample::event()));
    sinks.replace(&specs(at, &["human:@/a"]), PATIENCE).unwrap();
    sinks.offer(&record(sample::event()));
    sinks.offer(&record(sample::alert()));
    assert_eq!(sinks.finish(PATIENCE)[0].1.written, 1);
}

#[test]
fn all_are_opened_anew() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let sinks = Sinks::start(&specs(at, &["human/events:@/a", "eve:@/b"])).unwrap();
    for name in ["a", "b"] {
        fs::rename(at.join(name), at.join(format!("{name}.1"))).unwrap();
    }
    sinks.reopen();
    sinks.offer(&record(sample::event()));
    sinks.finish(PATIENCE);
    assert_eq!(["a", "a.1", "b", "b.1"].map(|name| lines(&at.join(name))), [1, 0, 1, 0]);
}

#[test]
fn no_sinks_take_nothing() {
    let sinks = Sinks::start(&[]).unwrap();
    assert!(!sinks.take_alerts());
    sinks.offer(&record(sample::event()));
    assert!(sinks.finish(Duration::ZERO).is_empty());
}
