//! Whom the program does not ban by itself, whoever forges him.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, TcpStream},
    time::{Duration, Instant},
};

use port12::registry::Registry;
use port12_common::Transport;

use crate::support::{
    Banning, Pair,
    addresses::{FAR, NEAR},
    frame::syn,
    lab, reaches,
    sockets::tcp_listener,
    until,
};

/// nmap's decoys are what an attacker would forge: the whole scan comes from each address.
#[test]
fn nobody_who_is_needed_is_banned_by_forging_him() {
    lab(|| {
        let host = Banning::of(Pair::new(), "allow = [\"10.12.0.66\"]", "after = 20");
        let (near, far) = (&host.pair.near, &host.pair.far);
        near.sh("ip route add default via 10.12.0.254");
        let resolvers = host.resolvers("nameserver 10.12.0.53\n");
        let mut run = host.launch(host.command_with_resolvers(&resolvers));
        let spared = ["10.12.0.1", "10.12.0.254", "10.12.0.53"];
        let decoys = [&spared[..], &["10.12.0.66", "10.12.0.77"]].concat();
        for decoy in &decoys[1..] {
            // Answers that wait for a neighbour use up what all namespaces may answer with.
            near.sh(&format!("ip neigh add {decoy} lladdr 02:00:00:12:00:02 dev w0"));
        }
        // nmap's own address is one of those that scan.
        let decoys = decoys.join(",");
        far.sh(&format!("nmap -Pn -n -sS -p1-1023 --max-retries 0 -D {decoys},ME {NEAR}"));
        run.wait_until_said("w0: 10.12.0.2 is banned for 10m");
        run.wait_until_said("w0: 10.12.0.77 is banned for 10m");
        let ports = Registry::embedded().watched(Transport::Tcp).len() as u64;
        let bans = host.bans();
        let banned: Vec<_> = bans.iter().map(|ban| ban["source"].as_str().unwrap()).collect();
        assert_eq!(banned, ["10.12.0.2", "10.12.0.77"]);
        for ban in &bans {
            assert_eq!(
                (&ban["origin"], &ban["packets"]),
                (&"threshold".into(), &(ports - 20).into())
            );
        }
        let deeds = host.deeds();
        assert_eq!((deeds.banned, deeds.protected, deeds.not_tracked), (2, 3 * (ports - 19), 0));
        let totals = run.stop();
        assert_eq!(totals.interface("w0")["bans"]["protected"], deeds.protected);
        assert_eq!(totals.outcome("allowed"), ports);
        assert_eq!(
            (totals.outcome("probe"), totals.outcome("banned")),
            (3 * ports + 2 * 20, 2 * (ports - 20))
        );
    });
}

/// A ban of probes takes nothing from connections, so that an open one protects no scanner.
#[test]
fn a_connection_neither_protects_a_scanner_nor_lifts_its_ban() {
    lab(|| {
        let host = Banning::new("after = 20");
        let (near, far) = (&host.pair.near, &host.pair.far);
        let listener = near.enter(|| tcp_listener(NEAR.into(), 8080, None));
        let connect = || {
            let there = far.enter(|| TcpStream::connect((NEAR, 8080)).unwrap());
            let (here, peer) = listener.accept().unwrap();
            assert_eq!(peer.ip(), FAR);
            (there, here)
        };
        let (mut there, mut here) = connect();
        let mut run = host.run("");
        far.sh(&format!("nmap -Pn -n -sS -p1-1023 --max-retries 0 --min-rate 500 {NEAR}"));
        run.wait_until_said("w0: 10.12.0.2 is banned for 10m");
        let deeds = host.deeds();
        assert_eq!((deeds.banned, deeds.protected), (1, 0));
        there.write_all(b"x").unwrap();
        here.read_exact(&mut [0]).unwrap();
        let _second = connect();
        // The addresses that the host needs are listed twice.
        for _ in 0..2 {
            let before = host.protected_until();
            until("the protected addresses", || (host.protected_until() > before).then_some(()));
        }
        assert!(!reaches(&host.pair.far_raw(), 12), "the ban holds");
        run.stop();
    });
}

/// One that was banned before it was known to be needed.
#[test]
fn a_ban_of_one_who_turns_out_to_be_needed_is_lifted() {
    lab(|| {
        let host = Banning::new("after = 5");
        let run = host.run("");
        let far = host.pair.far_raw();
        for _ in 0..6 {
            reaches(&far, 12);
        }
        assert!(!reaches(&far, 12));
        host.pair.near.sh("ip route add default via 10.12.0.2");
        let began = Instant::now();
        until("the ban to be lifted", || reaches(&far, 12).then_some(()));
        assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
        run.stop();
    });
}

#[test]
fn an_address_that_is_no_host_s_is_never_banned() {
    lab(|| {
        let host = Banning::new("after = 5");
        let run = host.run("");
        let far = host.pair.far_raw();
        for source in ["127.0.0.9", "224.0.0.9", "0.0.0.0", "255.255.255.255"] {
            let source: IpAddr = source.parse().unwrap();
            (0..6).for_each(|_| far.send(&syn((NEAR.into(), source), 12)));
        }
        until("all to be spared", || (host.deeds().protected == 4 * 2).then_some(()));
        assert_eq!(host.deeds().banned, 0);
        run.stop();
    });
}

/// It is not in the map of those whom the host needs, which has no prefixes.
#[test]
fn a_ban_of_an_address_in_a_prefix_of_the_host_s_does_not_stay() {
    lab(|| {
        let host = Banning::new("after = 5");
        host.pair.near.sh("ip route add local 192.0.2.0/24 dev lo");
        let run = host.run("");
        let far = host.pair.far_raw();
        let source: IpAddr = "192.0.2.9".parse().unwrap();
        (0..6).for_each(|_| far.send(&syn((NEAR.into(), source), 12)));
        until("the ban to be lifted", || {
            (host.deeds().banned > 0 && host.bans().is_empty()).then_some(())
        });
        run.stop();
    });
}
