//! Rules that rewrite, redirect or copy packets below the socket, made with the real tools.

use std::process::Command;

use port12::host::{forwarding::Survey, interfaces::by_name};

use super::{PAIR, shown};
use crate::{
    namespace::{alone, feed, sh, sysctl},
    xdp,
};

fn legacy_is_there() -> bool {
    let list = |program: &str| Command::new(program).args(["-t", "filter", "-nL"]).output();
    let runs = |program| list(program).is_ok_and(|output| output.status.success());
    let is_there = runs("iptables-legacy") && runs("ip6tables-legacy");
    if !is_there {
        eprintln!("not run: there is no iptables-legacy, or the kernel has no tables");
    }
    is_there
}

/// Any monitoring makes a table by listing it.
#[test]
fn an_empty_table_of_legacy_iptables_is_no_reason_and_its_rules_are() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        if !legacy_is_there() {
            return;
        }
        for program in ["iptables-legacy", "ip6tables-legacy"] {
            for table in ["nat", "mangle", "raw", "security"] {
                sh(&format!("{program} -t {table} -nL"));
            }
        }
        sh("iptables-legacy -A INPUT -p tcp --dport 22 -j ACCEPT");
        sh("iptables-legacy -t mangle -A PREROUTING -j MARK --set-mark 1");
        sh("iptables-legacy -t mangle -A PREROUTING -j TTL --ttl-set 64");
        sh("iptables-legacy -t raw -A PREROUTING -p tcp --dport 81 -j CT --notrack");
        sh("ip6tables-legacy -t mangle -A PREROUTING -j DSCP --set-dscp 8");
        assert!(shown("lo").is_empty(), "{:?}", shown("lo"));
        for (rule, shows) in [
            (
                "iptables-legacy -t nat -A PREROUTING -p tcp --dport 81 -j REDIRECT --to-ports 8080",
                "REDIRECT (ip nat)",
            ),
            (
                "iptables-legacy -t nat -I PREROUTING -d 192.0.2.0/24 -j NETMAP --to 198.51.100.0/24",
                "NETMAP (ip nat)",
            ),
            (
                "iptables-legacy -t mangle -A PREROUTING -j TEE --gateway 192.0.2.1",
                "TEE (ip mangle)",
            ),
            (
                "ip6tables-legacy -t mangle -A PREROUTING -d 2001:db8:1::/64 -j DNPT \
              --src-pfx 2001:db8:1::/64 --dst-pfx 2001:db8:2::/64",
                "DNPT (ip6 mangle)",
            ),
        ] {
            sh(rule);
            let expected = format!("a rule of legacy iptables does {shows}");
            assert!(shown("lo").contains(&expected), "{expected}: {:?}", shown("lo"));
            sh(&rule.replace(" -A ", " -D ").replace(" -I ", " -D "));
            assert!(shown("lo").is_empty(), "{:?}", shown("lo"));
        }
    });
}

#[test]
fn more_targets_of_iptables_nft_are_named() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        for (rule, shows) in [
            (
                "ip6tables-nft -t mangle -A PREROUTING -d 2001:db8:1::/64 -j DNPT \
              --src-pfx 2001:db8:1::/64 --dst-pfx 2001:db8:2::/64",
                "DNPT (ip6 mangle PREROUTING",
            ),
            (
                "ip6tables-nft -t mangle -A POSTROUTING -s 2001:db8:2::/64 -j SNPT \
              --src-pfx 2001:db8:2::/64 --dst-pfx 2001:db8:1::/64",
                "SNPT (ip6 mangle POSTROUTING",
            ),
            (
                "iptables-nft -t nat -A PREROUTING -d 192.0.2.0/24 -j NETMAP --to 198.51.100.0/24",
                "NETMAP (ip nat PREROUTING",
            ),
            ("iptables-nft -t mangle -A PREROUTING -j TEE --gateway 192.0.2.1", ""),
        ] {
            sh(rule);
            let shown = shown("lo");
            assert_eq!(shown.len(), 1, "{rule}: {shown:?}");
            assert!(shown[0].contains(shows), "{rule}: {shown:?}");
            sh("nft flush ruleset");
        }
        sh("iptables-nft -t mangle -A PREROUTING -j TTL --ttl-set 64");
        sh("iptables-nft -t mangle -A PREROUTING -j DSCP --set-dscp 8");
        assert!(shown("lo").is_empty(), "{:?}", shown("lo"));
    });
}

/// A chain of the family that nft writes before a rule.
fn chain(family: &str, hook: &str) -> String {
    format!(
        "add table {family} t\nadd chain {family} t c {{ type filter hook {hook} priority -300; }}\n"
    )
}

const HOOKS: [(&str, &str); 6] = [
    ("ip", "prerouting"),
    ("ip6", "prerouting"),
    ("inet", "input"),
    ("bridge", "prerouting"),
    ("netdev", "ingress device \"va\""),
    ("inet", "ingress device \"va\""),
];

