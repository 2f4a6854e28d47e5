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
/// `BPF_PROG_TYPE_SCHED_CLS`.
pub const CLASSIFIER: u32 = 3;
const ATTACH_TYPE_XDP: u32 = 37;
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
        let returning = |verdict| returning(PROG_TYPE_XDP, code(verdict));
        Ok(Self { pass: returning(Verdict::Pass)?, drop: returning(Verdict::Drop)? })
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
        let (time, returned) = timed(|| test_run(program.as_fd(), frame, repeat))?;
        ensure!(returned == code(verdict), "the bare program returned {returned}");
        Ok(time / f64::from(repeat))
    }
}

/// The kernel's `struct bpf_insn`.
#[repr(C)]
pub struct Instruction {
    /// What to do.
    pub code: u8,
    /// The source register in the upper half, the destination in the lower.
    pub registers: u8,
    /// Of a jump or an access to memory.
    pub offset: i16,
    /// The operand.
    pub immediate: u32,
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
    prog_name: [u8; 16],
    prog_ifindex: u32,
    expected_attach_type: u32,
}

/// The part of `union bpf_attr` for `BPF_PROG_TEST_RUN`.
#[repr(C)]
#[derive(Default)]
pub struct TestRun {
    pub prog_fd: u32,
    pub retval: u32,
    pub data_size_in: u32,
    pub data_size_out: u32,
    pub data_in: u64,
    pub data_out: u64,
    pub repeat: u32,
    pub duration: u32,
}

/// A program of a type that returns a number.
pub fn returning(kind: u32, action: u32) -> Result<OwnedFd> {
    let r0_is = Instruction { code: 0xb7, registers: 0, offset: 0, immediate: action };
    let exit = Instruction { code: 0x95, registers: 0, offset: 0, immediate: 0 };
    load_as(kind, &[r0_is, exit]).context("the bare program")
}

/// Loads instructions, as a multi-buffer program where the kernel has it (5.18), so that it takes every
/// frame.
pub fn load(instructions: &[Instruction]) -> Result<OwnedFd> {
    load_as(PROG_TYPE_XDP, instructions)
}

fn load_as(kind: u32, instructions: &[Instruction]) -> Result<OwnedFd> {
    let plain = || load_with(kind, instructions, 0);
    let loaded = match kind {
        PROG_TYPE_XDP => load_with(kind, instructions, XDP_HAS_FRAGS).or_else(|_| plain()),
        _ => plain(),
    };
    loaded.context("a program of the benchmark's own")
}

fn load_with(kind: u32, instructions: &[Instruction], prog_flags: u32) -> io::Result<OwnedFd> {
    let mut attributes = Load {
        prog_type: kind,
        insn_cnt: instructions.len() as u32,
        insns: instructions.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        prog_flags,
        // That of the programs that it may tail-call.
        expected_attach_type: if kind == PROG_TYPE_XDP { ATTACH_TYPE_XDP } else { 0 },
        ..Load::default()
    };
    let descriptor = bpf(PROG_LOAD, &mut attributes)?;
    // SAFETY: the kernel has just made the descriptor for this process.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Runs a program over a frame, `repeat` times. Returns what it returned last.
pub fn test_run(program: BorrowedFd<'_>, frame: &[u8], repeat: u32) -> Result<u32> {
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
