//! When the program stops to drop: at the deadline, and at the bypass, by the kernel's own clock.

use std::net::SocketAddr;

use port12::kernel::{instance::LoadOptions, object::EntryPoint};
use port12_common::{
    Outcome, Transport,
    abi::{Action, Gate, HostTable, Policy},
};

use crate::{knock::knock, namespace, subject::Subject};

const PORT: u16 = 12;

#[test]
fn dropping_ends_when_the_kernel_s_clock_passes_the_deadline() {
    namespace::alone(|| {
        for entry in EntryPoint::ALL {
            let subject = Subject::bare(&LoadOptions::live(entry));
            let now = subject.instance.now().expect("the clock program runs");
            let hour = 3600 * now.hz;
            let under = |gate| knock_under(&subject, gate);
            assert_eq!(under(Gate { drop_until: now.jiffies + hour, bypass: 0 }), Outcome::Dropped);
            assert_eq!(under(Gate { drop_until: now.jiffies, bypass: 0 }), Outcome::Probe);
            assert_eq!(under(Gate { drop_until: now.jiffies - 1, bypass: 0 }), Outcome::Probe);
            assert_eq!(under(Gate::OPEN), Outcome::Dropped);
            assert_eq!(under(Gate::SHUT), Outcome::Probe);
            assert_eq!(under(Gate { bypass: 1, ..Gate::OPEN }), Outcome::Probe);
        }
    });
}

#[test]
fn the_deadline_comes_though_nobody_writes_it_any_more() {
    namespace::alone(|| {
        let subject = Subject::bare(&LoadOptions::live(EntryPoint::Linear));
        let now = subject.instance.now().expect("the clock program runs");
        let gate = Gate { drop_until: now.jiffies + now.hz / 2, bypass: 0 };
        assert_eq!(knock_under(&subject, gate), Outcome::Dropped);
        while subject.instance.now().expect("the clock program runs").jiffies < gate.drop_until {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(again(&subject), Outcome::Probe);
    });
}

fn knock_under(subject: &Subject, gate: Gate) -> Outcome {
    let mut policy = Box::new(Policy::EMPTY);
    policy.gate = gate;
    policy.set(Transport::Tcp, PORT, Action::Drop { enforce: false }.into());
    let mut host = Box::new(HostTable::UNKNOWN);
    host.sockets.valid_until = u64::MAX;
    subject.set(&policy, &host);
    again(subject)
}

fn again(subject: &Subject) -> Outcome {
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    subject.outcome(&knock(Transport::Tcp, address(40000), address(PORT)))
}
