//! A program that gives each frame another source before it goes on to the measured one.

use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use anyhow::{Context as _, Result};

use super::{
    bare::{Instruction, TestRun, load},
    syscall::bpf,
};

const MAP_CREATE: libc::c_int = 0;
const MAP_UPDATE_ELEM: libc::c_int = 2;
const PROG_TEST_RUN: libc::c_int = 10;
const MAP_TYPE_ARRAY: u32 = 2;
const MAP_TYPE_PROG_ARRAY: u32 = 3;

/// A tail call into a program, with a source out of so many: 11.0.0.0 to 11.255.255.255.
pub struct Vary {
    program: OwnedFd,
    numbers: OwnedFd,
    _programs: OwnedFd,
}

/// Where the random numbers stand, and which of their bits become an address.
#[repr(C)]
struct Numbers {
    state: u64,
    mask: u64,
}

/// The part of `union bpf_attr` for `BPF_MAP_CREATE`.
#[repr(C)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
}

/// The part of `union bpf_attr` for `BPF_MAP_UPDATE_ELEM`.
#[repr(C)]
struct Update {
    map_fd: u32,
    key: u64,
    value: u64,
    flags: u64,
}

impl Vary {
    /// In front of a program.
    pub fn before(measured: BorrowedFd<'_>) -> Result<Self> {
        let numbers = map(MAP_TYPE_ARRAY, size_of::<Numbers>() as u32)?;
        let programs = map(MAP_TYPE_PROG_ARRAY, 4)?;
        update(&programs, &(measured.as_raw_fd() as u32)).context("the program to go on to")?;
        let program = load(&instructions(&numbers, &programs))?;
        Ok(Self { program, numbers, _programs: programs })
    }

    /// The program in front.
    pub fn program(&self) -> &OwnedFd {
        &self.program
    }

    /// Runs over a frame, from one of `sources` addresses each time: a power of two up to 16 Mi.
    pub fn run(&self, frame: &[u8], sources: u32, repeat: u32) -> Result<u32> {
        let mut attributes = TestRun {
            prog_fd: self.program.as_raw_fd() as u32,
            data_size_in: frame.len() as u32,
            data_in: frame.as_ptr() as u64,
            repeat,
            ..TestRun::default()
        };
        update(&self.numbers, &Numbers { state: 12, mask: u64::from(sources) - 1 })?;
        bpf(PROG_TEST_RUN, &mut attributes).context("test-run behind a varied source")?;
        Ok(attributes.retval)
    }
}

fn map(map_type: u32, value_size: u32) -> Result<OwnedFd> {
    let mut attributes = MapCreate { map_type, key_size: 4, value_size, max_entries: 1 };
    let descriptor = bpf(MAP_CREATE, &mut attributes).context("a map")?;
    // SAFETY: the kernel has just made the descriptor for this process.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn update<T>(map: &OwnedFd, value: &T) -> Result<()> {
    let key = 0_u32;
    let mut attributes = Update {
        map_fd: map.as_raw_fd() as u32,
        key: &raw const key as u64,
        value: std::ptr::from_ref(value) as u64,
        flags: 0,
    };
    bpf(MAP_UPDATE_ELEM, &mut attributes).context("an element of a map")?;
    Ok(())
}

/// r6 = the context; numbers.state = numbers.state * a + c; the upper half of it, masked, behind an
/// octet of 11, is the source address; tail call.
fn instructions(numbers: &OwnedFd, programs: &OwnedFd) -> Vec<Instruction> {
    const MAP_FD: u8 = 1;
    const MAP_VALUE: u8 = 2;
    let of = |code, to: u8, from: u8, offset, immediate: i64| Instruction {
        code,
        registers: from << 4 | to,
        offset,
        immediate: immediate as u32,
    };
    let wide = |to, kind, immediate: i64| {
        [of(0x18, to, kind, 0, immediate), of(0, 0, 0, 0, immediate >> 32)]
    };
    let fd = |map: &OwnedFd| i64::from(map.as_raw_fd());
    let mut code = vec![of(0xbf, 6, 1, 0, 0)];
    // The upper half of the immediate is the offset in the element.
    code.extend(wide(1, MAP_VALUE, fd(numbers)));
    code.push(of(0x79, 2, 1, 0, 0));
    code.extend(wide(3, 0, 0x5851_f42d_4c95_7f2d));
    code.extend([
        of(0x2f, 2, 3, 0, 0),
        of(0x07, 2, 0, 0, 0x1405_7b7f),
        of(0x7b, 1, 2, 0, 0),
        of(0x77, 2, 0, 0, 40),
        of(0x79, 3, 1, 8, 0),
        of(0x5f, 2, 3, 0, 0),
        of(0x67, 2, 0, 0, 8),
        of(0x47, 2, 0, 0, 11),
        of(0x61, 4, 6, 0, 0),
        of(0x61, 5, 6, 4, 0),
        of(0xbf, 0, 4, 0, 0),
        of(0x07, 0, 0, 0, 34),
        of(0x2d, 0, 5, 6, 0),
        of(0x63, 4, 2, 26, 0),
        of(0xbf, 1, 6, 0, 0),
    ]);
    code.extend(wide(2, MAP_FD, fd(programs)));
    code.extend([
        of(0xb7, 3, 0, 0, 0),
        of(0x85, 0, 0, 0, 12),
        // XDP_ABORTED: nothing of it is measured.
        of(0xb7, 0, 0, 0, 0),
        of(0x95, 0, 0, 0, 0),
    ]);
    code
}
