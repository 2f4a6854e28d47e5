//! CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, and nothing else: what they are enough for, and what is
//! said where they are not.

mod kept;
mod sinks;

use std::{fs, process::Output};

use crate::support::{
    Bpffs, Namespace, Ordinary, Pair, Port12,
    foreign::{self, program},
    lab, mode,
    ordinary::{THREE, privileges},
    reaches, until,
};

const RUN: &str = "run --output json --interval 200ms";

/// The one line that a command that fails says.
fn refusal(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn each_capability_that_is_missing_is_named_and_nothing_is_attached() {
    lab(|| {
        let (near, bpffs, user) = (Namespace::new(), Bpffs::new(), Ordinary::new());
        user.takes(&bpffs);
        for missing in THREE {
            let others: Vec<_> = THREE.into_iter().filter(|&it| it != missing).collect();
            for args in ["run -i lo --duration 300ms", "attach -i lo"] {
                let output = user.command(&near, &others, &bpffs.pins(), args).output().unwrap();
                let said = refusal(&output, 4);
                let name = format!("watching takes CAP_{}: ", missing.to_uppercase());
                assert!(said.contains(&name), "{said}");
                assert_eq!(program(&near, "lo"), None);
            }
        }
    });
}

#[test]
fn the_three_are_enough_for_a_run_with_hotplug_and_reloads_in_both_modes() {
    for mode in ["monitor", "drop"] {
        lab(|| {
            let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::in_roots_group());
            let (near, far) = (&pair.near, pair.far_raw());
            user.takes(&bpffs);
            let file = user.file("port12.toml");
            let write = |more: &str| {
                let text = format!("interfaces = [\"w0\", \"tap*\"]\nmode = \"{mode}\"\n{more}");
                fs::write(&file, text).unwrap();
            };
            write("");
            let args = format!("{RUN} --config {}", file.display());
            let mut run = Port12::launch(user.command(near, &THREE, &bpffs.pins(), &args));
            // Bits 12, 38 and 39 (linux/capability.h).
            let three = "000000c000001000";
            assert_eq!(privileges(run.id()), ["65534", three, three, three]);
            assert_eq!(reaches(&far, 12), mode == "monitor");

            near.sh("ip link add tap7 type veth peer name peer7; ip link set tap7 up");
            run.wait_until_said(&format!("tap7: native XDP, {mode} mode"));
            assert_eq!(user.status(near, &bpffs, "tap7")["mode"]["effective"], mode);

            write("allow = [\"10.12.0.0/16\"]\n");
            run.signal(libc::SIGHUP);
            run.wait_until_said("reloaded");
            assert!(reaches(&far, 12));
            let status = user.status(near, &bpffs, "w0");
            assert_eq!(status["allowed"], 1);
            assert_eq!(status["program"]["id"], program(near, "w0").unwrap());

            near.sh("ip link del tap7");
            run.wait_until_said("tap7: the interface has vanished");
            let totals = run.stop();
            let first = if mode == "drop" { "dropped" } else { "probe" };
            assert_eq!((totals.outcome(first), totals.outcome("allowed")), (1, 1), "{}", totals.0);
            until("detachment", || program(near, "w0").is_none().then_some(()));
            assert!(bpffs.pinned("w0").is_empty());
        });
    }
}

#[test]
fn the_three_are_enough_for_what_stays() {
    lab(|| {
        let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::in_roots_group());
        let (near, far) = (&pair.near, pair.far_raw());
        user.takes(&bpffs);
        let ok = |args: &str| user.ok(near, &bpffs, args);
        ok("attach -i w0 --mode drop --confirm 60s");
        assert!(!reaches(&far, 12));
        assert_eq!(mode(&user.status(near, &bpffs, "w0")), "drop, unconfirmed");
        ok("confirm");
        let before = program(near, "w0");
        ok("attach -i w0 --mode drop");
        assert_ne!(program(near, "w0"), before, "the program is replaced");
        ok("run -i w0 --mode drop --pin --duration 300ms");
        assert_eq!(mode(&user.status(near, &bpffs, "w0")), "drop");
        ok("bypass");
        assert!(reaches(&far, 12));
        ok("bypass --off");
        ok("allow add 10.12.0.0/16");
        assert!(reaches(&far, 12));
        ok("allow remove 10.12.0.0/16");
        assert!(!reaches(&far, 12));
        assert!(ok("stats --output json").contains("\"dropped\""));
        ok("detach");
        assert_eq!(program(near, "w0"), None);
    });
}

