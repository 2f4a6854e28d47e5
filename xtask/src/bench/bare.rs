//! The floor: a program of two instructions.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

use anyhow::{Context as _, Result, ensure};
use port12_common::Verdict;

use super::{cpu::timed, syscall::bpf};

const PROG_LOAD: libc::c_int = 5;
const PROG_TEST_RUN: libc::c_int = 10;
const PROG_TYPE_XDP: u32 = 6;
const XDP_HAS_FRAGS: u32 = 1 << 5;

/// `XDP_DROP` or `XDP_PASS`.
pub const fn code(verdict: Verdict) -> u32 {
    match verdict {
        Verdict::Drop => 1,
        Verdict::Pass => 2,
    }
}

/// `return XDP_PASS;` and `return XDP_DROP;`.
pub struct Bare {
    pass: OwnedFd,
    drop: OwnedFd,
}

impl Bare {
    /// Loads both.
    pub fn load() -> Result<Self> {
        Ok(Self { pass: load(code(Verdict::Pass))?, drop: load(code(Verdict::Drop))? })
    }

    /// The programs.
    pub fn programs(&self) -> [BorrowedFd<'_>; 2] {
        [self.pass.as_fd(), self.drop.as_fd()]
    }

    /// Nanoseconds per frame of the program with this verdict.
    pub fn time(&self, verdict: Verdict, frame: &[u8], repeat: u32) -> Result<f64> {
        let program = match verdict {
            Verdict::Pass => &self.pass,
            Verdict::Drop => &self.drop,
        };
        let (time, returned) = timed(|| test_run(program, frame, repeat))?;
        ensure!(returned == code(verdict), "the bare program returned {returned}");
        Ok(time / f64::from(repeat))
    }
}

/// The kernel's `struct bpf_insn`.
#[repr(C)]
struct Instruction {
    code: u8,
    registers: u8,
    offset: i16,
    immediate: u32,
}

/// The part of `union bpf_attr` for `BPF_PROG_LOAD`.
#[repr(C)]
#[derive(Default)]
struct Load {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
}

/// The part of `union bpf_attr` for `BPF_PROG_TEST_RUN`.
#[repr(C)]
#[derive(Default)]
struct TestRun {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
}

/// Multi-buffer where the kernel has it (5.18), so that it takes every frame.
fn load(action: u32) -> Result<OwnedFd> {
    load_with(action, XDP_HAS_FRAGS).or_else(|_| load_with(action, 0)).context("the bare program")
}

fn load_with(action: u32, prog_flags: u32) -> io::Result<OwnedFd> {
    let r0_is = Instruction { code: 0xb7, registers: 0, offset: 0, immediate: action };
    let exit = Instruction { code: 0x95, registers: 0, offset: 0, immediate: 0 };
    let instructions = [r0_is, exit];
    let mut attributes = Load {
        prog_type: PROG_TYPE_XDP,
        insn_cnt: 2,
        insns: instructions.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        prog_flags,
        ..Load::default()
    };
    let descriptor = bpf(PROG_LOAD, &mut attributes)?;
    // SAFETY: the kernel has just made the descriptor for this process.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn test_run(program: &OwnedFd, frame: &[u8], repeat: u32) -> Result<u32> {
    let mut attributes = TestRun {
        prog_fd: program.as_raw_fd() as u32,
        data_size_in: frame.len() as u32,
        data_in: frame.as_ptr() as u64,
        repeat,
        ..TestRun::default()
    };
    bpf(PROG_TEST_RUN, &mut attributes).context("test-run of the bare program")?;
    Ok(attributes.retval)
}
