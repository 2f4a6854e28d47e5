//! portsentry's line, which fail2ban and other readers of its history file know.
//!
//! `Scan from: [IP] (HOST) protocol: [TCP] port: [N] type: [..] IP opts: [..] ignored: [..]
//! triggered: [..] noblock: [..] blocked: [..]`, with the time in front.

use port12_common::Shape;

use super::{Format, encode};
use crate::{
    model::event::{Probe, Record},
    text::time,
};

pub(super) struct Portsentry;

impl Format for Portsentry {
    /// HOST is the address again: nobody is asked for a name. Nothing is ignored here, and each
    /// touch is one that portsentry would be triggered by.
    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        let Some(event) = record.event.probe() else {
            return;
        };
        let transport = event.transport.info();
        if !transport.in_portsentry {
            return;
        }
        let protocol = transport.proto;
        let blocked = event.is_dropped();
        let line = format!(
            "{} Scan from: [{}] ({}) protocol: [{protocol}] port: [{}] type: [{}] IP opts: [{}] \
             ignored: [false] triggered: [true] noblock: [{}] blocked: [{blocked}]",
            time::numeric_millis(event.time),
            event.source,
            event.source,
            event.port,
            kind(event.shape),
            options(event),
            !blocked,
        );
        encode::line(&line, out);
    }
}

/// There are five types. A segment with other flags, and one whose flags are not in its first
/// fragment, is the first of them: the one for what may open a connection.
fn kind(shape: Shape) -> &'static str {
    match shape {
        Shape::TcpSyn | Shape::TcpOther | Shape::TinyFragment => "TCP SYN/Normal scan",
        Shape::TcpNull => "TCP NULL scan",
        Shape::TcpXmas => "TCP XMAS scan",
        Shape::TcpFin => "TCP FIN scan",
        Shape::Datagram | Shape::SctpInit | Shape::DccpRequest => "UDP",
    }
}

/// Whether there were IPv4 options. portsentry does not look for those of IPv6.
fn options(event: &Probe) -> &'static str {
    match event.headers.has_options {
        Some(true) if event.source.is_ipv4() => "set",
        Some(false) if event.source.is_ipv4() => "not set",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use port12_common::Transport;

    use super::*;
    use crate::model::event::{Headers, tests::sample};

    fn line(event: &Probe) -> String {
        let mut out = Vec::new();
        Portsentry.write(&event.clone().into(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_is_portsentrys_line() {
        assert_eq!(
            line(&sample::event()),
            "2026-03-01T12:34:56.789+0000 Scan from: [192.0.2.1] (192.0.2.1) protocol: [TCP] port: \
             [12] type: [TCP SYN/Normal scan] IP opts: [not set] ignored: [false] triggered: [true] \
             noblock: [false] blocked: [true]\n"
        );
        assert_eq!(
            line(&sample::datagram()),
            "2026-03-01T12:34:56.789+0000 Scan from: [192.0.2.1] (192.0.2.1) protocol: [UDP] port: \
             [12] type: [UDP] IP opts: [not set] ignored: [false] triggered: [true] noblock: [true] \
             blocked: [false]\n"
        );
    }

    #[test]
    fn every_shape_has_a_type_that_portsentry_knows() {
        for (shape, kind) in [
            (Shape::TcpSyn, "TCP SYN/Normal scan"),
            (Shape::TcpNull, "TCP NULL scan"),
            (Shape::TcpFin, "TCP FIN scan"),
            (Shape::TcpXmas, "TCP XMAS scan"),
            (Shape::TcpOther, "TCP SYN/Normal scan"),
            (Shape::TinyFragment, "TCP SYN/Normal scan"),
        ] {
            let line = line(&Probe { shape, ..sample::event() });
            assert!(line.contains(&format!(" type: [{kind}] IP opts:")), "{line}");
        }
    }

    #[test]
    fn options_are_those_of_ipv4() {
        let with = |has_options| Headers { has_options, ..sample::event().headers };
        let mut event = sample::event();
        event.headers = with(Some(true));
        assert!(line(&event).contains("IP opts: [set]"));
        event.headers = with(None);
        assert!(line(&event).contains("IP opts: [unknown]"));
        event.source = "2001:db8::1".parse().unwrap();
        event.headers = with(Some(true));
        assert!(line(&event).contains("Scan from: [2001:db8::1] (2001:db8::1)"));
        assert!(line(&event).contains("IP opts: [unknown]"));
    }

    #[test]
    fn other_transports_and_alerts_have_no_line() {
        let mut out = Vec::new();
        for transport in [Transport::UdpLite, Transport::Sctp, Transport::Dccp] {
            Portsentry.write(&Probe { transport, ..sample::event() }.into(), &mut out);
        }
        Portsentry.write(&sample::alert().into(), &mut out);
        assert!(out.is_empty());
    }
}
