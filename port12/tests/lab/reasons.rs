//! Refusals name their cause, and what to do.

use std::fs;

use crate::support::{Bpffs, Namespace, Pair, Port12, foreign::program, lab};

/// What `port12 run` says, which ends with a code.
fn refused(near: &Namespace, args: &str, code: i32) -> String {
    let output = Port12::run(near, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

#[test]
fn a_veth_whose_peer_has_more_queues_says_so() {
    lab(|| {
        let near = Namespace::new();
        near.sh("ip link add v0 numrxqueues 1 numtxqueues 1 type veth \
                         peer name v1 numrxqueues 4 numtxqueues 4
                 ip link set v0 up; ip link set v1 up");
        let said = refused(&near, "-i v0 --xdp-mode native", 6);
        assert!(said.contains("the other end of v0 has more transmit queues"), "{said}");
        assert!(said.contains("ethtool -L"), "{said}");
        Port12::start(&near, "-i v0").stop();
    });
}

#[test]
fn too_many_open_files_are_no_refusal_of_the_verifier() {
    lab(|| {
        let near = Namespace::new();
        let mut refusals = 0;
        let mut limit = 8;
        loop {
            let mut command = near.command_with_bpffs("prlimit");
            command.args([&format!("--nofile={limit}"), env!("CARGO_BIN_EXE_port12")]);
            command.args(["run", "-i", "lo", "--duration", "100ms"]);
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() {
                break;
            }
            assert!(!said.contains("refuses the program"), "{limit}: {said}");
            assert!(said.contains("(os error 24)"), "{limit}: {said}");
            refusals += usize::from(said.contains("LimitNOFILE="));
            limit += 1;
            assert!(limit < 200, "{said}");
        }
        assert!(refusals > 10, "{refusals} by {limit}");
    });
}

#[test]
fn a_program_on_an_interface_above_is_named() {
    lab(|| {
        let pair = Pair::new();
        pair.near.sh("ip link add br0 type bridge && ip link set w0 master br0 && \
                      ip link set br0 up");
        let object = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/port12.bpf.o");
        pair.near.sh(&format!("ip link set dev br0 xdpgeneric obj {object} sec xdp"));
        let theirs = program(&pair.near, "br0").unwrap();
        let said = refused(&pair.near, "-i w0", 7);
        assert!(said.contains("while br0, which stands above it, has one"), "{said}");
        assert!(said.contains(&format!("id {theirs}, name port12")), "{said}");
    });
}

#[test]
fn pins_that_are_not_port12s_name_the_way_out() {
    lab(|| {
        for pinned in ["map create {} type array key 4 value 4 entries 1 name theirs", "prog pin"] {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            bpffs.ok(&pair.near, "attach -i w0 --mode drop");
            let state = bpffs.pins().join("w0/STATE");
            fs::remove_file(&state).unwrap();
            let state = state.display().to_string();
            let id = program(&pair.near, "w0").unwrap();
            match pinned {
                "prog pin" => pair.near.sh(&format!("bpftool prog pin id {id} {state}")),
                map => pair.near.sh(&format!("bpftool {}", map.replace("{}", &state))),
            };
            for args in ["status", "bypass", "attach -i w0", "detach"] {
                let said = bpffs.fails(&pair.near, args, 1);
                assert!(said.contains("`port12 detach --force`"), "{args}: {said}");
            }
            assert_eq!(program(&pair.near, "w0"), Some(id));
            bpffs.ok(&pair.near, "detach --force");
            assert_eq!(program(&pair.near, "w0"), None);
        }
    });
}

/// The name that a link shows, whatever it was when the program was attached.
#[test]
fn status_names_interfaces_as_they_are_named_by_now() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        pair.near.sh("ip link add v0 type veth peer name v1; ip link set v0 up");
        bpffs.ok(&pair.near, "attach -i w0 -i v0 --mode drop");
        let programs = ["w0", "v0"].map(|name| program(&pair.near, name).unwrap());
        // A swap.
        pair.near.sh("ip link set w0 down; ip link set v0 down
                      ip link set w0 name t0; ip link set v0 name w0; ip link set t0 name v0");
        for (name, was, id) in [("v0", "w0", programs[0]), ("w0", "v0", programs[1])] {
            let status = bpffs.status(&pair.near, name);
            assert_eq!((&status["program"]["id"], &status["pinned_as"]), (&id.into(), &was.into()));
        }
        let stats = bpffs.ok(&pair.near, "stats --output json");
        let report = crate::support::Report::parse(stats.trim());
        assert_eq!(report.interface("v0")["xdp_mode"], "native");
        // The name means the interface that has it.
        bpffs.ok(&pair.near, "detach -i v0");
        assert_eq!(program(&pair.near, "v0"), None);
        assert_eq!(program(&pair.near, "w0"), Some(programs[1]));
    });
}

#[test]
fn status_says_that_an_interface_has_moved_to_another_namespace() {
    lab(|| {
        let (pair, bpffs, elsewhere) = (Pair::new(), Bpffs::new(), Namespace::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        pair.near.sh(&format!("ip link set w0 netns {}", elsewhere.name()));
        let said = bpffs.ok(&pair.near, "status");
        assert!(said.contains("on an interface of another network namespace"), "{said}");
        let status = bpffs.status(&pair.near, "w0");
        assert!(
            status["xdp_mode"].is_null() && status["mode"]["effective"] == "monitor",
            "{status}"
        );
        elsewhere.sh("ip link del w0");
        let said = bpffs.fails(&pair.near, "status", 3);
        assert!(said.contains("nothing is attached"), "{said}");
    });
}
