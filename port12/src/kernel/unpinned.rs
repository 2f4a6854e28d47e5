//! Programs of port12 on interfaces that are pinned nowhere that this process can see: their bpffs
//! was unmounted, or never was.

use std::collections::BTreeSet;

use aya::{
    maps::{MapData, MapInfo},
    programs::ProgramInfo,
};
use port12_common::abi::map;

use super::{foreign, state::StateWriter};
use crate::host::{HostError, interfaces};

/// An XDP program on an interface of this network namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unpinned {
    /// The interface.
    pub interface: String,
    /// The id of the program.
    pub program: u32,
    /// The name of the program; `None` if it cannot be read, which requires CAP_SYS_ADMIN.
    pub name: Option<String>,
}

impl Unpinned {
    /// The XDP programs on interfaces of this network namespace, except those whose ids are `known`.
    ///
    /// # Errors
    ///
    /// The interfaces cannot be listed.
    pub fn list(known: &BTreeSet<u32>) -> Result<Vec<Self>, HostError> {
        let mut found = Vec::new();
        for link in interfaces::all()? {
            for program in link.xdp.iter().map(|it| it.program).filter(|id| !known.contains(id)) {
                let interface = link.name.clone();
                found.push(Self { interface, program, name: foreign::name(program) });
            }
        }
        Ok(found)
    }

    /// Whether it is a program of port12; `None` if its name cannot be read.
    pub fn is_port12(&self) -> Option<bool> {
        Some(self.name.as_ref()?.starts_with("port12"))
    }

    /// The state of the program. `None` if it cannot be opened, which requires CAP_SYS_ADMIN, or if
    /// it is of another layout.
    pub fn state(&self) -> Option<StateWriter> {
        let program = foreign::info(self.program)?;
        let id = state_map(&program)?;
        StateWriter::open(&MapData::from_id(id).ok()?).ok()
    }
}

fn state_map(program: &ProgramInfo) -> Option<u32> {
    let mut maps = program.map_ids().ok()??.into_iter();
    maps.find(|&id| MapInfo::from_id(id).is_ok_and(|it| it.name_as_str() == Some(map::STATE)))
}
