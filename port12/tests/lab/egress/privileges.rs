//! With the three capabilities of a daemon, and no others.

use super::{HOOKS, facts, outbound, python};
use crate::support::{Bpffs, Ordinary, Pair, Port12, addresses::FAR, lab, ordinary::THREE};

#[test]
fn the_three_are_enough_to_attach_to_count_and_to_name_what_the_kernel_tells() {
    for hook in HOOKS {
        lab(|| {
            let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::new());
            let near = &pair.near;
            user.takes(&bpffs);
            let args = "run -i w0 --egress --output json --interval 200ms";
            let mut command = user.command(near, &THREE, &bpffs.pins(), args);
            if hook == "clsact" {
                command.env("PORT12_FAULT", "egress.old");
            }
            let mut port12 = Port12::launch(command);
            let report = port12.report();
            assert_eq!(report.0["outbound"]["interfaces"][0]["hook"], hook, "{}", report.0);
            let code = "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect";
            let code = format!(
                "import socket, time; {code}(('{FAR}', 12)); s.send(b'x'); time.sleep(0.5)"
            );
            let pid = python(near, &code);
            let totals = port12.stop();
            assert_eq!(outbound(&totals, "w0"), facts([("udp", 12, 1)]), "{}", totals.0);
            let owner = &totals.0["outbound"]["ports"][0]["owners"][0];
            // Whether it has the socket cannot be seen: that takes CAP_SYS_PTRACE.
            assert_eq!(owner["uid"], 0);
            if hook == "tcx" {
                let expected = (&"running".into(), &pid.into());
                assert_eq!((&owner["owner"], &owner["pid"]), expected, "{owner}");
                assert_eq!(owner["name"], "python3");
            } else {
                assert_eq!(owner["owner"], "unseen");
            }
            let left = near.sh("tc qdisc show dev w0");
            assert!(!left.contains("clsact"), "{left}");
        });
    }
}
