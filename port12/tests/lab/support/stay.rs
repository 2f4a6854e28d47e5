//! A host on which programs are attached to stay, with a bpffs that outlives each process.

use std::{
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use aya::maps::{Map, MapData};
use port12::{
    kernel::mapped::{MappedMut, Plain},
    mapped_write,
};
use port12_common::abi::{CpuCounters, State, map};
use serde_json::Value;

use super::{Namespace, Port12, namespace::run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_port12");

/// A bpffs of a test's own.
pub struct Bpffs {
    path: PathBuf,
}

impl Bpffs {
    /// Mounts one.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("port12-lab-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        run(Command::new("mount").args(["-t", "bpf", "bpf"]).arg(&path));
        Self { path }
    }

    /// Unmounts it, under whoever has something of it open.
    pub fn unmount(&self) {
        run(Command::new("umount").arg("--lazy").arg(&self.path));
    }

    /// Mounts another one in its place.
    pub fn mount(&self) {
        run(Command::new("mount").args(["-t", "bpf", "bpf"]).arg(&self.path));
    }

    /// Where port12 pins.
    pub fn pins(&self) -> PathBuf {
        self.path.join("port12")
    }

    /// Directory for the state of daemons.
    pub fn runtime(&self) -> PathBuf {
        self.path.with_extension("run")
    }

    /// Directory for what outlives a run.
    pub fn kept(&self) -> PathBuf {
        self.path.with_extension("state")
    }

    /// Makes the directory for pins, as port12 does: for its owner alone.
    pub fn make_pins(&self) {
        std::fs::DirBuilder::new().mode(0o700).create(self.pins()).unwrap();
    }

    /// What is pinned for an interface, sorted; empty where there is no directory.
    pub fn pinned(&self, interface: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.pins().join(interface)) else {
            return Vec::new();
        };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    /// Says that an interface's state is of another version.
    pub fn set_version(&self, interface: &str, version: u64) {
        let state = self.state(interface);
        mapped_write!(state.first_mut(), header.version => version);
    }

    /// Fills all that is behind the version in an interface's state with a byte.
    pub fn scribble(&self, interface: &str, byte: u8) {
        let state = self.mapped::<[u8; size_of::<State>()]>(interface, map::STATE);
        let mut bytes = state.first().read();
        bytes[size_of::<u64>()..].fill(byte);
        state.first_mut().write(bytes);
    }

    /// What the program of an interface is told.
    pub fn state(&self, interface: &str) -> MappedMut<State> {
        self.mapped(interface, map::STATE)
    }

    /// What the program of an interface counts.
    pub fn counters(&self, interface: &str) -> MappedMut<CpuCounters> {
        self.mapped(interface, map::COUNTERS)
    }

    fn mapped<T: Plain>(&self, interface: &str, name: &str) -> MappedMut<T> {
        let data = MapData::from_pin(self.pins().join(interface).join(name)).unwrap();
        let Map::Array(data) = Map::from_map_data(data).unwrap() else { panic!("no array") };
        MappedMut::new(&data).unwrap()
    }

    /// A port12 command in a namespace.
    pub fn command(&self, namespace: &Namespace, args: &str) -> Command {
        let mut command = namespace.command("timeout");
        command.args(["--foreground", "--kill-after=1", "60", PROGRAM]);
        command.args(args.split_whitespace());
        self.name_directories(&mut command);
        command
    }

    fn name_directories(&self, command: &mut Command) {
        command.env("PORT12_PIN_DIR", self.pins()).env("PORT12_RUNTIME_DIR", self.runtime());
        command.env("PORT12_STATE_DIR", self.kept());
    }

    /// Runs a command to its end.
    pub fn output(&self, namespace: &Namespace, args: &str) -> Output {
        self.command(namespace, args).output().unwrap()
    }

    /// Runs a command that succeeds, and returns what it prints.
    pub fn ok(&self, namespace: &Namespace, args: &str) -> String {
        String::from_utf8(run(&mut self.command(namespace, args)).stdout).unwrap()
    }

    /// Runs a command that fails with a code, and returns what it says.
    pub fn fails(&self, namespace: &Namespace, args: &str, code: i32) -> String {
        let output = self.output(namespace, args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args}: {said}");
        assert_eq!(said.lines().count(), 1, "{args}: {said}");
        said
    }

    /// `port12 status` of one interface; null where it is not attached.
    pub fn status(&self, namespace: &Namespace, interface: &str) -> Value {
        let status: Value = serde_json::from_slice(
            // Its exit code says whether anything is attached.
            &self.output(namespace, "status --output json").stdout,
        )
        .unwrap();
        let all = status["interfaces"].as_array().unwrap();
        all.iter().find(|it| it["interface"] == interface).cloned().unwrap_or_default()
    }

    /// Starts `port12 run` over the pins, and waits until the programs are attached.
    pub fn run(&self, namespace: &Namespace, args: &str) -> Port12 {
        Port12::launch(self.run_command(namespace, args))
    }

    /// As [`run`](Self::run), in the mount namespace of the tests, in which this is mounted: `ip
    /// netns exec` makes a copy.
    pub fn run_here(&self, namespace: &Namespace, args: &str) -> Port12 {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", namespace.name())).arg(PROGRAM);
        command.args(["run", "--output", "json", "--interval", "200ms"]);
        command.args(args.split_whitespace());
        self.name_directories(&mut command);
        Port12::launch(command)
    }

    /// The command that [`run`](Self::run) starts.
    pub fn run_command(&self, namespace: &Namespace, args: &str) -> Command {
        let mut command = namespace.command(PROGRAM);
        command.args(["run", "--output", "json", "--interval", "200ms"]);
        command.args(args.split_whitespace());
        self.name_directories(&mut command);
        command
    }
}

impl Drop for Bpffs {
    fn drop(&mut self) {
        // With it goes what was pinned, and so what was attached.
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
        let _ = std::fs::remove_dir(&self.path);
        let _ = std::fs::remove_dir_all(self.runtime());
        let _ = std::fs::remove_dir_all(self.kept());
    }
}
