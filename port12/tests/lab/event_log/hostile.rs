//! Another local user, and the files of the event log.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use crate::{
    event_log::{ports, wait_for},
    support::{
        Victim,
        attacker::{USER, is_clear},
        lab, until,
    },
};

/// The state directory of root's, and the path of the log in it.
fn prepared(victim: &Victim) -> PathBuf {
    let kept = victim.bpffs.kept();
    victim.near().sh(&format!("mkdir -m 700 {}", kept.display()));
    kept.join("events")
}

/// Succeeds if the files or the directory are readable for others.
#[test]
fn another_user_reads_no_records() {
    lab(|| {
        let victim = Victim::new();
        let run = victim.run("");
        victim.knock(12);
        wait_for(&victim.bpffs, victim.near(), "probe", 1);
        let file = victim.bpffs.kept().join("events/probes.json");
        assert!(file.exists());
        victim.attacker.fails(victim.near(), &format!("cat {}", file.display()));
        victim.attacker.fails(victim.near(), &format!("ls {}", file.parent().unwrap().display()));
        run.stop();
    });
}

/// Succeeds if the directory is opened whoever owns it.
#[test]
fn a_directory_of_the_users_is_not_written_to_and_stops_no_run() {
    lab(|| {
        let victim = Victim::new();
        let events = prepared(&victim);
        fs::create_dir(&events).unwrap();
        std::os::unix::fs::chown(&events, Some(USER), Some(USER)).unwrap();
        let mut run = victim.run("");
        victim.knock(12);
        let known = run.said.iter().find(|it| it.contains("belongs to user id")).cloned();
        let said = known.unwrap_or_else(|| run.wait_until_said("belongs to user id"));
        is_clear(&said, &events, "the newest records wait");
        assert_eq!(fs::read_dir(&events).unwrap().count(), 0);
        victim.is_unharmed();
        // The remedy: the record that waited is written.
        fs::remove_dir(&events).unwrap();
        let probes = until("the record", || {
            let output = victim.bpffs.output(victim.near(), "events --kind probe --output json");
            let text = String::from_utf8(output.stdout).unwrap();
            let lines = text.lines().map(|it| serde_json::from_str(it).unwrap());
            Some(lines.collect::<Vec<_>>()).filter(|it| !it.is_empty())
        });
        assert!(ports(&probes).contains(&12), "{probes:?}");
        run.stop();
    });
}

/// Succeeds if a file is opened without `O_NOFOLLOW`.
#[test]
fn no_link_is_written_through_or_read() {
    lab(|| {
        let (victim, shared) = (Victim::new(), Victim::shared());
        let events = prepared(&victim);
        let precious = shared.path().join("precious");
        fs::write(&precious, "precious").unwrap();
        victim.near().sh(&format!("mkdir -m 700 {}", events.display()));
        symlink(&precious, events.join("probes.json")).unwrap();
        let said = victim.bpffs.fails(victim.near(), "events", 1);
        is_clear(&said, &events, "symbolic link");
        let mut run = victim.run("");
        victim.knock(12);
        run.wait_until_said("symbolic link");
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
        victim.is_unharmed();
        run.stop();
    });
}
