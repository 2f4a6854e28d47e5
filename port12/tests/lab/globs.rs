//! Interfaces by glob, by alternative name and by exclude.

use std::{fs::File, io, os::fd::AsRawFd as _};

use crate::{
    support::{Bpffs, Namespace, Pair, Port12, addresses::BOTH, foreign::program, frame::syn, lab},
    tun,
};

/// `ARPHRD_SIT` (linux/if_arp.h).
const ARPHRD_SIT: libc::c_int = 776;

/// A device with the link-layer type of `sit0`, which port12 cannot read, for as long as the file is
/// held.
pub fn sit(near: &Namespace, name: &str) -> File {
    near.enter(|| {
        let device = tun::open(name);
        // SAFETY: TUNSETLINK takes a number.
        let set = unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETLINK, ARPHRD_SIT) };
        assert_eq!(set, 0, "TUNSETLINK: {}", io::Error::last_os_error());
        device
    })
}

fn watched(port12: &mut Port12) -> Vec<String> {
    let report = port12.report();
    let all = report.0["interfaces"].as_array().unwrap();
    all.iter().map(|it| it["interface"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_unreadable_interface_that_only_a_glob_matches_is_left_out_with_a_warning() {
    lab(|| {
        let pair = Pair::new();
        let _sit = sit(&pair.near, "sit0");
        let mut port12 = Port12::start(&pair.near, "-i *");
        assert_eq!(watched(&mut port12), ["lo", "w0"]);
        let warned = |said: &[String]| {
            said.iter().filter(|line| line.contains("sit0 has the link-layer type 776")).count()
        };
        assert_eq!(warned(&port12.said), 1, "{:?}", port12.said);
        port12.signal(libc::SIGHUP);
        port12.wait_until_said("reloaded");
        assert_eq!(watched(&mut port12), ["lo", "w0"]);
        assert_eq!(warned(&port12.said), 2, "{:?}", port12.said);
        // Once for the start and once for the reload, and not whenever port12 looks around.
        port12.signal(libc::SIGINT);
        assert_eq!(warned(&port12.wait().said), 2);
    });
}

#[test]
fn an_unreadable_interface_that_is_named_is_an_error() {
    lab(|| {
        let near = Namespace::new();
        let _sit = sit(&near, "sit0");
        for args in ["-i sit0", "-i * -i sit0"] {
            let output = Port12::run(&near, args);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(6), "{said}");
            assert!(said.contains("sit0 has the link-layer type 776"), "{said}");
        }
    });
}

#[test]
fn a_glob_that_matches_nothing_yet_waits_for_an_interface() {
    lab(|| {
        let pair = Pair::new();
        let mut port12 = Port12::spawn(Port12::command(&pair.near, "-i later*"));
        port12.wait_until_said("no interface matches `interfaces` (--interface) yet");
        assert!(watched(&mut port12).is_empty());
        pair.near.sh("ip link property add dev w0 altname later-uplink");
        port12.wait_until_said("w0: native XDP");
        pair.far_raw().send(&syn(BOTH[0], 12));
        port12.wait_for("the probe", |report| report.outcome("probe") == 1);
    });
}

#[test]
fn attach_does_not_wait_for_an_interface() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let said = bpffs.fails(&pair.near, "attach -i later*", 6);
        assert!(
            said.contains("no interface of this network namespace is in `interfaces`"),
            "{said}"
        );
    });
}

#[test]
fn alternative_names_work_in_globs_excludes_and_detach() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        pair.near
            .sh("ip link property add dev w0 altname enp9s0 altname a-long-name-of-the-uplink");
        let mut port12 = Port12::start(&pair.near, "-i enp*");
        assert_eq!(watched(&mut port12), ["w0"]);
        port12.stop();
        let mut port12 = Port12::start(&pair.near, "-i * --exclude a-long-name-of-the-uplink");
        assert_eq!(watched(&mut port12), ["lo"]);
        assert_eq!(program(&pair.near, "w0"), None);
        port12.stop();
        bpffs.ok(&pair.near, "attach -i w0");
        bpffs.ok(&pair.near, "detach -i enp9s0");
        assert_eq!(program(&pair.near, "w0"), None);
    });
}

/// A mistyped name leaves an interface watched that the operator believes to be excluded.
#[test]
fn an_exclude_without_effect_is_reported() {
    lab(|| {
        let pair = Pair::new();
        for (args, phrase) in [
            ("-i * --exclude w9", "w9 has no effect yet"),
            ("-i w0 --exclude lo", "lo has no effect"),
            ("-i w0 --exclude veth*", "veth* has no effect"),
            ("--exclude w0", "w0 has no effect"),
        ] {
            let port12 = Port12::start(&pair.near, args);
            let said = port12.said.join("\n");
            assert!(
                said.contains(phrase) && said.contains("`exclude` (--exclude)"),
                "{args}: {said}"
            );
            port12.stop();
        }
        for args in ["-i * --exclude w0", "-i * --exclude veth*"] {
            let port12 = Port12::start(&pair.near, args);
            assert!(!port12.said.join("\n").contains("no effect"), "{args}: {:?}", port12.said);
            port12.stop();
        }
    });
}
