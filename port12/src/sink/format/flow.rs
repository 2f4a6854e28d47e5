//! Identity of a flow.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use port12_common::Transport;
use sha1::{Digest as _, Sha1};

use crate::model::event::Tuple;

/// The ends of a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Flow {
    transport: Transport,
    /// The lesser end first: both directions are one flow.
    ends: [(IpAddr, u16); 2],
}

impl Flow {
    /// Flow of a tuple; `None` if it has no two ends.
    pub(super) fn of(tuple: &Tuple) -> Option<Self> {
        let source = (tuple.source?, tuple.source_port?);
        Self::between(tuple.transport?, source, (tuple.destination?, tuple.port?))
    }

    /// The flow between two ends; `None` where they are of different families.
    fn between(
        transport: Transport,
        source: (IpAddr, u16),
        destination: (IpAddr, u16),
    ) -> Option<Self> {
        let mut ends = [source, destination];
        ends.sort_unstable();
        (source.0.is_ipv4() == destination.0.is_ipv4()).then_some(Self { transport, ends })
    }

    /// The Community ID, version 1, with the seed 0 (github.com/corelight/community-id-spec): a hash
    /// over seed, lesser address, other address, protocol, a zero, and their ports, where the
    /// protocol is one of which the specification takes ports.
    pub(super) fn community_id(&self) -> String {
        format!("1:{}", STANDARD.encode(self.digest(self.transport.info().in_community_id)))
    }

    /// A number that all frames of the flow share: 51 bits, as Suricata's own are, which every reader
    /// of JSON keeps exactly.
    pub(super) fn id(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.digest(true);
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 13
    }

    fn digest(&self, with_ports: bool) -> [u8; 20] {
        let [(least, least_port), (most, most_port)] = self.ends;
        let mut hash = Sha1::new();
        hash.update([0; 2]);
        for address in [least, most] {
            match address {
                IpAddr::V4(address) => hash.update(address.octets()),
                IpAddr::V6(address) => hash.update(address.octets()),
            }
        }
        hash.update([self.transport.protocol(), 0]);
        if with_ports {
            hash.update(least_port.to_be_bytes());
            hash.update(most_port.to_be_bytes());
        }
        hash.finalize().into()
    }
}

/// Number of a packet's flow. A destination that is not known counts as no address.
pub(super) fn id(tuple: &Tuple) -> u64 {
    let flow = Flow::of(tuple).or_else(|| {
        let nowhere = match tuple.source? {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Flow::of(&Tuple { destination: Some(nowhere), ..tuple.clone() })
    });
    flow.map_or(0, |flow| flow.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(transport: Transport, source: (&str, u16), destination: (&str, u16)) -> Flow {
        let end = |(address, port): (&str, u16)| (address.parse().unwrap(), port);
        Flow::between(transport, end(source), end(destination)).unwrap()
    }

    /// `baseline/baseline_deflt.json` of the specification.
    #[test]
    fn community_ids_are_those_of_the_specification() {
        use Transport::{Sctp, Tcp, Udp};
        for (transport, source, destination, id) in [
            (
                Tcp,
                ("128.232.110.120", 34855),
                ("66.35.250.204", 80),
                "LQU9qZlK+B5F3KDmev6m5PMibrg=",
            ),
            (Udp, ("192.168.1.52", 54585), ("8.8.8.8", 53), "d/FP5EW3wiY1vCndhwleRRKHowQ="),
            (Sctp, ("192.168.170.8", 7), ("192.168.170.56", 7), "MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
            (
                Tcp,
                ("2001:470:e5bf:dead:4957:2174:e82c:4887", 63943),
                ("2607:f8b0:400c:c03::1a", 25),
                "/qFaeAR+gFe1KYjMzVDsMv+wgU4=",
            ),
            (Tcp, ("1.2.3.4", 1122), ("5.6.7.8", 3344), "wCb3OG7yAFWelaUydu0D+125CLM="),
            (Udp, ("1.2.3.4", 1122), ("5.6.7.8", 3344), "0Mu9InQx6z4ZiCZM/7HXi2WMhOg="),
        ] {
            let there = flow(transport, source, destination);
            assert_eq!(there.community_id(), format!("1:{id}"));
            assert_eq!(flow(transport, destination, source), there);
        }
    }

    /// RSVP stands for the protocols without ports there: the hash ends with the padding.
    #[test]
    fn other_protocols_have_no_ports_in_it() {
        for transport in [Transport::UdpLite, Transport::Dccp] {
            let one = flow(transport, ("1.2.3.4", 1), ("5.6.7.8", 2));
            let other = flow(transport, ("1.2.3.4", 3), ("5.6.7.8", 4));
            assert_eq!(one.community_id(), other.community_id());
            assert_ne!(one.id(), other.id());
        }
    }

    #[test]
    fn a_flow_has_one_number_that_json_readers_keep() {
        let there = flow(Transport::Tcp, ("1.2.3.4", 1), ("5.6.7.8", 2));
        let back = flow(Transport::Tcp, ("5.6.7.8", 2), ("1.2.3.4", 1));
        let other = flow(Transport::Udp, ("1.2.3.4", 1), ("5.6.7.8", 2));
        assert_eq!(there.id(), back.id());
        assert_ne!(there.id(), other.id());
        assert!(there.id() < 1 << 51);
        let ends = ("1.2.3.4".parse().unwrap(), 1);
        assert_eq!(Flow::between(Transport::Tcp, ends, ("::1".parse().unwrap(), 2)), None);
    }
}