#[test]
fn rules_that_rewrite_addresses_or_ports_are_named_in_every_family() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        for (family, hook) in HOOKS {
            let ports = [
                "tcp dport set 8080",
                "udp sport set 81",
                "@th,16,16 set 8080",
                "tcp dport set tcp dport map { 81 : 8080 }",
            ];
            let v4 = ["ip daddr set 192.0.2.1", "ip saddr set 192.0.2.1"];
            let v6 = ["ip6 daddr set 2001:db8::1", "ip6 saddr set 2001:db8::1"];
            let (v4, v6) = match family {
                "ip" => (&v4[..], &v6[..0]),
                "ip6" => (&v4[..0], &v6[..]),
                _ => (&v4[..], &v6[..]),
            };
            for statement in ports.iter().chain(v4).chain(v6) {
                feed(
                    "nft -f -",
                    &format!("{}add rule {family} t c {statement}\n", chain(family, hook)),
                );
                let shown = shown("va");
                assert_eq!(shown.len(), 1, "{family}: {statement}: {shown:?}");
                let (what, place) = (" does rewriting of ", format!("({family} t c, handle"));
                assert!(shown[0].contains(what) && shown[0].contains(&place), "{shown:?}");
                sh("nft flush ruleset");
            }
        }
        let jump = "add chain ip t d\nadd rule ip t d tcp dport set 8080\n\
                    add rule ip t c tcp dport vmap { 81 : jump d }\n";
        feed("nft -f -", &(chain("ip", "prerouting") + jump));
        assert!(shown("va")[0].contains("(ip t d, handle"), "{:?}", shown("va"));
    });
}

#[test]
fn rules_that_mark_a_packet_or_change_how_it_is_served_are_no_reason() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        for (family, hook) in HOOKS {
            let v4 = ["ip dscp set cs1", "ip ttl set 64"];
            let v6 = ["ip6 dscp set cs1", "ip6 hoplimit set 64"];
            let all = [
                "tcp dport 81 accept",
                "meta mark set 1",
                "tcp dport 81 counter drop",
                "udp checksum set 0",
                "tcp option maxseg size set 1200",
                "tcp window set 1000",
            ];
            let (v4, v6) = match family {
                "ip" => (&v4[..], &v6[..0]),
                "ip6" => (&v4[..0], &v6[..]),
                _ => (&v4[..], &v6[..]),
            };
            let mut rules: Vec<&str> = all.iter().chain(v4).chain(v6).copied().collect();
            if matches!(family, "bridge" | "netdev") {
                rules.push("ether saddr set 02:00:00:00:00:01");
            }
            if matches!(family, "ip" | "ip6") {
                rules.push("tcp dport 81 notrack");
            }
            for rule in rules {
                feed("nft -f -", &format!("{}add rule {family} t c {rule}\n", chain(family, hook)));
                assert!(shown("va").is_empty(), "{family}: {rule}: {:?}", shown("va"));
                sh("nft flush ruleset");
            }
        }
    });
}

#[test]
fn rules_at_the_ingress_of_another_device_are_no_reason() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        sh("ip link add vc type veth peer name vd && ip link add mv0 link va type macvlan");
        for family in ["netdev", "inet"] {
            let rule = |device| {
                let hook = format!("ingress device \"{device}\"");
                chain(family, &hook) + &format!("add rule {family} t c tcp dport set 8080\n")
            };
            for (device, count) in [("vc", 1), ("va", 2), ("mv0", 2)] {
                feed("nft -f -", &rule(device));
                assert_eq!(shown("va").len(), count, "{family} {device}: {:?}", shown("va"));
                sh("nft flush ruleset");
            }
        }
    });
}

#[test]
fn rules_that_copy_packets_are_named() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        for (family, hook, statement) in [
            ("ip", "prerouting", "dup to 192.0.2.1 device \"va\""),
            ("ip6", "prerouting", "dup to 2001:db8::1 device \"va\""),
            ("netdev", "ingress device \"va\"", "dup to \"vb\""),
            ("netdev", "ingress device \"va\"", "fwd to \"vb\""),
        ] {
            feed(
                "nft -f -",
                &format!("{}add rule {family} t c {statement}\n", chain(family, hook)),
            );
            let word = &statement[..3];
            assert!(
                shown("va")[0].contains(&format!("does {word} ({family} t c")),
                "{:?}",
                shown("va")
            );
            sh("nft flush ruleset");
        }
    });
}

