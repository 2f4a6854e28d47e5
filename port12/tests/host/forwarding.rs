#[path = "forwarding/rewriting.rs"]
mod rewriting;

use std::process::Command;

use port12::host::{
    forwarding::{Reason, reasons},
    interfaces::by_name,
};

use crate::namespace::{alone, feed, sh, sysctl};

const PAIR: &str = "ip link add va type veth peer name vb && ip link set va up";

fn shown(interface: &str) -> Vec<String> {
    let index = by_name(interface).unwrap().index;
    reasons(index).unwrap().iter().map(Reason::to_string).collect()
}

#[test]
fn a_plain_host_has_no_reason() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        assert!(shown("va").is_empty());
        assert!(shown("lo").is_empty());
    });
}

#[test]
fn forwarding_is_named_by_its_sysctl() {
    alone(|| {
        sh(PAIR);
        sysctl("ipv4/ip_forward", "1");
        sysctl("ipv6/conf/all/forwarding", "1");
        assert_eq!(
            shown("va"),
            [
                "IPv4 forwarding is on (net.ipv4.ip_forward = 1)",
                "IPv6 forwarding is on (net.ipv6.conf.all.forwarding = 1)"
            ]
        );
    });
}

#[test]
fn forwarding_of_one_interface_concerns_that_interface() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        sysctl("ipv4/conf/va/forwarding", "1");
        sysctl("ipv6/conf/va/forwarding", "1");
        assert_eq!(
            shown("va"),
            [
                "IPv4 forwarding is on (net.ipv4.conf.va.forwarding = 1)",
                "IPv6 forwarding is on (net.ipv6.conf.va.forwarding = 1)"
            ]
        );
        assert!(shown("vb").is_empty());
    });
}

#[test]
fn a_namespace_without_ipv6_forwards_none() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sysctl("ipv6/conf/all/disable_ipv6", "1");
        sh(PAIR);
        assert!(shown("va").is_empty());
    });
}

#[test]
fn a_bridge_and_its_ports_are_told_apart() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        sh("ip link add br0 type bridge && ip link set va master br0");
        assert_eq!(shown("va"), ["va is a port of the bridge br0 (kind bridge)"]);
        assert_eq!(shown("br0"), ["br0 is a bridge (kind bridge)"]);
        assert!(shown("vb").is_empty());
    });
}

#[test]
fn a_macvlan_shares_its_lower_interface() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        sh("ip link add mv0 link va type macvlan");
        sh("ip link add br0 type bridge && ip link set mv0 master br0");
        assert_eq!(
            shown("va"),
            ["the macvlan mv0 stands on va", "mv0 is a port of the bridge br0 (kind bridge)"]
        );
    });
}

#[test]
fn rules_that_take_packets_elsewhere_are_named() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        sh(PAIR);
        sh(
            "nft add table ip t; nft add chain ip t pre '{ type nat hook prerouting priority -100; }'",
        );
        sh("nft add rule ip t pre tcp dport 22 counter accept");
        assert!(shown("va").is_empty());
        sh("nft add rule ip t pre tcp dport 12 redirect to :22");
        sh("nft add rule ip t pre tcp dport 13 dnat to 192.0.2.7");
        sh("nft add table inet m; \
            nft add chain inet m pre '{ type filter hook prerouting priority -150; }'; \
            nft add rule inet m pre meta l4proto tcp tproxy ip to 127.0.0.1:5000");
        sh("nft add chain ip t post '{ type nat hook postrouting priority 100; }'; \
            nft add rule ip t post masquerade");
        let shown = shown("va");
        for (statement, place) in [
            ("redirect", "ip t pre"),
            ("dnat", "ip t pre"),
            ("tproxy", "inet m pre"),
            ("masquerade", "ip t post"),
        ] {
            let expected = format!("a firewall rule does {statement} ({place}, handle ");
            assert!(shown.iter().any(|reason| reason.starts_with(&expected)), "{shown:?}");
        }
        assert_eq!(shown.len(), 4);
    });
}

#[test]
fn a_large_ruleset_is_read_whole() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        let rules: String = (0..3_000)
            .map(|n| format!("add rule ip t c ip saddr 10.0.{}.{} counter\n", n / 250, n % 250))
            .collect();
        let head = "add table ip t\nadd chain ip t c { type nat hook prerouting priority 0; }\n";
        feed("nft -f -", &format!("{head}{rules}add rule ip t c redirect\n"));
        assert_eq!(shown("lo").len(), 1);
    });
}

#[test]
fn rules_of_iptables_are_named() {
    alone(|| {
        if Command::new("iptables").arg("--version").output().is_err() {
            return eprintln!("not run: iptables is not installed");
        }
        sysctl("ipv4/ip_forward", "0");
        sh("iptables -t nat -A PREROUTING -p tcp --dport 12 -j REDIRECT --to-ports 22");
        assert!(!shown("lo").is_empty());
    });
}

/// Few kernels have IPVS: here is what it would say.
#[test]
fn a_service_of_ipvs_is_named() {
    alone(|| {
        sysctl("ipv4/ip_forward", "0");
        let directory = tempfile::tempdir().unwrap();
        let services =
            "TCP  C0000201:0050 rr\n  -> C0000202:0050      Masq    1      0          0\n";
        std::fs::write(directory.path().join("ip_vs"), services).unwrap();
        // SAFETY: takes flags, and changes this thread alone.
        assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNS) }, 0);
        let thread = std::fs::canonicalize("/proc/thread-self").unwrap();
        sh(&format!(
            "mount --make-rprivate / && mount --bind {} {}/net",
            directory.path().display(),
            thread.display()
        ));
        assert_eq!(shown("lo"), ["IPVS has 1 virtual services (/proc/net/ip_vs)"]);
    });
}

#[test]
fn without_the_capability_the_reasons_are_unknown() {
    alone(|| {
        // SAFETY: the system call takes plain numbers, and changes this thread alone; `libc::setuid`
        // would change the whole process.
        let result = unsafe { libc::syscall(libc::SYS_setresuid, 65534, 65534, 65534) };
        assert_eq!(result, 0);
        let error = reasons(1).unwrap_err();
        assert!(error.is_permission(), "{error}");
        assert!(error.to_string().contains("needs CAP_NET_ADMIN"), "{error}");
    });
}

#[test]
fn an_interface_that_is_not_there_is_an_error() {
    alone(|| {
        let error = reasons(4_000).unwrap_err().to_string();
        assert!(error.starts_with("there is no interface with index 4000"), "{error}");
    });
}
