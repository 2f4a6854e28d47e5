//! `port12 run` in the lab.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use port12::report::{Kind, Report, read_json};

use super::{
    lab::{Lab, WATCHED},
    process::Process,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A port12 that watches the host, and the reports it has not been asked about.
pub struct Watcher {
    process: Process,
    reports: Receiver<Report>,
    last: Report,
    _state: StateDir,
}

/// State directory of the demonstration, in place of the host's; removed when this is dropped.
struct StateDir(PathBuf);

impl StateDir {
    fn new() -> Self {
        Self(env::temp_dir().join(format!("port12-demo-{}.state", process::id())))
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Watcher {
    /// Starts port12, and waits for its first report.
    pub fn start(lab: &Lab, port12: &Path, mode: &str) -> Result<Self> {
        let mut command = lab.host.command(port12.to_str().context("a path that is not UTF-8")?);
        command
            .args(["run", "--interface", WATCHED, "--mode", mode])
            .args(["--output", "json", "--interval", "100ms"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PORT12_") {
                command.env_remove(name);
            }
        }
        let state = StateDir::new();
        command.env("PORT12_STATE_DIR", &state.0);
        let mut process = Process::start(command)?;
        let stdout = process.0.stdout.take().context("port12 has no standard output")?;
        let (sender, reports) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            for line in lines {
                let Ok(report) = read_json(&line) else { return };
                if sender.send(report).is_err() {
                    return;
                }
            }
        });
        let last = receive(&reports)?;
        Ok(Self { process, reports, last, _state: state })
    }

    /// The last report that was looked at.
    pub fn last(&self) -> &Report {
        &self.last
    }

    /// A report on everything that came until this call.
    pub fn report(&mut self) -> Result<&Report> {
        while let Ok(report) = self.reports.try_recv() {
            self.last = report;
        }
        // The first one may have been on its way before.
        for _ in 0..2 {
            self.last = receive(&self.reports)?;
        }
        Ok(&self.last)
    }

    /// Stops port12 as Ctrl-C does; the totals.
    pub fn stop(mut self) -> Result<Report> {
        let pid = self.process.0.id().cast_signed();
        // SAFETY: kill takes numbers, and the process has not been waited for.
        unsafe { libc::kill(pid, libc::SIGINT) };
        loop {
            let report = receive(&self.reports)?;
            if report.kind == Kind::Totals {
                self.process.wait(PATIENCE)?;
                return Ok(report);
            }
        }
    }
}

fn receive(reports: &Receiver<Report>) -> Result<Report> {
    match reports.recv_timeout(PATIENCE) {
        Ok(report) => Ok(report),
        Err(RecvTimeoutError::Timeout) => bail!("port12 run is silent"),
        Err(RecvTimeoutError::Disconnected) => bail!("port12 run ended, or wrote no report"),
    }
}
