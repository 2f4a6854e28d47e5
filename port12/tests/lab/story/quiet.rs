//! What is no scan, and must not be told as one.

use std::process::Stdio;

use port12::registry::Registry;
use port12_common::Transport;
use tempfile::{NamedTempFile, tempdir};

use super::kept::records;
use crate::support::{
    Pair, Port12, Raw,
    addresses::{BOTH, FAR, NEAR},
    frame::{syn, udp},
    lab,
    sockets::wait_for_socket,
};

/// TCP's flags in a frame over IPv4.
const FLAGS: usize = 14 + 20 + 13;
const RST: u8 = 4;
const SYN_ACK: u8 = 0x12;

/// The first watched ports of a transport.
fn watched(transport: Transport) -> impl Iterator<Item = u16> {
    Registry::embedded().watched(transport).iter().filter(|port| *port > 0).take(100)
}

fn with_flags(port: u16, flags: u8) -> Vec<u8> {
    let mut frame = syn(BOTH[0], port);
    frame[FLAGS] = flags;
    frame
}

/// An answer of a name server, as it comes after whoever asked is gone.
fn answer(port: u16) -> Vec<u8> {
    let header = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    let question = b"\x07example\x03com\0\0\x01\0\x01";
    let record = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01";
    let payload = [&header[..], question, record].concat();
    let mut frame = udp(BOTH[0], port, &payload);
    frame[34..36].copy_from_slice(&53_u16.to_be_bytes());
    frame
}

fn later_fragment(port: u16) -> Vec<u8> {
    let mut frame = udp(BOTH[0], port, b"the rest");
    frame[20..22].copy_from_slice(&185_u16.to_be_bytes());
    frame
}

fn send(cable: &Raw, frames: impl Iterator<Item = Vec<u8>>) -> u64 {
    frames.map(|frame| cable.send(&frame)).count() as u64
}

#[test]
fn what_comes_back_and_what_strays_is_no_scan() {
    lab(|| {
        let (pair, directory) = (Pair::new(), tempdir().unwrap());
        let eve = directory.path().join("eve.json");
        let mut port12 = Port12::start(&pair.near, &format!("-i w0 --sink eve:{}", eve.display()));
        let cable = pair.far_raw();
        let mut sent = 0;
        sent += send(&cable, watched(Transport::Tcp).map(|port| with_flags(port, SYN_ACK)));
        sent += send(&cable, watched(Transport::Tcp).map(|port| with_flags(port, RST)));
        sent += send(&cable, watched(Transport::Udp).map(later_fragment));
        // Port 0, as an offload leaves it where it takes a fragment for a header.
        sent += send(&cable, (0..20).map(|_| syn(BOTH[0], 0)));
        sent += send(&cable, (0..20).map(|_| udp(BOTH[0], 0, b"")));
        // traceroute, with UDP and with TCP.
        sent += send(&cable, (33_434..33_534).map(|port| udp(BOTH[0], port, b"@ABCDEFG")));
        sent += send(&cable, (0..30).map(|_| syn(BOTH[0], 80)));
        // Late answers of one name server, to some of the ports that a resolver here used.
        sent += send(&cable, watched(Transport::Udp).take(40).map(answer));
        port12.wait_for("all of it", |report| {
            report.interface("w0")["frames"]["packets"].as_u64().unwrap() >= sent
        });
        let totals = port12.stop();
        assert_eq!(totals.0["alerts"]["emitted"], 0, "{}", totals.0);
        // The answers are told as touches, for nobody knows who asked.
        let records = records(&eve);
        assert_eq!(records.len(), 40, "{records:?}");
        assert!(records.iter().all(|record| record["src_port"] == 53));
    });
}

#[test]
fn a_service_that_the_policy_expects_is_used_without_a_word() {
    lab(|| {
        let pair = Pair::new();
        let policy = NamedTempFile::new().unwrap();
        let text = "[[port]]\nports = \"720/tcp\"\nexpected = true\n";
        std::fs::write(policy.path(), text).unwrap();
        let mut server = pair.near.command("nc");
        let mut server = server.args(["-k", "-l", "720"]).stdout(Stdio::null()).spawn().unwrap();
        wait_for_socket(&pair.near, "tcp", 720);
        let config = policy.path().display();
        let mut port12 = Port12::start(&pair.near, &format!("-i w0 --mode drop --config {config}"));
        for _ in 0..30 {
            pair.far.sh(&format!("echo hello | nc -N {NEAR} 720"));
        }
        port12.wait_for("the clients", |report| report.outcome("local_socket") >= 30);
        let totals = port12.stop();
        server.kill().unwrap();
        server.wait().unwrap();
        assert_eq!(totals.0["alerts"]["emitted"], 0, "{}", totals.0);
        assert_eq!(totals.interface("w0")["events"]["emitted"], 0, "{}", totals.0);
    });
}

#[test]
fn a_client_on_reserved_ports_is_no_scan() {
    lab(|| {
        let pair = Pair::new();
        let port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        let mut server = pair.far.command("nc");
        let mut server = server.args(["-k", "-l", "9000"]).stdout(Stdio::null()).spawn().unwrap();
        wait_for_socket(&pair.far, "tcp", 9000);
        // As an NFS client does: from a reserved port, another one each time.
        let unassigned: Vec<u16> = watched(Transport::Tcp).filter(|port| *port > 511).collect();
        let ports = unassigned.iter().take(20);
        for port in ports.clone() {
            pair.near.sh(&format!("echo mount | nc -N -p {port} {FAR} 9000"));
        }
        let count = ports.count() as u64;
        server.kill().unwrap();
        server.wait().unwrap();
        let totals = port12.stop();
        assert!(totals.outcome("reply") >= count, "{}", totals.0);
        assert_eq!(totals.0["alerts"]["emitted"], 0, "{}", totals.0);
        assert_eq!(totals.interface("w0")["events"]["emitted"], 0, "{}", totals.0);
    });
}
