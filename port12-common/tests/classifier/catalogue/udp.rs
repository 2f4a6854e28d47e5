//! UDP and UDP-Lite.

use port12_common::{
    Malformed::*,
    Outcome::*,
    Shape::Datagram,
    Transport::{Udp, UdpLite},
};

use super::{Entry, expect::*, frame, stack::*};
use crate::support::answer::Answer;

pub fn entries() -> Vec<Entry> {
    let to = |port| udp(port).v4().ethernet();
    let lite = |port| udplite(port).v4().ethernet();
    let said = |outcome, port| start(outcome, Udp, port, Datagram);
    let truncated = Answer::malformed(UdpTruncated);
    let dhcp_offer = udp_from(67, 68).v4_to([255; 4]).ethernet_to([0xff; 6]);
    let dhcp_discover = udp_from(68, 67).v4_to([255; 4]).ethernet_to([0xff; 6]);
    let dns = udp_from(53, 40001).then(&[0; 12]).v4().ethernet();
    vec![
        frame("v4_udp_12", to(12), said(Dropped, 12)),
        frame("v4_udp_12_payload", udp(12).then(b"hello").v4().ethernet(), said(Dropped, 12)),
        frame("v4_udp_14", to(14), said(Dropped, 14)),
        frame("v4_udp_30_watched", to(30), said(Probe, 30)),
        frame("v4_udp_53", to(53), said(Assigned, 53)),
        frame("v4_udp_26_ignored", to(26), said(Ignored, 26)),
        frame("v4_udp_716_assigned_on_udp", to(716), said(Assigned, 716)),
        frame("v4_udp_1008_assigned_on_udp", to(1008), said(Assigned, 1008)),
        frame("v4_udp_717_socket", to(717), said(LocalSocket, 717)),
        frame("v4_udp_0", to(0), said(Assigned, 0)),
        frame("v4_udp_1023", to(1023), said(Assigned, 1023)),
        frame("v4_udp_1024", to(1024), said(HighPort, 1024)),
        frame("v4_dhcp_discover", dhcp_discover, from(68, said(Assigned, 67))),
        frame("v4_dhcp_offer", dhcp_offer, from(67, said(Assigned, 68))),
        frame("v4_dns_reply_40001", dns, from(53, said(HighPort, 40001))),
        // The UDP length is the stack's concern.
        frame("v4_udp_length_0_12", udp(12).set(5, 0).v4().ethernet(), said(Dropped, 12)),
        frame("v4_udp_length_beyond_12", udp(12).set(4, 9).v4().ethernet(), said(Dropped, 12)),
        frame("v4_udp_cut_7", to(12).cut(41), truncated),
        frame("v4_udp_cut_0", to(12).cut(34), truncated),
        frame("v4_udplite_12", lite(12), start(Dropped, UdpLite, 12, Datagram)),
        frame("v4_udplite_14_watched", lite(14), probe(UdpLite, 14, Datagram)),
        frame("v4_udplite_717_assigned", lite(717), start(Assigned, UdpLite, 717, Datagram)),
        frame("v4_udplite_26_ignored", lite(26), start(Ignored, UdpLite, 26, Datagram)),
        frame("v4_udplite_cut_7", lite(12).cut(41), truncated),
    ]
}
