//! A router with port12 on its outer interface: a missing socket proves nothing there.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::Command,
    thread,
    time::Duration,
};

use crate::support::{Namespace, Port12, lab, namespace::run};

const PATIENCE: Duration = Duration::from_secs(10);

/// An outer host, a router, and a host behind it.
struct Lab {
    outside: Namespace,
    router: Namespace,
    inside: Namespace,
}

const OUTSIDE: &str = "10.13.1.2";
const ROUTER: &str = "10.13.1.1";
const INSIDE: &str = "10.13.2.2";

impl Lab {
    fn new() -> Self {
        let lab =
            Self { outside: Namespace::new(), router: Namespace::new(), inside: Namespace::new() };
        let (outside, inside) = (lab.outside.name(), lab.inside.name());
        lab.router.sh(&format!(
            "ip link add outer type veth peer name eth netns {outside}
             ip link add inner type veth peer name eth netns {inside}
             ip addr add {ROUTER}/24 dev outer
             ip addr add 10.13.2.1/24 dev inner
             ip link set outer up
             ip link set inner up"
        ));
        for (host, address, router) in
            [(&lab.outside, OUTSIDE, ROUTER), (&lab.inside, INSIDE, "10.13.2.1")]
        {
            host.sh(&format!(
                "ip addr add {address}/24 dev eth
                 ip link set eth up
                 ip route add default via {router}"
            ));
        }
        lab
    }

    fn forward(&self) {
        self.router.sysctl("ipv4/ip_forward", "1");
    }

