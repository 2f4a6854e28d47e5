//! Bans of scope `all`: the packets that they drop, and the sources that they never cover.

mod connections;

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::support::{
    Bpffs, Namespace,
    addresses::{FAR, NEAR},
    banning::Banning,
    frame::syn,
    lab, reaches,
    sockets::tcp_listener,
    until,
};

const FAR_TOO: &str = "10.12.0.3";
const SERVICE: u16 = 8080;

/// What opts in.
const ALL: &str = "scope = \"all\"";

/// Whether a source reaches the service.
fn connects(far: &Namespace, source: &str) -> bool {
    let source: IpAddr = source.parse().unwrap();
    far.enter(|| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(source, 0).into()).unwrap();
        let to = SocketAddr::from((NEAR, SERVICE));
        // A reset is its end: nobody is a peer after it.
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        socket.connect_timeout(&to.into(), Duration::from_millis(400)).is_ok()
    })
}

fn pings(far: &Namespace, source: &str, to: &str) -> bool {
    let mut ping = far.command("ping");
    ping.args(["-c1", "-W1", "-q", "-I", source, to]);
    ping.output().unwrap().status.success()
}

/// What the first ban takes.
fn scope(bpffs: &Bpffs, near: &Namespace) -> String {
    let bans: Value = serde_json::from_str(&bpffs.ok(near, "bans --output json")).unwrap();
    bans[0]["scope"].as_str().unwrap().to_owned()
}

#[test]
fn a_source_that_is_shut_out_reaches_nothing_and_others_everything() {
    lab(|| {
        let host = Banning::new(ALL);
        let (pair, bpffs) = (&host.pair, &host.bpffs);
        let (near, far) = (&pair.near, &pair.far);
        far.sh(&format!("ip addr add {FAR_TOO}/24 dev f0"));
        let _listener = near.enter(|| tcp_listener(NEAR.into(), SERVICE, None));
        bpffs.ok(near, &format!("attach --config {}", host.file().display()));
        assert!(connects(far, FAR_TOO) && pings(far, FAR_TOO, "10.12.0.1"));
        let said = bpffs.ok(near, &format!("ban {FAR_TOO} fd12::2 --scope all"));
        assert!(said.contains("(everything except established connections)"), "{said}");
        assert!(!connects(far, FAR_TOO) && !pings(far, FAR_TOO, "10.12.0.1"));
        assert!(connects(far, "10.12.0.2") && pings(far, "10.12.0.2", "10.12.0.1"));
        // Its neighbours go on finding each other: what is shut out does not come to look like a dead cable.
        far.sh("ip neigh flush dev f0");
        assert!(!pings(far, "fd12::2", "fd12::1") && !pings(far, FAR_TOO, "10.12.0.1"));
        for address in ["fd12::1", "10.12.0.1"] {
            let neighbour = far.sh(&format!("ip neigh show {address} dev f0"));
            assert!(neighbour.contains("lladdr"), "{neighbour}");
        }
        assert_eq!(scope(bpffs, near), "all");
        bpffs.ok(near, &format!("ban {FAR_TOO} --for 1h"));
        assert!(connects(far, FAR_TOO), "of its probes alone");
        bpffs.ok(near, &format!("ban {FAR_TOO} --scope all --for 1s"));
        assert!(!connects(far, FAR_TOO));
        until("the end of the ban", || connects(far, FAR_TOO).then_some(()));
        bpffs.ok(near, "unban --all");
        assert!(pings(far, "fd12::2", "fd12::1"));
    });
}

#[test]
fn it_takes_a_word_in_the_policy_file() {
    lab(|| {
        let host = Banning::new(ALL);
        let (pair, bpffs) = (&host.pair, &host.bpffs);
        let near = &pair.near;
        bpffs.ok(near, "attach -i w0");
        let said = bpffs.fails(near, "ban 10.12.0.2 --scope all --force", 3);
        assert!(
            said.contains("the program on w0 looks for bans in would-be probes alone"),
            "{said}"
        );
        assert!(said.contains("scope = \"all\""), "{said}");
        // A program that looks for them takes the place of one that does not, and the other way round.
        bpffs.ok(near, &format!("attach --config {}", host.file().display()));
        bpffs.ok(near, "ban 10.12.0.2 --scope all");
        assert!(!pings(&pair.far, "10.12.0.2", "10.12.0.1"));
        bpffs.ok(near, "attach -i w0");
        assert!(pings(&pair.far, "10.12.0.2", "10.12.0.1"));
        assert_eq!(scope(bpffs, near), "unassigned");
        assert!(!reaches(&pair.far_raw(), 12), "of its probes, it is one still");
    });
}

