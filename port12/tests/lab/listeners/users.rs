//! Sockets of two users.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    sync::mpsc,
    thread,
};

use super::{LISTENER, Watched, own};
use crate::support::{Namespace, Pair, lab};

/// Threads of the user that floods. Each has descriptors of its own, within the usual limit of 20,000.
const THREADS: u32 = 4;

/// Sockets of a thread.
const SOCKETS: u32 = 12_500;

/// Does something in a namespace as a user: what is opened belongs to that user.
fn as_user<T: Send>(near: &Namespace, uid: u32, act: impl FnOnce() -> T + Send) -> T {
    near.enter(|| {
        // SAFETY: the call takes a number, and changes this thread alone, which ends after `act`.
        unsafe { libc::setfsuid(uid) };
        act()
    })
}

fn open_many(thread: u32) -> Vec<UdpSocket> {
    // SAFETY: the call takes a number, and changes this thread alone.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
    let ports = [14, 16, 26, 28];
    let address = |number| Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + number);
    let one = |number| UdpSocket::bind((address(number), ports[thread as usize])).unwrap();
    (0..SOCKETS).map(one).collect()
}

#[test]
fn fifty_thousand_sockets_of_one_user_hide_no_listener_of_another() {
    lab(|| {
        let watched = Watched::start(Pair::new(), "");
        let near = &watched.pair.near;
        thread::scope(|scope| {
            let floods: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (end, ends) = mpsc::channel::<()>();
                    let (ready, is_ready) = mpsc::channel();
                    scope.spawn(move || {
                        as_user(near, 1000, move || {
                            let sockets = open_many(thread);
                            ready.send(sockets.len()).unwrap();
                            // Until the test ends, however it does.
                            let _ = ends.recv();
                        });
                    });
                    (end, is_ready)
                })
                .collect();
            let open: usize = floods.iter().map(|(_, ready)| ready.recv().unwrap()).sum();
            assert_eq!(open, 50_000);
            // The flood is known by now, and its budget is used up.
            watched.wait_for_records(LISTENER, 60);
            let listen = || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 12)).unwrap();
            let _listener = as_user(near, 1001, listen);
            let record = watched.wait_for(LISTENER, 12);
            assert_eq!(own(&record)["uid"], 1001, "{record}");
        });
    });
}
