//! What becomes of the plainest knock.

use crate::support::{
    Pair, Port12,
    addresses::BOTH,
    frame::{SOURCE_PORT, is_tcp, syn},
    lab,
};

const RESET: u8 = 1 << 2;

#[test]
fn in_monitor_mode_a_syn_to_port_12_arrives_and_is_answered_by_the_stack() {
    for xdp_mode in ["native", "generic"] {
        lab(|| {
            let pair = Pair::new();
            let port12 = Port12::start(&pair.near, &format!("-i w0 --xdp-mode {xdp_mode}"));
            let (near, far) = (pair.near_raw(), pair.far_raw());
            for addresses in BOTH {
                far.send(&syn(addresses, 12));
                near.receive("the SYN", |frame| is_tcp(frame, SOURCE_PORT, 12));
                let answer = far.receive("an answer", |frame| is_tcp(frame, 12, SOURCE_PORT));
                let flags = answer[if addresses.0.is_ipv4() { 47 } else { 67 }];
                assert_ne!(flags & RESET, 0, "{answer:x?}");
            }
            let totals = port12.stop();
            assert_eq!(totals.outcome("probe"), 2);
            assert_eq!(totals.port("tcp", 12, "packets"), 2);
            assert_eq!(totals.port("tcp", 12, "dropped"), 0);
        });
    }
}

#[test]
fn in_drop_mode_a_syn_to_port_12_ends_in_the_program() {
    for xdp_mode in ["native", "generic"] {
        lab(|| {
            let pair = Pair::new();
            let args = format!("-i w0 --mode drop --xdp-mode {xdp_mode}");
            let port12 = Port12::start(&pair.near, &args);
            let (near, far) = (pair.near_raw(), pair.far_raw());
            for addresses in BOTH {
                far.send(&syn(addresses, 12));
                // Frames keep their order: once the next one is there, the SYN is not coming.
                far.send(&syn(addresses, 22));
                let answer = far.receive("an answer", |frame| is_tcp(frame, 22, SOURCE_PORT));
                assert!(!answer.is_empty());
            }
            let is_12 = |frame: &Vec<u8>| is_tcp(frame, SOURCE_PORT, 12);
            // A packet socket sees generic XDP's frames before the program does.
            if xdp_mode == "native" {
                assert!(!near.received().iter().any(is_12));
            }
            assert!(!far.received().iter().any(|frame| is_tcp(frame, 12, SOURCE_PORT)));
            let totals = port12.stop();
            assert_eq!(totals.port("tcp", 12, "dropped"), 2);
            assert_eq!(totals.outcome("dropped"), 2);
            assert_eq!(totals.outcome("probe"), 0);
            assert_eq!(totals.outcome("assigned"), 2);
        });
    }
}
