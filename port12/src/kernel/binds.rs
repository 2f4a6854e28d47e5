//! The programs that hear of binds, in a cgroup: what user space asks of them.
//!
//! They are attached by `bpf_link` (kernel 5.7), which leaves room for the programs of others and ends with
//! the process, and take CAP_BPF and CAP_NET_ADMIN. None of them refuses anything.

mod hearers;
mod record;
mod ring;

use std::{
    fs::File,
    io,
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::AsFd as _,
};

use aya::{
    Ebpf, EbpfError, EbpfLoader,
    maps::{Map, MapData},
    programs::{CgroupAttachMode, Program, ProgramError},
};
use port12_common::abi::{Hearing, bind_map, bind_program};
use socket2::{Domain, Socket, Type};
use thiserror::Error;

use super::{
    errno,
    load_error::{LoadError, chain},
    mapped::MappedMut,
    object::BINDS_OBJECT,
    verify,
};
use crate::{mapped_read, mapped_write};
use hearers::Hearers;

pub use record::Bind;
pub use ring::{BindRing, Losses};

/// Every program of the object.
const PROGRAMS: [&str; 3] = [bind_program::BIND4, bind_program::BIND6, bind_program::LISTEN];

/// Why binds are not heard of.
#[derive(Debug, Error)]
pub enum BindsError {
    /// The object is not in the kernel.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The cgroup does not take the programs.
    #[error("the cgroup does not take {program}: {why}")]
    Attach {
        /// The program.
        program: &'static str,
        /// Error of the kernel.
        why: String,
        /// The error that says it.
        source: ProgramError,
    },
    /// The socket that tells the network namespace cannot be had.
    #[error("cannot bind a socket to learn which network namespace this is: {0}")]
    Socket(#[source] io::Error),
    /// The programs were not called when that socket was bound.
    #[error("the cgroup is not one of those that this process is in")]
    Deaf,
}

/// The programs, loaded, and what they share with user space. Dropping it takes them off.
pub struct Binds {
    ebpf: Ebpf,
    hearing: MappedMut<Hearing>,
    hearers: Hearers,
}

impl Binds {
    /// Loads the programs. Nothing is attached.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub fn load() -> Result<Self, LoadError> {
        let refused = |error: EbpfError| LoadError::of(error);
        let mut ebpf = EbpfLoader::new().load(BINDS_OBJECT).map_err(refused)?;
        for name in PROGRAMS {
            let loaded = match ebpf.program_mut(name) {
                Some(Program::CgroupSock(program)) => verify::load(|| program.load()),
                Some(Program::SockOps(program)) => verify::load(|| program.load()),
                _ => Err(ProgramError::UnexpectedProgramType),
            };
            loaded.map_err(LoadError::of)?;
        }
        let hearing = match ebpf.map(bind_map::HEARING) {
            Some(Map::Array(data)) => MappedMut::new(data).map_err(error(bind_map::HEARING))?,
            _ => return Err(missing(bind_map::HEARING)),
        };
        let states = ebpf.take_map(bind_map::STATES).ok_or_else(|| missing(bind_map::STATES))?;
        let hearers = Hearers::new(states)?;
        Ok(Self { ebpf, hearing, hearers })
    }

    /// Attaches the programs to a cgroup of the unified hierarchy, which has them called for all below it.
    ///
    /// # Errors
    ///
    /// [`BindsError::Attach`]: another one is attached there that wants to be alone, or the capabilities are
    /// missing.
    pub fn attach(&mut self, cgroup: &File) -> Result<(), BindsError> {
        for name in PROGRAMS {
            // For a link, this mode says nothing: it always leaves room for others.
            let mode = CgroupAttachMode::Single;
            let attached = match self.ebpf.program_mut(name) {
                Some(Program::CgroupSock(program)) => program.attach(cgroup, mode).map(drop),
                Some(Program::SockOps(program)) => program.attach(cgroup, mode).map(drop),
                _ => Err(ProgramError::UnexpectedProgramType),
            };
            attached.map_err(|error| BindsError::Attach {
                program: name,
                why: chain(&error),
                source: error,
            })?;
        }
        Ok(())
    }

    /// Has them tell of the network namespace of the calling thread. Which one that is they learn by the bind of
    /// a socket in it, which shows as well that they are called: its cookie cannot be asked for before kernel
    /// 5.14 (`SO_NETNS_COOKIE`), and is known to programs from 5.7 on.
    ///
    /// # Errors
    ///
    /// [`BindsError::Socket`], and [`BindsError::Deaf`] where they are not called.
    pub fn listen_to_this_namespace(&self) -> Result<(), BindsError> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).map_err(BindsError::Socket)?;
        let cookie = socket.cookie().map_err(BindsError::Socket)?;
        let hearing = self.hearing.first_mut();
        mapped_write!(hearing, probe => cookie);
        let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        let bound = socket.bind(&any.into());
        mapped_write!(hearing, probe => 0);
        let namespace = mapped_read!(hearing, namespace);
        bound.map_err(BindsError::Socket)?;
        (namespace != 0).then_some(()).ok_or(BindsError::Deaf)
    }

    /// Has them write to these interfaces' states, and to no others. Returns how many there was no room for.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn set_hearers(&mut self, states: Vec<MapData>) -> Result<usize, LoadError> {
        let (hearers, left_out) = self.hearers.set(states)?;
        mapped_write!(self.hearing.first_mut(), hearers => hearers);
        Ok(left_out)
    }

    /// Records of the programs, for one reader.
    ///
    /// # Errors
    ///
    /// [`LoadError::Map`].
    pub fn ring(&self) -> Result<BindRing, LoadError> {
        let Some(Map::RingBuf(data)) = self.ebpf.map(bind_map::BINDS) else {
            return Err(missing(bind_map::BINDS));
        };
        let wrong = |why: aya::maps::MapError| LoadError::Map {
            name: bind_map::BINDS,
            error: errno::system(why),
        };
        let fd = data.fd().as_fd().try_clone_to_owned().map_err(error(bind_map::BINDS))?;
        BindRing::new(MapData::from_fd(fd).map_err(wrong)?).map_err(wrong)
    }

    /// Number of lost records.
    pub fn losses(&self) -> Losses {
        Losses::new((*self.hearing).clone())
    }

    /// Every map of the object, by name, but for the one of the states.
    pub fn maps(&self) -> impl Iterator<Item = (&str, &Map)> {
        self.ebpf.maps()
    }
}

fn error(name: &'static str) -> impl Fn(io::Error) -> LoadError {
    move |error| LoadError::Map { name, error }
}

fn missing(name: &'static str) -> LoadError {
    error(name)(io::Error::other("the object has no such map"))
}
