//! A daemon that stands still: the program looks TCP sockets up by itself.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::support::{
    Pair, Port12,
    addresses::{BOTH, NEAR},
    lab,
    sockets::tcp_listener,
    until,
};

#[test]
fn a_listener_that_opens_while_the_daemon_is_stopped_is_reached() {
    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::start(&pair.near, "-i w0 --mode drop");
        port12.report();
        port12.signal(libc::SIGSTOP);
        for (near, _) in BOTH {
            let target = SocketAddr::new(near, 81);
            let _listener = pair.near.enter(|| tcp_listener(near, 81, None));
            let connect =
                |patience| pair.far.enter(|| TcpStream::connect_timeout(&target, patience));
            // What the daemon said last holds for two seconds.
            until("a connection", || connect(Duration::from_millis(500)).ok());
        }
        // Where there is no socket the look-up says so, and drops.
        let closed = SocketAddr::new(NEAR.into(), 12);
        let knock =
            pair.far.enter(|| TcpStream::connect_timeout(&closed, Duration::from_millis(300)));
        assert_eq!(knock.unwrap_err().kind(), ErrorKind::TimedOut);

        port12.signal(libc::SIGCONT);
        let report = port12.wait_for("the drop", |report| report.port("tcp", 12, "dropped") >= 1);
        assert!(report.port("tcp", 81, "local_socket") >= 2, "{}", report.0);
        let listener = pair.near.enter(|| tcp_listener(NEAR.into(), 100, None));
        let target = SocketAddr::new(NEAR.into(), 100);
        // A listener that is younger than the last publication loses its first SYN, no more.
        let patience = Duration::from_secs(10);
        pair.far.enter(|| TcpStream::connect_timeout(&target, patience)).unwrap();
        drop(listener);
        port12.stop();
    });
}
