//! A virtual machine, from its start to its end.

use std::{
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{qemu, tap::Tap};
use crate::step;

/// No machine takes this long: it guards against one that hangs, and measures nothing.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// A machine to be booted.
pub struct Machine<'a> {
    kernel: &'a Path,
    initramfs: &'a Path,
    /// In MiB.
    memory: u32,
    cpus: u32,
    /// Devices for `-device`, all on one wire.
    nics: Vec<&'a str>,
    /// How to give it a device that merges TCP segments.
    tap: Option<Tap>,
}

/// How a machine ended, and everything that it wrote to its serial line.
pub struct Boot {
    pub status: ExitStatus,
    pub log: String,
}

impl<'a> Machine<'a> {
    /// One CPU, and two virtio-net devices on one wire: what one sends, the other receives.
    pub fn new(kernel: &'a Path, initramfs: &'a Path, tap: Option<Tap>) -> Self {
        // Without its ROM a device needs no boot firmware for network cards.
        let nics = vec!["virtio-net-pci,romfile="; 2];
        Self { kernel, initramfs, memory: 512, cpus: 1, nics, tap }
    }

    /// Runs the machine to its end.
    pub fn boot(&self) -> Result<Boot> {
        let mut command = self.command();
        let shown = step::show(&command);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().with_context(|| format!("start `{shown}`"))?;
        let serial = child.stdout.take().map(|serial| thread::spawn(move || follow(serial)));
        let complaints = child.stderr.take().map(|stderr| thread::spawn(move || all(stderr)));
        let ended = wait(&mut child);
        let mut log = serial.and_then(|thread| thread.join().ok()).unwrap_or_default();
        // QEMU's own words matter where the machine never spoke.
        log.push_str(&complaints.and_then(|thread| thread.join().ok()).unwrap_or_default());
        let status = ended.with_context(|| format!("`{shown}`; its serial line:\n{log}"))?;
        Ok(Boot { status, log })
    }

    /// TCG, never KVM: where /dev/kvm opens inside a virtual machine, guests may hang.
    fn command(&self) -> Command {
        let mut command = self.tap.map_or_else(|| Command::new(qemu::PROGRAM), Tap::qemu);
        command.args(["-accel", "tcg", "-cpu", "max", "-M", "q35"]);
        command.args(["-m", &self.memory.to_string(), "-smp", &self.cpus.to_string()]);
        command.args(["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"]);
        command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]);
        for (index, nic) in self.nics.iter().enumerate() {
            command.args(["-netdev", &format!("hubport,hubid=0,id=n{index}")]);
            command.args(["-device", &format!("{nic},netdev=n{index}")]);
        }
        if self.tap.is_some() {
            command.args(Tap::options());
        }
        command.arg("-kernel").arg(self.kernel).arg("-initrd").arg(self.initramfs);
        command.args(["-append", "console=ttyS0 quiet panic=-1 rdinit=/init"]);
        command
    }
}

/// Shows the serial line as it comes, and keeps it.
fn follow(serial: impl Read) -> String {
    let mut log = String::new();
    for line in BufReader::new(serial).split(b'\n').map_while(io::Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        // A terminal that went away does not end the machine.
        let _ = writeln!(io::stderr(), "{line}");
        log.push_str(line);
        log.push('\n');
    }
    log
}

fn all(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    // What was read before an error is all there is to show.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wait(child: &mut Child) -> Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("wait for QEMU")? {
            return Ok(status);
        }
        if start.elapsed() > LIMIT {
            child.kill().context("end QEMU")?;
            child.wait().context("wait for QEMU")?;
            bail!("the machine hung: it was ended after {} minutes", LIMIT.as_secs() / 60);
        }
        thread::sleep(Duration::from_millis(50));
    }
}
