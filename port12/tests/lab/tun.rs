//! A device without an Ethernet header.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::fd::AsRawFd,
};

use crate::support::{Namespace, Port12, addresses::BOTH, frame::syn, lab};

/// A link-layer type of linux/if_arp.h.
const ARPHRD_INFINIBAND: libc::c_int = 32;

/// The file end of a tun device of this thread's network namespace.
pub fn open(name: &str) -> File {
    let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun").unwrap();
    // SAFETY: an all-zero `ifreq` is a valid one.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
    // SAFETY: TUNSETIFF reads and writes the `ifreq` that it is given.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    assert_eq!(result, 0, "TUNSETIFF: {}", io::Error::last_os_error());
    file
}

#[test]
fn a_syn_out_of_a_tunnel_is_counted_at_the_third_layer() {
    for (mode, outcome) in [("monitor", "probe"), ("drop", "dropped")] {
        lab(|| {
            let near = Namespace::new();
            near.sh("ip tuntap add mode tun t0");
            let mut tunnel = near.enter(|| open("t0"));
            near.sh("ip addr add 10.12.0.1/24 dev t0
                         ip link set t0 up
                         ip addr add fd12::1/64 dev t0 nodad");
            let mut port12 = Port12::start(&near, &format!("-i t0 --mode {mode}"));
            for addresses in BOTH {
                for port in [12, 22] {
                    // A packet without the Ethernet header.
                    tunnel.write_all(&syn(addresses, port)[14..]).unwrap();
                }
            }
            let report = port12.wait_for("the SYNs", |report| report.outcome("assigned") == 2);
            assert_eq!(report.outcome(outcome), 2, "{}", report.0);
            assert_eq!(report.outcome("malformed"), 0);
            assert_eq!(report.interface("t0")["xdp_mode"], "generic");
            assert_eq!(report.port("tcp", 12, "packets"), 2);
            assert_eq!(report.port("tcp", 12, "bytes"), 40 + 60);
        });
    }
}

#[test]
fn a_tunnel_has_no_native_xdp_and_the_refusal_says_so() {
    lab(|| {
        let near = Namespace::new();
        near.sh("ip tuntap add mode tun t0");
        refused(&near, "-i t0 --xdp-mode native", "the driver has no XDP in this mode");
    });
}

#[test]
fn a_link_layer_that_cannot_be_read_is_refused() {
    lab(|| {
        let near = Namespace::new();
        near.sh("ip tuntap add mode tun t0");
        let tunnel = near.enter(|| open("t0"));
        // SAFETY: TUNSETLINK takes a number.
        let result =
            unsafe { libc::ioctl(tunnel.as_raw_fd(), libc::TUNSETLINK, ARPHRD_INFINIBAND) };
        assert_eq!(result, 0, "TUNSETLINK: {}", io::Error::last_os_error());
        refused(&near, "-i t0", "t0 has the link-layer type 32");
    });
}

fn refused(near: &Namespace, args: &str, why: &str) {
    let output = Port12::run(near, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains(why), "{said}");
}
