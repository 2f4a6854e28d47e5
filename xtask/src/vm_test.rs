//! `cargo xtask vm-test`: boots Debian's kernels under QEMU with the guest's checks as their init
//! (`port12/tests/guest`), for what this machine's kernel lacks or does otherwise.

mod boot;
mod guest;
mod initramfs;
mod kernels;
mod modules;
pub mod qemu;
mod sources;
mod tap;
mod transcript;

use std::{fs, path::Path, time::Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use self::{
    boot::Machine,
    initramfs::Archive,
    kernels::{Kernel, Series},
    tap::Tap,
};
use crate::{programs, workspace};

/// What a machine drives its network with, and what its checks use.
const MODULES: [&str; 30] = [
    "virtio_pci",
    "virtio_net",
    "veth",
    "bonding",
    "8021q",
    "vrf",
    "bridge",
    "sch_ingress",
    "cls_bpf",
    "cls_u32",
    "cls_matchall",
    "cls_flower",
    "act_pedit",
    "act_nat",
    "act_mirred",
    "act_gact",
    "act_skbedit",
    "act_vlan",
    "act_csum",
    "act_ct",
    "act_ife",
    "act_mpls",
    "nf_conntrack",
    "nf_nat",
    "tcp_diag",
    "udp_diag",
    "sctp_diag",
    "dccp_ipv4",
    "dccp_ipv6",
    "dccp_diag",
];

#[derive(Args)]
pub struct Options {
    /// Debian's kernel of this series: 5.10, 6.1, 6.12, 6.18, ... or newest
    #[arg(long = "kernel", value_name = "SERIES", default_values = ["5.10", "6.1", "newest"])]
    kernels: Vec<Series>,
    /// Ask Debian for newer packages of kernels that are here already
    #[arg(long)]
    update: bool,
    /// Install QEMU where it is missing
    #[arg(long)]
    install: bool,
}

impl Default for Options {
    fn default() -> Self {
        let kernels = vec![Series::Numbered(5, 10), Series::Numbered(6, 1), Series::Newest];
        Self { kernels, update: false, install: false }
    }
}

/// Why there is nothing to boot on this machine.
pub fn obstacle() -> Option<&'static str> {
    if !qemu::is_available() {
        return Some(qemu::MISSING);
    }
    let apt = programs::find("apt-get").is_some();
    (!apt).then_some("the kernels come from Debian by apt-get, which is not here")
}

pub fn run(options: &Options) -> Result<()> {
    let root = workspace::root()?;
    let folder = workspace::target(&root).join("vm");
    if options.install {
        qemu::install(&folder)?;
    }
    if let Some(why) = obstacle() {
        bail!("{why}");
    }
    let init = guest::build(&root)?;
    let kernels = kernels::get(&options.kernels, &folder, options.update)?;
    let tap = Tap::find();
    if tap.is_none() {
        eprintln!("no tap device can be made here: `merging` will be skipped");
    }
    let mut failed = Vec::new();
    for kernel in &kernels {
        let start = Instant::now();
        eprintln!("== {} ({})", kernel.series, kernel.release);
        match check(kernel, &init, &folder, tap) {
            Ok(passed) => {
                eprintln!("{}: {passed} checks, {} s", kernel.release, start.elapsed().as_secs());
            }
            Err(error) => {
                eprintln!("{}: {error:#}", kernel.release);
                failed.push(kernel.release.as_str());
            }
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} kernels failed: {}", failed.len(), kernels.len(), failed.join(", "));
    }
    Ok(())
}

/// Boots a kernel; returns how many checks passed.
fn check(kernel: &Kernel, init: &Path, folder: &Path, tap: Option<Tap>) -> Result<usize> {
    let initramfs = folder.join(format!("{}.cpio", kernel.release));
    fs::write(&initramfs, archive(kernel, init)?)
        .with_context(|| format!("cannot write {}", initramfs.display()))?;
    let boot = Machine::new(&kernel.image, &initramfs, tap).boot()?;
    let log = folder.join(format!("{}.log", kernel.release));
    fs::write(&log, &boot.log).with_context(|| format!("cannot write {}", log.display()))?;
    transcript::passed(&boot).with_context(|| format!("see {}", log.display()))
}

fn archive(kernel: &Kernel, init: &Path) -> Result<Vec<u8>> {
    let program = fs::read(init).with_context(|| format!("cannot read {}", init.display()))?;
    let modules = modules::closure(&kernel.modules, &MODULES)?;
    let mut archive = Archive::default();
    archive.folder("dev");
    // The kernel opens it as init's standard streams before anything is mounted.
    archive.character_device("dev/console", 5, 1);
    archive.program("init", &program);
    let mut order = String::new();
    for module in &modules {
        let file = format!("{}.ko", module.name);
        archive.file(&file, &module.bytes);
        order.push_str(&format!("/{file}\n"));
    }
    archive.file("modules.load", order.as_bytes());
    Ok(archive.finish())
}
