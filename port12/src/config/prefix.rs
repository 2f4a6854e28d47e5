//! Sources, written as prefixes.

use std::net::IpAddr;

use ipnet::IpNet;

/// Why a text is no prefix.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PrefixError {
    /// Neither an address nor a prefix.
    #[error("write an address or a prefix, such as 192.0.2.0/24 or 2001:db8::1")]
    Syntax,
    /// It is not clear what is meant: the address, or the network that it is in.
    #[error("it has host bits: write {network} for the network, or {address} for the one address")]
    HostBits {
        /// The network that the address is in.
        network: IpNet,
        /// The address.
        address: IpAddr,
    },
    /// No frame carries it: IPv4 comes as IPv4.
    #[error("frames carry no IPv4 address that is mapped into IPv6: write the IPv4 address")]
    Mapped,
}

/// Reads a prefix; an address alone is a prefix of all its bits.
///
/// # Errors
///
/// [`PrefixError`].
pub fn prefix(text: &str) -> Result<IpNet, PrefixError> {
    let net: IpNet = match text.parse::<IpAddr>() {
        Ok(address) => address.into(),
        Err(_) => text.parse().map_err(|_| PrefixError::Syntax)?,
    };
    match net {
        IpNet::V6(v6) if v6.prefix_len() >= 96 && v6.addr().to_ipv4_mapped().is_some() => {
            Err(PrefixError::Mapped)
        }
        _ if net.network() != net.addr() => {
            Err(PrefixError::HostBits { network: net.trunc(), address: net.addr() })
        }
        _ => Ok(net),
    }
}

/// The shortest way to write a prefix.
pub fn shown(net: &IpNet) -> String {
    match net.prefix_len() == net.max_prefix_len() {
        true => net.addr().to_string(),
        false => net.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_prefix_of_all_its_bits() {
        for (text, full) in
            [("192.0.2.1", "192.0.2.1/32"), ("2001:db8::1", "2001:db8::1/128"), ("::/0", "::/0")]
        {
            let net = prefix(text).unwrap();
            assert_eq!(net.to_string(), full);
            assert_eq!(shown(&net), text);
        }
    }

    #[test]
    fn host_bits_are_refused_with_both_of_what_may_be_meant() {
        let said = |text| prefix(text).unwrap_err().to_string();
        assert!(said("192.0.2.7/24").contains("write 192.0.2.0/24 for the network, or 192.0.2.7"));
        assert!(said("2001:db8::7/32").contains("write 2001:db8::/32 for the network"));
    }

    #[test]
    fn what_no_frame_carries_is_refused() {
        assert_eq!(prefix("::ffff:192.0.2.1"), Err(PrefixError::Mapped));
        assert_eq!(prefix("::ffff:192.0.2.0/120"), Err(PrefixError::Mapped));
        for wrong in ["", "192.0.2", "192.0.2.0/33", "example.org", "192.0.2.0/", " ::1"] {
            assert_eq!(prefix(wrong), Err(PrefixError::Syntax), "{wrong}");
        }
    }
}
