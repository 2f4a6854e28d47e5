//! What the maps take of the kernel's memory.

use std::{
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
};

use anyhow::{Context as _, Result};
use aya::maps::MapInfo;
use serde::Serialize;

/// One map.
#[derive(Clone, Debug, Serialize)]
pub struct MapMemory {
    /// Its name in the kernel.
    pub name: String,
    /// Bytes, as the kernel accounts for them.
    pub bytes: u64,
}

/// The memory of each map.
pub fn of(maps: &[MapInfo]) -> Result<Vec<MapMemory>> {
    maps.iter()
        .map(|map| {
            let name = map.name_as_str().unwrap_or("?").to_owned();
            Ok(MapMemory { bytes: memlock(map).with_context(|| name.clone())?, name })
        })
        .collect()
}

/// `bpf_map_info` does not say it, the descriptor does.
fn memlock(map: &MapInfo) -> Result<u64> {
    let descriptor = map.fd()?;
    let path = format!("/proc/self/fdinfo/{}", descriptor.as_fd().as_raw_fd());
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let value = text.lines().find_map(|line| line.strip_prefix("memlock:"));
    Ok(value.with_context(|| format!("{path} has no memlock"))?.trim().parse()?)
}
