//! The program under test, loaded as the daemon loads it.

use std::io;

use aya::programs::{ProgramError, TestRunOptions, TestRunResult};
use port12::{
    kernel::{
        instance::{Instance, LoadOptions},
        object::EntryPoint,
    },
    snapshot::Snapshot,
};
use port12_common::{
    Layer, Outcome, Verdict,
    abi::{HostTable, Policy},
};

use crate::{
    counts::{self, Counts},
    support::{answer::Answer, environment},
};

const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

/// Why test-run does not run a program over a frame: an `errno`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused(pub i32);

/// A loaded instance with maps of its own.
pub struct Subject {
    pub instance: Instance,
}

impl Subject {
    /// In the environment that the named frames are sent to.
    pub fn load(entry: EntryPoint, layer: Layer) -> Self {
        let subject = Self::bare(&LoadOptions { layer, ..LoadOptions::live(entry) });
        subject.set(&environment::policy(), &environment::host());
        subject
    }

    /// With empty maps.
    pub fn bare(options: &LoadOptions) -> Self {
        let instance =
            Instance::load(options).unwrap_or_else(|error| panic!("{options:?}: {error}"));
        Self { instance }
    }

    pub fn set(&self, policy: &Policy, host: &HostTable) {
        self.instance.set_policy(policy);
        self.instance.state().set_host(host);
    }

    pub fn run(&self, frame: &[u8]) -> Result<Verdict, Refused> {
        verdict(self.instance.test_run(frame))
    }

    /// The one outcome that running the program over a frame has counted.
    pub fn outcome(&self, frame: &[u8]) -> Outcome {
        let before = Snapshot::read(self.instance.counters());
        self.run(frame).expect("test-run takes the frame");
        let after = Snapshot::read(self.instance.counters());
        let counted =
            |outcome: &Outcome| after.outcome(*outcome).packets - before.outcome(*outcome).packets;
        let mut outcomes = Outcome::ALL.into_iter().filter(|outcome| counted(outcome) > 0);
        let outcome = outcomes.next().expect("the frame was counted");
        assert_eq!((counted(&outcome), outcomes.next()), (1, None), "one frame, one outcome");
        outcome
    }

    /// Runs the program over a frame of which only the first `linear` bytes can be touched.
    pub fn run_split(&self, frame: &[u8], linear: usize) -> Result<Verdict, Refused> {
        let context = context(linear);
        let options = TestRunOptions {
            data_in: Some(frame),
            ctx_in: Some(&context),
            ..TestRunOptions::new()
        };
        verdict(self.instance.test_run_with(options))
    }

    /// All counters.
    pub fn counts(&self) -> Counts {
        Counts::whole(&Snapshot::read(self.instance.counters()))
    }

    /// The counters that a frame with this answer may change, and the totals.
    pub fn glance(&self, answer: &Answer) -> Counts {
        counts::glance(self.instance.counters(), answer.segment.map(|segment| segment.port))
    }
}

/// A `struct xdp_md` in which `data_end` says how much of the frame is linear (kernel 6.18).
fn context(linear: usize) -> [u8; 24] {
    let mut context = [0; 24];
    let end = u32::try_from(linear).expect("a frame's length");
    context[4..8].copy_from_slice(&end.to_ne_bytes());
    context
}

fn verdict(result: Result<TestRunResult, ProgramError>) -> Result<Verdict, Refused> {
    match result {
        Ok(result) if result.return_value == XDP_PASS => Ok(Verdict::Pass),
        Ok(result) if result.return_value == XDP_DROP => Ok(Verdict::Drop),
        Ok(result) => panic!("the program returned {}", result.return_value),
        Err(ProgramError::SyscallError(error)) => Err(refused(&error.io_error)),
        Err(error) => panic!("test-run: {error}"),
    }
}

fn refused(error: &io::Error) -> Refused {
    Refused(error.raw_os_error().unwrap_or_else(|| panic!("test-run: {error}")))
}
