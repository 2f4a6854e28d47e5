//! Sinks of a run that has given up its privileges, and the real logrotate.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::{TempDir, tempdir};

use crate::support::{Pair, Port12, addresses::BOTH, frame::syn, lab, namespace::run, until};

/// A run with a sink, in a directory with the mode that distributions give /var/log.
struct Logged {
    pair: Pair,
    port12: Port12,
    directory: TempDir,
}

impl Logged {
    fn start(args: &str) -> Self {
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let args = format!("-i w0 --sink eve:{}/eve.json {args}", directory.path().display());
        let mut port12 = Port12::start(&pair.near, &args);
        port12.report();
        Self { pair, port12, directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Sends a probe, and waits until a file has its record.
    fn probe(&self, port: u16, file: &str) {
        self.pair.far_raw().send(&syn(BOTH[0], port));
        let record = format!("\"dest_port\":{port},");
        until(&format!("port {port} in {file}"), || {
            fs::read_to_string(self.path(file)).ok()?.contains(&record).then_some(())
        });
    }

    /// Rotates the file now.
    fn rotate(&self, how: &str) {
        let configuration = self.path("logrotate.conf");
        let text = format!("{} {{\n  rotate 3\n  {how}\n}}\n", self.path("eve.json").display());
        fs::write(&configuration, text).unwrap();
        fs::set_permissions(&configuration, fs::Permissions::from_mode(0o644)).unwrap();
        logrotate(&self.path("logrotate.state"), &configuration);
    }
}

fn logrotate(state: &Path, configuration: &Path) {
    run(Command::new("logrotate").arg("--force").arg("--state").args([state, configuration]));
}

#[test]
fn logrotate_creates_the_file_anew_and_the_sink_goes_on_in_it() {
    lab(|| {
        for args in ["", "--least-privilege"] {
            let mut logged = Logged::start(args);
            let signal = format!(
                "create 0640 root adm\n  postrotate\n    kill -HUP {}\n  endscript",
                logged.port12.id()
            );
            for (port, number) in [(12, 1), (14, 2)] {
                logged.probe(port, "eve.json");
                logged.rotate(&signal);
                logged.port12.wait_until_said("reloaded");
                assert!(number < 2 || logged.path("eve.json.2").exists());
            }
            logged.probe(16, "eve.json");
            assert!(
                fs::read_to_string(logged.path("eve.json.1"))
                    .unwrap()
                    .contains("\"dest_port\":14,")
            );
            logged.port12.stop();
        }
    });
}

#[test]
fn logrotate_copies_and_truncates_the_file_and_the_sink_goes_on_in_it() {
    lab(|| {
        let logged = Logged::start("");
        logged.probe(12, "eve.json");
        logged.rotate("copytruncate");
        logged.probe(14, "eve.json");
        let text = fs::read_to_string(logged.path("eve.json")).unwrap();
        assert!(!text.contains("\"dest_port\":12,") && text.starts_with('{'), "{text}");
        logged.port12.stop();
    });
}

#[test]
fn the_sink_makes_the_file_where_logrotate_makes_none() {
    lab(|| {
        let mut logged = Logged::start("");
        logged.probe(12, "eve.json");
        logged.rotate(&format!(
            "nocreate\n  postrotate\n    kill -HUP {}\n  endscript",
            logged.port12.id()
        ));
        logged.port12.wait_until_said("reloaded");
        logged.probe(14, "eve.json");
        let mode = fs::metadata(logged.path("eve.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        logged.port12.stop();
    });
}

#[test]
fn a_reload_that_adds_a_sink_out_of_reach_says_why_and_changes_nothing() {
    lab(|| {
        let logged = Logged::start("");
        let Logged { pair, port12, directory } = logged;
        port12.stop();
        let (policy, closed) =
            (directory.path().join("port12.toml"), directory.path().join("closed"));
        let write = |sink: &Path| {
            fs::write(&policy, format!("sinks = [\"eve:{}\"]\n", sink.display())).unwrap();
        };
        write(&directory.path().join("eve.json"));
        let args = format!("-i w0 --config {}", policy.display());
        let mut port12 = Port12::start(&pair.near, &args);
        port12.report();
        // Writing there takes CAP_DAC_OVERRIDE.
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
        write(&closed.join("eve.json"));
        port12.signal(libc::SIGHUP);
        let said = port12.wait_until_said("the policy in force stays");
        assert!(said.contains("Permission denied") && said.contains("CAP_DAC_OVERRIDE"), "{said}");
        let logged = Logged { pair, port12, directory };
        logged.probe(12, "eve.json");
        logged.port12.stop();
    });
}
