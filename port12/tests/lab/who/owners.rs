//! Real programs are found as the owners of their sockets.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
};

use super::{Running, pids, socket, sockets, table, who};
use crate::support::{
    Bpffs, Namespace, Ordinary, Pair, addresses::NEAR, lab, reaches, sockets::wait_for_socket,
};

/// Opens a socket of each kind that this kernel has, on ports of its own, and says so.
const EVERY_TRANSPORT: &str = "
import socket, time
kept = []
for kind, protocol, port in [(socket.SOCK_STREAM, 6, 12), (socket.SOCK_DGRAM, 17, 13),
                             (socket.SOCK_DGRAM, 136, 14), (socket.SOCK_STREAM, 132, 15),
                             (socket.SOCK_STREAM, 262, 16), (6, 33, 17)]:
    for family, address, more in [(socket.AF_INET, '127.0.0.1', 0), (socket.AF_INET6, '::', 10)]:
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError:
            continue
        opened.bind((address, port + more))
        if protocol in (6, 132, 262):
            opened.listen()
        kept.append(opened)
print('ready', flush=True)
time.sleep(60)
";

#[test]
fn netcat_is_found_with_what_it_is() {
    lab(|| {
        let near = Namespace::new();
        let nc = Running::start(near.command("nc").args(["-l", "-p", "81"]));
        wait_for_socket(&near, "tcp", 81);
        let document = who(&near, "");
        let found = socket(&document, "tcp", 81);
        let process = &found["processes"][0];
        assert_eq!(pids(found), [u64::from(nc.id())]);
        assert_eq!((&found["state"], &found["owner"]), (&"listen".into(), &"process".into()));
        assert_eq!((&found["address"], &found["watched"]), (&"0.0.0.0".into(), &true.into()));
        assert_eq!((&found["uid"], &found["user"]), (&0.into(), &"root".into()));
        assert_eq!(process["name"], "nc");
        assert_eq!(process["command"], serde_json::json!(["nc", "-l", "-p", "81"]));
        let program = fs::canonicalize("/usr/bin/nc").unwrap();
        assert_eq!(process["exe"], program.to_str().unwrap());
        assert_eq!(process["exe_on_disk"], "intact");
        assert_eq!((&process["uid"], &process["user"]), (&0.into(), &"root".into()));
        let started = humantime::parse_rfc3339(process["started"].as_str().unwrap()).unwrap();
        // The time of boot is known to a second.
        let age = std::time::SystemTime::now().duration_since(started).unwrap_or_default();
        assert!(age.as_secs() < 60, "{started:?}");
        assert_eq!(document["absent_transports"].as_array().unwrap().last().unwrap(), "dccp");
        let (text, code) = table(&near, "");
        assert_eq!(code, 0);
        assert!(text.contains("tcp         81 listen      0.0.0.0  "), "{text}");
        let line = format!("process {} (nc), user root, since ", nc.id());
        assert!(text.contains(&line) && text.contains("as nc -l -p 81\n"), "{text}");
    });
}

#[test]
fn every_transport_of_this_kernel_is_seen() {
    lab(|| {
        let near = Namespace::new();
        let python = Running::python(&near, EVERY_TRANSPORT);
        let document = who(&near, "0-1023");
        let absent = document["absent_transports"].as_array().unwrap();
        let is_absent = |name: &str| absent.iter().any(|it| it == name);
        for (transport, port, state) in [
            ("tcp", 12, "listen"),
            ("udp", 13, "unconnected"),
            ("udplite", 14, "unconnected"),
            ("sctp", 15, "listen"),
            // Multipath TCP.
            ("tcp", 16, "listen"),
            ("dccp", 17, "bound"),
        ] {
            if is_absent(transport) {
                eprintln!("not run: this kernel has no {transport}");
                continue;
            }
            for (port, address, dual_stack) in [(port, "127.0.0.1", false), (port + 10, "::", true)]
            {
                let found = socket(&document, transport, port);
                assert_eq!(found["state"], state, "{found}");
                assert_eq!(found["address"], address, "{found}");
                assert_eq!(found["dual_stack"], dual_stack, "{found}");
                assert_eq!(pids(found), [u64::from(python.id())], "{found}");
            }
        }
        assert!(!is_absent("tcp") && !is_absent("udp"));
    });
}