#[test]
fn a_directory_of_somebody_elses_is_told_and_watching_goes_on_without_it() {
    lab(|| {
        let (near, bpffs, user) = (Namespace::new(), Bpffs::new(), Ordinary::new());
        let root = bpffs.run(&near, "-i lo");
        root.stop();
        let pins = bpffs.pins();
        let args = format!("{RUN} -i lo");
        let mut run = Port12::launch(user.command(&near, &THREE, &pins, &args));
        let lost = "the maps are not pinned, and only this process can read them";
        let said = run.said.iter().find(|line| line.contains(lost)).unwrap();
        let who = format!("{}: Permission denied", pins.display());
        assert!(said.contains(&who) && said.contains("with --pin-dir"), "{said}");
        run.report();
        run.stop();
        for args in ["run -i lo --pin --duration 300ms", "attach -i lo", "status", "bypass"] {
            let said = refusal(&user.output(&near, &bpffs, args), 4);
            assert!(said.contains(&who) && said.contains("run as root"), "{args}: {said}");
        }
        until("detachment", || program(&near, "lo").is_none().then_some(()));
    });
}

/// A /proc like that of a kernel without legacy iptables: all entries lead to the real one, except those two.
const NO_LEGACY_IPTABLES: &str = "
    mount -t tmpfs tmpfs /mnt && mkdir -p /mnt/real /mnt/proc/thread-self/net &&
    mount -t proc proc /mnt/real && cd /mnt/proc &&
    for entry in $(ls /mnt/real | grep -v thread-self); do ln -s /mnt/real/$entry $entry; done &&
    for entry in $(ls /mnt/real/thread-self | grep -v '^net$'); do
        ln -s /mnt/real/thread-self/$entry thread-self/$entry
    done &&
    for entry in $(ls /mnt/real/thread-self/net | grep -v tables_names); do
        ln -s /mnt/real/thread-self/net/$entry thread-self/net/$entry
    done &&
    cd / && mount --bind /mnt/proc /proc";

#[test]
fn the_three_are_enough_for_drop_mode_where_there_is_no_legacy_iptables() {
    lab(|| {
        let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::new());
        let (near, far) = (&pair.near, pair.far_raw());
        user.takes(&bpffs);
        let args = format!("{RUN} -i w0 --mode drop");
        let command = user.command_after(NO_LEGACY_IPTABLES, near, &THREE, &bpffs.pins(), &args);
        let mut run = Port12::launch(command);
        assert!(!reaches(&far, 12));
        run.wait_for("a drop", |report| report.outcome("dropped") == 1);
        assert_eq!(run.stop().interface("w0")["forwarding"], serde_json::Value::Null);
    });
}

/// The names of its tables are readable for root, and for the group of root.
#[test]
fn what_legacy_iptables_hides_is_told_and_keeps_drop_mode_off() {
    lab(|| {
        let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::new());
        let near = &pair.near;
        if !near.enter(|| fs::exists("/proc/thread-self/net/ip_tables_names").unwrap()) {
            return eprintln!("not run: this kernel has no legacy iptables, or not loaded");
        }
        user.takes(&bpffs);
        let why = "whether this host forwards cannot be read (cannot read \
                   /proc/thread-self/net/ip_tables_names: Permission denied";
        let what = "it needs user id 0, group id 0 or CAP_DAC_READ_SEARCH";
        for args in ["run -i w0 --mode drop --duration 300ms", "attach -i w0 --mode drop"] {
            let said = refusal(&user.output(near, &bpffs, args), 4);
            let refused = format!("drop mode is refused on w0: {why}");
            assert!(said.contains(&refused) && said.contains(what), "{said}");
        }
        for args in ["--mode monitor", "--mode drop --forwarding drop"] {
            let args = format!("{RUN} -i w0 {args}");
            let mut run = Port12::launch(user.command(near, &THREE, &bpffs.pins(), &args));
            let forwarding = run.report().interface("w0")["forwarding"].to_string();
            assert!(forwarding.contains(why) && forwarding.contains(what), "{forwarding}");
            run.stop();
        }
    });
}

#[test]
fn a_foreign_program_is_named_as_far_as_the_capabilities_allow() {
    lab(|| {
        let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::new());
        let near = &pair.near;
        user.takes(&bpffs);
        let _link = foreign::hold(near, "w0");
        let id = program(near, "w0").unwrap();
        let this = std::process::id();
        for (more, expected) in [
            (&[][..], format!("id {id} (to read its name and owner takes CAP_SYS_ADMIN)")),
            (
                &["sys_admin"],
                format!(
                    "id {id}, name theirs, of user 0, its process not found (to look into all \
                     takes CAP_SYS_PTRACE)"
                ),
            ),
            (
                &["sys_admin", "sys_ptrace"],
                format!("id {id}, name theirs, of user 0, held by process {this} ("),
            ),
        ] {
            let capabilities = [&THREE, more].concat();
            let args = "run -i w0 --duration 300ms";
            let output = user.command(near, &capabilities, &bpffs.pins(), args).output().unwrap();
            let said = refusal(&output, 7);
            let start = format!("port12: w0 already has an XDP program: {expected}");
            assert!(said.starts_with(&start), "{said}");
            assert_eq!(program(near, "w0"), Some(id), "it stays");
        }
    });
}
