//! Two hosts and a cable.

use super::{
    Namespace, Raw,
    addresses::{FAR, FAR_MAC, FAR_V6, NEAR, NEAR_MAC, NEAR_V6},
};

/// The interface that is watched.
pub const WATCHED: &str = "w0";
/// The other end of the cable.
pub const PEER: &str = "f0";

/// Two network namespaces, joined by a veth pair with IPv4 and IPv6 addresses.
pub struct Pair {
    /// The host that port12 watches, on [`WATCHED`].
    pub near: Namespace,
    /// The host that knocks, on [`PEER`].
    pub far: Namespace,
}

impl Pair {
    /// Makes the pair. Neighbours are known from the start: no ARP and no ND is needed.
    pub fn new() -> Self {
        Self::with_queues(1)
    }

    /// A pair whose cable has queues, of which each belongs to a CPU: what a CPU sends, it takes in itself,
    /// while others do the same.
    pub fn with_queues(queues: usize) -> Self {
        let pair = Self { near: Namespace::new(), far: Namespace::new() };
        let [near_mac, far_mac] = [NEAR_MAC, FAR_MAC].map(mac);
        let queues = format!("numtxqueues {queues} numrxqueues {queues}");
        pair.near.sh(&format!(
            "ip link add {WATCHED} address {near_mac} {queues} type veth \
             peer name {PEER} address {far_mac} {queues} netns {}",
            pair.far.name()
        ));
        let ends = [
            (&pair.near, WATCHED, NEAR, NEAR_V6, FAR, FAR_V6, far_mac),
            (&pair.far, PEER, FAR, FAR_V6, NEAR, NEAR_V6, near_mac),
        ];
        for (namespace, interface, v4, v6, peer_v4, peer_v6, peer_mac) in ends {
            namespace.sh(&format!(
                "ip link set {interface} up
                 ip addr add {v4}/24 dev {interface}
                 ip addr add {v6}/64 dev {interface} nodad
                 ip neigh add {peer_v4} lladdr {peer_mac} dev {interface}
                 ip neigh add {peer_v6} lladdr {peer_mac} dev {interface}"
            ));
        }
        pair
    }

    /// A packet socket on the far end of the cable.
    pub fn far_raw(&self) -> Raw {
        Raw::open(&self.far, PEER)
    }

    /// A packet socket behind the program on the watched end: it sees what was passed.
    pub fn near_raw(&self) -> Raw {
        Raw::open(&self.near, WATCHED)
    }
}

fn mac(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}
