//! When the program bans by itself, and for how long.

use std::{
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

use port12::mapped_read;
use port12_common::{Outcome, Transport};

use super::{FAR_TOO, scan};
use crate::support::{
    Banning, Pair, Raw,
    addresses::{BOTH, FAR, FAR_V6},
    cpus,
    frame::{syn, udp},
    lab, reaches, until,
};

/// A jiffy, where the kernel's clock ticks 100 times in a second.
const TICK: Duration = Duration::from_millis(10);

#[test]
fn a_scan_is_cut_off_at_the_threshold_and_others_go_on() {
    lab(|| {
        let host = Banning::new("after = 20\nfor = \"3s\"");
        let far = &host.pair.far;
        far.sh(&format!("ip addr add {FAR_TOO}/24 dev f0"));
        let mut run = host.run("");
        let said = far.sh("nmap -Pn -n -sS -p1-1023 --max-retries 0 --min-rate 500 10.12.0.1");
        assert!(said.contains("done"), "{said}");
        run.wait_until_said("w0: 10.12.0.2 is banned for 3s");
        run.wait_for("banned packets", |report| report.outcome("banned") > 100);
        assert_eq!(scan(far, FAR_TOO), "closed");
        until("the end of the ban", || (scan(far, "10.12.0.2") == "closed").then_some(()));
        let totals = run.stop();
        let passed = totals.outcome("probe");
        // One for each look from another source, and for those after the ban.
        assert!((20..=30).contains(&passed), "{passed} probes passed");
    });
}

/// Over TCP and UDP together, and over each IP version for itself.
#[test]
fn the_packet_after_the_threshold_does_not_reach_the_stack() {
    lab(|| {
        let host = Banning::new("after = 20");
        let mut run = host.run("");
        let (far, behind) = (host.pair.far_raw(), host.pair.near_raw());
        for addresses in BOTH {
            for number in 0..25 {
                far.send(&match number % 2 {
                    0 => syn(addresses, 12),
                    _ => udp(addresses, 14, b"?"),
                });
            }
        }
        run.wait_for("the last", |report| {
            report.outcome("probe") + report.outcome("banned") == 2 * 25
        });
        let is_probe = |frame: &&Vec<u8>| match frame[12..14] {
            [8, 0] => [[0, 12], [0, 14]].contains(&[frame[36], frame[37]]),
            [0x86, 0xdd] => [[0, 12], [0, 14]].contains(&[frame[56], frame[57]]),
            _ => false,
        };
        assert_eq!(behind.received().iter().filter(is_probe).count(), 2 * 20);
        for (source, ban) in [FAR.into(), FAR_V6.into()].map(|it: IpAddr| (it, host.entry(it))) {
            assert_eq!(ban.map(|ban| ban.packets), Some(5), "{source}");
        }
        assert_eq!(host.deeds().banned, 2);
        run.stop();
    });
}

/// Each CPU takes in what it sends, at the same time as the other.
#[test]
fn cpus_that_take_in_probes_at_the_same_time_ban_at_the_threshold() {
    const AFTER: u64 = 1000;
    const EACH: u64 = 1500;
    lab(|| {
        let [one, other] = cpus::first(2)[..] else {
            return eprintln!("not run: two CPUs that take in probes: there is one");
        };
        let cpus = [one, other];
        let host = Banning::of(Pair::with_queues(2), "", &format!("after = {AFTER}"));
        for (queue, cpu) in cpus.into_iter().enumerate() {
            let mask = 1_u64 << cpu;
            host.pair
                .far
                .sh(&format!("echo {mask:x} > /sys/class/net/f0/queues/tx-{queue}/xps_cpus"));
        }
        let mut run = host.run("");
        let counted = |cpu: usize| {
            let counters = host.bpffs.counters("w0");
            let element = counters.element(cpu).unwrap();
            mapped_read!(element, ports[Transport::Tcp as usize][12].passed.packets)
                + mapped_read!(element, outcomes[Outcome::Banned as usize].packets)
        };
        thread::scope(|scope| {
            for cpu in cpus {
                let cable = Raw::open(&host.pair.far, "f0");
                scope.spawn(move || {
                    assert!(cpus::pin(cpu));
                    (0..EACH).for_each(|_| cable.send(&syn(BOTH[0], 12)));
                });
            }
        });
        let sent = 2 * EACH;
        let report = run.wait_for("the last", |report| {
            report.outcome("probe") + report.outcome("banned") == sent
        });
        for cpu in cpus {
            assert_eq!(counted(cpu), EACH, "CPU {cpu}");
        }
        let passed = report.outcome("probe");
        // What the other was looking at when the first saw the threshold.
        assert!((AFTER..=AFTER + 1).contains(&passed), "{passed} probes passed");
        assert_eq!(host.ban()["times"], 1);
        run.stop();
    });
}

#[test]
fn a_ban_ends_on_time_and_the_next_takes_twice_as_long() {
    lab(|| {
        let host = Banning::new("after = 3\nfor = \"2s\"");
        let mut run = host.run("");
        let far = host.pair.far_raw();
        let mut passed = 0;
        for (times, seconds) in [(1, 2), (2, 4)] {
            let term = Duration::from_secs(seconds);
            let mut before = Instant::now();
            while passed < 3 {
                before = Instant::now();
                assert!(reaches(&far, 12));
                passed += 1;
            }
            let after = Instant::now();
            assert_eq!(host.ban()["times"], times);
            run.wait_until_said(&format!("w0: 10.12.0.2 is banned for {seconds}s"));
            loop {
                let asked = Instant::now();
                if reaches(&far, 12) {
                    break;
                }
                assert!(asked - after < term + TICK, "{:?}", asked - after);
            }
            assert!(before.elapsed() > term - TICK, "{:?}", before.elapsed());
            // That it ended is known by one of the next three.
            passed = 1;
        }
        run.stop();
    });
}
