//! Sockets of other network namespaces.

use std::net::TcpListener;

use serde_json::Value;

use super::{Running, pids, sockets, table, who};
use crate::support::{Namespace, lab, sockets::wait_for_socket};

/// What is on a port in a namespace of some inode.
fn there(document: &Value, inode: u64) -> Option<Value> {
    let found = sockets(document, "tcp", 12);
    found.into_iter().find(|it| it["network_namespace"] == inode).cloned()
}

fn inode(namespace: &Namespace) -> u64 {
    let link = namespace.sh("readlink /proc/self/ns/net");
    link.trim().trim_start_matches("net:[").trim_end_matches(']').parse().unwrap()
}

#[test]
fn those_of_all_namespaces_are_found_by_name_and_by_process() {
    lab(|| {
        let (near, far) = (Namespace::new(), Namespace::new());
        let named = Running::start(far.command("nc").args(["-l", "-p", "12"]));
        wait_for_socket(&far, "tcp", 12);
        let unnamed = Running::ready(near.command("unshare").args([
            "-n",
            "python3",
            "-c",
            "
import socket, time
listener = socket.socket()
listener.bind(('', 12)); listener.listen()
print('ready', flush=True)
time.sleep(60)
",
        ]));
        assert_eq!(table(&near, "").1, 1);
        let document = who(&near, "--all-netns");
        let namespaces = document["network_namespaces"].as_array().unwrap();
        let own = serde_json::json!({"inode": inode(&near), "name": near.name()});
        assert_eq!(namespaces[0], own);
        let other = serde_json::json!({"inode": inode(&far), "name": far.name()});
        assert!(namespaces.contains(&other), "{document}");
        let found = there(&document, inode(&far)).unwrap();
        assert_eq!(pids(&found), [u64::from(named.id())]);
        let link = std::fs::read_link(format!("/proc/{}/ns/net", unnamed.id())).unwrap();
        let link =
            link.to_str().unwrap().trim_start_matches("net:[").trim_end_matches(']').to_owned();
        let found = there(&document, link.parse().unwrap()).unwrap();
        assert_eq!(pids(&found), [u64::from(unnamed.id())]);
        let (text, code) = table(&near, "--all-netns");
        let line = format!("in network namespace {} ({})\n", inode(&far), far.name());
        assert!(code == 0 && text.contains(&line), "{text}");
    });
}

/// A process may hold sockets of namespaces that it is not in.
#[test]
fn a_holder_in_another_namespace_is_found() {
    lab(|| {
        let near = Namespace::new();
        let _listener = near.enter(|| TcpListener::bind("127.0.0.1:12").unwrap());
        let document = who(&near, "");
        assert_eq!(
            pids(&sockets(&document, "tcp", 12)[0].clone()),
            [u64::from(std::process::id())]
        );
    });
}

/// As container runtimes do: one thread is elsewhere, and its process is not.
#[test]
fn a_namespace_that_only_a_thread_is_in_is_found() {
    lab(|| {
        let near = Namespace::new();
        std::thread::scope(|scope| {
            let (opened, wait) = std::sync::mpsc::channel();
            let (end, ended) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || {
                // SAFETY: unshare takes flags; it changes this thread alone.
                assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNET) }, 0);
                let _listener = TcpListener::bind("0.0.0.0:12").unwrap();
                let link = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
                opened.send(link).unwrap();
                let _ = ended.recv();
            });
            let link = wait.recv().unwrap().to_str().unwrap().to_owned();
            let inode = link.trim_start_matches("net:[").trim_end_matches(']').parse().unwrap();
            let document = who(&near, "--all-netns");
            let found = there(&document, inode).unwrap();
            assert_eq!(pids(&found), [u64::from(std::process::id())]);
            drop(end);
        });
    });
}
