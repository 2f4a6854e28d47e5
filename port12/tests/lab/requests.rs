//! Requests to the kernel, which do not grow with the number of interfaces.

use std::{
    fs,
    process::{Child, Command},
    thread,
    time::Duration,
};

use crate::support::{Namespace, Port12, lab, until};

/// Watched interfaces, of which the other ends are in the same namespace.
fn watching(interfaces: usize) -> (Namespace, Port12) {
    let near = Namespace::new();
    let names: Vec<String> = (0..interfaces).map(|number| format!("w{number}")).collect();
    for name in &names {
        near.sh(&format!(
            "ip link add {name} type veth peer name x{name} && ip link set {name} up && ip link \
             set x{name} up"
        ));
    }
    let args: String = names.iter().map(|name| format!("-i {name} ")).collect();
    let mut run = Port12::start(&near, &args);
    run.report();
    (near, run)
}

fn trace(run: &Port12, file: &std::path::Path) -> Child {
    let mut strace = Command::new("strace");
    strace.args(["--follow-forks", "--trace=sendto", "--attach"]).arg(run.id().to_string());
    strace.arg("--output").arg(file).stderr(std::process::Stdio::null()).spawn().unwrap()
}

/// Netlink requests that a trace has seen.
fn requests(file: &std::path::Path) -> usize {
    fs::read_to_string(file).unwrap_or_default().matches("nlmsg_type=").count()
}

#[test]
fn sixteen_interfaces_cost_as_many_netlink_requests_as_one() {
    lab(|| {
        let directory = tempfile::tempdir().unwrap();
        let watched = [1, 16].map(|number| (number, watching(number)));
        // At the same time, so that a busy machine slows down both.
        let mut traces = watched.each_ref().map(|(number, (_, run))| {
            let file = directory.path().join(number.to_string());
            (trace(run, &file), file)
        });
        until("both traces", || traces.iter().all(|(_, file)| requests(file) > 0).then_some(()));
        let before = traces.each_ref().map(|(_, file)| requests(file));
        thread::sleep(Duration::from_secs(5));
        let after = traces.each_ref().map(|(_, file)| requests(file));
        for (strace, _) in &mut traces {
            // SAFETY: kill takes numbers, and the process is a child that has not been waited for.
            unsafe { libc::kill(strace.id() as i32, libc::SIGINT) };
            strace.wait().unwrap();
        }
        let [one, sixteen] = [0, 1].map(|index| after[index] - before[index]);
        assert!(one > 100, "{one} requests");
        // Sixteen times as many, if each interface were asked about. Less than a tenth more on a quiet machine.
        assert!(sixteen < one * 5 / 4, "{sixteen} requests for sixteen interfaces, {one} for one");
        for (_, (_, run)) in watched {
            run.stop();
        }
    });
}
