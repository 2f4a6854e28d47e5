//! The kernel's interfaces: objects by their ids, netlink, namespaces, sockets.

use std::{
    fs,
    io::{Error, ErrorKind},
    net::{TcpListener, UdpSocket},
    path::PathBuf,
};

use crate::support::{Victim, addresses::NEAR, lab};

/// Succeeds if the kernel lets users load programs (`kernel.unprivileged_bpf_disabled`) and gave them
/// maps by id: port12 pins what it makes for its owner alone.
#[test]
fn programs_maps_and_links_are_not_reached_by_their_ids() {
    lab(|| {
        let victim = Victim::new();
        victim.attach();
        let status = victim.bpffs.status(victim.near(), "w0");
        let program = status["program"]["id"].as_u64().unwrap();
        let pins = victim.bpffs.pins();
        let link = victim.near().sh("bpftool link show | grep -o '^[0-9]*' | tail -1");
        for line in [
            format!("bpftool prog dump xlated id {program}"),
            "bpftool map show".to_owned(),
            format!("bpftool map dump pinned {}/w0/STATE", pins.display()),
            format!("bpftool link detach id {}", link.trim()),
            format!("bpftool prog pin id {program} {}/mine", pins.parent().unwrap().display()),
            "bpftool net detach xdp dev w0".to_owned(),
        ] {
            victim.attacker.fails(victim.near(), &line);
        }
        victim.is_unharmed();
    });
}

/// Succeeds if the user has CAP_NET_ADMIN.
#[test]
fn the_interface_is_not_changed() {
    lab(|| {
        let victim = Victim::new();
        victim.attach();
        for line in [
            "ip link set dev w0 xdp off",
            "ip link set dev w0 xdpgeneric off",
            "ip link set dev w0 down",
            "ip link set dev w0 name x0",
            "ip link del w0",
            "ip addr flush dev w0",
            "tc qdisc add dev w0 clsact",
            "nft add table ip mine",
            "sysctl -w net.ipv4.ip_forward=1",
        ] {
            victim.attacker.fails(victim.near(), line);
        }
        victim.is_unharmed();
    });
}

/// Succeeds if a user namespace counts as privileged, or a mount in another mount namespace hides the
/// pins from root.
#[test]
fn a_user_namespace_gives_no_power_over_the_pins_or_the_interface() {
    lab(|| {
        let victim = Victim::new();
        let run = victim.run("");
        let bpffs = victim.bpffs.pins().parent().unwrap().display().to_string();
        for line in [
            format!("mount -t tmpfs none {bpffs} && ls {bpffs} && exit 1"),
            format!("umount {bpffs}"),
            "ip link set dev w0 xdp off".to_owned(),
            format!("rm -r {}", victim.bpffs.pins().display()),
            format!("chown -R 0 {bpffs}"),
        ] {
            // Without a user namespace the attack fails too.
            victim.attacker.sh(victim.near(), &format!("unshare -Urm sh -c '{line}'"));
        }
        victim.is_unharmed();
        run.stop();
    });
}

/// Succeeds if sockets of other network namespaces count as sockets of this one: a user has all ports of
/// its own namespace.
#[test]
fn sockets_of_the_users_own_namespace_open_no_port() {
    lab(|| {
        let victim = Victim::new();
        let run = victim.run("");
        for port in [12, 14] {
            let bound = |error: Error| assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            victim.near().enter(|| {
                victim.attacker.act(|| {
                    bound(TcpListener::bind((NEAR, port)).unwrap_err());
                    bound(UdpSocket::bind((NEAR, port)).unwrap_err());
                });
            });
        }
        let code = "import socket, time
kept = []
for port in range(1, 1024):
    s = socket.socket(); s.bind((\"\", port)); s.listen(); kept.append(s)
    s = socket.socket(type=socket.SOCK_DGRAM); s.bind((\"\", port)); kept.append(s)
print(\"bound\", flush=True)
time.sleep(3)";
        let script = victim.attacker.home("bind.py");
        fs::write(&script, code).unwrap();
        let python = python();
        let line = format!("unshare -Urn {} {}", python.display(), script.display());
        std::thread::scope(|scope| {
            let binding = scope.spawn(|| victim.attacker.sh(victim.near(), &line));
            while !binding.is_finished() {
                victim.knock(12);
                victim.knock(14);
            }
            let output = binding.join().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let bound = String::from_utf8_lossy(&output.stdout).contains("bound");
            assert!(bound || said.contains("unshare"), "{said}");
        });
        victim.is_unharmed();
        run.stop();
    });
}

/// An interpreter that another user may run: what is first in root's PATH may lie in root's home.
fn python() -> PathBuf {
    let candidates =
        ["/usr/bin/python3", "/usr/local/bin/python3", "/bin/python3"].map(PathBuf::from);
    candidates.into_iter().find(|it| it.exists()).expect("python3 is installed")
}