/// As systemd does it: the parent opens the socket, and the child gets it as descriptor 3.
#[test]
fn a_socket_that_is_handed_on_has_both_processes() {
    lab(|| {
        let near = Namespace::new();
        let parent = Running::python(
            &near,
            "
import os, socket, subprocess, time
listener = socket.socket(socket.AF_INET6)
listener.bind(('::', 14)); listener.listen()
os.dup2(listener.fileno(), 3)
child = subprocess.Popen(['sleep', '60'], pass_fds=[3])
print('ready', flush=True)
child.wait()
",
        );
        let document = who(&near, "");
        let found = socket(&document, "tcp", 14);
        let names: Vec<_> =
            found["processes"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["python3", "sleep"], "{found}");
        assert_eq!(pids(found)[0], u64::from(parent.id()));
        let child = i32::try_from(pids(found)[1]).unwrap();
        // SAFETY: kill takes numbers; the child is the parent's, which waits for it.
        unsafe { libc::kill(child, libc::SIGKILL) };
    });
}

#[test]
fn many_processes_of_one_socket_are_listed_as_far_as_they_fit_and_counted() {
    lab(|| {
        let near = Namespace::new();
        let _parent = Running::python(
            &near,
            "
import os, socket, signal, time
listener = socket.socket()
listener.bind(('0.0.0.0', 14)); listener.listen()
parent = os.getpid()
for _ in range(39):
    if os.fork() == 0:
        while os.getppid() == parent:
            time.sleep(0.05)
        os._exit(0)
print('ready', flush=True)
time.sleep(60)
",
        );
        let document = who(&near, "");
        let found = socket(&document, "tcp", 14);
        assert_eq!((pids(found).len(), &found["more_processes"]), (16, &24.into()), "{found}");
        assert!(table(&near, "").0.contains("and 24 more processes\n"));
    });
}

#[test]
fn an_ordinary_user_s_listener_is_told_with_its_user_and_none_without_a_name() {
    lab(|| {
        let near = Namespace::new();
        near.sysctl("ipv4/ip_unprivileged_port_start", "0");
        for (user, name) in [(65_534, Some("nobody")), (4_000_012, None)] {
            let (reuid, regid) = (format!("--reuid={user}"), format!("--regid={user}"));
            let mut command = near.command("setpriv");
            command.args([&*reuid, &*regid, "--clear-groups", "nc", "-l", "-p", "12"]);
            let _running = Running::start(&mut command);
            wait_for_socket(&near, "tcp", 12);
            let document = who(&near, "");
            let found = socket(&document, "tcp", 12);
            for of in [found, &found["processes"][0]] {
                assert_eq!((&of["uid"], &of["user"]), (&user.into(), &name.into()), "{found}");
            }
        }
    });
}

