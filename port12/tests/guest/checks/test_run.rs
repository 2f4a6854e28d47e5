//! Frames through a program by `BPF_PROG_TEST_RUN`.

use anyhow::{Result, bail, ensure};
use aya::{
    Ebpf,
    programs::{TestRun as _, TestRunOptions, Xdp},
};
use port12_common::{Verdict, abi::program};

use crate::{frames, object};

const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

/// Every frame has its outcome, its verdict, and is counted once.
pub fn frames(object: &mut Ebpf, name: &str) -> Result<String> {
    let cases = frames::cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let before = object::outcomes(object)?;
        let verdict = run(object::program(object, name)?, &case.frame)?;
        let mut expected = before;
        expected[case.outcome as usize] += 1;
        let counted = object::outcomes(object)?;
        let expected_verdict = match case.outcome.verdict() {
            Verdict::Pass => XDP_PASS,
            Verdict::Drop => XDP_DROP,
        };
        if (counted, verdict) != (expected, expected_verdict) {
            wrong.push(format!("{}: {before:?} became {counted:?}, XDP {verdict}", case.name));
        }
    }
    if !wrong.is_empty() {
        bail!("{} of {} frames: {}", wrong.len(), cases.len(), wrong.join("; "));
    }
    Ok(format!("{} frames", cases.len()))
}

/// The clock program fills the clocks.
pub fn clock() -> Result<String> {
    let mut object = object::load(program::CLOCK)?;
    run(object::program(&mut object, program::CLOCK)?, &frames::syn())?;
    let clock = object::clock(&object)?;
    ensure!(clock.jiffies != 0 && clock.boot_ns != 0, "the clocks stand: {clock:?}");
    Ok(format!("jiffies {}, {} ns since boot", clock.jiffies, clock.boot_ns))
}

fn run(program: &Xdp, frame: &[u8]) -> Result<u32> {
    let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::new() };
    Ok(program.test_run(options)?.return_value)
}
