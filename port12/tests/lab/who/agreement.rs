//! A thousand sockets, as `ss` has them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Running, who};
use crate::support::{Namespace, lab};

/// Opens TCP listeners and UDP sockets on random ports and addresses, and has two children that keep
/// half of them.
const RANDOM: &str = "
import os, random, resource, socket, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
random.seed(12)
kept = []
while len(kept) < 1000:
    v6, kind = random.random() < .5, random.choice([socket.SOCK_STREAM, socket.SOCK_DGRAM])
    one = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
    if v6 and random.random() < .5:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if random.random() < .2:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo')
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    address = random.choice(['::', '::1'] if v6 else ['0.0.0.0', '127.0.0.1', '127.0.0.9'])
    try:
        one.bind((address, random.choice([random.randint(1, 1023), random.randint(1, 65535)])))
        if kind == socket.SOCK_STREAM:
            one.listen()
    except OSError:
        continue
    kept.append(one)
parent = os.getpid()
for half in (0, 1):
    if os.fork() == 0:
        for one in kept[half::2]:
            one.close()
        while os.getppid() == parent:
            time.sleep(.05)
        os._exit(0)
time.sleep(.5)
print('ready', flush=True)
time.sleep(60)
";

/// Sockets by transport, address and port: how many, and the processes of all of them.
type Listed = BTreeMap<(String, String), (u64, BTreeSet<u64>)>;

fn by_ss(near: &Namespace) -> Listed {
    let mut listed = Listed::new();
    for line in near.sh("ss -tulpnH").lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (count, pids) = listed.entry((words[0].to_owned(), words[4].to_owned())).or_default();
        *count += 1;
        let pid = |rest: &str| rest.split(',').next().unwrap().parse::<u64>().unwrap();
        pids.extend(line.split("pid=").skip(1).map(pid));
    }
    listed
}

fn by_port12(near: &Namespace) -> Listed {
    let mut listed = Listed::new();
    for socket in who(near, "0-65535")["sockets"].as_array().unwrap() {
        let text = |key: &str| socket[key].as_str().unwrap().to_owned();
        let device = socket["device"].as_str().map_or_else(String::new, |it| format!("%{it}"));
        let address = match (socket["dual_stack"] == true, text("address")) {
            (true, _) => "*".to_owned(),
            (false, address) if address.contains(':') => format!("[{address}]"),
            (false, address) => address,
        };
        let local = format!("{address}{device}:{}", socket["port"]);
        let (count, pids) = listed.entry((text("transport"), local)).or_default();
        *count += socket["sockets"].as_u64().unwrap();
        pids.extend(super::pids(socket));
    }
    listed
}

#[test]
fn a_thousand_random_sockets_are_those_that_ss_lists() {
    lab(|| {
        let near = Namespace::new();
        let _python = Running::python(&near, RANDOM);
        let (ss, port12) = (by_ss(&near), by_port12(&near));
        assert_eq!(ss.values().map(|(count, _)| count).sum::<u64>(), 1000);
        for (key, value) in &ss {
            assert_eq!(port12.get(key), Some(value), "{key:?}");
        }
        assert_eq!(port12.len(), ss.len());
        // Those that are well-known, and nothing else.
        let low = who(&near, "--all");
        let ports =
            low["sockets"].as_array().unwrap().iter().map(|it| it["port"].as_u64().unwrap());
        let low: BTreeSet<u64> = ports.collect();
        let port = |local: &str| local.rsplit(':').next().unwrap().parse::<u64>().unwrap();
        let expected =
            ss.keys().map(|(_, local)| port(local)).filter(|&port| port < 1024).collect();
        assert_eq!(low, expected);
    });
}
