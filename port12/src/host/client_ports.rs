//! The ports that the kernel gives to sockets which ask for none.

use std::fs;

const PATH: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// The first and the last of them, of the calling thread's network namespace; `None` where that is not told.
pub fn client_ports() -> Option<[u16; 2]> {
    read(&fs::read_to_string(PATH).ok()?)
}

fn read(text: &str) -> Option<[u16; 2]> {
    let mut ports = text.split_whitespace().map(str::parse);
    match (ports.next()?, ports.next()?, ports.next()) {
        (Ok(first), Ok(last), None) if first <= last => Some([first, last]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn two_numbers_are_a_range() {
        assert_eq!(read("32768\t60999\n"), Some([32_768, 60_999]));
        assert!(["", "1", "2 1", "1 70000", "1 2 3"].iter().all(|text| read(text).is_none()));
    }
}
