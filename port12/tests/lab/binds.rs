//! What is heard of binds.

mod attached;
mod first_syn;
mod told;

const HEARD: &str = "binds are heard of in ";
const UNHEARD: &str = "binds are not heard of: a new TCP listener may lose its first SYN";
const CGROUP2: &str = "mount -t cgroup2 cgroup2 /sys/fs/cgroup";

/// Unassigned on TCP.
const PORTS: [u16; 8] = [4, 6, 8, 10, 12, 14, 16, 81];
