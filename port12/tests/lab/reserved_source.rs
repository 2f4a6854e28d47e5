//! Clients that bind a well-known source port, as NFS, rsh and RPC clients do: what comes back
//! to them goes to an unassigned port. (700 is assigned, 720 is not.)

use std::process::Stdio;

use crate::support::{
    Pair, Port12,
    addresses::{FAR, FAR_V6},
    lab,
    sockets::wait_for_socket,
};

const SOURCES: [u16; 2] = [700, 720];

/// Starts a server that says `pong` to its first client, and asks it from the near host.
fn exchange(pair: &Pair, server: &str, transport: &str, client: &str) {
    let mut served = pair.far.command("sh");
    served.args(["-c", &format!("echo pong | exec timeout 20 {server}")]).stdout(Stdio::piped());
    let served = served.spawn().unwrap();
    wait_for_socket(&pair.far, transport, 9000);
    let heard = pair.near.sh(&format!("echo ping | timeout 20 {client}"));
    assert_eq!(heard, "pong\n", "{client}");
    let served = served.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&served.stdout), "ping\n", "{server}");
}

/// The server's command line: netcat wants to be told of IPv6.
fn server(address: &str, flags: &str) -> String {
    let version = if address.contains(':') { "-6" } else { "-4" };
    format!("nc {version} {flags} -l 9000")
}

#[test]
fn a_tcp_client_on_a_reserved_port_keeps_working_in_drop_mode() {
    lab(|| {
        for target in [FAR.to_string(), FAR_V6.to_string()] {
            let pair = Pair::new();
            let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
            for port in SOURCES {
                let client = format!("nc -N -p {port} {target} 9000");
                exchange(&pair, &server(&target, "-N"), "tcp", &client);
            }
            let totals = port12.stop();
            assert_eq!(totals.outcome("dropped"), 0, "{}", totals.0);
            assert!(totals.outcome("reply") >= 1, "{}", totals.0);
        }
    });
}

#[test]
fn a_udp_client_on_a_reserved_port_keeps_working_in_drop_mode() {
    lab(|| {
        for target in [FAR.to_string(), FAR_V6.to_string()] {
            let pair = Pair::new();
            let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
            for port in SOURCES {
                let client = format!("nc -u -w 1 -p {port} {target} 9000");
                exchange(&pair, &server(&target, "-u -w 1"), "udp", &client);
            }
            let totals = port12.stop();
            assert_eq!(totals.outcome("dropped"), 0, "{}", totals.0);
            assert!(totals.outcome("reply") >= 1, "{}", totals.0);
        }
    });
}
