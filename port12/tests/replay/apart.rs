//! A replay is apart from everything that is attached, pinned or running.

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    file::{ETHERNET, Pcap, file, syn},
    program::{command, end, port},
    root,
};

const AT: Duration = Duration::from_secs(1_700_000_000);

/// In network and mount namespaces of its own, with a port12 that watches `lo`, a replay: what is
/// attached before and after, and what was pinned.
const WATCHED: &str = r#"
    set -e
    mount -t bpf bpf /sys/fs/bpf
    ip link set lo up
    "$PORT12" run -i lo --output json --interval 100ms > "$OUT" &
    run=$!
    trap 'kill -9 $run' EXIT
    i=0
    until [ -s "$OUT" ]; do i=$((i + 1)); [ $i -lt 200 ]; sleep 0.05; done
    ip -d link show lo | grep -o 'prog/xdp id [0-9]*'
    find /sys/fs/bpf | sort | md5sum
    "$PORT12" replay --engine kernel --output json "$FILE"
    ip -d link show lo | grep -o 'prog/xdp id [0-9]*'
    find /sys/fs/bpf | sort | md5sum
    kill -INT $run
    wait $run
    trap - EXIT
    tail -1 "$OUT"
"#;

#[test]
fn a_replay_touches_nothing_of_a_port12_that_runs() {
    if !root::or_skip("replays beside a port12 that watches lo in a namespace") {
        return;
    }
    let capture = file(&Pcap::new(ETHERNET).frame(AT, &syn(12)).0);
    let out = file(b"");
    let ended = end({
        let mut script = Command::new("unshare");
        script.args(["--net", "--mount", "sh", "-c", WATCHED]);
        script.env("PORT12", env!("CARGO_BIN_EXE_port12"));
        script.env("OUT", out.path()).env("FILE", capture.path());
        script
    });
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines: Vec<&str> = ended.out.lines().collect();
    let [attached, pinned, replay, attached_after, pinned_after, watched] = lines[..] else {
        panic!("{ended:?}");
    };
    assert_eq!((attached, pinned), (attached_after, pinned_after));
    let replay: serde_json::Value = serde_json::from_str(replay).unwrap();
    assert_eq!(port(&replay, "tcp", 12).unwrap()["packets"], 1);
    let watched: serde_json::Value = serde_json::from_str(watched).unwrap();
    assert_eq!(watched["interfaces"][0]["ports"].as_array().unwrap().len(), 0, "{watched}");
}

/// The interfaces of this network namespace, with what is attached to them.
fn interfaces() -> String {
    let output = Command::new("ip").args(["-o", "link"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn no_program_appears_on_any_interface() {
    if !root::or_skip("replays by the kernel's program") {
        return;
    }
    let before = interfaces();
    let mut replay = command(&["--engine", "kernel", "--interval", "1s", "-"]);
    let mut child = replay.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // It waits for its input with the program loaded.
    thread::sleep(Duration::from_millis(500));
    assert_eq!(interfaces(), before);
    let pcap = Pcap::new(ETHERNET).frame(AT, &syn(12)).0;
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &pcap).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(interfaces(), before);
}

#[test]
fn without_privilege_the_kernel_engine_names_what_is_missing() {
    if !root::or_skip("gives root up") {
        return;
    }
    let capture = file(&Pcap::new(ETHERNET).frame(AT, &syn(12)).0);
    let mut unprivileged = Command::new("setpriv");
    unprivileged.args(["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]);
    unprivileged.arg(env!("CARGO_BIN_EXE_port12")).args(["replay", "--engine", "kernel"]);
    unprivileged.arg(capture.path());
    let ended = end(unprivileged);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.message().contains("CAP_BPF"), "{}", ended.message());
}
