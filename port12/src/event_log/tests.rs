use std::{fs, os::unix::fs::PermissionsExt as _, time::SystemTime};

use serde_json::Value;

use super::*;
use crate::{
    model::{
        BanOrigin, BanScope,
        event::{BanChange, BanEvent, tests::sample},
    },
    query::events::{EventReader, Selection},
};

const LONG: Duration = Duration::from_secs(60);

fn probe(port: u16, number: u32) -> Arc<Record> {
    let mut probe = sample::event();
    (probe.port, probe.source) = (port, number.to_be_bytes().into());
    Arc::new(Record::from(probe))
}

fn ban(number: u32) -> Arc<Record> {
    let change = BanChange::Made {
        source: number.to_be_bytes().into(),
        lasts: Some(Duration::from_secs(1)),
        origin: BanOrigin::Threshold,
        scope: BanScope::Unassigned,
    };
    let event = BanEvent { time: SystemTime::now(), interface: "eth0".into(), since: 1, change };
    Arc::new(Record::from(event))
}

/// Records of a log, of a ring.
fn read(directory: &Path, ring: Ring) -> Vec<Value> {
    let kind = match ring {
        Ring::Probes => "probe",
        Ring::Alerts => "ban",
    };
    let selection = Selection { kind: Some(kind.to_owned()), ..Selection::default() };
    let mut reader = EventReader::of_log(directory.to_owned());
    let records = reader.read(&selection, 0).unwrap();
    assert_eq!(reader.skipped(), 0);
    records.into_iter().map(|it| it.record).collect()
}

fn written(directory: &Path, records: impl IntoIterator<Item = Arc<Record>>) -> EventLogState {
    let log = EventLog::start(directory.to_owned()).unwrap();
    records.into_iter().for_each(|it| log.offer(&it));
    log.finish(LONG)
}

#[test]
fn a_flood_of_probes_replaces_no_ban_and_the_newest_are_kept() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("state/events");
    let flood = (0..30_000).map(|number| probe(12, number));
    let state = written(&directory, [ban(1)].into_iter().chain(flood).chain([ban(2)]));
    assert_eq!(state.written + state.superseded, 30_002);
    assert_eq!((state.waiting, state.lost), (0, 0));
    assert_eq!(read(&directory, Ring::Alerts).len(), 2);
    let probes = read(&directory, Ring::Probes);
    assert_eq!(probes.len(), RECORDS);
    let newest = std::net::IpAddr::from(29_999_u32.to_be_bytes()).to_string();
    assert_eq!(probes[RECORDS - 1]["src_ip"], newest);
    for name in [".", "probes.json", "alerts.json"] {
        let mode = fs::metadata(directory.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if name == "." { 0o700 } else { 0o600 }, "{name}");
    }
}

#[test]
fn many_runs_keep_the_newest_of_all_of_them() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("events");
    for run in 0..6 {
        written(&directory, (0..1500).map(|number| probe(12, run * 1500 + number)));
    }
    let probes = read(&directory, Ring::Probes);
    assert_eq!(probes.len(), RECORDS);
    let numbers = (0..9000_u32).skip(9000 - RECORDS);
    let sources = numbers.map(|it| std::net::IpAddr::from(it.to_be_bytes()).to_string());
    assert!(probes.iter().map(|it| it["src_ip"].clone()).eq(sources.map(Value::from)));
}

#[test]
fn a_torn_line_hides_no_other_and_is_no_record() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("events");
    written(&directory, [probe(12, 1), probe(14, 2)]);
    let file = directory.join("probes.json");
    let whole = fs::read(&file).unwrap();
    let second = whole.iter().position(|it| *it == b'\n').unwrap() + 1;
    for cut in [second, second + 1, second + 300, whole.len() - 1] {
        fs::write(&file, &whole[..cut]).unwrap();
        assert_eq!(read(&directory, Ring::Probes).len(), 1, "{cut}");
        written(&directory, [probe(16, 3)]);
        let ports: Vec<_> =
            read(&directory, Ring::Probes).iter().map(|it| it["dest_port"].clone()).collect();
        assert_eq!(ports, [12, 16], "{cut}");
    }
}

#[test]
fn a_directory_that_is_removed_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("events");
    let log = EventLog::start(directory.clone()).unwrap();
    for (number, moved) in [(1, false), (2, false), (3, true), (4, true)] {
        log.offer(&ban(number));
        while log.state().written < number.into() {
            std::thread::yield_now();
        }
        assert_eq!(read(&directory, Ring::Alerts).len(), 1);
        match moved {
            true => fs::rename(&directory, root.path().join(format!("old{number}"))).unwrap(),
            false => fs::remove_dir_all(&directory).unwrap(),
        }
    }
    assert_eq!(log.finish(LONG).lost, 0);
}

#[test]
fn records_wait_while_another_process_writes_to_the_directory() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("events");
    let first = EventLog::start(directory.clone()).unwrap();
    first.offer(&ban(1));
    while first.state().written == 0 {
        std::thread::yield_now();
    }
    let second = EventLog::start(directory.clone()).unwrap();
    second.offer(&ban(2));
    first.finish(LONG);
    while second.state().written == 0 {
        std::thread::yield_now();
    }
    assert_eq!(second.finish(LONG).lost, 0);
    assert_eq!(read(&directory, Ring::Alerts).len(), 2);
}

#[test]
fn records_that_can_never_be_written_are_lost() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("events");
    fs::write(&directory, "in its place").unwrap();
    let log = EventLog::start(directory).unwrap();
    let mut number = 0;
    // Before the first failure, a record makes room; after it, it is lost.
    while log.state().lost == 0 {
        log.offer(&probe(12, number));
        number += 1;
    }
    let state = log.state();
    assert_eq!((state.written, state.waiting), (0, RECORDS as u64));
    let state = log.finish(LONG);
    assert_eq!(state.superseded + state.lost, u64::from(number));
    assert!(state.lost > RECORDS as u64, "those that still waited are lost, too");
}
