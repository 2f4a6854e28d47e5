//! The demonstration: what is sent, and what port12 has to make of it.

use super::{
    raw,
    scene::{Count, Number, Scene},
    traffic,
};

use Count::{Outcome, Port, Shape};
use Number::{AtLeast, Exactly};

/// Every probe is counted, and passed.
pub const MONITOR: &[Scene] = &[
    Scene {
        sent: "The stranger connects to tcp/22, which is assigned, and is heard.",
        send: traffic::connect_to_22,
        adds: &[(Outcome("assigned"), AtLeast(3)), (Outcome("probe"), Exactly(0))],
    },
    Scene {
        sent: "nmap sends a SYN to tcp/12 and one to tcp/81, which are unassigned.",
        send: traffic::scan,
        adds: &[
            (Outcome("probe"), Exactly(2)),
            (Port("tcp", 12), Exactly(1)),
            (Port("tcp", 81), Exactly(1)),
            (Shape("tcp_syn"), Exactly(2)),
        ],
    },
    Scene {
        sent: "nmap sends a segment with FIN, PSH and URG to tcp/81.",
        send: traffic::xmas,
        adds: &[
            (Outcome("probe"), Exactly(1)),
            (Port("tcp", 81), Exactly(1)),
            (Shape("tcp_xmas"), Exactly(1)),
        ],
    },
    Scene {
        sent: "nc sends a datagram to udp/717, where no socket is.",
        send: traffic::datagram,
        adds: &[(Outcome("probe"), Exactly(1)), (Port("udp", 717), Exactly(1))],
    },
    Scene {
        sent: "A client on the host talks to a server from source port tcp/720, and is answered.",
        send: traffic::ask_from_tcp_720,
        adds: &[
            (Outcome("reply"), AtLeast(3)),
            (Outcome("probe"), Exactly(0)),
            (Port("tcp", 720), Exactly(0)),
        ],
    },
    Scene {
        sent: "A client on the host asks a server from source port udp/722, and is answered.",
        send: traffic::ask_from_udp_722,
        adds: &[
            (Outcome("reply"), Exactly(1)),
            (Outcome("probe"), Exactly(0)),
            (Port("udp", 722), Exactly(0)),
        ],
    },
    Scene {
        sent: "nc sends 3,000 bytes to udp/717 in three fragments; only the first has the port.",
        send: traffic::fragmented_datagram,
        adds: &[
            (Outcome("probe"), Exactly(1)),
            (Port("udp", 717), Exactly(1)),
            (Outcome("fragment"), Exactly(2)),
        ],
    },
    Scene {
        sent: "A SYN to tcp/12 with a priority tag, and one in VLANs of another network.",
        send: raw::tagged_syns,
        adds: &[
            (Outcome("probe"), Exactly(1)),
            (Port("tcp", 12), Exactly(1)),
            (Outcome("transit"), Exactly(1)),
        ],
    },
    Scene {
        sent: "nmap sends a SYN to tcp/12 and one to tcp/81 over IPv6.",
        send: traffic::scan_v6,
        adds: &[
            (Outcome("probe"), Exactly(2)),
            (Port("tcp", 12), Exactly(1)),
            (Port("tcp", 81), Exactly(1)),
        ],
    },
];

/// Probes go no further; whoever has a socket here, or asked first, notices nothing.
pub const DROP: &[Scene] = &[
    Scene {
        sent: "nmap sends a SYN to tcp/12.",
        send: traffic::scan_12,
        adds: &[
            (Outcome("dropped"), Exactly(1)),
            (Outcome("probe"), Exactly(0)),
            (Port("tcp", 12), Exactly(1)),
        ],
    },
    Scene {
        sent: "nc sends a datagram to udp/717.",
        send: traffic::datagram,
        adds: &[(Outcome("dropped"), Exactly(1)), (Port("udp", 717), Exactly(1))],
    },
    Scene {
        sent: "A client on source port tcp/721 is still answered.",
        send: traffic::ask_from_tcp_721,
        adds: &[(Outcome("reply"), AtLeast(3)), (Outcome("dropped"), Exactly(0))],
    },
    Scene {
        sent: "A client on source port udp/722 is still answered.",
        send: traffic::ask_from_udp_722,
        adds: &[(Outcome("reply"), Exactly(1)), (Outcome("dropped"), Exactly(0))],
    },
    Scene {
        sent: "The stranger connects to tcp/81, where somebody listens, and is heard.",
        send: traffic::connect_to_81,
        adds: &[(Outcome("local_socket"), AtLeast(1))],
    },
];
