//! A flood from spoofed sources.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{Raw, frame};

/// UDP datagrams and SYNs to port 12, each from a source of its own; or several SYNs from each.
pub struct Flood {
    frames: Vec<Vec<u8>>,
    /// How many come from a source.
    each: u32,
}

impl Flood {
    /// A flood between two IPv4 addresses.
    pub fn new(addresses: (IpAddr, IpAddr)) -> Self {
        let frames = vec![frame::udp(addresses, 12, b"flood"), frame::syn(addresses, 12)];
        Self { frames, each: 1 }
    }

    /// A flood of sources that each knock at several ports.
    pub fn at(addresses: (IpAddr, IpAddr), ports: &[u16]) -> Self {
        let frames = ports.iter().map(|port| frame::syn(addresses, *port)).collect();
        Self { frames, each: ports.len() as u32 }
    }

    /// Sends `count` frames unless it is told to stop, and returns how many were sent.
    pub fn pour(mut self, cable: &Raw, count: u32, stop: &AtomicBool) -> u32 {
        for sent in 0..count {
            if stop.load(Ordering::Relaxed) {
                return sent;
            }
            let count = self.frames.len();
            let frame = &mut self.frames[sent as usize % count];
            // 11.0.0.0 and up. The program reads no checksum.
            let source = Ipv4Addr::from_bits(0x0b00_0000 + sent / self.each);
            frame[26..30].copy_from_slice(&source.octets());
            cable.send(frame);
        }
        count
    }
}
