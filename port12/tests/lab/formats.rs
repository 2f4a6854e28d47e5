//! What a frame may look like on a real cable.

use crate::support::{
    Pair, Port12,
    addresses::{BOTH, NEAR, NEAR_V6},
    frame::{syn, tagged, udp},
    lab,
};

#[test]
fn tagged_frames_are_read_behind_their_tags() {
    for xdp_mode in ["native", "generic"] {
        lab(|| {
            let pair = Pair::new();
            let port12 =
                Port12::start(&pair.near, &format!("-i w0 --mode drop --xdp-mode {xdp_mode}"));
            let cable = pair.far_raw();
            for addresses in BOTH {
                for tags in 0..=5 {
                    cable.send(&tagged(&syn(addresses, 12), &[5, 6, 7, 8, 9][..tags]));
                }
            }
            let totals = port12.stop();
            assert_eq!(totals.port("tcp", 12, "dropped"), 2, "{}", totals.0);
            assert_eq!(totals.outcome("transit"), 2 * 4, "no VLAN device has these tags");
            assert_eq!(totals.interface("w0")["too_deep"]["vlan_tags"]["packets"], 2);
        });
    }
}

#[test]
fn a_fragmented_datagram_is_one_probe_and_fragments() {
    lab(|| {
        let pair = Pair::new();
        for (host, interface) in [(&pair.near, "w0"), (&pair.far, "f0")] {
            host.sh(&format!("ip link set {interface} mtu 1280"));
        }
        let port12 = Port12::start(&pair.near, "-i w0");
        let datagram = "head -c 4000 /dev/zero | timeout 20 nc -u -q 0 -w 1";
        pair.far.sh(&format!("{datagram} {NEAR} 12"));
        pair.far.sh(&format!("{datagram} {NEAR_V6} 12"));
        let totals = port12.stop();
        assert_eq!(totals.port("udp", 12, "packets"), 2, "{}", totals.0);
        // 4,008 bytes in pieces of 1,256 and 1,232: four each, of which the first has the ports.
        assert_eq!(totals.outcome("fragment"), 3 + 3, "{}", totals.0);
        assert_eq!(totals.outcome("malformed"), 0);
    });
}

#[test]
fn a_fragmented_ping_is_no_probe() {
    lab(|| {
        let pair = Pair::new();
        let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        for target in [NEAR.to_string(), NEAR_V6.to_string()] {
            pair.far.sh(&format!("ping -c 2 -i 0.2 -W 5 -s 4000 {target}"));
        }
        let totals = port12.stop();
        // The hosts' own ICMPv6 may be among them.
        assert!(totals.outcome("other_transport") >= 4, "{}", totals.0);
        assert_eq!(totals.outcome("fragment"), 8, "{}", totals.0);
        assert!(totals.ports().next().is_none());
    });
}

#[test]
fn a_jumbo_datagram_counts_with_its_whole_frame() {
    for xdp_mode in ["native", "generic"] {
        lab(|| {
            let pair = Pair::new();
            for (host, interface) in [(&pair.near, "w0"), (&pair.far, "f0")] {
                host.sh(&format!("ip link set {interface} mtu 9000"));
            }
            let port12 =
                Port12::start(&pair.near, &format!("-i w0 --mode drop --xdp-mode {xdp_mode}"));
            let cable = pair.far_raw();
            let mut bytes = 0;
            for addresses in BOTH {
                let frame = udp(addresses, 12, &[0; 8000]);
                bytes += frame.len() as u64;
                cable.send(&frame);
            }
            let totals = port12.stop();
            assert_eq!(totals.port("udp", 12, "dropped"), 2, "{}", totals.0);
            assert_eq!(totals.port("udp", 12, "bytes"), bytes);
        });
    }
}

#[test]
fn every_frame_that_is_sent_is_counted_once() {
    lab(|| {
        let pair = Pair::new();
        let port12 = Port12::start(&pair.near, "-i w0");
        let cable = pair.far_raw();
        let frames = BOTH.map(|addresses| syn(addresses, 12));
        for count in 0..10_000 {
            cable.send(&frames[count % 2]);
        }
        let totals = port12.stop();
        assert_eq!(totals.outcome("probe"), 10_000);
        let bytes = 5_000 * frames.iter().map(|frame| frame.len() as u64).sum::<u64>();
        assert_eq!(totals.interface("w0")["outcomes"]["probe"]["bytes"], bytes);
        assert_eq!(totals.port("tcp", 12, "packets"), 10_000);
    });
}
