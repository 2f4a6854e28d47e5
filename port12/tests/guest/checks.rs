//! Everything that is checked on each kernel.

mod attach;
mod test_run;
mod verifier;

use aya::programs::XdpMode;
use port12_common::abi::program;

use crate::{interface, kernel, object, report::Report};

/// Runs all checks.
pub fn run(report: &mut Report) {
    report.check(&format!("verifier {}", program::CLOCK), || verifier::accepts(program::CLOCK));
    report.check("clock", test_run::clock);
    entry_point(report, program::LINEAR);
    if kernel::has_frags() {
        entry_point(report, program::FRAGS);
    } else {
        report.skip(program::FRAGS, "xdp.frags programs need kernel 5.18");
    }
}

fn entry_point(report: &mut Report, name: &str) {
    report.check(&format!("verifier {name}"), || verifier::accepts(name));
    report.check(&format!("unpatched {name}"), || verifier::accepts_unpatched(name));
    let mut object = match object::load(name) {
        Ok(object) => object,
        Err(error) => return report.check::<&str>(&format!("load {name}"), || Err(error)),
    };
    report.check(&format!("frames {name}"), || test_run::frames(&mut object, name));
    for (mode, text) in [(XdpMode::Driver, "native"), (XdpMode::Skb, "generic")] {
        report.check(&format!("attach {text} {name}"), || {
            attach::comes_and_goes(&mut object, name, mode, &interface::virtio()?)
        });
    }
}
