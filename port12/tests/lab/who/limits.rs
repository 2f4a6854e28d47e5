//! What cannot be seen is told, and so is that there is nothing, or an error.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use super::{PROGRAM, Running, pids, socket, table, who};
use crate::support::{Namespace, Ordinary, lab, sockets::wait_for_socket};

#[test]
fn without_capabilities_others_are_told_by_user_and_inode_and_one_s_own_by_name() {
    lab(|| {
        let (near, user) = (Namespace::new(), Ordinary::new());
        near.sysctl("ipv4/ip_unprivileged_port_start", "0");
        let _root = Running::start(near.command("nc").args(["-l", "-p", "12"]));
        let mut command = near.command("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        let own = Running::start(command.args(["nc", "-l", "-p", "14"]));
        wait_for_socket(&near, "tcp", 12);
        wait_for_socket(&near, "tcp", 14);
        let pins = Path::new("/nonexistent");
        let ask = |capabilities: &[&str], args: &str| {
            let output = user.command(&near, capabilities, pins, args).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            String::from_utf8(output.stdout).unwrap()
        };
        let text = ask(&[], "who --output json");
        let document: Value = serde_json::from_str(&text).unwrap();
        let others = socket(&document, "tcp", 12);
        assert_eq!((&others["owner"], &others["uid"]), (&"unseen".into(), &0.into()), "{others}");
        assert_ne!(others["inodes"][0], 0);
        assert!(others["cgroup"]["id"].is_u64(), "{others}");
        let mine = socket(&document, "tcp", 14);
        assert_eq!(
            (&mine["owner"], pids(mine)),
            (&"process".into(), vec![own.id().into()]),
            "{mine}"
        );
        let needs = serde_json::json!(["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]);
        assert_eq!(document["limits"][0]["needs"], needs, "{document}");
        let text = ask(&[], "who");
        assert!(text.contains("made by user root, inode "), "{text}");
        let lines: Vec<_> = text.lines().filter(|it| it.starts_with("not seen: ")).collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert!(lines[0].ends_with("it takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"), "{text}");
        for (capabilities, missing) in
            [(["sys_ptrace"], "CAP_DAC_READ_SEARCH"), (["dac_read_search"], "CAP_SYS_PTRACE")]
        {
            let document: Value =
                serde_json::from_str(&ask(&capabilities, "who --output json")).unwrap();
            assert_eq!(document["limits"][0]["needs"], serde_json::json!([missing]));
        }
        let text = ask(&["sys_ptrace", "dac_read_search"], "who --output json");
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(socket(&document, "tcp", 12)["processes"][0]["name"], "nc");
        let text = ask(&[], "who --all-netns --output json");
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["limits"][0]["needs"][0], "CAP_SYS_ADMIN", "{document}");
    });
}

#[test]
fn what_hidepid_and_a_pid_namespace_hide_is_told() {
    lab(|| {
        let (near, user) = (Namespace::new(), Ordinary::new());
        let _nc = Running::start(near.command("nc").args(["-l", "-p", "12"]));
        wait_for_socket(&near, "tcp", 12);
        let program = user.file("port12");
        let program = program.display();
        let hidden = near.sh(&format!(
            "unshare -m sh -c 'mount -t proc -o hidepid=2 proc /proc && setpriv --reuid=65534 \\
             --regid=65534 --clear-groups --bounding-set=-all {program} who'"
        ));
        assert!(
            hidden.contains(
                "not seen: processes of others: /proc is mounted with hidepid; it takes \
                                 CAP_SYS_PTRACE"
            ),
            "{hidden}"
        );
        assert!(hidden.contains("no process was seen that has it"), "{hidden}");
        let apart = near.sh(&format!("unshare -p -f --mount-proc {program} who"));
        assert!(apart.contains("not seen: processes outside of this PID namespace\n"), "{apart}");
        assert!(apart.contains("no process was seen that has it"), "{apart}");
        let none = near.sh(&format!("unshare -m sh -c 'umount -l /proc; {program} who'"));
        assert!(none.contains("not seen: processes: /proc cannot be read: No such file"), "{none}");
        assert!(none.contains("no process was seen that has it"), "{none}");
    });
}

#[test]
fn exit_codes_tell_found_nothing_and_errors_apart() {
    lab(|| {
        let near = Namespace::new();
        assert_eq!(table(&near, "").1, 1);
        assert_eq!(who_code(&near, "--output json"), 1);
        let _nc = Running::start(near.command("nc").args(["-l", "-p", "80"]));
        wait_for_socket(&near, "tcp", 80);
        for (args, code) in [
            ("", 1),
            ("80", 0),
            ("80/tcp", 0),
            ("80/udp", 1),
            ("79-81", 0),
            ("81-90", 1),
            ("81 80", 0),
            ("--all", 0),
            ("0-65535", 0),
            ("65536", 2),
            ("80-79", 2),
            ("--all 80", 2),
            ("http", 2),
            ("--registry /nonexistent.csv", 3),
        ] {
            assert_eq!(who_code(&near, args), code, "{args}");
        }
        let mut full = near.command("sh");
        let line = format!("{PROGRAM} who --all > /dev/full");
        let output = full.args(["-c", &line]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    });
}

fn who_code(namespace: &Namespace, args: &str) -> i32 {
    table(namespace, args).1
}

#[test]
fn a_fresher_registry_says_what_is_unassigned() {
    lab(|| {
        let near = Namespace::new();
        let _nc = Running::start(near.command("nc").args(["-l", "-p", "12"]));
        wait_for_socket(&near, "tcp", 12);
        assert_eq!(who(&near, "12")["sockets"][0]["watched"], true);
        assert_eq!(who(&near, "12")["asked"], "12");
        let file = registry_that_assigns_12();
        let path = file.path().display();
        assert_eq!(table(&near, &format!("--registry {path}")).1, 1);
        let document = who(&near, &format!("12 --registry {path}"));
        assert_eq!(document["sockets"][0]["watched"], false);
        assert_eq!(
            document["sockets"][0]["description"].as_str().unwrap().split(';').next(),
            Some("assigned")
        );
    });
}

/// IANA's CSV as far as it matters: a row for each state of the embedded table, and 12 assigned.
fn registry_that_assigns_12() -> tempfile::NamedTempFile {
    use port12::registry::{Registry, State};
    use port12_common::Transport;

    let mut text = String::from(
        "Service Name,Port Number,Transport Protocol,Description,Assignee,Contact,Registration \
         Date,Modification Date,Reference,Service Code,Unauthorized Use Reported,Assignment Notes\n",
    );
    let registry = Registry::embedded();
    for port in 0..1024 {
        for transport in [Transport::Tcp, Transport::Udp] {
            let (name, description) = match registry.state(transport, port) {
                _ if port == 12 => ("test", "A test"),
                State::Assigned => ("known", "Known"),
                State::Reserved => ("", "Reserved"),
                State::Unassigned => ("", "Unassigned"),
            };
            text += &format!("{name},{port},{transport},{description},,,,2026-08-18,,,,\n");
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    lab(|| {
        let near = Namespace::new();
        let _nc = Running::start(near.command("nc").args(["-l", "-p", "12"]));
        wait_for_socket(&near, "tcp", 12);
        let output = Command::new("ip")
            .args(["netns", "exec", near.name(), "bash", "-c"])
            .arg(format!("set -o pipefail; {PROGRAM} who | true"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    });
}
