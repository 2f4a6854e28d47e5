//! Rules below the socket that rewrite, redirect or copy packets: drop mode would lose them.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

use crate::support::{
    Namespace, Pair, Port12,
    addresses::{NEAR, NEAR_V6},
    lab, sk_lookup,
};

/// Far longer than an answer takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Port 81 is rewritten to 8080, and back, without connection tracking.
const STATELESS: &str = "
table ip t6 {
  chain pre {
    type filter hook prerouting priority raw;
    tcp dport 81 notrack tcp dport set 8080
  }
  chain out {
    type filter hook output priority raw;
    tcp sport 8080 notrack tcp sport set 81
  }
}";

/// What comes in on w0 for port 81 is redirected to another host with the same address.
const REDIRECTION: &str = "tc qdisc add dev w0 clsact
    tc filter add dev w0 ingress protocol ip u32 match ip dport 81 0xffff \
    action mirred egress redirect dev m0";

fn nft(rules: &str) -> String {
    format!("nft -f - <<'END'\n{rules}\nEND")
}

/// Three connections to port 81, each of which is answered by a service on a port of a host.
fn three_are_answered(pair: &Pair, host: &Namespace, port: u16) {
    let listener = host.enter(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
    three_are_answered_by(pair, &listener);
}

fn three_are_answered_by(pair: &Pair, listener: &TcpListener) {
    let target = SocketAddr::from((NEAR, 81));
    for number in 1..=3 {
        thread::scope(|scope| {
            scope.spawn(|| listener.accept().unwrap().0.write_all(b"hello").unwrap());
            let stream = pair.far.enter(|| TcpStream::connect_timeout(&target, PATIENCE));
            let mut stream = stream.unwrap_or_else(|error| panic!("connection {number}: {error}"));
            let mut greeting = String::new();
            stream.read_to_string(&mut greeting).unwrap();
            assert_eq!(greeting, "hello");
        });
    }
}

/// Three datagrams to port 81 that a socket on a port of a host receives.
fn three_are_received(pair: &Pair, host: &Namespace, target: SocketAddr, local: SocketAddr) {
    let socket = host.enter(|| UdpSocket::bind(local).unwrap());
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let client = pair.far.enter(|| {
        let any = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        UdpSocket::bind(any).unwrap()
    });
    for number in 1..=3 {
        client.send_to(&[number], target).unwrap();
        let mut datagram = [0; 1];
        socket
            .recv_from(&mut datagram)
            .unwrap_or_else(|error| panic!("datagram {number}: {error}"));
        assert_eq!(datagram, [number]);
    }
}

fn is_refused(pair: &Pair, because: &str) {
    let output = Port12::run(&pair.near, "-i w0 --mode drop --duration 1s");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("drop mode is refused on w0: ") && said.contains(because), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Another host behind m0, with the addresses of the near one.
fn double(pair: &Pair) -> Namespace {
    let host = Namespace::new();
    pair.near.sh(&format!(
        "ip link add m0 type veth peer name m1 netns {} && ip link set m0 up",
        host.name()
    ));
    let mac = pair.near.sh("cat /sys/class/net/w0/address 2>/dev/null || true");
    assert!(mac.is_empty() || mac.contains(':'), "{mac}");
    let mac = pair.near.sh("ip -o link show w0 | sed 's/.*ether \\([^ ]*\\).*/\\1/'");
    host.sh(&format!(
        "ip link set m1 address {} up && ip addr add {NEAR}/24 dev m1 && \
         sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.m1.rp_filter=0",
        mac.trim()
    ));
    host
}

#[test]
fn drop_mode_is_refused_beside_stateless_translation() {
    lab(|| {
        let pair = Pair::new();
        pair.near.sh(&nft(STATELESS));
        three_are_answered(&pair, &pair.near, 8080);
        is_refused(&pair, "a firewall rule does rewriting of ports (ip t6 pre, handle ");
    });
}

#[test]
fn drop_mode_is_refused_beside_every_way_to_rewrite_a_port() {
    lab(|| {
        let pair = Pair::new();
        let v4 = SocketAddr::from((NEAR, 81));
        let v6 = SocketAddr::from((NEAR_V6, 81));
        let set = "udp dport 81 udp dport set 8080";
        let map = "udp dport set udp dport map { 81 : 8080 }";
        for (family, hook, rule, target) in [
            ("ip", "prerouting", set, v4),
            ("ip", "input", map, v4),
            ("ip6", "prerouting", set, v6),
            ("inet", "prerouting", set, v6),
            ("inet", "ingress device \"w0\"", set, v4),
            ("netdev", "ingress device \"w0\"", set, v4),
            ("netdev", "ingress device \"w0\"", "@th,16,16 81 @th,16,16 set 8080", v6),
        ] {
            pair.near.sh(&nft(&format!(
                "table {family} t {{ chain c {{ type filter hook {hook} priority -300;\n{rule}\n}}; }}"
            )));
            let local = SocketAddr::new(target.ip(), 8080);
            three_are_received(&pair, &pair.near, target, local);
            is_refused(&pair, &format!("a firewall rule does rewriting of ports ({family} t c"));
            pair.near.sh("nft flush ruleset");
        }
        pair.near.sh(
            "iptables-legacy -t nat -A PREROUTING -p udp --dport 81 -j REDIRECT --to-ports 8080",
        );
        three_are_received(&pair, &pair.near, v4, SocketAddr::from((NEAR, 8080)));
        is_refused(&pair, "a rule of legacy iptables does REDIRECT (ip nat)");
    });
}

#[test]
fn drop_mode_is_refused_beside_a_redirection_to_another_host() {
    lab(|| {
        let pair = Pair::new();
        let host = double(&pair);
        pair.near.sh(REDIRECTION);
        let (target, local) = (SocketAddr::from((NEAR, 81)), SocketAddr::from((NEAR, 81)));
        three_are_received(&pair, &host, target, local);
        is_refused(&pair, "a tc filter on the ingress of w0 redirects packets to m0 (mirred)");
    });
}

#[test]
fn rules_that_rewrite_no_address_and_empty_tables_leave_drop_mode_as_it_is() {
    lab(|| {
        let pair = Pair::new();
        pair.near.sh(&nft(
            "table inet t { chain c { type filter hook prerouting priority -300;
                ip dscp set cs1
                ip ttl set 64
                ip6 hoplimit set 64
                meta mark set 1
                tcp option maxseg size set 1200
                tcp dport 22 accept
            }; }
            table ip r { chain c { type filter hook prerouting priority raw; tcp dport 81 notrack; }; }",
        ));
        pair.near.sh(
            "iptables-legacy -t nat -nL && ip6tables-legacy -t nat -nL && iptables-legacy -t mangle -nL
             ip link add i0 type ifb && ip link set i0 up
             tc qdisc add dev w0 clsact
             tc filter add dev w0 ingress protocol ip u32 match u32 0 0 \
             action mirred egress redirect dev i0",
        );
        let mut port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        assert_eq!(port12.report().interface("w0")["mode"]["effective"], "drop");
        port12.wait_for("some questions", |report| {
            report.0["elapsed_seconds"].as_f64().unwrap() > 3.0
        });
        // A monitoring script comes by.
        pair.near.sh("iptables-legacy -t security -nL && iptables-legacy -t raw -nL");
        port12.wait_for("more questions", |report| {
            report.0["elapsed_seconds"].as_f64().unwrap() > 6.0
        });
        assert_eq!(port12.stop().interface("w0")["mode"]["effective"], "drop");
    });
}

