mod rendering;

use super::{registry::render, *};
use crate::explain::Published;

/// What is published of a port, as a table and as JSON. The rest is this host's.
fn published(port: u16) -> Published {
    Published::new(crate::registry::Registry::embedded(), port)
}

fn report(port: u16) -> String {
    render(&published(port))
}

fn json(port: u16) -> serde_json::Value {
    serde_json::to_value(published(port)).unwrap()
}

#[test]
fn port_12_is_told_with_its_neighbours_its_users_and_its_history() {
    let text = report(12);
    for part in [
        "Port 12",
        "udplite",
        "IETF Review",
        "discard: Discard",
        "systat: Active Users",
        "> ",
        "daytime: Daytime",
        "Unassigned [was netstat]",
        "Dark Age of Camelot",
        "not by default",
        "RFC 1340 (July 1992)",
        "2026-08-17 (embedded)",
    ] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
    assert!(!text.contains("qotd"), "{text}");
}

#[test]
fn every_story_fits_80_columns_and_holds_no_control_characters() {
    for port in 0..=1023 {
        let text = report(port);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{port}: {line}");
            assert_eq!(line, line.trim_end(), "{port}");
            assert!(!line.chars().any(char::is_control), "{port}: {line:?}");
        }
    }
}

#[test]
fn an_assigned_port_names_all_of_its_services() {
    let text = report(80);
    for service in ["http: World Wide Web HTTP", "www: ", "www-http: ", "http: HTTP"] {
        assert!(text.contains(service), "{service} is missing from:\n{text}");
    }
}

#[test]
fn the_edges_have_fewer_neighbours() {
    let text = report(0);
    assert!(text.contains(">    0") && text.contains("     3") && !text.contains("rje"), "{text}");
    let text = report(1023);
    assert!(text.contains("  1020") && text.contains("> 1023"), "{text}");
}

#[test]
fn a_port_above_1023_is_not_well_known_and_the_report_says_so() {
    for port in [1024, 65_535] {
        let text = report(port);
        assert!(text.contains(&format!("Port {port} is not a well-known port")), "{text}");
        assert_eq!(json(port)["well_known"], false);
    }
}

#[test]
fn the_json_has_the_state_on_every_transport() {
    let json = json(716);
    let states = json["states"].as_array().unwrap();
    assert_eq!(states.len(), 5);
    assert_eq!(states[0]["transport"], "tcp");
    assert_eq!(states[0]["port"], 716);
    assert_eq!(states[0]["state"], "unassigned");
    assert_eq!(states[0]["watched"], true);
    assert_eq!(states[2]["transport"], "udplite");
    assert_eq!(states[2]["state"], "assigned");
    assert_eq!(states[3]["state"], "unassigned");
    assert_eq!(states[3]["watched"], false);
}

#[test]
fn known_users_are_told_of() {
    let text = report(81);
    assert!(text.contains("Persirai") && text.contains("by default"), "{text}");
    assert!(report(700).contains("NFS"));
}

#[test]
fn what_the_registry_remembers_of_a_port_is_told_with_its_date() {
    for (port, remembered) in [
        (2, "previously compressnet"),
        (2, "modified 2025-02-13"),
        (47, "This entry has been removed on 2017-05-18."),
        (114, "Deprecated June 2004"),
        (659, "Removed (modified 2001-06-06)"),
        (831, "Previously assigned to NETCONF over BEEP"),
        (623, "registered 2007-06"),
    ] {
        let text = report(port).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(remembered), "{port}: {remembered} is missing from:\n{text}");
    }
    assert_eq!(json(831)["states"][0]["rows"][0]["modified"], "2025-09-29");
    assert_eq!(json(12)["states"][0]["rows"][0]["modified"], serde_json::Value::Null);
}
