//! Processes that do not outlive the demo.

use std::{
    io::Write as _,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// A command that the kernel kills when the thread that started it ends.
pub fn command(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    command
}

/// A process that is killed when it is dropped.
pub struct Process(pub Child);

impl Process {
    pub fn start(mut command: Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("start {command:?}"))?;
        Ok(Self(child))
    }

    /// Feeds the process, which reads to the end of its input.
    pub fn feed(&mut self, input: &str) -> Result<()> {
        let mut stdin = self.0.stdin.take().context("the process has no standard input")?;
        // One that ended early says why by its status.
        let _ = stdin.write_all(input.as_bytes());
        Ok(())
    }

    /// Waits for the process's end, for a time.
    pub fn wait(&mut self, limit: Duration) -> Result<()> {
        let started = Instant::now();
        while self.0.try_wait()?.is_none() {
            if started.elapsed() > limit {
                bail!("process {} does not end", self.0.id());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command to its end, with something on its standard input.
pub fn output(mut command: Command, input: &str) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("start {command:?}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output().with_context(|| format!("wait for {command:?}"))
}

/// Runs a command that has to succeed.
pub fn succeed(mut command: Command) -> Result<String> {
    command.stdin(Stdio::null());
    let output = command.output().with_context(|| format!("start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
