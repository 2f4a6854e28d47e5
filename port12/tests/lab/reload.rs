//! Policies that change under traffic.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use crate::support::{
    Bpffs, Pair, Port12, Raw, Report, addresses::BOTH, foreign::program, lab, reaches, until,
};

struct Host {
    pair: Pair,
    bpffs: Bpffs,
    far: Raw,
    directory: TempDir,
}

impl Host {
    fn new() -> Self {
        let pair = Pair::new();
        let far = pair.far_raw();
        Self { pair, bpffs: Bpffs::new(), far, directory: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("port12.toml")
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
    }

    fn run(&self, args: &str) -> Port12 {
        let file = self.file();
        self.bpffs.run(&self.pair.near, &format!("--config {} {args}", file.display()))
    }

    fn reaches(&self, port: u16) -> bool {
        reaches(&self.far, port)
    }

    fn stats(&self) -> Report {
        Report::parse(self.bpffs.ok(&self.pair.near, "stats --output json").trim())
    }
}

fn reload(run: &mut Port12) {
    run.signal(libc::SIGHUP);
    run.wait_until_said("reloaded");
}

#[test]
fn a_reload_changes_the_policy_and_keeps_program_and_counters() {
    lab(|| {
        let host = Host::new();
        host.write("interfaces = [\"w0\"]\nmode = \"drop\"\n");
        let mut run = host.run("");
        assert!(!host.reaches(12) && !host.reaches(14));
        let id = program(&host.pair.near, "w0");
        host.write(
            "interfaces = [\"w0\"]\nmode = \"drop\"\n[[port]]\nports = \"14/tcp\"\n\
             action = \"watch\"\n",
        );
        reload(&mut run);
        assert!(!host.reaches(12) && host.reaches(14));
        host.write("interfaces = [\"w0\"]\nmode = \"drop\"\nallow = [\"10.0.0.0/8\"]\n");
        reload(&mut run);
        assert!(host.reaches(12) && host.reaches(14));
        host.write("interfaces = [\"w0\"]\nmode = \"drop\"\n");
        reload(&mut run);
        assert!(!host.reaches(12) && !host.reaches(14));
        assert_eq!(program(&host.pair.near, "w0"), id, "the program is the same");
        let totals = run.stop();
        assert_eq!(totals.port("tcp", 12, "dropped"), 3);
        assert_eq!(totals.port("tcp", 14, "dropped"), 2);
        assert_eq!(totals.outcome("allowed"), 2);
        assert_eq!(totals.port("tcp", 14, "packets"), 3);
    });
}

#[test]
fn a_broken_file_is_refused_whole_and_the_old_policy_stays() {
    lab(|| {
        let host = Host::new();
        host.write("interfaces = [\"w0\"]\nmode = \"drop\"\n");
        let mut run = host.run("");
        for broken in [
            "interfaces = [\"w0\"]\nmode = \"dorp\"\n",
            "interfaces = [\"w0\"]\nmode = \"monitor\"\nallow = [\"10.0.0.1/8\"]\n",
            "interfaces = [\"w0\", \"nowhere\"]\nmode = \"monitor\"\n",
            "interfaces = [\"w0\"]\nmode = \"monitor\"\nregistry = \"/nonexistent\"\n",
        ] {
            host.write(broken);
            run.signal(libc::SIGHUP);
            run.wait_until_said("the policy in force stays");
            assert!(!host.reaches(12), "{broken}");
        }
        fs::remove_file(host.file()).unwrap();
        run.signal(libc::SIGHUP);
        run.wait_until_said("the policy in force stays");
        assert!(!host.reaches(12));
        run.stop();
    });
}

#[test]
fn a_reload_attaches_and_detaches_interfaces() {
    lab(|| {
        let host = Host::new();
        let near = &host.pair.near;
        near.sh("ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up");
        host.write("interfaces = [\"w0\"]\n");
        for args in ["", "--pin"] {
            let mut run = host.run(args);
            let id = program(near, "w0");
            host.write("interfaces = [\"w0\", \"v*\"]\nexclude = [\"v1\"]\n");
            reload(&mut run);
            assert!(program(near, "v0").is_some() && program(near, "v1").is_none());
            run.wait_for("v0", |report| report.0.to_string().contains("\"v0\""));
            host.write("interfaces = [\"w0\"]\n");
            reload(&mut run);
            until("detachment", || program(near, "v0").is_none().then_some(()));
            assert_eq!(program(near, "w0"), id);
            assert!(host.bpffs.pinned("v0").is_empty());
            run.stop();
            host.bpffs.ok(near, "detach");
        }
    });
}

#[test]
fn an_interface_that_comes_is_watched_where_a_glob_has_it() {
    lab(|| {
        let host = Host::new();
        let near = &host.pair.near;
        host.write("interfaces = [\"w0\", \"tap*\"]\nmode = \"drop\"\n");
        let mut run = host.run("");
        near.sh("ip link add tap7 type veth peer name peer7; ip link set tap7 up");
        run.wait_until_said("tap7: native XDP, drop mode");
        assert!(program(near, "tap7").is_some());
        near.sh("ip link del tap7");
        run.wait_until_said("tap7: the interface has vanished");
        near.sh("ip link add tap7 type veth peer name peer7; ip link set tap7 up");
        run.wait_until_said("tap7: native XDP, drop mode");
        run.stop();
    });
}

#[test]
fn a_file_that_changes_is_reloaded_where_that_is_asked_for() {
    lab(|| {
        let host = Host::new();
        host.write("interfaces = [\"w0\"]\n");
        let mut run = host.run("--watch-config");
        assert!(host.reaches(12));
        host.write("interfaces = [\"w0\"]\nmode = \"drop\"\n");
        run.wait_until_said("reloaded");
        assert!(!host.reaches(12));
        // As editors do: a new file in the place of the old one.
        let next = host.directory.path().join("next");
        fs::write(&next, "interfaces = [\"w0\"]\nmode = \"monitor\"\n").unwrap();
        fs::rename(next, host.file()).unwrap();
        run.wait_until_said("reloaded");
        assert!(host.reaches(12));
        run.stop();
    });
}

#[test]
fn the_allowlist_changes_while_it_runs_and_in_the_file() {
    lab(|| {
        let host = Host::new();
        let near = &host.pair.near;
        host.write("# mine\ninterfaces = [\"w0\"]\nmode = \"drop\"\n");
        let mut run = host.run("");
        let config = host.file().display().to_string();
        assert!(!host.reaches(12));
        host.bpffs.ok(near, "allow add 10.12.0.0/16");
        assert!(host.reaches(12));
        let list = host.bpffs.ok(near, "allow list");
        assert!(list.contains("10.12.0.0/16") && list.contains("operator"), "{list}");
        reload(&mut run);
        assert!(host.reaches(12), "what the operator added outlives a reload");
        host.bpffs.ok(near, "allow remove 10.12.0.0/16");
        assert!(!host.reaches(12));
        host.bpffs.ok(near, &format!("allow add 10.12.0.0/16 --write --config {config}"));
        let text = fs::read_to_string(host.file()).unwrap();
        assert!(text.starts_with("# mine\n") && text.contains("10.12.0.0/16"), "{text}");
        reload(&mut run);
        let list = host.bpffs.ok(near, "allow list --output json");
        assert!(list.contains("\"policy\": true"), "{list}");
        host.bpffs.ok(near, &format!("allow remove 10.12.0.0/16 --write --config {config}"));
        reload(&mut run);
        assert!(!host.reaches(12));
        let said = host.bpffs.fails(near, "allow add 10.12.0.1/16", 2);
        assert!(said.contains("10.12.0.0/16"), "{said}");
        assert_eq!(host.stats().outcome("allowed"), 2);
        run.stop();
    });
}

#[test]
fn a_port_with_a_socket_is_dropped_only_where_the_policy_names_and_enforces_it() {
    lab(|| {
        let host = Host::new();
        let listener = |port| {
            host.pair.near.enter(|| crate::support::sockets::tcp_listener(BOTH[0].0, port, None))
        };
        let _listeners = [listener(12), listener(14)];
        host.write(
            "interfaces = [\"w0\"]\nmode = \"drop\"\n[[port]]\nports = \"12/tcp\"\n\
             action = \"drop\"\nenforce = true\n",
        );
        let run = host.run("");
        assert!(!host.reaches(12));
        assert!(host.reaches(14));
        let totals = run.stop();
        assert_eq!(totals.port("tcp", 12, "dropped"), 1);
        assert_eq!(totals.port("tcp", 14, "local_socket"), 1);
    });
}

#[test]
fn a_drop_in_that_appears_is_in_force_and_a_broken_one_changes_nothing() {
    lab(|| {
        let host = Host::new();
        host.write("interfaces = [\"w0\"]\nmode = \"drop\"\n");
        let mut run = host.run("--watch-config");
        assert!(!host.reaches(12) && !host.reaches(14));
        let drop_ins = host.directory.path().join("port12.toml.d");
        fs::create_dir(&drop_ins).unwrap();
        let drop_in = drop_ins.join("10-web.toml");
        fs::write(&drop_in, "[[port]]\nports = 14\naction = \"watch\"\n").unwrap();
        run.wait_until_said("reloaded");
        assert!(!host.reaches(12) && host.reaches(14));
        fs::write(&drop_in, "mode = \"dorp\"\n").unwrap();
        let line = run.wait_until_said("10-web.toml: line 1: mode: \"dorp\" is not accepted");
        assert!(line.contains("the policy in force stays"), "{line}");
        assert!(!host.reaches(12) && host.reaches(14));
        fs::remove_file(&drop_in).unwrap();
        run.wait_until_said("reloaded");
        assert!(!host.reaches(12) && !host.reaches(14));
    });
}

#[test]
fn a_written_allowlist_tells_what_a_drop_in_has() {
    lab(|| {
        let host = Host::new();
        host.write("interfaces = [\"w0\"]\nmode = \"drop\"\n");
        let drop_ins = host.directory.path().join("port12.toml.d");
        fs::create_dir(&drop_ins).unwrap();
        fs::write(drop_ins.join("10.toml"), "allow = [\"10.0.0.0/8\"]\n").unwrap();
        let _run = host.run("");
        assert!(host.reaches(12));
        let config = host.file();
        let act =
            |act: &str| format!("allow {act} 10.0.0.0/8 --write --config {}", config.display());
        let said = host.bpffs.ok(&host.pair.near, &act("add"));
        assert!(said.contains("10.toml, line 1 has it already"), "{said}");
        let said = host.bpffs.fails(&host.pair.near, &act("remove"), 1);
        assert!(said.contains("10.toml, line 1: remove it there"), "{said}");
        assert!(host.reaches(12) && !fs::read_to_string(&config).unwrap().contains("allow"));
    });
}
