//! What a process runs, what it calls itself, and where it belongs.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use super::{PROGRAM, Running, socket, table, who};
use crate::support::{Namespace, lab, sockets::wait_for_socket, until};

#[test]
fn a_program_that_is_deleted_or_replaced_is_told() {
    lab(|| {
        let near = Namespace::new();
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("odd (deleted)");
        let program = program.to_str().unwrap();
        let nc = fs::canonicalize("/usr/bin/nc").unwrap();
        fs::copy(&nc, program).unwrap();
        let _running = Running::start(near.command(program).args(["-u", "-l", "-p", "12"]));
        wait_for_socket(&near, "udp", 12);
        let on_disk = || {
            let document = who(&near, "12/udp");
            let process = &socket(&document, "udp", 12)["processes"][0];
            assert_eq!(process["exe"], program);
            process["exe_on_disk"].as_str().unwrap().to_owned()
        };
        assert_eq!(on_disk(), "intact");
        let other = directory.path().join("other");
        fs::copy(&nc, &other).unwrap();
        fs::rename(&other, program).unwrap();
        assert_eq!(on_disk(), "replaced");
        assert!(table(&near, "12").0.contains("which has been REPLACED by another file\n"));
        fs::remove_file(program).unwrap();
        assert_eq!(on_disk(), "deleted");
        assert!(table(&near, "12").0.contains("odd (deleted), which is DELETED\n"));
    });
}

#[test]
fn a_program_is_looked_for_in_its_own_mount_namespace() {
    lab(|| {
        let near = Namespace::new();
        let script = "mount -t tmpfs none /mnt && cp $(readlink -f /usr/bin/nc) /mnt/nc && \
                      exec /mnt/nc -l -p 12";
        let running = Running::start(near.command("unshare").args(["-m", "sh", "-c", script]));
        wait_for_socket(&near, "tcp", 12);
        let is = |on_disk: &str| {
            let document = who(&near, "");
            let process = &socket(&document, "tcp", 12)["processes"][0];
            assert_eq!(
                (&process["exe"], &process["exe_on_disk"]),
                (&"/mnt/nc".into(), &on_disk.into())
            );
        };
        is("intact");
        fs::remove_file(format!("/proc/{}/root/mnt/nc", running.id())).unwrap();
        is("deleted");
    });
}

/// Where the unified hierarchy is.
fn cgroups() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mut words = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    words.find(|words| words[2] == "cgroup2").map(|words| words[1].into())
}

#[test]
fn the_unit_and_the_container_of_a_process_and_of_its_socket_are_told() {
    lab(|| {
        let near = Namespace::new();
        let id = "0123456789abcdef".repeat(4);
        let (outer, inner) =
            (format!("p12l-{}.service", std::process::id()), format!("docker-{id}.scope"));
        let made = cgroups().map(|root| root.join(&outer));
        let Some(outer_path) = made.filter(|path| fs::create_dir(path).is_ok()) else {
            return eprintln!("not run: there is no unified hierarchy of cgroups to write to");
        };
        let inner_path = outer_path.join(&inner);
        fs::create_dir(&inner_path).unwrap();
        let line = format!("echo $$ > {}/cgroup.procs && exec nc -l -p 12", inner_path.display());
        // In this mount namespace: that of `ip netns exec` has no cgroups.
        let nc = near.enter(|| Running::start(Command::new("sh").args(["-c", &line])));
        wait_for_socket(&near, "tcp", 12);
        let output =
            near.enter(|| Command::new(PROGRAM).args(["who", "--output", "json"]).output());
        drop(nc);
        until("the cgroup to be empty", || fs::remove_dir(&inner_path).ok());
        fs::remove_dir(&outer_path).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        let found = socket(&document, "tcp", 12);
        for cgroup in [&found["cgroup"], &found["processes"][0]["cgroup"]] {
            assert_eq!(cgroup["path"], format!("/{outer}/{inner}"), "{found}");
            assert_eq!(
                (&cgroup["unit"], &cgroup["container"]),
                (&inner.clone().into(), &id.clone().into())
            );
        }
    });
}

#[test]
fn nothing_that_a_process_calls_itself_reaches_the_terminal_as_it_is() {
    lab(|| {
        let near = Namespace::new();
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("x\u{1b}[2J\u{202e}\u{9b}1m");
        fs::copy(fs::canonicalize("/usr/bin/nc").unwrap(), &program).unwrap();
        fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = near.command(program.to_str().unwrap());
        let _running = Running::start(command.args(["-l", "-p", "12", "-X", "connect"]));
        wait_for_socket(&near, "tcp", 12);
        let json = near.sh(&format!("{PROGRAM} who 12 --output json"));
        for text in [table(&near, "12").0, json] {
            let is_odd = |it: char| it.is_control() && it != '\n' || it == '\u{202e}';
            assert!(!text.contains(is_odd), "{text:?}");
        }
        let document = who(&near, "12");
        let process = &socket(&document, "tcp", 12)["processes"][0];
        assert_eq!(process["exe"], program.to_str().unwrap());
    });
}

#[test]
fn a_command_line_is_kept_within_bounds() {
    lab(|| {
        let near = Namespace::new();
        let long = "a".repeat(100_000);
        let program = "import socket, time\none = socket.socket()\none.bind(('', 12))\none.listen()\n\
                       print('ready', flush=True)\ntime.sleep(60)";
        let mut command = near.command("python3");
        let _python = Running::ready(command.args(["-c", program, &long]));
        let document = who(&near, "12");
        let process = &socket(&document, "tcp", 12)["processes"][0];
        assert_eq!(process["command_cut"], true);
        let kept: usize = process["command"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().len())
            .sum();
        assert!((4000..=4096).contains(&kept), "{kept}");
        assert!(table(&near, "12").0.lines().all(|line| line.chars().count() < 200));
    });
}
