//! What is broken is told, and hides nothing else.

use std::{fs, process::Command};

use port12_common::abi::map;
use serde_json::{Value, json};

use super::{PROGRAM, advice, both, explain, forecast, interface, limits, on};
use crate::support::{Bpffs, Namespace, Pair, lab, reaches};

#[test]
fn an_interface_of_another_version_hides_no_other() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 -i lo");
        assert!(reaches(&pair.far_raw(), 12));
        bpffs.set_version("lo", 99);
        let (story, text) = both(|| bpffs.command(&pair.near, "explain 12"));
        assert_eq!(story["interfaces"].as_array().unwrap().len(), 1);
        assert_eq!(on(interface(&story, "w0"), "tcp")["packets"], 1);
        assert!(limits(&story).contains("lo: its maps have layout version 99"), "{story}");
        assert!(text.contains("not seen: what port12 watches: lo: its maps have layout"), "{text}");
        bpffs.set_version("w0", 4);
        let story = explain(&bpffs, &pair.near, "12");
        assert_eq!(story["interfaces"], json!([]));
        advice(&story, "watch_unseen", "tcp");
        bpffs.ok(&pair.near, "detach --force");
    });
}

#[test]
fn whatever_is_in_the_state_there_is_a_story() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0");
        for byte in [0xff, 0xa5, 0x7f, 0x24, 0] {
            bpffs.scribble("w0", byte);
            for port in [0, 12, 1023, 1024] {
                let (story, _) = both(|| bpffs.command(&pair.near, &format!("explain {port}")));
                assert_eq!(interface(&story, "w0")["place"], "attached", "{byte:#x}");
            }
            bpffs.ok(&pair.near, "status");
        }
    });
}

#[test]
fn pins_that_are_half_gone_are_told() {
    lab(|| {
        for part in [map::STATE, map::COUNTERS, map::BANS, map::ALLOW_V4, "clock", "program"] {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            bpffs.ok(&pair.near, "attach -i w0");
            fs::remove_file(bpffs.pins().join("w0").join(part)).unwrap();
            let story = explain(&bpffs, &pair.near, "12");
            assert_eq!(story["interfaces"], json!([]), "{part}");
            assert!(
                limits(&story).contains("w0: what is pinned cannot be used: "),
                "{part}: {story}"
            );
            advice(&story, "watch_unseen", "tcp");
        }
    });
}

#[test]
fn a_map_of_another_shape_is_told() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0");
        for (part, shape) in [
            (map::COUNTERS, "type array key 4 value 8 entries 1"),
            (map::COUNTERS, "type hash key 4 value 8 entries 1"),
            (map::STATE, "type array key 4 value 64 entries 1 flags 1024"),
            (map::STATE, "type array key 4 value 4 entries 1"),
            (map::BANS, "type array key 4 value 4 entries 1"),
        ] {
            let path = bpffs.pins().join("w0").join(part);
            let aside = bpffs.pins().join("aside");
            fs::rename(&path, &aside).unwrap();
            let line = format!("bpftool map create {} {shape} name p", path.display());
            assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
            let story = explain(&bpffs, &pair.near, "12");
            assert_eq!(story["interfaces"], json!([]), "{part} {shape}");
            assert!(limits(&story).contains("w0: "), "{part} {shape}: {story}");
            fs::remove_file(&path).unwrap();
            fs::rename(&aside, &path).unwrap();
        }
        assert_eq!(explain(&bpffs, &pair.near, "12")["interfaces"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_pin_directory_that_is_none_is_told() {
    lab(|| {
        let near = Namespace::new();
        let file = tempfile::NamedTempFile::new().unwrap();
        let (story, _) = both(|| {
            let mut command = near.command(PROGRAM);
            command.args(["explain", "12", "--pin-dir"]).arg(file.path());
            command
        });
        assert_eq!(story["interfaces"], Value::Null);
        assert!(limits(&story).contains("Not a directory"), "{story}");
    });
}

#[test]
fn a_policy_that_is_not_accepted_is_told_in_the_words_of_check() {
    lab(|| {
        let (near, bpffs) = (Namespace::new(), Bpffs::new());
        let policy = tempfile::NamedTempFile::new().unwrap();
        fs::write(policy.path(), "mode = \"block\"\n").unwrap();
        let path = policy.path().display();
        let story = explain(&bpffs, &near, &format!("12 --config {path}"));
        assert_eq!(story["configured"], json!(null));
        let said = bpffs.fails(&near, &format!("check --config {path}"), 3);
        let said = said.trim().strip_prefix("port12: ").unwrap();
        assert!(limits(&story).contains(said), "{said}: {story}");
        let story = explain(&bpffs, &near, "12 --config /nonexistent.toml");
        assert!(limits(&story).contains("cannot read the policy file /nonexistent.toml"));
        fs::write(policy.path(), "interfaces = [\"nosuch0\"]\n").unwrap();
        let story = explain(&bpffs, &near, &format!("12 --config {path}"));
        assert!(limits(&story).contains("there is no interface nosuch0"), "{story}");
        assert_eq!(story["configured"]["interfaces"], json!(null));
        assert_eq!(forecast(&story["configured"], "tcp")["outcome"], "probe");
        let (story, _) = both(|| {
            let mut command = bpffs.command(&near, "explain 12");
            command.env("PORT12_INTERVAL", "soon\u{1b}[2J");
            command
        });
        assert!(
            limits(&story).contains("PORT12_INTERVAL") || limits(&story).contains("interval"),
            "{story}"
        );
        // A registry is what the story is told by: without it there is none.
        bpffs.fails(&near, "explain 12 --registry /nonexistent.csv", 3);
        fs::write(policy.path(), "registry = \"/nonexistent.csv\"\n").unwrap();
        let story = explain(&bpffs, &near, &format!("12 --config {path}"));
        assert!(limits(&story).contains("/nonexistent.csv"), "{story}");
    });
}

#[test]
fn every_port_has_a_story_and_what_is_no_port_has_none() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0");
        for port in ["0", "1", "1022", "1023", "1024", "1036", "65535", "0012"] {
            let (story, text) = both(|| bpffs.command(&pair.near, &format!("explain {port}")));
            let number: u16 = port.parse().unwrap();
            assert_eq!(
                (&story["port"], &story["well_known"]),
                (&json!(number), &json!(number < 1024))
            );
            let ports = interface(&story, "w0")["ports"].as_array().unwrap().len();
            assert_eq!(ports, if number < 1024 { 5 } else { 0 });
            advice(&story, "nobody_listens", "tcp");
            assert_eq!(text.contains("Watched here"), number < 1024, "{text}");
        }
        for wrong in ["65536", "-1", "12/tcp", "10-12", "http", "1e1"] {
            bpffs.fails(&pair.near, &format!("explain {wrong}"), 2);
        }
        let line = format!("{PROGRAM} explain 12 > /dev/full");
        let output = pair.near.command("sh").args(["-c", &line]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let line = format!("set -o pipefail; {PROGRAM} explain 12 | true");
        let output = pair.near.command("bash").args(["-c", &line]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    });
}
