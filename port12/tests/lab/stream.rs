//! Traffic that never stops, through restarts, upgrades and reloads.

mod older;

use std::{
    fs,
    net::{IpAddr, SocketAddr, UdpSocket},
    os::fd::AsRawFd as _,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use crate::support::{
    Bpffs, Pair, Report,
    addresses::{BOTH, NEAR},
    build::other_build,
    foreign::program,
    frame::{is_tcp, syn, udp},
    lab, until,
};

/// Where the legitimate packets go.
const SERVICE: u16 = 40_001;

#[derive(Default)]
struct Traffic {
    stop: AtomicBool,
    probes: AtomicU64,
    packets: AtomicU64,
    received: AtomicU64,
}

impl Traffic {
    /// A probe and a legitimate packet, four thousand times a second.
    fn send(&self, pair: &Pair) {
        let far = pair.far_raw();
        let (probe, packet) = (syn(BOTH[0], 12), udp(BOTH[0], SERVICE, b"work"));
        while !self.stop.load(Ordering::SeqCst) {
            far.send(&probe);
            self.probes.fetch_add(1, Ordering::SeqCst);
            far.send(&packet);
            self.packets.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_micros(250));
        }
        // What the stack answers to a SYN that reached it.
        let answers = far.received();
        assert!(!answers.iter().any(|frame| is_tcp(frame, 12, crate::support::frame::SOURCE_PORT)));
    }

    fn receive(&self, socket: &UdpSocket) {
        let mut word = [0; 8];
        while let Ok(4) = socket.recv(&mut word) {
            self.received.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Ends the traffic, however the test ends: a thread that waits for more would hold up a failure.
struct Ending<'a>(&'a Traffic, &'a Pair, UdpSocket);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let Self(traffic, pair, socket) = self;
        traffic.stop.store(true, Ordering::SeqCst);
        let end = SocketAddr::new(IpAddr::from(NEAR), SERVICE);
        let _ = pair.near.enter(|| socket.send_to(b"end", end));
    }
}

/// Lets a socket hold what comes in a minute: the reader may have to wait for a CPU.
fn hold_a_minute(socket: &UdpSocket) {
    let bytes: libc::c_int = 256 << 20;
    // SAFETY: the descriptor is open, and the option's value outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUFFORCE,
            (&raw const bytes).cast(),
            size_of_val(&bytes) as libc::socklen_t,
        )
    };
    assert_eq!(result, 0, "SO_RCVBUFFORCE: {}", std::io::Error::last_os_error());
}

fn stats(bpffs: &Bpffs, pair: &Pair) -> Report {
    Report::parse(bpffs.ok(&pair.near, "stats --output json").trim())
}

#[test]
fn no_probe_passes_and_nothing_else_is_lost_through_restarts_upgrades_and_reloads() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let (build, directory) = (other_build(), tempfile::tempdir().unwrap());
        let file = directory.path().join("port12.toml");
        let write = |extra: &str| {
            fs::write(&file, format!("interfaces = [\"w0\"]\nmode = \"drop\"\n{extra}")).unwrap();
        };
        write("");
        let args = format!("--pin --config {}", file.display());
        let socket = pair.near.enter(|| UdpSocket::bind((NEAR, SERVICE)).unwrap());
        hold_a_minute(&socket);
        let closing = socket.try_clone().unwrap();
        bpffs.ok(&pair.near, &format!("attach --config {}", file.display()));
        let traffic = Traffic::default();
        thread::scope(|scope| {
            let _ending = Ending(&traffic, &pair, closing);
            scope.spawn(|| traffic.receive(&socket));
            let sender = scope.spawn(|| traffic.send(&pair));
            let mut last = 0;
            let mut check = |what: &str| {
                let report = stats(&bpffs, &pair);
                let dropped = report.port("tcp", 12, "dropped");
                assert!(dropped >= last, "{what}: counters go backwards: {dropped}, {last}");
                assert_eq!(report.outcome("probe"), 0, "{what}");
                last = dropped;
            };
            for restart in 0..100 {
                let run = bpffs.run(&pair.near, &args);
                // Some are ended, some are killed.
                run.signal(if restart % 2 == 0 { libc::SIGTERM } else { libc::SIGKILL });
                run.wait();
                if restart % 10 == 0 {
                    check(&format!("restart {restart}"));
                }
            }
            let mut tags = std::collections::BTreeSet::new();
            for upgrade in 0..20 {
                let before = program(&pair.near, "w0");
                let args = format!("attach --config {}", file.display());
                let mut command = bpffs.command(&pair.near, &args);
                if upgrade % 2 == 0 {
                    command.env("PORT12_OBJECT", build.path());
                }
                assert!(command.output().unwrap().status.success());
                assert_ne!(program(&pair.near, "w0"), before);
                tags.insert(bpffs.status(&pair.near, "w0")["program"]["tag"].to_string());
                check(&format!("upgrade {upgrade}"));
            }
            assert_eq!(tags.len(), 2, "{tags:?}");
            let mut run = bpffs.run(&pair.near, &args);
            for reload in 0..20 {
                write(&format!(
                    "allow = [\"192.0.2.{reload}\"]\n[[port]]\nports = \"{}/tcp\"\n\
                     action = \"watch\"\n",
                    if reload % 2 == 0 { 14 } else { 26 }
                ));
                run.signal(libc::SIGHUP);
                run.wait_until_said("reloaded");
                check(&format!("reload {reload}"));
            }
            run.stop();
            traffic.stop.store(true, Ordering::SeqCst);
            sender.join().unwrap();
            let sent = traffic.packets.load(Ordering::SeqCst);
            until("every packet", || {
                (traffic.received.load(Ordering::SeqCst) == sent).then_some(())
            });
            let report = stats(&bpffs, &pair);
            let probes = traffic.probes.load(Ordering::SeqCst);
            assert_eq!(report.port("tcp", 12, "dropped"), probes, "a probe went uncounted");
            assert_eq!(report.outcome("probe"), 0);
        });
    });
}
