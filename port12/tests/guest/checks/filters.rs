//! tc filters that the kernel of the lab may not have: what tc has asked for is told from what the kernel lists.

use anyhow::{Context as _, Result, ensure};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use port12::host::{
    forwarding::{Reason, reasons},
    interfaces, tc,
};

/// The requests of tc, which unit tests read as well.
const REQUESTS: &str = include_str!("../../../src/host/forwarding/tc/filters.txt");

/// Where the interface is in `struct tcmsg`, and the rest of what names a qdisc.
const INTERFACE: usize = 4;
const CLSACT: [u32; 3] = [0xffff_0000, 0xffff_fff1, 0];

/// Each filter counts if it rewrites or redirects, and only then.
pub fn count(nics: &[String]) -> Result<String> {
    let nic = nics.first().context("a virtio-net device is needed")?;
    let index = interfaces::by_name(nic)?.index;
    let (mut taken, mut lacking) = (0, Vec::new());
    for line in REQUESTS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let mut word = || words.next().context("a word is missing");
        let (name, kind, hex) = (word()?, word()?, word()?);
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16);
        let mut message = (0..hex.len()).step_by(2).map(byte).collect::<Result<Vec<u8>, _>>()?;
        message[INTERFACE..INTERFACE + 4].copy_from_slice(&index.to_ne_bytes());
        tc::add_clsact(index)?;
        let answer = ask(libc::RTM_NEWTFILTER, NEW, &message)?;
        if answer == 0 {
            let found = reasons(index)?;
            let is_found = found.iter().any(|it| matches!(it, Reason::Filter { .. }));
            ensure!(is_found == (kind == "counts"), "{name}: {found:?}");
            taken += 1;
        } else {
            lacking.push(format!("{name} ({answer})"));
        }
        remove_clsact(index)?;
    }
    // Debian's kernels have every classifier and action of the table.
    ensure!(lacking.is_empty(), "refused: {}", lacking.join(" "));
    Ok(format!("{taken} filters"))
}

/// `NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE`, and the first two (linux/netlink.h).
const NEW: u16 = 0x605;
const OLD: u16 = 0x5;

fn remove_clsact(index: u32) -> Result<()> {
    let mut message = vec![0; 4];
    for word in [index].into_iter().chain(CLSACT) {
        message.extend(word.to_ne_bytes());
    }
    let answer = ask(libc::RTM_DELQDISC, OLD, &message)?;
    ensure!(answer == 0, "clsact stays: {answer}");
    Ok(())
}

/// Sends a request, and returns what the kernel answers: 0, or minus a number of an error.
fn ask(kind: u16, flags: u16, payload: &[u8]) -> Result<i32> {
    let socket = Socket::new(NETLINK_ROUTE)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut message = ((16 + payload.len()) as u32).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(payload);
    socket.send(&message, 0)?;
    let (answer, _) = socket.recv_from_full()?;
    let code = answer.get(16..20).context("a short answer")?;
    Ok(i32::from_ne_bytes(code.try_into()?))
}
