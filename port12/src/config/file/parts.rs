//! The keys of a `[[port]]` table, and their documentation.

use port12_common::transport_names;

use crate::config::part::{Part, names};

/// The keys of a `[[port]]` table, and their documentation.
pub const PORT_PARTS: &[Part; 4] = &[
    Part {
        name: "ports",
        text: concat!(
            "One of these, or a list of them: 12, \"12/tcp\", \"14-16\", \"700-720/udp\". The ports are 0\n\
             to 1023, the transports ",
            transport_names!(),
            ". Without a transport, a rule\n\
             is for all of them; a rule that drops is for TCP and UDP, and the others have to be\n\
             named."
        ),
    },
    Part {
        name: "action",
        text: "\"watch\": count probes and pass them. \"drop\": count them and drop them. \"ignore\": do not\n\
               look at them.",
    },
    Part {
        name: "enforce",
        text: "true drops probes although this host has a socket on the port. Only with\n\
               action = \"drop\", and only for ports that are named one by one, not in a range.",
    },
    Part { name: "expected", text: "true: a listener on the port is expected, and no finding." },
];

/// The keys of a `[[port]]` table.
pub const PORT_KEYS: &[&str] = &names(PORT_PARTS);
