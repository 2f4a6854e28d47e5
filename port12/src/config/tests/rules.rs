//! Values of a `[[port]]` table.

use super::{config, refusal};
use crate::config::PortAction;

fn enforced(ports: &str, action: &str) -> String {
    format!("[[port]]\nports = {ports}\naction = \"{action}\"\nenforce = true")
}

#[test]
fn a_port_with_a_socket_is_dropped_only_where_it_is_named_by_itself() {
    for ports in ["12", "\"12\"", "\"12/tcp\"", "[12, \"14/udp\", \"61/sctp\"]"] {
        assert!(config(&enforced(ports, "drop")).rules[0].value.enforce);
    }
    for ports in ["\"12-13\"", "[12, \"14-16/tcp\"]"] {
        let said = refusal(&enforced(ports, "drop"));
        assert!(said.contains("line 4: port[0].enforce: 1"), "{said}");
        assert!(said.contains("only where it is named by itself"), "{said}");
    }
    refusal(&enforced("\"12-12\"", "drop"));
}

#[test]
fn only_a_drop_is_enforced() {
    for action in ["watch", "ignore"] {
        let said = refusal(&enforced("12", action));
        assert!(said.contains("port[0].enforce: only a drop can be enforced"), "{said}");
    }
    refusal("[[port]]\nports = 12\nexpected = true\nenforce = true");
    assert!(
        !config("[[port]]\nports = 12\naction = \"watch\"\nenforce = false").rules[0].value.enforce
    );
}

#[test]
fn ports_are_a_number_or_a_text_or_a_list_of_them() {
    for (ports, shown) in [
        ("12", "12"),
        ("0x0c", "12"),
        ("\"12\"", "12"),
        ("\"12/tcp\"", "12/tcp"),
        ("\"14-16\"", "14-16"),
        ("[12, \"700-720/udp\", '1/dccp']", "12 700-720/udp 1/dccp"),
    ] {
        let config = config(&format!("[[port]]\nports = {ports}\naction = \"ignore\""));
        let rule = &config.rules[0].value;
        let read: Vec<_> = rule.ports.iter().map(ToString::to_string).collect();
        assert_eq!(read.join(" "), shown);
        assert_eq!(rule.action, Some(PortAction::Ignore));
    }
}
