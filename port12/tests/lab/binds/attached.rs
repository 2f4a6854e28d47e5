//! Where the programs are attached, for how long, and what is said where they are not.

use std::{
    fs,
    net::SocketAddrV4,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use port12::mapped_read;
use port12_common::{Transport, abi::Sockets};
use socket2::{Domain, Socket, Type};

use super::{CGROUP2, HEARD, UNHEARD};
use crate::support::{
    Bpffs, Namespace, Ordinary, Port12, lab,
    ordinary::{THREE, privileges},
    until,
};

#[test]
fn an_interface_that_comes_while_it_runs_hears_too() {
    lab(|| {
        let (near, bpffs) = (Namespace::new(), Bpffs::new());
        let mut command = near.command_after(CGROUP2, env!("CARGO_BIN_EXE_port12"));
        command.args(["run", "--output", "json", "-v", "-i", "lo", "-i", "tap*"]);
        command.env("PORT12_PIN_DIR", bpffs.pins());
        let mut port12 = Port12::spawn(command);
        port12.wait_until_said(HEARD);
        near.sh("ip link add tap7 type veth peer name peer7; ip link set tap7 up");
        port12.wait_until_said("tap7: native XDP, monitor mode");
        let marked = |name: &str, port: u16| {
            let state = bpffs.state(name);
            let tcp = Transport::Tcp as usize;
            let mark = mapped_read!(state.first(), host.sockets.listed[tcp][usize::from(port)]);
            mark >= Sockets::FRESH
        };
        // The interface is told of behind that line.
        until("both to be marked", || {
            let socket = near.enter(|| Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
            socket.bind(&SocketAddrV4::new([127, 0, 0, 1].into(), 12).into()).unwrap();
            (marked("lo", 12) && marked("tap7", 12)).then_some(())
        });
        port12.stop();
    });
}

/// A cgroup of a test's own, in which port12 finds itself.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = port12::host::cgroups::hierarchy()?;
        let path = root.join(format!("port12-lab-{}-{count}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Some(Self(path))
    }

    /// What a shell does to see no other.
    fn show(&self) -> String {
        let name = self.0.file_name().unwrap().to_str().unwrap();
        format!("{CGROUP2} && mount --bind /sys/fs/cgroup/{name} /sys/fs/cgroup")
    }

    /// What a shell does to be in it.
    const ENTER: &str = "echo $$ > /sys/fs/cgroup/cgroup.procs";

    fn programs(&self) -> String {
        let output =
            Command::new("bpftool").args(["cgroup", "show"]).arg(&self.0).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_daemon_that_is_killed_leaves_nothing_attached() {
    lab(|| {
        let Some(cgroup) = Cgroup::new() else {
            return eprintln!("not run: no unified hierarchy of cgroups is mounted");
        };
        let near = Namespace::new();
        let before = format!("{} && {}", cgroup.show(), Cgroup::ENTER);
        let mut command = near.command_after(&before, env!("CARGO_BIN_EXE_port12"));
        command.args(["run", "--output", "json", "-v", "-i", "lo"]);
        let mut port12 = Port12::spawn(command);
        let said = port12.wait_until_said(HEARD);
        assert!(said.contains(" alone, which is not the root of the cgroups"), "{said}");
        let programs = cgroup.programs();
        for program in ["port12_bind4", "port12_bind6", "port12_listen"] {
            assert_eq!(programs.matches(program).count(), 1, "{programs}");
        }
        port12.signal(libc::SIGKILL);
        port12.wait();
        until("the programs to leave", || (!cgroup.programs().contains("port12")).then_some(()));
        until("the cgroup to be empty", || fs::remove_dir(&cgroup.0).ok());
    });
}

#[test]
fn without_the_unified_hierarchy_it_says_what_is_weaker_and_goes_on() {
    lab(|| {
        let near = Namespace::new();
        let mut command = near.command_after("true", env!("CARGO_BIN_EXE_port12"));
        command.args(["run", "--output", "json", "--interval", "200ms", "-i", "lo"]);
        let mut port12 = Port12::spawn(command);
        let said = port12.wait_until_said(UNHEARD);
        assert!(said.contains("the unified hierarchy of cgroups is not mounted (`mount"), "{said}");
        port12.report();
        port12.stop();
    });
}

/// In a cgroup that it is not in itself, it hears nothing; that shows at once.
#[test]
fn in_a_cgroup_of_others_it_says_that_it_hears_nothing() {
    lab(|| {
        let Some(cgroup) = Cgroup::new() else {
            return eprintln!("not run: no unified hierarchy of cgroups is mounted");
        };
        let near = Namespace::new();
        let mut command = near.command_after(&cgroup.show(), env!("CARGO_BIN_EXE_port12"));
        command.args(["run", "--output", "json", "-i", "lo"]);
        let mut port12 = Port12::spawn(command);
        let said = port12.wait_until_said(UNHEARD);
        assert!(said.contains("is not one of those that this process is in"), "{said}");
        port12.stop();
        assert!(!cgroup.programs().contains("port12"));
    });
}

#[test]
fn three_capabilities_are_enough_to_hear() {
    lab(|| {
        let (near, bpffs, user) = (Namespace::new(), Bpffs::new(), Ordinary::new());
        user.takes(&bpffs);
        let args = "run --output json -v -i lo";
        let mut port12 = Port12::spawn(user.command(&near, &THREE, &bpffs.pins(), args));
        port12.wait_until_said(HEARD);
        assert_eq!(privileges(port12.id())[2], "000000c000001000");
        port12.stop();
    });
}
