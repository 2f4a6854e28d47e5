//! The bytes that say on which ports a socket may be: who writes them, and in which order.
//!
//! Two do. A listing of the sockets is written after it was made, and may be older than a bind; and a TCP
//! socket that is bound and does not listen yet is in no listing. A program at `bind` and `listen`
//! writes [`Sockets::FRESH`] at once, in the kernel, before the system call returns.
//!
//! No byte that was written for a bind may be taken back by a listing that does not know of it. So a listing takes
//! nothing back at once: it makes a fresh byte older by one, and only what is [`Sockets::STALE`] is what the
//! listing says. It changes what it has read and nothing else (compare and exchange). Whenever a program
//! writes, the byte is fresh after it, or the exchange came later:
//!
//! - The exchange finds another byte than it has read, and does nothing.
//! - The byte was fresh before, too. The exchange makes the new bind older by one listing, of eight.
//!
//! The byte is all that there is to read and to write, so that the order of writes to other places does not
//! matter, on any CPU. Eight listings take two seconds: a socket that listens later than that after its
//! bind is written for once more when it listens.

use std::sync::atomic::{AtomicU8, Ordering};

use port12_common::{
    Transport,
    abi::{PORTS, Sockets},
};

/// By transport and port.
type Marks = [[u8; PORTS]; Transport::ALL.len()];

/// Writes a listing. The marks are in the order of its bytes; others write to them.
pub(super) fn renew(marks: &[AtomicU8], listed: &Marks) {
    for (mark, &listed) in marks.iter().zip(listed.as_flattened()) {
        let found = mark.load(Ordering::Relaxed);
        let next = renewed(found, listed);
        if next != found {
            // Where it is another by now, there was a bind.
            let _ = mark.compare_exchange(found, next, Ordering::SeqCst, Ordering::Relaxed);
        }
    }
}

/// Change of a byte by a listing.
fn renewed(found: u8, listed: u8) -> u8 {
    match found {
        Sockets::FRESH..Sockets::STALE => found + 1,
        _ => listed,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicU64},
        },
        thread,
    };

    use super::*;

    fn after(mut mark: u8, listings: &[u8]) -> u8 {
        for &listed in listings {
            mark = renewed(mark, listed);
        }
        mark
    }

    #[test]
    fn a_listing_is_what_counts_where_there_was_no_bind() {
        assert_eq!(after(0, &[0]), 0);
        assert_eq!(after(0, &[Sockets::LISTED]), Sockets::LISTED);
        assert_eq!(after(Sockets::LISTED, &[0]), 0);
    }

    #[test]
    fn a_bind_is_forgotten_after_eight_listings_without_it_and_no_sooner() {
        assert_ne!(after(Sockets::FRESH, &[0; 8]), 0);
        assert_eq!(after(Sockets::FRESH, &[0; 9]), 0);
        assert_eq!(after(Sockets::FRESH, &[Sockets::LISTED; 9]), Sockets::LISTED);
        // An older socket on the port was listed, and has gone.
        assert_ne!(after(Sockets::FRESH, &[Sockets::LISTED, 0, 0]), 0);
    }

    /// Each bind looks once whether what it wrote is still there, while listings that know nothing of it are written as
    /// fast as they can be.
    #[test]
    fn no_listing_takes_back_what_a_bind_has_just_written() {
        let marks: Arc<Vec<AtomicU8>> =
            Arc::new((0..PORTS * Transport::ALL.len()).map(|_| AtomicU8::new(0)).collect());
        let (is_over, listings) = (AtomicBool::new(false), AtomicU64::new(0));
        let mut taken_back = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                let listed = [[0; PORTS]; Transport::ALL.len()];
                while !is_over.load(Ordering::Relaxed) {
                    renew(&marks, &listed);
                    listings.fetch_add(1, Ordering::Relaxed);
                }
            });
            let mut turns = 0;
            while turns < 1_000_000 || listings.load(Ordering::Relaxed) <= 100 {
                let mark = &marks[turns % 7];
                let before = listings.load(Ordering::Relaxed);
                mark.store(Sockets::FRESH, Ordering::Relaxed);
                let found = mark.load(Ordering::Relaxed);
                let passed = listings.load(Ordering::Relaxed) - before;
                taken_back += u32::from(found == 0 && passed < 7);
                turns += 1;
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert_eq!(taken_back, 0);
    }
}