    fn masquerade(&self) {
        self.router.sh("nft add table ip nat
             nft add chain ip nat post '{ type nat hook postrouting priority 100; }'
             nft add rule ip nat post oifname outer masquerade");
    }

    fn publish_port_81(&self) {
        self.router.sh(&format!(
            "nft add table ip nat
             nft add chain ip nat pre '{{ type nat hook prerouting priority -100; }}'
             nft add rule ip nat pre iifname outer tcp dport 81 dnat to {INSIDE}:8081"
        ));
    }

    fn refuses_drop_mode(&self, because: &str) {
        let output = Port12::run(&self.router, "-i outer --mode drop --duration 1s");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("drop mode is refused on outer"), "{said}");
        assert!(said.contains(because), "{said}");
        assert!(said.contains("--forwarding drop"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!self.router.sh("ip link show outer").contains("xdp"));
    }
}

/// Connects and hears a greeting; returns the address that the listener saw.
fn greeted(client: &Namespace, target: &str, server: &Namespace, port: u16) -> SocketAddr {
    let listener = server.enter(|| TcpListener::bind(("0.0.0.0", port)).unwrap());
    let greeter = thread::spawn(move || {
        let (mut stream, from) = listener.accept().unwrap();
        stream.write_all(b"hello").unwrap();
        from
    });
    let target = target.parse().unwrap();
    let stream = client.enter(|| TcpStream::connect_timeout(&target, PATIENCE));
    let mut stream = stream.unwrap_or_else(|error| panic!("{target}: {error}"));
    let mut greeting = String::new();
    stream.read_to_string(&mut greeting).unwrap();
    assert_eq!(greeting, "hello");
    greeter.join().unwrap()
}

#[test]
fn drop_mode_is_refused_where_the_host_forwards() {
    lab(|| {
        let lab = Lab::new();
        lab.forward();
        lab.refuses_drop_mode("IPv4 forwarding is on");
    });
}

#[test]
fn drop_mode_is_refused_where_a_rule_takes_packets_elsewhere() {
    lab(|| {
        let lab = Lab::new();
        lab.publish_port_81();
        lab.refuses_drop_mode("a firewall rule does dnat");
        lab.router.sh("nft flush ruleset");
        lab.masquerade();
        lab.refuses_drop_mode("a firewall rule does masquerade");
    });
}

#[test]
fn drop_mode_is_given_up_when_the_host_begins_to_forward() {
    lab(|| {
        let lab = Lab::new();
        let mut port12 = Port12::start(&lab.router, "-i outer --mode drop");
        assert_eq!(port12.report().interface("outer")["mode"]["effective"], "drop");
        lab.forward();
        lab.publish_port_81();
        port12.wait_until_said("outer: drop mode is given up for monitor mode: IPv4 forwarding");
        greeted(&lab.outside, &format!("{ROUTER}:81"), &lab.inside, 8081);
        let totals = port12.stop();
        assert_eq!(totals.interface("outer")["mode"]["effective"], "monitor");
        assert_eq!(totals.port("tcp", 81, "dropped"), 0);
        assert!(totals.outcome("probe") >= 1);
    });
}

/// After half a minute in which the host does not say whether it does.
#[test]
fn drop_mode_is_given_up_where_nobody_can_tell_whether_the_host_forwards() {
    lab(|| {
        let lab = Lab::new();
        let mut port12 = Port12::start(&lab.router, "-i outer --mode drop");
        run(Command::new("nsenter")
            .args([&format!("--mount=/proc/{}/ns/mnt", port12.id())])
            .args(["umount", "--lazy", "/proc"]));
        port12.wait_for("most of the time", |report| {
            report.0["elapsed_seconds"].as_f64().unwrap() > 20.0
        });
        port12.wait_until_said("outer: drop mode is given up for monitor mode: cannot read");
        assert_eq!(port12.stop().interface("outer")["mode"]["effective"], "monitor");
    });
}

#[test]
fn forwarded_flows_pass_as_transit_in_drop_mode_when_forwarding_is_accepted() {
    lab(|| {
        let lab = Lab::new();
        lab.forward();
        let port12 = Port12::start(&lab.router, "-i outer --mode drop --forwarding drop");
        let target = format!("{INSIDE}:81");
        greeted(&lab.outside, &target, &lab.inside, 81);
        let totals = port12.stop();
        assert_eq!(totals.outcome("transit"), 1, "{}", totals.0);
        assert_eq!(totals.outcome("dropped"), 0);
    });
}

#[test]
fn masqueraded_clients_keep_working_in_drop_mode_when_forwarding_is_accepted() {
    lab(|| {
        let lab = Lab::new();
        lab.forward();
        lab.masquerade();
        let port12 = Port12::start(&lab.router, "-i outer --mode drop --forwarding drop");
        let from = greeted(&lab.inside, &format!("{OUTSIDE}:8080"), &lab.outside, 8080);
        assert_eq!(from.ip().to_string(), ROUTER);

        let server = lab.outside.enter(|| UdpSocket::bind((OUTSIDE, 9000)).unwrap());
        let client = lab.inside.enter(|| UdpSocket::bind((INSIDE, 0)).unwrap());
        for socket in [&server, &client] {
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        client.send_to(b"?", (OUTSIDE, 9000)).unwrap();
        let (_, from) = server.recv_from(&mut [0; 8]).unwrap();
        assert_eq!(from.ip().to_string(), ROUTER);
        server.send_to(b"!", from).unwrap();
        assert_eq!(client.recv(&mut [0; 8]).unwrap(), 1);
        assert_eq!(port12.stop().outcome("dropped"), 0);
    });
}

#[test]
fn a_published_port_81_works_in_monitor_mode_and_is_called_a_probe() {
    lab(|| {
        let lab = Lab::new();
        lab.forward();
        lab.publish_port_81();
        let mut port12 = Port12::start(&lab.router, "-i outer");
        greeted(&lab.outside, &format!("{ROUTER}:81"), &lab.inside, 8081);
        let report = port12.wait_for("the probe", |report| report.outcome("probe") == 1);
        assert_eq!(report.port("tcp", 81, "packets"), 1);
        let forwarding = report.interface("outer")["forwarding"].as_str().unwrap();
        assert!(forwarding.contains("forwarding is on"), "{forwarding}");
    });
}
