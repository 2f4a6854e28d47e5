//! Commands that show a state cannot write it: they map arrays to be read, and open other maps to be read.

use std::{fs, path::Path};

use crate::support::{Bpffs, Pair, Port12, lab, until};

/// Commands that change nothing.
const READERS: [&str; 9] = [
    "stats",
    "stats --output json",
    "status",
    "sources",
    "bans",
    "allow list",
    "explain 12",
    "who",
    "check --diff --config port12.toml",
];

/// Mappings of BPF maps in a process, as `/proc/PID/maps` has them.
fn mappings(process: i32) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap_or_default();
    maps.lines().filter(|line| line.contains("bpf-map")).map(str::to_owned).collect()
}

/// The process of port12, which another one may have started.
fn port12(process: i32) -> i32 {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap();
    if name.trim_end() == "port12" {
        return process;
    }
    until("the command", || {
        let path = format!("/proc/{process}/task/{process}/children");
        fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
    })
}

#[test]
fn a_reader_that_goes_on_has_no_writable_mapping_and_the_daemon_has_some() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let run = bpffs.run(&pair.near, "-i w0");
        let args = "stats --output json --interval 200ms";
        let mut stats = Port12::spawn(bpffs.command(&pair.near, args));
        stats.report();
        let mapped = mappings(port12(stats.id()));
        assert!(mapped.len() >= 3, "{mapped:?}");
        let is_read_only = |line: &String| line.split_whitespace().nth(1) == Some("r--s");
        assert!(mapped.iter().all(is_read_only), "{mapped:?}");
        let mapped = mappings(port12(run.id()));
        assert!(!mapped.iter().all(is_read_only), "{mapped:?}");
        drop(stats);
        run.stop();
    });
}

/// The system calls of a command that reach maps.
fn trace(pair: &Pair, bpffs: &Bpffs, directory: &Path, args: &str) -> String {
    let file = directory.join("trace");
    let mut command = pair.near.command("strace");
    command.args(["--follow-forks", "--trace=bpf,mmap", "--decode-fds=path", "--output"]);
    command.arg(&file).arg(env!("CARGO_BIN_EXE_port12")).args(args.split_whitespace());
    command.env("PORT12_PIN_DIR", bpffs.pins()).env("PORT12_RUNTIME_DIR", bpffs.runtime());
    let status = command.current_dir(directory).output().unwrap().status;
    assert!(status.code().is_some_and(|code| code < 2), "{args}: {status}");
    fs::read_to_string(&file).unwrap()
}

#[test]
fn commands_that_show_a_state_open_and_map_it_to_be_read() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("port12.toml"), "interfaces = [\"w0\"]\n").unwrap();
        bpffs.ok(&pair.near, "attach -i w0");
        let is_map = |line: &&str| {
            ["BANS", "EVIDENCE", "ALLOW_V4", "ALLOW_V6", "PROTECTED", "EVENTS"]
                .iter()
                .any(|name| line.contains(&format!("w0/{name}\"")))
        };
        for args in READERS {
            let trace = trace(&pair, &bpffs, directory.path(), args);
            let opened: Vec<_> = trace.lines().filter(is_map).collect();
            for line in opened {
                assert!(line.contains("BPF_F_RDONLY"), "{args}: {line}");
            }
            let mapped = trace.lines().filter(|it| it.contains("mmap(") && it.contains("bpf-map"));
            let mapped: Vec<_> = mapped.collect();
            assert!(args == "who" || !mapped.is_empty(), "{args}: {trace}");
            for line in mapped {
                assert!(!line.contains("PROT_WRITE"), "{args}: {line}");
            }
            for change in ["BPF_MAP_UPDATE_ELEM", "BPF_MAP_DELETE_ELEM"] {
                assert!(!trace.contains(change), "{args}: {trace}");
            }
        }
        // The check can fail.
        let trace = trace(&pair, &bpffs, directory.path(), "bypass");
        assert!(trace.lines().any(|it| it.contains("bpf-map") && it.contains("PROT_WRITE")));
        bpffs.ok(&pair.near, "detach");
    });
}
