//! What goes over the cable.

use std::thread;

use anyhow::{Result, ensure};
use port12::truth;

use super::{
    lab::{HOST, HOST_V6, Lab, Namespace, STRANGER},
    listener::Listener,
    process,
};

const ASKED: &str = "is anybody there?\n";
const ANSWERED: &str = "somebody is\n";

/// A TCP connection to a listener on the host.
fn connect(lab: &Lab, port: u16) -> Result<()> {
    let listener = Listener::start(&lab.host, "tcp", port, "")?;
    // To a listener younger than that the first SYN may be lost, and comes again.
    thread::sleep(2 * truth::PERIOD);
    nc(&lab.stranger, &["-N", "-w", "5", HOST, &port.to_string()], ASKED)?;
    let heard = listener.heard()?;
    ensure!(heard == ASKED, "the listener on tcp/{port} heard {heard:?}");
    Ok(())
}

pub fn connect_to_22(lab: &Lab) -> Result<()> {
    connect(lab, 22)
}

pub fn connect_to_81(lab: &Lab) -> Result<()> {
    connect(lab, 81)
}

/// One SYN to each of two ports without a listener.
pub fn scan(lab: &Lab) -> Result<()> {
    nmap(&lab.stranger, &["-p", "12,81", HOST])
}

pub fn scan_12(lab: &Lab) -> Result<()> {
    nmap(&lab.stranger, &["-p", "12", HOST])
}

pub fn scan_v6(lab: &Lab) -> Result<()> {
    nmap(&lab.stranger, &["-6", "-p", "12,81", HOST_V6])
}

pub fn xmas(lab: &Lab) -> Result<()> {
    let mut nmap = lab.stranger.command("nmap");
    nmap.args(["-sX", "-Pn", "-n", "--max-retries", "0", "-p", "81", HOST]);
    process::succeed(nmap).map(drop)
}

/// A datagram to a port without a socket. Nobody answers; netcat gives up.
pub fn datagram(lab: &Lab) -> Result<()> {
    nc(&lab.stranger, &["-u", "-w", "1", HOST, "717"], ASKED).map(drop)
}

/// A datagram that the cable takes in three fragments.
pub fn fragmented_datagram(lab: &Lab) -> Result<()> {
    nc(&lab.stranger, &["-u", "-w", "1", HOST, "717"], &"x".repeat(3000)).map(drop)
}

/// A client on the host that NFS would recognise: its source port is a reserved one, and what
/// the server says comes back to that.
fn ask_over_tcp(lab: &Lab, port: u16) -> Result<()> {
    let server = Listener::start(&lab.stranger, "tcp", 2049, ANSWERED)?;
    let answer =
        nc(&lab.host, &["-N", "-w", "5", "-p", &port.to_string(), STRANGER, "2049"], ASKED)?;
    ensure!(answer == ANSWERED, "the client on tcp/{port} was told {answer:?}");
    let heard = server.heard()?;
    ensure!(heard == ASKED, "the server of the client on tcp/{port} heard {heard:?}");
    Ok(())
}

pub fn ask_from_tcp_720(lab: &Lab) -> Result<()> {
    ask_over_tcp(lab, 720)
}

/// Another source port: the first may be in TIME-WAIT.
pub fn ask_from_tcp_721(lab: &Lab) -> Result<()> {
    ask_over_tcp(lab, 721)
}

pub fn ask_from_udp_722(lab: &Lab) -> Result<()> {
    let _server = Listener::start(&lab.stranger, "udp", 2049, ANSWERED)?;
    let answer = nc(&lab.host, &["-u", "-w", "1", "-p", "722", STRANGER, "2049"], ASKED)?;
    ensure!(answer == ANSWERED, "the client on udp/722 was told {answer:?}");
    Ok(())
}

fn nmap(namespace: &Namespace, arguments: &[&str]) -> Result<()> {
    let mut nmap = namespace.command("nmap");
    nmap.args(["-sS", "-Pn", "-n", "--max-retries", "0"]).args(arguments);
    process::succeed(nmap).map(drop)
}

/// What netcat prints; its status says only that a conversation ended.
fn nc(namespace: &Namespace, arguments: &[&str], input: &str) -> Result<String> {
    let mut nc = namespace.command("nc");
    nc.args(arguments);
    Ok(String::from_utf8_lossy(&process::output(nc, input)?.stdout).into_owned())
}
