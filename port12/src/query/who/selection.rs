//! The ports that are asked for.

use std::{fmt, str::FromStr};

use port12_common::Transport;

use crate::{host::sockets::PortRanges, registry::Registry};

/// A port or a range, of one transport or of all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Selection {
    first: u16,
    last: u16,
    transport: Option<Transport>,
}

/// Why a text selects nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "write a port from 0 to 65535 or a range, with a transport or without: 12, 12/tcp, 14-16, \
     700-720/udp; the transports are {}",
    port12_common::transport_names!()
)]
pub struct SelectionError;

impl From<u16> for Selection {
    fn from(port: u16) -> Self {
        Self { first: port, last: port, transport: None }
    }
}

impl FromStr for Selection {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let (numbers, transport) = match text.split_once('/') {
            Some((numbers, name)) => (numbers, Some(name.parse().map_err(|()| SelectionError)?)),
            None => (text, None),
        };
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return Err(SelectionError);
        }
        Ok(Self { first, last, transport })
    }
}

fn port(digits: &str) -> Result<u16, SelectionError> {
    match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().map_err(|_| SelectionError),
        false => Err(SelectionError),
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.first)?;
        if self.last != self.first {
            write!(out, "-{}", self.last)?;
        }
        self.transport.map_or(Ok(()), |transport| write!(out, "/{transport}"))
    }
}

/// Requested ports.
pub enum Selected<'a> {
    /// The ports that the registry has port12 watch.
    Watched,
    /// 0 to 1023.
    WellKnown,
    /// These.
    Named(&'a [Selection]),
}

impl Selected<'_> {
    /// The ports, by transport.
    pub fn ports(&self, registry: &Registry) -> [PortRanges; Transport::ALL.len()] {
        Transport::ALL.map(|transport| match self {
            Self::Watched => registry.watched(transport).ranges().into_iter().collect(),
            Self::WellKnown => PortRanges::well_known(),
            Self::Named(named) => {
                let of = |it: &&Selection| it.transport.is_none_or(|named| named == transport);
                named.iter().filter(of).map(|it| (it.first, it.last)).collect()
            }
        })
    }
}

impl fmt::Display for Selected<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watched => out.write_str("watched"),
            Self::WellKnown => out.write_str("0-1023"),
            Self::Named(named) => {
                let named: Vec<String> = named.iter().map(ToString::to_string).collect();
                out.write_str(&named.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_they_are_written() {
        for text in ["0", "12", "12/tcp", "14-16", "700-720/udp", "0-65535/sctp", "65535"] {
            assert_eq!(text.parse::<Selection>().unwrap().to_string(), text);
        }
        assert_eq!("12-12".parse::<Selection>().unwrap().to_string(), "12");
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for wrong in ["", "65536", "-1", "+1", "12-", "-12", "16-14", "12/", "12/TCP", "12 ", "a"] {
            assert_eq!(wrong.parse::<Selection>(), Err(SelectionError), "{wrong}");
        }
    }

    #[test]
    fn a_transport_that_is_named_is_asked_for_alone() {
        let named = ["12/tcp".parse().unwrap(), "14-16".parse().unwrap()];
        let ports = Selected::Named(&named).ports(Registry::embedded());
        let has = |transport: Transport, port| ports[transport as usize].contains(port);
        assert!(has(Transport::Tcp, 12) && !has(Transport::Udp, 12));
        assert!(has(Transport::Udp, 15) && has(Transport::Dccp, 16) && !has(Transport::Tcp, 13));
    }

    #[test]
    fn by_default_it_is_what_is_watched() {
        let ports = Selected::Watched.ports(Registry::embedded());
        let has = |transport: Transport, port| ports[transport as usize].contains(port);
        assert!(has(Transport::Tcp, 12) && !has(Transport::Tcp, 80));
        assert!(has(Transport::Tcp, 716) && !has(Transport::Udp, 716));
    }
}