#[test]
fn a_listener_on_a_device_a_pair_that_shares_a_port_and_connections_are_told_apart() {
    lab(|| {
        let near = Namespace::new();
        let _python = Running::python(
            &near,
            "
import socket, time
kept = []
def opened(port, **options):
    one = socket.socket(socket.AF_INET6 if options.get('only') else socket.AF_INET)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if options.get('only'):
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if options.get('shared'):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if options.get('device'):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo')
    one.bind(('::' if options.get('only') else '127.0.0.1', port))
    kept.append(one)
    return one
opened(12, device=True).listen()
opened(14, shared=True).listen()
opened(14, shared=True).listen()
opened(15, only=True).listen()
listener = opened(16)
listener.listen()
for port in (26, 28, 30):
    client = opened(port)
    client.connect(('127.0.0.1', 16))
    if port != 30:
        kept.append(listener.accept()[0])
print('ready', flush=True)
time.sleep(60)
",
        );
        let document = who(&near, "");
        assert_eq!(socket(&document, "tcp", 12)["device"], "lo");
        let shared = socket(&document, "tcp", 14);
        assert_eq!(
            (&shared["sockets"], shared["inodes"].as_array().unwrap().len()),
            (&2.into(), 2)
        );
        let only = socket(&document, "tcp", 15);
        assert_eq!((&only["address"], &only["dual_stack"]), (&"::".into(), &false.into()));
        let states: Vec<_> = sockets(&document, "tcp", 16)
            .iter()
            .map(|it| {
                (it["state"].as_str().unwrap(), it["owner"].as_str().unwrap(), &it["sockets"])
            })
            .map(|(state, owner, sockets)| (state, owner, sockets.as_u64().unwrap()))
            .collect();
        assert_eq!(
            states,
            [("listen", "process", 1), ("connected", "process", 2), ("connected", "unaccepted", 1)]
        );
        let client = socket(&document, "tcp", 26);
        assert_eq!(client["state"], "connected");
        let peer = serde_json::json!([{"address": "127.0.0.1", "transport": "tcp", "port": 16}]);
        assert_eq!(client["peers"], peer);
        let (text, _) = table(&near, "");
        for part in ["127.0.0.1%lo", "peer 127.0.0.1:16\n", "2 sockets; unassigned", "waits in its"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    });
}

/// What is left of a connection when its process has closed it is nobody's socket.
#[test]
fn a_connection_that_is_over_is_not_listed() {
    lab(|| {
        let near = Namespace::new();
        near.enter(|| {
            let target = SocketAddr::from(([127, 0, 0, 1], 12));
            let listener = std::net::TcpListener::bind(target).unwrap();
            let client = TcpStream::connect(target).unwrap();
            drop(listener.accept().unwrap());
            drop(client);
        });
        let left = near.sh("ss -Htan state time-wait sport = :12");
        assert_eq!(left.lines().count(), 1, "{left}");
        let (text, code) = table(&near, "");
        assert_eq!(code, 1, "{text}");
        assert!(text.starts_with("no socket is bound to an unassigned port\n"), "{text}");
    });
}

#[test]
fn who_knocked_is_told_where_the_interface_is_watched() {
    lab(|| {
        let (pair, bpffs, user) = (Pair::new(), Bpffs::new(), Ordinary::new());
        let (near, far) = (&pair.near, pair.far_raw());
        let told = |args: &str| -> serde_json::Value {
            let text = bpffs.ok(near, &format!("who --output json {args}"));
            serde_json::from_str(&text).unwrap()
        };
        let mut nc = Running::start(near.command("nc").args(["-k", "-l", "-p", "81"]));
        wait_for_socket(near, "tcp", 81);
        assert_eq!(socket(&told(""), "tcp", 81)["probes"], serde_json::Value::Null);
        let _ = nc.0.kill();
        let _ = nc.0.wait();
        bpffs.ok(near, "attach -i w0 --mode drop");
        assert!(!reaches(&far, 81));
        let _nc = Running::start(near.command("nc").args(["-k", "-l", "-p", "81"]));
        wait_for_socket(near, "tcp", 81);
        pair.far.sh(&format!("timeout 20 nc -z -w 5 {NEAR} 81"));
        let document = told("");
        let knocks = &socket(&document, "tcp", 81)["probes"];
        // While what was published at the attachment is fresh, SYNs are lost, and sent again.
        assert!(knocks["packets"].as_u64().unwrap() >= 1, "{knocks}");
        assert_eq!(knocks["local_socket"], 1, "{knocks}");
        assert_eq!(knocks["sources"].as_array().unwrap().len(), 1, "{knocks}");
        assert_eq!(knocks["more_sources"], 0);
        let text = bpffs.ok(near, "who");
        assert!(text.contains("1 conversation starts came for a socket, "), "{text}");
        // Nobody else may read that, and is told so.
        let output = user.command(near, &[], &bpffs.pins(), "who").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("not seen: sources of probes cannot be read: "), "{text}");
    });
}
