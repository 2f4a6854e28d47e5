//! The programs that the tests, the demo and the benchmark start.

use crate::programs;

/// A program, and the package of Debian that has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tool {
    pub program: &'static str,
    pub package: &'static str,
}

const TOOLS: [Tool; 19] = [
    // Namespaces, links, routes, bridges.
    tool("ip", "iproute2"),
    tool("bridge", "iproute2"),
    tool("tc", "iproute2"),
    // Offloads of a veth.
    tool("ethtool", "ethtool"),
    // Forwarding in the router's namespace.
    tool("sysctl", "procps"),
    tool("nft", "nftables"),
    tool("iptables", "iptables"),
    // Loads the object as libbpf does.
    tool("bpftool", "bpftool"),
    // Another's XDP program in the way, and xdp-filter beside port12 in the benchmark.
    tool("xdp-loader", "xdp-tools"),
    tool("xdp-filter", "xdp-tools"),
    // Peers.
    tool("nmap", "nmap"),
    tool("nc.openbsd", "netcat-openbsd"),
    tool("ping", "iputils-ping"),
    tool("tcpdump", "tcpdump"),
    // Counts requests to the kernel.
    tool("strace", "strace"),
    // What reads the sinks.
    tool("jq", "jq"),
    tool("tshark", "tshark"),
    tool("fail2ban-regex", "fail2ban"),
    // What moves their files away.
    tool("logrotate", "logrotate"),
];

const fn tool(program: &'static str, package: &'static str) -> Tool {
    Tool { program, package }
}

/// The programs that are not here.
pub fn missing() -> Vec<Tool> {
    TOOLS.into_iter().filter(|tool| programs::find(tool.program).is_none()).collect()
}

/// The programs with their packages, for a message.
pub fn list(tools: &[Tool]) -> String {
    let name = |tool: &Tool| {
        if tool.program == tool.package {
            return tool.program.to_owned();
        }
        format!("{} (Debian's {})", tool.program, tool.package)
    };
    tools.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_programs_and_packages() {
        let text = list(&[tool("nmap", "nmap"), tool("ip", "iproute2")]);
        assert_eq!(text, "nmap, ip (Debian's iproute2)");
    }
}