#[test]
fn tc_filters_that_redirect_are_named_and_those_to_ifb_are_followed() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        sh("ip link add vc type veth peer name vd && ip link add ifb7 type ifb && \
            ip link set vc up && ip link set ifb7 up");
        let any = "protocol ip u32 match u32 0 0";
        let redirect = |to: &str| format!("action mirred egress redirect dev {to}");
        for qdisc in ["ingress", "clsact"] {
            sh(&format!("tc qdisc add dev va {qdisc}"));
            assert!(shown("va").is_empty());
            sh(&format!("tc filter add dev va ingress {any} flowid 1:1"));
            assert!(shown("va").is_empty(), "{:?}", shown("va"));
            sh(&format!("tc filter add dev va ingress pref 7 {any} {}", redirect("vc")));
            let expected = "a tc filter on the ingress of va redirects packets to vc (mirred)";
            assert_eq!(shown("va"), [expected]);
            assert!(shown("vc").is_empty());
            sh("tc filter del dev va ingress pref 7");
            let copy = "action mirred egress mirror dev vc";
            sh(&format!("tc filter add dev va ingress chain 3 {any} {copy}"));
            assert_eq!(shown("va"), [expected.replace("redirects", "copies")]);
            sh(&format!("tc qdisc del dev va {qdisc}"));
        }
        // What leaves is another matter.
        sh(&format!(
            "tc qdisc add dev va clsact && tc filter add dev va egress {any} {}",
            redirect("vc")
        ));
        assert!(shown("va").is_empty(), "{:?}", shown("va"));
        sh("tc qdisc del dev va clsact");
        // One filter for several devices.
        sh(&format!(
            "tc qdisc add dev va ingress_block 9 clsact && tc filter add block 9 {any} {}",
            redirect("vc")
        ));
        assert_eq!(shown("va").len(), 1);
        sh("tc qdisc del dev va clsact");
        // Shaping of what arrives, and a redirection behind it.
        sh(&format!(
            "tc qdisc add dev va clsact && tc filter add dev va ingress {any} {}",
            redirect("ifb7")
        ));
        sh(
            "tc qdisc add dev ifb7 root handle 1: htb && tc class add dev ifb7 parent 1: classid 1:1 htb rate 1gbit",
        );
        assert!(shown("va").is_empty(), "{:?}", shown("va"));
        for parent in ["1:", "1:1"] {
            sh(&format!("tc filter add dev ifb7 parent {parent} {any} {}", redirect("vc")));
            assert_eq!(shown("va").len(), 1, "{parent}: {:?}", shown("va"));
            sh(&format!("tc filter del dev ifb7 parent {parent}"));
        }
        sh("tc qdisc del dev va clsact");
        // A device above.
        sh("ip link add mv0 link va type macvlan && ip link set mv0 up");
        sh(&format!(
            "tc qdisc add dev mv0 clsact && tc filter add dev mv0 ingress {any} {}",
            redirect("vc")
        ));
        let expected =
            "a tc filter on the ingress of mv0 redirects packets to vc (mirred)".to_owned();
        assert!(shown("va").contains(&expected), "{:?}", shown("va"));
    });
}

#[test]
fn bpf_programs_at_ingress_count_since_nobody_can_read_them() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        let object = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/egress.bpf.o");
        sh(&format!(
            "tc qdisc add dev va clsact && \
            tc filter add dev va ingress bpf da obj {object} sec classifier"
        ));
        let shown_first = shown("va");
        assert!(
            shown_first[0].starts_with("a tc filter on the ingress of va runs the BPF program "),
            "{shown_first:?}"
        );
        assert!(
            shown_first[0].ends_with(", which may rewrite or redirect packets"),
            "{shown_first:?}"
        );
        sh("tc filter del dev va ingress");
        sh(&format!("tc filter add dev va egress bpf da obj {object} sec classifier"));
        assert!(shown("va").is_empty(), "{:?}", shown("va"));
        // A classic program has no way to write.
        sh("tc filter add dev va ingress bpf bytecode '1,6 0 0 4294967295,' flowid 1:1");
        assert!(shown("va").is_empty(), "{:?}", shown("va"));
        sh("tc qdisc del dev va clsact");
        let link = by_name("va").unwrap();
        let Some(_held) = xdp::attach_at_ingress(link.index) else {
            return eprintln!("not run: TCX needs kernel 6.6");
        };
        assert!(
            shown("va")[0].starts_with("a tc filter on the ingress of va runs the BPF program ")
        );
    });
}

#[test]
fn a_survey_notices_what_changes() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        let index = by_name("va").unwrap().index;
        let mut survey = Survey::default();
        let mut count = || survey.reasons(index).unwrap().len();
        let filter = "protocol ip u32 match u32 0 0 action mirred egress redirect dev vb";
        sh("tc qdisc add dev va clsact");
        for _ in 0..3 {
            assert_eq!((count(), count()), (0, 0));
            sh(&format!("tc filter add dev va ingress pref 7 {filter}"));
            assert_eq!((count(), count()), (1, 1));
            feed("nft -f -", &(chain("ip", "prerouting") + "add rule ip t c tcp dport set 8080\n"));
            assert_eq!((count(), count()), (2, 2));
            sh("tc filter del dev va ingress pref 7");
            assert_eq!((count(), count()), (1, 1));
            sh("nft flush ruleset");
        }
    });
}
