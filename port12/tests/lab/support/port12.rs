//! `port12 run` as a process.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Instant,
};

use super::{Namespace, Report, until, wait::LONG};

const PROGRAM: &str = env!("CARGO_BIN_EXE_port12");

/// A running `port12 run --output json`; killed when dropped.
pub struct Port12 {
    child: Child,
    reports: Receiver<String>,
    complaints: Receiver<String>,
    /// What it has said on standard error.
    pub said: Vec<String>,
}

/// How it ended.
pub struct Ended {
    pub status: ExitStatus,
    /// What it counted in all.
    pub totals: Option<Report>,
    /// What it said on standard error.
    pub said: Vec<String>,
}

impl Port12 {
    /// Starts it, and waits until the programs are attached.
    pub fn start(namespace: &Namespace, args: &str) -> Self {
        Self::launch(Self::command(namespace, args))
    }

    /// The command that [`start`](Self::start) runs.
    pub fn command(namespace: &Namespace, args: &str) -> Command {
        let mut command = namespace.command_with_bpffs(PROGRAM);
        command.args(["run", "--output", "json", "--interval", "200ms"]);
        command.args(args.split_whitespace());
        command
    }

    /// Starts a command, and waits until the programs are attached.
    pub fn launch(command: Command) -> Self {
        let mut port12 = Self::spawn(command);
        port12.wait_until_said("ports of the registry of");
        port12
    }

    /// Starts a command.
    pub fn spawn(command: Command) -> Self {
        Self::spawn_to(command, Stdio::piped())
    }

    /// Starts a command that reports to somebody else.
    pub fn spawn_to(mut command: Command, reader: impl Into<Stdio>) -> Self {
        let piped = command.stdin(Stdio::null()).stdout(reader).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let reports = child.stdout.take().map_or_else(|| mpsc::channel().1, lines);
        let complaints = lines(child.stderr.take().unwrap());
        Self { child, reports, complaints, said: Vec::new() }
    }

    /// Runs it where it ends by itself.
    pub fn run(namespace: &Namespace, args: &str) -> Output {
        let mut command = namespace.command_with_bpffs("timeout");
        command.args(["--kill-after=1", "30", PROGRAM, "run"]).args(args.split_whitespace());
        command.output().unwrap()
    }

    /// What `port12 events` lists of a file.
    pub fn events(namespace: &Namespace, file: &std::path::Path, args: &str) -> String {
        let mut command = namespace.command(PROGRAM);
        command.args(["events", "--file"]).arg(file).args(args.split_whitespace());
        String::from_utf8(super::namespace::run(&mut command).stdout).unwrap()
    }

    /// Its process id.
    pub fn id(&self) -> i32 {
        self.child.id() as i32
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        // SAFETY: kill takes numbers, and the process is a child that has not been waited for.
        let result = unsafe { libc::kill(self.id(), signal) };
        assert_eq!(result, 0, "kill: {}", std::io::Error::last_os_error());
    }

    /// Waits for a line on standard error, and returns it.
    pub fn wait_until_said(&mut self, phrase: &str) -> String {
        let end = Instant::now() + LONG;
        loop {
            let patience = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.complaints.recv_timeout(patience) else {
                panic!("port12 never said {phrase:?}: {:#?}", self.said);
            };
            self.said.push(line.clone());
            if line.contains(phrase) {
                return line;
            }
        }
    }

    /// The next report.
    pub fn report(&mut self) -> Report {
        match self.reports.recv_timeout(LONG) {
            Ok(line) => Report::parse(&line),
            Err(_) => panic!("no report: {:#?}", self.complaints.try_iter().collect::<Vec<_>>()),
        }
    }

    /// Waits for a report of which `wanted` holds.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Report) -> bool) -> Report {
        let end = Instant::now() + LONG;
        loop {
            let report = self.report();
            if wanted(&report) {
                return report;
            }
            assert!(Instant::now() < end, "waited {LONG:?} for {what}: {}", report.0);
        }
    }

    /// Ends it as Ctrl-C does, and returns the totals.
    pub fn stop(self) -> Report {
        self.signal(libc::SIGINT);
        let ended = self.wait();
        assert!(ended.status.success(), "{}: {:#?}", ended.status, ended.said);
        ended.totals.expect("totals come last")
    }

    /// Waits until it has ended.
    pub fn wait(mut self) -> Ended {
        let status = until("port12 to end", || self.child.try_wait().unwrap());
        let mut reports = self.reports.iter().map(|line| Report::parse(&line));
        let totals = reports.by_ref().find(|report| report.kind() == "totals");
        assert!(reports.next().is_none(), "nothing comes after the totals");
        drop(reports);
        let mut said = std::mem::take(&mut self.said);
        said.extend(self.complaints.iter());
        Ended { status, totals, said }
    }
}

impl Drop for Port12 {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Ended {
    /// The exit code, or minus the signal.
    pub fn code(&self) -> i32 {
        self.status.code().or(self.status.signal().map(|signal| -signal)).unwrap()
    }
}

/// The lines that a process writes, as they come, until it closes its end.
fn lines(source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
