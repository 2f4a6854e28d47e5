//! xdp-filter of the xdp-tools, for comparison.
//!
//! Its own loader puts programs behind libxdp's dispatcher, which costs a call more and takes a
//! kernel with program extensions. Here its object runs by itself.

use std::{fs, os::fd::AsFd as _, path::PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use aya::{
    Ebpf, EbpfLoader,
    maps::{PerCpuArray, PerCpuValues},
    programs::{Program, TestRun as _, TestRunOptions, Xdp},
    util::nr_cpus,
};
use port12_common::{Transport, Verdict, watched};

use super::Subject;
use crate::bench::{
    bare::code,
    case::Case,
    cpu::timed,
    dispatcher::{self, Kept},
    private,
};

/// What `xdp-filter load -f tcp,udp -p allow` picks: the only build with both transports.
const OBJECT: &str = "xdpfilt_alw_all.o";
const DIRECTORIES: [&str; 4] =
    ["/usr/lib/*/bpf", "/usr/lib64/bpf", "/usr/lib/bpf", "/usr/local/lib/bpf"];

const PORTS_MAP: &str = "filter_ports";
/// The flags of a value of the ports' map, from xdp-filter's `common_kern_user.h`.
const DESTINATION: u64 = 1 << 1;
const TCP: u64 = 1 << 2;
const UDP: u64 = 1 << 3;
/// Above the flags, the value counts hits.
const COUNTER_SHIFT: u32 = 6;

/// xdp-filter's full build, told to drop port12's ports.
pub struct XdpFilter {
    ebpf: Ebpf,
    program: String,
}

impl XdpFilter {
    /// Loads the object where it is installed.
    pub fn load() -> Result<Self> {
        let path = find().with_context(|| {
            format!("{OBJECT} is not installed (Debian: the packages xdp-tools and libxdp1)")
        })?;
        // The object pins its maps by name.
        private::mount_bpffs()?;
        let mut ebpf = EbpfLoader::new()
            .default_map_pin_directory(private::BPFFS)
            .load_file(&path)
            .with_context(|| format!("loading {}", path.display()))?;
        let name = ebpf.programs().map(|(name, _)| name.to_owned()).next();
        let program = name.with_context(|| format!("{} has no program", path.display()))?;
        match ebpf.program_mut(&program) {
            Some(Program::Xdp(xdp)) => xdp.load().context("loading xdp-filter's program")?,
            _ => bail!("{} has no XDP program", path.display()),
        }
        list_ports(&mut ebpf)?;
        Ok(Self { ebpf, program })
    }

    /// Keeps the program in the kernel's dispatcher.
    pub fn keep(&self) -> Result<Kept> {
        dispatcher::keep(self.xdp()?.fd()?.as_fd())
    }

    fn xdp(&self) -> Result<&Xdp> {
        match self.ebpf.program(&self.program) {
            Some(Program::Xdp(xdp)) => Ok(xdp),
            _ => bail!("xdp-filter's program is gone"),
        }
    }

    /// How often a port was hit.
    fn hits(&self, port: u16) -> Result<u64> {
        let map = self.ebpf.map(PORTS_MAP).context("xdp-filter's map of ports")?;
        let values = PerCpuArray::<_, u64>::try_from(map)?.get(&key(port), 0)?;
        Ok(values.iter().map(|value| value >> COUNTER_SHIFT).sum())
    }
}

impl Subject for XdpFilter {
    fn time(&self, case: &Case, repeat: u32) -> Result<f64> {
        let verdict = case.xdp_filter.context("a case without a verdict of xdp-filter's")?;
        let port = case.port.map_or(0, |(_, port)| port);
        let before = self.hits(port)?;
        let options =
            TestRunOptions { data_in: Some(&case.frame), repeat, ..TestRunOptions::new() };
        let (time, result) = timed(|| Ok(self.xdp()?.test_run(options)?))?;
        let returned = result.return_value;
        ensure!(
            returned == code(verdict),
            "{}: xdp-filter returned {returned}, which is not {}",
            case.name,
            verdict.as_str()
        );
        let hits = self.hits(port)? - before;
        let expected = if verdict == Verdict::Drop { u64::from(repeat) } else { 0 };
        ensure!(hits == expected, "{}: xdp-filter counted {hits}, not {expected}", case.name);
        Ok(time / f64::from(repeat))
    }
}

/// Lists the registry's unassigned ports, as `xdp-filter port -m dst -p tcp PORT` would.
fn list_ports(ebpf: &mut Ebpf) -> Result<()> {
    let map = ebpf.map_mut(PORTS_MAP).context("xdp-filter has no map of ports")?;
    let mut ports = PerCpuArray::<_, u64>::try_from(map)?;
    let cpus = nr_cpus().map_err(|(what, error)| anyhow::anyhow!("{what}: {error}"))?;
    for port in 0..1024_u16 {
        let flag = |transport: Transport, flag| {
            let word = watched::BITS[transport as usize][usize::from(port) / 64];
            if word >> (port % 64) & 1 == 1 { flag } else { 0 }
        };
        let flags = flag(Transport::Tcp, TCP) | flag(Transport::Udp, UDP);
        if flags != 0 {
            let values = PerCpuValues::try_from(vec![DESTINATION | flags; cpus])?;
            ports.set(key(port), values, 0)?;
        }
    }
    Ok(())
}

/// The map is indexed by the port in network byte order.
fn key(port: u16) -> u32 {
    u32::from(port.to_be())
}

fn find() -> Option<PathBuf> {
    DIRECTORIES.iter().flat_map(|directory| expand(directory)).find_map(|directory| {
        let path = directory.join(OBJECT);
        path.is_file().then_some(path)
    })
}

/// The directories of a pattern with at most one `*`, which stands for one name.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once("*/") else {
        return vec![pattern.into()];
    };
    let entries = fs::read_dir(before).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join(after)).collect()
}
