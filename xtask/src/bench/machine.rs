//! What the figures were taken on.

use std::fs;

use serde::Serialize;

/// The machine, in its own words.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The CPU's model.
    pub cpu: String,
    /// How many CPUs are online.
    pub cpus: usize,
    /// The CPU that measured.
    pub pinned_to: usize,
    /// Whether it is a virtual machine.
    pub virtual_machine: bool,
    /// The kernel's release.
    pub kernel: String,
    /// The JIT compiler: off, on, or on with its constants blinded.
    pub jit: String,
    /// Whether the kernel times every run of every program, which costs all of them alike.
    pub bpf_stats: bool,
    /// The kernel's words on indirect branches and returns, which BPF calls go by.
    pub mitigations: Vec<String>,
    /// The load average of the last minute, before and after.
    pub load: [f64; 2],
}

impl Machine {
    /// Asks, before the thread is pinned and in namespaces of its own, where some of it is hidden.
    pub fn ask() -> Self {
        let info = text("/proc/cpuinfo");
        Self {
            cpu: field(&info, "model name").unwrap_or(std::env::consts::ARCH).to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            pinned_to: 0,
            virtual_machine: field(&info, "flags")
                .is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            kernel: text("/proc/sys/kernel/osrelease"),
            jit: jit(),
            bpf_stats: text("/proc/sys/kernel/bpf_stats_enabled") == "1",
            mitigations: mitigations(),
            load: [load(); 2],
        }
    }

    /// Asks again, after the measurement.
    pub fn ask_again(&mut self) {
        self.load[1] = load();
    }
}

fn jit() -> String {
    let harden = text("/proc/sys/net/core/bpf_jit_harden");
    match (text("/proc/sys/net/core/bpf_jit_enable").as_str(), harden.as_str()) {
        ("0", _) => "off: the interpreter runs".to_owned(),
        ("", _) => "unknown".to_owned(),
        (_, "2") => "on, hardened for everybody".to_owned(),
        (_, _) => "on".to_owned(),
    }
}

fn mitigations() -> Vec<String> {
    ["spectre_v2", "retbleed", "spec_rstack_overflow", "indirect_target_selection"]
        .into_iter()
        .map(|name| (name, text(&format!("/sys/devices/system/cpu/vulnerabilities/{name}"))))
        .filter(|(_, state)| !state.is_empty() && state != "Not affected")
        .map(|(name, state)| format!("{name}: {state}"))
        .collect()
}

fn load() -> f64 {
    let text = text("/proc/loadavg");
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

/// The first field of that name in the format of /proc/cpuinfo.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// A file's text without the space around it, nothing where it cannot be read.
fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}
