//! A log line for every finding. Only the build with the `trace` feature has it: aya-log's map is
//! of a kind that libbpf refuses, and a line costs more than everything else together.

use core::str;

use aya_log_ebpf::info;
use port12_common::{Finding, Outcome, Transport};

/// Names of one length, in place of `&str`s: a loader relocates no pointers in data, and the
/// verifier likes a copy of a fixed length.
type Name = [u8; 16];

static OUTCOMES: [Name; 16] = outcomes();

/// The transports by number; all further names are that of none.
static TRANSPORTS: [Name; 8] = transports();

/// Logs what became of a frame.
#[inline(always)]
pub fn log(finding: &Finding) {
    let transport = finding.transport.map_or(Transport::ALL.len(), |known| known as usize);
    let ports = u32::from(finding.source_port) << 16 | u32::from(finding.port);
    port12_log(finding.outcome as u32, transport as u32, ports, finding.length as u32);
}

/// A global function, which the verifier walks once and for any arguments: inlined, the line's
/// paths times the classifier's are beyond the verifier's limit. Returns nothing of meaning.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn port12_log(outcome: u32, transport: u32, ports: u32, length: u32) -> u32 {
    let outcome = text(&OUTCOMES[outcome as usize & 15]);
    let transport = text(&TRANSPORTS[transport as usize & 7]);
    let (source, port) = (ports >> 16, ports & 0xffff);
    info!((), "{} {} {} -> {}, {} bytes", outcome, transport, source, port, length);
    0
}

#[inline(always)]
fn text(name: &'static Name) -> &'static str {
    // SAFETY: a name is ASCII, filled up with spaces.
    unsafe { str::from_utf8_unchecked(name) }
}

const fn outcomes() -> [Name; 16] {
    let mut names = [[b' '; 16]; 16];
    let mut index = 0;
    while index < Outcome::ALL.len() {
        names[Outcome::ALL[index] as usize] = padded(Outcome::ALL[index].as_str());
        index += 1;
    }
    names
}

const fn transports() -> [Name; 8] {
    let mut names = [padded("-"); 8];
    let mut index = 0;
    while index < Transport::ALL.len() {
        names[Transport::ALL[index] as usize] = padded(Transport::ALL[index].as_str());
        index += 1;
    }
    names
}

const fn padded(text: &str) -> Name {
    let mut name = [b' '; 16];
    let mut index = 0;
    while index < text.len() {
        name[index] = text.as_bytes()[index];
        index += 1;
    }
    name
}