#[test]
fn a_host_that_forwards_refuses_it() {
    lab(|| {
        let host = Banning::new(ALL);
        let (pair, bpffs) = (&host.pair, &host.bpffs);
        pair.near.sysctl("ipv4/ip_forward", "1");
        let said =
            bpffs.fails(&pair.near, &format!("attach --config {}", host.file().display()), 3);
        assert!(said.contains("bans are refused on w0"), "{said}");
    });
}

#[test]
fn addresses_that_the_host_needs_are_not_banned_by_force_either() {
    lab(|| {
        let host = Banning::new(ALL);
        let (pair, bpffs) = (&host.pair, &host.bpffs);
        let near = &pair.near;
        bpffs.ok(near, &format!("attach --config {}", host.file().display()));
        bpffs.ok(near, "allow add 10.12.3.0/24");
        near.sh("ip route add default via 10.12.0.254");
        for needed in ["10.12.0.1", "fd12::1", "10.12.3.9", "10.12.0.254"] {
            let said = bpffs.fails(near, &format!("ban {needed} --scope all --force"), 3);
            assert!(said.contains("nobody can ban all of it"), "{said}");
        }
        assert_eq!(bpffs.ok(near, "bans").trim(), "no source is banned");
    });
}

/// Addresses can be forged, so that the evidence of probes is not enough for more.
#[test]
fn the_program_bans_probes_alone_whatever_the_scope_in_the_policy() {
    lab(|| {
        let host = Banning::new("scope = \"all\"\nafter = 5");
        let (near, far) = (&host.pair.near, &host.pair.far);
        let _listener = near.enter(|| tcp_listener(NEAR.into(), SERVICE, None));
        let mut run = host.run("");
        let warning = "the program bans with scope \"unassigned\" by itself";
        assert!(run.said.iter().any(|line| line.contains(warning)), "{:?}", run.said);
        let raw = host.pair.far_raw();
        for _ in 0..6 {
            raw.send(&syn((NEAR.into(), FAR.into()), 12));
        }
        run.wait_until_said("w0: 10.12.0.2 is banned for 10m");
        assert!(!reaches(&raw, 12));
        assert_eq!(scope(&host.bpffs, near), "unassigned");
        assert!(connects(far, "10.12.0.2") && pings(far, "10.12.0.2", "10.12.0.1"));
        run.stop();
    });
}

/// Somebody who was shut out, and is needed from then on.
#[test]
fn who_turns_out_to_be_needed_comes_in_again() {
    lab(|| {
        let host = Banning::new(ALL);
        let (pair, bpffs) = (&host.pair, &host.bpffs);
        let near = &pair.near;
        let run = host.run("");
        bpffs.ok(near, "ban 10.12.0.2 --scope all");
        assert!(!pings(&pair.far, "10.12.0.2", "10.12.0.1"));
        near.sh("ip route add default via 10.12.0.2");
        until("the gateway to come in", || {
            pings(&pair.far, "10.12.0.2", "10.12.0.1").then_some(())
        });
        run.stop();
    });
}

/// What a daemon that has gone said of him holds until somebody looks again.
#[test]
fn who_was_needed_when_the_daemon_went_is_shut_out_by_the_operator() {
    lab(|| {
        let host = Banning::new(ALL);
        let (pair, bpffs) = (&host.pair, &host.bpffs);
        let near = &pair.near;
        near.sh("ip route add default via 10.12.0.2");
        host.run("--pin").stop();
        near.sh("ip route del default");
        bpffs.ok(near, "ban 10.12.0.2 --scope all");
        assert!(!pings(&pair.far, "10.12.0.2", "10.12.0.1"));
    });
}

#[test]
fn a_reload_that_changes_the_scope_says_that_it_takes_a_restart() {
    lab(|| {
        let host = Banning::new(ALL);
        let mut run = host.run("");
        host.write("");
        run.signal(libc::SIGHUP);
        run.wait_until_said("`ban.scope` has changed: that takes a restart");
        run.stop();
    });
}
