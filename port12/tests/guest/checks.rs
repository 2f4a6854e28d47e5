//! Everything that is checked on each kernel.

mod attach;
mod bans;
mod binds;
mod bridges;
mod dressing;
mod dropping;
mod egress;
mod events;
mod filters;
mod merging;
mod named;
mod persistence;
mod sources;
mod stacked;
mod test_run;
mod unlisted;
mod verifier;
mod vlans;
mod who;

use aya::programs::XdpMode;
use port12::kernel::{attach::Wanted, object::EntryPoint};
use port12_common::abi::program;

use crate::{init, interface, kernel, object, report::Report};

/// Runs all checks.
pub fn run(report: &mut Report) {
    report.check("unlisted", || unlisted::is_unknown(&interface::virtio()?));
    report.check("socket lists", init::load_socket_lists);
    report.check("tc filters", || filters::count(&interface::virtio()?));
    report.check(&format!("verifier {}", program::CLOCK), || verifier::accepts(program::CLOCK));
    report.check("clock", test_run::clock);
    report.check("binds", binds::are_heard_of);
    entry_point(report, EntryPoint::Linear);
    if kernel::has_frags() {
        entry_point(report, EntryPoint::Frags);
    } else {
        report.skip(program::FRAGS, "xdp.frags programs need kernel 5.18");
    }
    report.check("dressing", dressing::gets_by);
    report.check("dressing over VLANs", dressing::gets_by_over_vlans);
    for (wanted, text) in [(Wanted::Native, "native"), (Wanted::Generic, "generic")] {
        report.check(&format!("VLANs {text}"), || vlans::are_told_apart(wanted));
    }
    report.check("VLANs above a bond", vlans::above_a_bond_are_known);
    report.check("VLANs of bridges", bridges::agree_with_the_kernel);
    for (wanted, text) in [(Wanted::Native, "native"), (Wanted::Generic, "generic")] {
        report.check(&format!("VLANs below a bridge {text}"), || bridges::are_told_apart(wanted));
    }
    report.check("not dropped", stacked::says_what_passes);
    report.check("VRF", stacked::refuses_a_vrf);
    if kernel::has_bond_xdp() {
        report.check("bond member", stacked::names_the_other_program_of_a_bond);
    } else {
        report.skip("bond member", "bonds have native XDP from kernel 5.15 on");
    }
    match interface::merging_virtio() {
        Ok(None) => report.skip("merging", "no virtio-net device merges packets: see `vm-test`"),
        nic => report.check("merging", || merging::is_the_reason(&nic?.unwrap_or_default())),
    }
    report.check("who", who::has_them);
    report.check("egress frames", egress::frames);
    report.check("egress", || egress::counts(&interface::virtio()?));
    for (wanted, text) in [(Wanted::Native, "native"), (Wanted::Generic, "generic")] {
        report.check(&format!("restarts {text}"), || {
            persistence::through_restarts(wanted, &interface::virtio()?)
        });
        report.check(&format!("deadline {text}"), || {
            persistence::reverts(wanted, &interface::virtio()?)
        });
    }
}

fn entry_point(report: &mut Report, entry: EntryPoint) {
    let name = entry.name();
    for name in [name, entry.name_for_all()] {
        report.check(&format!("verifier {name}"), || verifier::accepts(name));
    }
    report.check(&format!("unpatched {name}"), || verifier::accepts_unpatched(name));
    let mut object = match object::load(name) {
        Ok(object) => object,
        Err(error) => return report.check::<&str>(&format!("load {name}"), || Err(error)),
    };
    report.check(&format!("frames {name}"), || test_run::frames(&mut object, name));
    report.check(&format!("named frames {name}"), || named::every_frame(entry));
    report.check(&format!("sources {name}"), || sources::are_recorded(entry));
    report.check(&format!("events {name}"), || events::are_told(entry));
    report.check(&format!("bans {name}"), || bans::hold(entry));
    report.check(&format!("threshold {name}"), || bans::are_made(entry));
    report.check(&format!("shut out {name}"), || bans::shut_out(entry));
    for (mode, text) in [(XdpMode::Driver, "native"), (XdpMode::Skb, "generic")] {
        report.check(&format!("attach {text} {name}"), || {
            attach::comes_and_goes(&mut object, name, mode, &interface::virtio()?)
        });
    }
}
