//! Ways of dressing a SYN or a datagram so that Linux accepts it: none of them gets by `enforce`, a ban of everything,
//! or drop mode.

#[path = "../../../tests/dressing/dressing.rs"]
mod table;

use std::fs::File;

use table::{End, Sequence, Site};

use crate::support::{
    Bpffs, Namespace, Pair,
    addresses::{FAR, FAR_MAC, FAR_V6, NEAR, NEAR_MAC, NEAR_V6},
    lab,
    pair::{PEER, WATCHED},
};

/// Long enough for jumbo frames, whose headers may lie outside of the linear part.
const MTU: usize = 9000;

fn site(pair: &Pair) -> Site {
    let end = |namespace: &Namespace, interface: &str, v4, v6, mac| End {
        namespace: File::open(format!("/run/netns/{}", namespace.name())).unwrap(),
        interface: interface.to_owned(),
        v4,
        v6,
        mac,
    };
    let (near, far) = (&pair.near, &pair.far);
    let site = Site {
        near: end(near, WATCHED, NEAR, NEAR_V6, NEAR_MAC),
        far: end(far, PEER, FAR, FAR_V6, FAR_MAC),
        mtu: MTU,
    };
    for key in ["ipv4/conf/all/rp_filter", &format!("ipv4/conf/{WATCHED}/rp_filter")] {
        near.sysctl(key, "0");
    }
    for (key, bytes) in Site::REASSEMBLY {
        near.sysctl(key, bytes);
    }
    far.sh(&format!("ip link set {PEER} mtu {MTU}"));
    near.sh(&format!(
        "ip link set {WATCHED} mtu {MTU}
         ip addr add {}/24 dev {WATCHED}
         ip addr add {}/64 dev {WATCHED} nodad
         ip addr add {}/64 dev {WATCHED} nodad
         ip addr add {}/32 dev lo
         ip addr add {}/128 dev lo
         ip route add local 10.98.0.0/24 dev lo
         ip -6 route add local fd98::/64 dev lo
         ip route add default via {FAR} dev {WATCHED}
         ip -6 route add default via {FAR_V6} dev {WATCHED}",
        Site::SECONDARY_V4,
        Site::SECONDARY_V6,
        Site::LINK_LOCAL,
        Site::ON_LO_V4,
        Site::ON_LO_V6,
    ));
    let mac = FAR_MAC.map(|byte| format!("{byte:02x}")).join(":");
    for neighbour in site.neighbours() {
        near.sh(&format!("ip neigh replace {neighbour} lladdr {mac} dev {WATCHED}"));
    }
    site
}

#[test]
fn no_dressed_syn_or_datagram_that_linux_accepts_gets_by() {
    lab(|| {
        let (pair, bpffs, folder) = (Pair::new(), Bpffs::new(), tempfile::tempdir().unwrap());
        let port12 = |_: &Site, args: &str| drop(bpffs.ok(&pair.near, args));
        let sequence = Sequence::run(site(&pair), folder.path(), &port12);
        eprintln!("{}\n{}", sequence.figures(), sequence.summary);
        let faults = sequence.faults();
        assert!(faults.is_empty(), "{}\n{}", sequence.figures(), faults.join("\n"));
    });
}
