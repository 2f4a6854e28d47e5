//! Name servers: those that the C library asks, and those that a resolver on this host forwards to.
//!
//! Read: resolv.conf(5) files, and the configuration of systemd-resolved, dnsmasq and unbound, in the places where
//! distributions keep them. Other resolvers (BIND, Knot Resolver, PowerDNS, stubby), included files elsewhere, and
//! servers that a resolver got over D-Bus or on its command line are not seen.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::{self, Read as _},
    net::IpAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Files of `nameserver` lines: the C library's, and the lists from which resolvers take their servers.
const RESOLV_CONF: [&str; 8] = [
    "/etc/resolv.conf",
    "/run/systemd/resolve/resolv.conf",
    "/run/NetworkManager/no-stub-resolv.conf",
    "/run/NetworkManager/resolv.conf",
    "/run/dnsmasq/resolv.conf",
    "/etc/resolv.dnsmasq",
    "/etc/resolv.dnsmasq.conf",
    "/etc/dnsmasq-resolv.conf",
];

/// resolved.conf(5), and the directories of its drop-ins.
const RESOLVED: [&str; 5] = [
    "/etc/systemd/resolved.conf",
    "/etc/systemd/resolved.conf.d",
    "/run/systemd/resolved.conf.d",
    "/usr/local/lib/systemd/resolved.conf.d",
    "/usr/lib/systemd/resolved.conf.d",
];

/// dnsmasq(8), also as NetworkManager's.
const DNSMASQ: [&str; 3] = ["/etc/dnsmasq.conf", "/etc/dnsmasq.d", "/etc/NetworkManager/dnsmasq.d"];

/// unbound.conf(5).
const UNBOUND: [&str; 4] = [
    "/etc/unbound/unbound.conf",
    "/etc/unbound/unbound.conf.d",
    "/etc/unbound/conf.d",
    "/etc/unbound/local.d",
];

/// Bytes of a file that are read, at most: a larger one is a block list.
const LARGEST: u64 = 256 << 10;

/// Files of a directory that are read, at most.
const FILES: usize = 64;

/// Every name server, and the reason why there may be more. A file that does not exist names none.
pub(super) fn servers() -> (BTreeSet<IpAddr>, Option<String>) {
    let mut reading = Reading::default();
    let mut servers = BTreeSet::new();
    let mut lists: Vec<PathBuf> = RESOLV_CONF.iter().map(PathBuf::from).collect();
    for text in reading.texts(&RESOLVED) {
        servers.extend(resolved(&text));
    }
    for text in reading.texts(&DNSMASQ) {
        servers.extend(dnsmasq(&text));
        lists.extend(values(&text, "resolv-file").map(PathBuf::from));
    }
    for text in reading.texts(&UNBOUND) {
        servers.extend(unbound(&text));
    }
    for path in lists {
        servers.extend(reading.text(&path).iter().flat_map(|text| resolv_conf(text)));
    }
    (servers, reading.unread)
}

/// Files that are read, and the first that could not be.
#[derive(Default)]
struct Reading {
    unread: Option<String>,
}

impl Reading {
    /// The texts of files, and of the files in directories.
    fn texts(&mut self, paths: &[&str]) -> Vec<String> {
        let files = paths.iter().flat_map(|path| match fs::read_dir(path) {
            Ok(entries) => entries.take(FILES).flatten().map(|entry| entry.path()).collect(),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.note(Path::new(path), &error);
                Vec::new()
            }
            Err(_) => vec![PathBuf::from(path)],
        });
        let files: Vec<PathBuf> = files.collect();
        files.iter().filter_map(|path| self.text(path)).collect()
    }

    /// The text of a regular file.
    fn text(&mut self, path: &Path) -> Option<String> {
        match text(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.note(path, &error);
                None
            }
        }
    }

    fn note(&mut self, path: &Path, error: &io::Error) {
        let why = || format!("the name servers ({}: {error})", path.display());
        self.unread.get_or_insert_with(why);
    }
}

/// The text of a regular file. A pipe in its place does not block.
fn text(path: &Path) -> io::Result<Option<String>> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || found.len() > LARGEST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The addresses of `nameserver` lines (resolv.conf(5)), without their zones.
fn resolv_conf(text: &str) -> Vec<IpAddr> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        let address = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        address.split('%').next()?.parse().ok()
    };
    text.lines().filter_map(server).collect()
}

