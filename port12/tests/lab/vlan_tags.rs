//! VLAN tags that are removed before a frame reaches XDP: what `status` and `check` say, and what the program sees.

use crate::support::{
    Bpffs, Namespace, Pair, Raw,
    addresses::BOTH,
    frame::{syn, tagged},
    lab,
};

/// The bytes of a SYN without a tag, and of a tag.
const SYN: u64 = 54;
const TAG: u64 = 4;

const MODES: [&str; 2] = ["native", "generic"];

/// A socket behind a bridge on the far host. The bridge sends tags on beside the packet, as a VLAN device does, which
/// this machine's kernel may lack.
fn behind_a_bridge(far: &Namespace) -> Raw {
    far.sh("ip link add r0 type veth peer name r1 && ip link add b0 type bridge
         for port in f0 r1; do ip link set $port master b0 || exit; done
         for link in r0 r1 b0; do ip link set $link up || exit; done");
    Raw::open(far, "r0")
}

/// What the program and `status` say about priority-tagged SYNs, which are this host's whatever its VLANs: how many
/// bytes such a frame has, and where its tag is.
fn seen(bpffs: &Bpffs, near: &Namespace, args: &str, cable: &Raw) -> (u64, String) {
    let mut frame = tagged(&syn(BOTH[0], 12), &[0]);
    // The source is no address of the bridge.
    frame[11] ^= 0x80;
    let mut run = bpffs.run(near, args);
    let report = run.wait_for("a probe", |report| {
        cable.send(&frame);
        report.port("tcp", 12, "packets") > 0
    });
    let [bytes, packets] = ["bytes", "packets"].map(|count| report.port("tcp", 12, count));
    assert_eq!(bytes % packets, 0, "{}", report.0);
    let interface = args.split_whitespace().nth(1).unwrap();
    let status = bpffs.status(near, interface);
    let tags =
        status["vlan_tags"]["place"].as_str().unwrap_or_else(|| panic!("{status}")).to_owned();
    run.stop();
    (bytes / packets, tags)
}

/// A veth passes a packet on as it was sent: the features of the sender decide.
#[test]
fn the_tag_that_a_veth_peer_leaves_beside_the_packet_is_invisible() {
    for mode in MODES {
        lab(|| {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            let args = format!("-i w0 --xdp-mode {mode}");
            let cable = behind_a_bridge(&pair.far);
            let seen = || seen(&bpffs, &pair.near, &args, &cable);
            assert_eq!(seen(), (SYN, "unknown".to_owned()));
            // In the frame or not is not for the receiver to decide.
            pair.near.sh("ethtool -K w0 rx-vlan-offload off rx-vlan-stag-hw-parse off");
            assert_eq!(seen(), (SYN, "unknown".to_owned()));
            pair.far.sh("ethtool -K f0 tx-vlan-offload off tx-vlan-stag-hw-insert off");
            // The other end is in another network namespace.
            assert_eq!(seen(), (SYN + TAG, "unknown".to_owned()));
        });
    }
}

#[test]
fn the_other_end_of_a_veth_in_the_same_namespace_is_asked() {
    lab(|| {
        let (near, bpffs) = (Namespace::new(), Bpffs::new());
        near.sh("ip link add w0 address 02:00:00:12:00:01 type veth peer name f0
             for link in w0 f0; do ip link set $link up || exit; done
             ip address add 10.12.0.1/24 dev w0");
        let cable = behind_a_bridge(&near);
        let args = "-i w0 --xdp-mode native";
        assert_eq!(seen(&bpffs, &near, args, &cable), (SYN, "stripped".to_owned()));
        let said = check(&bpffs, &near, "w0");
        let remedy = "`ethtool -K f0 tx-vlan-offload off tx-vlan-stag-hw-insert off`";
        assert!(said.contains(remedy), "{said}");
        near.sh(remedy.trim_matches('`'));
        assert_eq!(seen(&bpffs, &near, args, &cable), (SYN + TAG, "in_frame".to_owned()));
        assert!(!check(&bpffs, &near, "w0").contains("VLAN tags"));
    });
}

/// The kernel removes a tag when the interface below receives the frame.
#[test]
fn a_tag_is_invisible_on_a_bridge_and_a_macvlan_whose_offload_is_off() {
    for (make, name) in [
        ("ip link add br0 type bridge && ip link set w0 master br0", "br0"),
        ("ip link add link w0 name m0 address 02:00:00:12:00:01 type macvlan mode passthru", "m0"),
    ] {
        lab(|| {
            let (pair, bpffs) = (Pair::new(), Bpffs::new());
            pair.near.sh(&format!("{make} && ip link set {name} up"));
            let offload = pair.near.sh(&format!("ethtool -k {name} | grep rx-vlan-offload"));
            assert!(offload.contains("off"), "{offload}");
            let args = format!("-i {name} --xdp-mode generic");
            let cable = pair.far_raw();
            assert_eq!(seen(&bpffs, &pair.near, &args, &cable), (SYN, "stripped".to_owned()));
            let said = check(&bpffs, &pair.near, name);
            assert!(said.contains("the kernel removes VLAN tags before a"), "{said}");
        });
    }
}

/// A tun device has no offload that removes tags, and neither has the loopback interface.
#[test]
fn a_tag_of_a_tap_is_in_its_frame() {
    lab(|| {
        let (near, bpffs) = (Namespace::new(), Bpffs::new());
        near.sh("ip tuntap add t0 mode tap && ip link set t0 up");
        for name in ["t0", "lo"] {
            assert!(!check(&bpffs, &near, name).contains("VLAN tags"), "{name}");
        }
    });
}

#[test]
fn check_and_status_say_for_people_that_tags_are_invisible() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let said = check(&bpffs, &pair.near, "w0");
        assert!(
            said.contains("w0: VLAN tags may be removed before port12 reads a frame"),
            "{said}"
        );
        bpffs.ok(&pair.near, "attach -i w0");
        let said = words(bpffs.ok(&pair.near, "status"));
        assert!(said.contains("devices of w0 in other network namespaces look untagged"), "{said}");
    });
}

/// What `check` says on standard error, as words of a paragraph.
fn check(bpffs: &Bpffs, near: &Namespace, interface: &str) -> String {
    let output = bpffs.output(near, &format!("check -i {interface}"));
    words(String::from_utf8(output.stderr).unwrap())
}

fn words(text: String) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