#[test]
fn drop_mode_is_given_up_when_a_rule_begins_to_rewrite() {
    lab(|| {
        let pair = Pair::new();
        let host = double(&pair);
        let steps = [
            (nft(STATELESS), "a firewall rule does rewriting of ports (ip t6", &pair.near, 8080),
            (REDIRECTION.to_owned(), "a tc filter on the ingress of w0 redirects", &host, 81),
        ];
        for (begins, because, server, port) in steps {
            let mut port12 = Port12::start(&pair.near, "-i w0 --mode drop");
            assert_eq!(port12.report().interface("w0")["mode"]["effective"], "drop");
            pair.near.sh(&begins);
            let said = port12.wait_until_said("w0: drop mode is given up for monitor mode: ");
            assert!(said.contains(because), "{said}");
            let (target, local) = (SocketAddr::from((NEAR, 81)), SocketAddr::from((NEAR, port)));
            match port {
                81 => three_are_received(&pair, server, target, local),
                _ => three_are_answered(&pair, server, port),
            }
            assert_eq!(port12.stop().outcome("dropped"), 0);
            pair.near.sh("nft flush ruleset");
        }
    });
}

#[test]
fn a_port_that_a_program_steers_to_another_socket_is_answered_in_drop_mode() {
    lab(|| {
        let pair = Pair::new();
        let listener = pair.near.enter(|| TcpListener::bind((NEAR, 8080)).unwrap());
        let mut port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        assert_eq!(port12.report().interface("w0")["mode"]["effective"], "drop");
        let chooser = sk_lookup::choose(&pair.near, 81, &listener);
        // The first SYN may be one quarter of a second too early, and the client sends another.
        three_are_answered_by(&pair, &listener);
        let dropped = port12.report().outcome("dropped");
        for _ in 0..5 {
            three_are_answered_by(&pair, &listener);
        }
        let report = port12.wait_for("the SYNs", |report| report.outcome("local_socket") >= 15);
        assert_eq!(report.outcome("dropped"), dropped);
        assert_eq!(report.interface("w0")["mode"]["effective"], "drop");
        drop(chooser);
        port12.stop();
    });
}
