//! What is in bpffs while port12 runs, and after.

use crate::support::{Namespace, lab};

const PROGRAM: &str = env!("CARGO_BIN_EXE_port12");

/// Runs a script in a namespace with a bpffs of its own; it succeeds. `$PORT12` watches `lo`. What it
/// has started in the background ends with it, or a failure would wait for that.
fn script(text: &str) {
    let near = Namespace::new();
    let text = format!("trap 'kill $! || true' EXIT\n{text}");
    let output = near
        .command_with_bpffs("timeout")
        .args(["60", "sh", "-exc", &text])
        .env("PORT12", format!("{PROGRAM} run -i lo --output json --interval 100ms"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", output.status);
}

#[test]
fn the_maps_are_pinned_while_it_runs_and_gone_afterwards() {
    lab(|| {
        script(
            "$PORT12 > /dev/null & run=$!
             until test -e /sys/fs/bpf/port12/lo/CLOCK; do sleep 0.05; done
             bpftool map dump pinned /sys/fs/bpf/port12/lo/COUNTERS > /dev/null
             kill -INT $run; wait $run
             ! test -e /sys/fs/bpf/port12/lo",
        );
    });
}

#[test]
fn a_second_run_on_the_directory_is_refused_and_names_the_first() {
    lab(|| {
        script(
            "$PORT12 > /dev/null & run=$!
             until test -e /sys/fs/bpf/port12/lo/CLOCK; do sleep 0.05; done
             code=0; said=$($PORT12 2>&1) || code=$?
             test $code = 1
             echo \"$said\" | grep -q \"belongs to process $run (port12)\"
             test -e /sys/fs/bpf/port12/lo/CLOCK
             kill -INT $run; wait $run",
        );
    });
}

#[test]
fn what_a_killed_run_left_behind_is_replaced() {
    lab(|| {
        script(
            "$PORT12 > /dev/null & run=$!
             until test -e /sys/fs/bpf/port12/lo/CLOCK; do sleep 0.05; done
             kill -KILL $run; wait $run || test -e /sys/fs/bpf/port12/lo/CLOCK
             while ip link show lo | grep xdp; do sleep 0.05; done
             $PORT12 --duration 200ms > /dev/null
             ! test -e /sys/fs/bpf/port12/lo",
        );
    });
}

#[test]
fn what_others_have_pinned_is_left_alone() {
    lab(|| {
        script(
            "chmod 0700 /sys/fs/bpf
             mkdir /sys/fs/bpf/other
             bpftool map create /sys/fs/bpf/other/precious type array key 4 value 4 entries 1 name p
             bpftool map create /sys/fs/bpf/precious type array key 4 value 4 entries 1 name p
             $PORT12 --pin-dir /sys/fs/bpf --duration 200ms > /dev/null
             test -e /sys/fs/bpf/other/precious
             test -e /sys/fs/bpf/precious
             ! test -e /sys/fs/bpf/lo",
        );
    });
}

#[test]
fn a_read_only_bpffs_is_like_none_in_one_line() {
    lab(|| {
        script(
            "for before in true 'mkdir /sys/fs/bpf/port12'; do
                 $before
                 mount -o remount,ro /sys/fs/bpf
                 said=$($PORT12 --duration 200ms 2>&1 > /dev/null)
                 echo \"$said\" | grep 'not pinned.*/sys/fs/bpf/port12: Read-only file system'
                 test $(echo \"$said\" | grep -c -i 'read-only') = 1
                 code=0; $PORT12 --pin --duration 200ms || code=$?
                 test $code = 3
                 mount -o remount,rw /sys/fs/bpf
             done",
        );
    });
}
