//! Ports as the policy file writes them.

use std::{fmt, str::FromStr};

use port12_common::{Transport, abi::PORTS};

/// A port that is named, or a range of ports; of one transport or of whichever the context says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ports {
    /// 0 to 1023.
    pub first: u16,
    /// `first` to 1023.
    pub last: u16,
    /// The transport, where one is named.
    pub transport: Option<Transport>,
}

/// Why a text names no ports.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "write a port from 0 to 1023 or a range, with a transport or without: 12, \"12/tcp\", \
     \"14-16\", \"700-720/udp\"; the transports are {}",
    port12_common::transport_names!()
)]
pub struct PortsError;

impl Ports {
    /// One port, of no transport in particular.
    pub fn one(port: u16) -> Result<Self, PortsError> {
        match usize::from(port) < PORTS {
            true => Ok(Self { first: port, last: port, transport: None }),
            false => Err(PortsError),
        }
    }

    /// Whether it is one port, named by itself.
    pub const fn is_named(&self) -> bool {
        self.first == self.last
    }

    /// The ports, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<> {
        self.first..=self.last
    }

    /// Whether a transport is meant; where none is named, each is.
    pub fn is_of(&self, transport: Transport) -> bool {
        self.transport.is_none_or(|named| named == transport)
    }
}

impl FromStr for Ports {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Self, PortsError> {
        let (numbers, transport) = match text.split_once('/') {
            Some((numbers, transport)) => {
                (numbers, Some(transport.parse().map_err(|()| PortsError)?))
            }
            None => (text, None),
        };
        let (first, last) = match numbers.split_once('-') {
            Some((first, last)) => {
                let range = (port(first)?, port(last)?);
                // A range of one port would be a name in disguise.
                if range.0 >= range.1 {
                    return Err(PortsError);
                }
                range
            }
            None => (port(numbers)?, port(numbers)?),
        };
        Ok(Self { first, last, transport })
    }
}

fn port(digits: &str) -> Result<u16, PortsError> {
    let port = match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().map_err(|_| PortsError)?,
        false => return Err(PortsError),
    };
    Ports::one(port).map(|ports| ports.first)
}

impl fmt::Display for Ports {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_named() {
            true => write!(formatter, "{}", self.first)?,
            false => write!(formatter, "{}-{}", self.first, self.last)?,
        }
        match self.transport {
            Some(transport) => write!(formatter, "/{transport}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_they_are_written() {
        for text in ["0", "12", "12/tcp", "14-16", "700-720/udp", "0-1023/sctp", "1023/udplite"] {
            assert_eq!(text.parse::<Ports>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for wrong in [
            "",
            "1024",
            "-1",
            "+1",
            "12-",
            "-12",
            "16-14",
            "12-12",
            "12/",
            "12/TCP",
            "12/icmp",
            "tcp/12",
            "12 ",
            "0x0c",
            "12-14-16",
            "12/tcp/udp",
            "99999999999",
            "1-1024",
        ] {
            assert_eq!(wrong.parse::<Ports>(), Err(PortsError), "{wrong}");
        }
    }

    #[test]
    fn only_a_port_by_itself_is_named() {
        assert!("12/tcp".parse::<Ports>().unwrap().is_named());
        assert!(!"12-13".parse::<Ports>().unwrap().is_named());
    }
}