/// The addresses of `DNS` and `FallbackDNS` (resolved.conf(5)): `192.0.2.1:853%eth0#name`, `[2001:db8::1]:853`.
fn resolved(text: &str) -> Vec<IpAddr> {
    let lists = ["DNS", "FallbackDNS"].into_iter().flat_map(|key| values(text, key));
    lists.flat_map(str::split_whitespace).filter_map(resolved_address).collect()
}

fn resolved_address(text: &str) -> Option<IpAddr> {
    let address = text.split(['#', '%']).next()?;
    if let Ok(address) = address.parse() {
        return Some(address);
    }
    let host = match address.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => address.rsplit_once(':')?.0,
    };
    host.parse().ok()
}

/// The addresses of `server`, `local` and `rev-server` (dnsmasq(8)): `/domain/192.0.2.1#5353@eth0`.
fn dnsmasq(text: &str) -> Vec<IpAddr> {
    let of_domains = ["server", "local"].into_iter().flat_map(|key| values(text, key));
    let of_nets = values(text, "rev-server").filter_map(|value| value.split(',').nth(1));
    let server = |value: &str| {
        let server = value.rsplit('/').next()?.trim();
        server.split(['#', '@', '%']).next()?.parse().ok()
    };
    of_domains.chain(of_nets).filter_map(server).collect()
}

/// The values of lines `key=value`.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// The addresses of `forward-addr` and `stub-addr` (unbound.conf(5)): `192.0.2.1@853#name`.
fn unbound(text: &str) -> Vec<IpAddr> {
    let server = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let named = matches!(name.trim(), "forward-addr" | "stub-addr");
        let value = value.trim().trim_matches('"');
        value.split(['@', '#', '%', ' ', '\t']).next().filter(|_| named)?.parse().ok()
    };
    text.lines().filter_map(server).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn resolv_conf_is_read_as_the_c_library_reads_it() {
        let text = "# nameserver 192.0.2.9\nsearch example\nnameserver 192.0.2.53\n  nameserver\t\
                    fe80::53%eth0 # ours\nnameserver\nnameservers 192.0.2.1\nnameserver x\n";
        assert_eq!(resolv_conf(text), addresses(&["192.0.2.53", "fe80::53"]));
    }

    #[test]
    fn resolved_s_servers_have_ports_interfaces_and_names() {
        let text = "[Resolve]\n#DNS=192.0.2.9\nDNS=192.0.2.1 192.0.2.2:853%eth0#dns.example 2001:db8::1\n\
                    DNS = [2001:db8::2]:853#dns.example fe80::1%eth0 nonsense\nFallbackDNS=192.0.2.3\n\
                    DNSSEC=no\n";
        let mut found = resolved(text);
        found.sort();
        let expected =
            ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2", "fe80::1"];
        assert_eq!(found, addresses(&expected));
    }

    #[test]
    fn dnsmasq_s_servers_have_domains_ports_and_sources() {
        let text = "#server=192.0.2.9\nserver=192.0.2.1\nserver=/example.com/example.org/192.0.2.2#5353\n\
                    server = 2001:db8::1@eth0\nlocal=/lan/\nserver=/internal/#\n\
                    rev-server=10.0.0.0/8,192.0.2.3#53\nservers-file=/x\n";
        let mut found = dnsmasq(text);
        found.sort();
        assert_eq!(found, addresses(&["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"]));
        let named = "resolv-file=/run/upstream\n";
        assert_eq!(values(named, "resolv-file").collect::<Vec<_>>(), ["/run/upstream"]);
    }

    #[test]
    fn unbound_s_forwarders_have_ports_and_names() {
        let text = "forward-zone:\n  name: \".\"\n  forward-addr: 192.0.2.1@853#dns.example\n  # forward-addr: \
                    192.0.2.9\n\tforward-addr: 2001:db8::1 # ours\nstub-zone:\n  stub-addr: 192.0.2.2\n\
                    interface: 127.0.0.1\n";
        assert_eq!(unbound(text), addresses(&["192.0.2.1", "2001:db8::1", "192.0.2.2"]));
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("resolv.conf");
        let path = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
        // SAFETY: the path ends in NUL.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
        assert_eq!(text(&pipe).unwrap(), None);
    }
}
