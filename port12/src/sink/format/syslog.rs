//! A message to the local syslog socket.
//!
//! `<PRI>TAG[PID]: MESSAGE`: what glibc's `syslog` sends but for the time, which has no time zone
//! there. journald, rsyslog, syslog-ng and BusyBox read this form at `/dev/log`, and take the time
//! when it comes; RFC 5424 is read there by none of them unless it is configured. The fields stand in
//! the message, as netfilter's LOG writes them.

use super::{Format, encode::Message, text, words};
use crate::{
    event::Event,
    listeners::{Notice, Severity, What},
    outbound::Started,
    scan::Alert,
    too_deep::TooDeepAlert,
};

/// RFC 5424 section 6.2.1: the facility of daemons, and severities.
pub(super) const DAEMON: u8 = 3;
pub(super) const CRITICAL: u8 = 2;
pub(super) const WARNING: u8 = 4;
pub(super) const NOTICE: u8 = 5;
pub(super) const INFORMATIONAL: u8 = 6;

pub(super) struct Syslog {
    process: u32,
}

impl Syslog {
    pub(super) fn new() -> Self {
        Self { process: std::process::id() }
    }

    fn message(&self, severity: u8, message: Message, out: &mut Vec<u8>) {
        let priority = DAEMON << 3 | severity;
        let message = message.finish();
        out.extend(format!("<{priority}>port12[{}]: {message}", self.process).as_bytes());
    }
}

impl Format for Syslog {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let mut message = Message::new(&text::event(event));
        let headers = &event.headers;
        message.field("IN", Some(&event.interface));
        message.field("SRC", Some(event.source));
        message.field("DST", headers.destination);
        message.field("LEN", Some(event.length));
        message.field("TTL", headers.hop_limit);
        message.field("PROTO", Some(words::proto(event.transport)));
        message.field("SPT", Some(event.source_port));
        message.field("DPT", Some(event.port));
        message.field("VERDICT", Some(event.outcome.verdict().as_str()));
        message.field("SHAPE", Some(event.shape));
        self.message(INFORMATIONAL, message, out);
    }

    fn alert(&mut self, alert: &Alert, out: &mut Vec<u8>) {
        let mut message = Message::new(&text::alert(alert));
        message.field("SRC", Some(alert.source));
        message.field("SCAN", Some(alert.kind.as_str()));
        message.field("PORTS", Some(alert.ports.len()));
        message.field("TARGETS", Some(alert.targets.len()));
        message.field("EVENTS", Some(alert.events));
        message.field("DROPPED", Some(alert.dropped));
        self.message(severity(alert), message, out);
    }

    fn notice(&mut self, notice: &Notice, out: &mut Vec<u8>) {
        let mut message = Message::new(&text::notice(notice));
        if let What::Reached { interface, packets, .. } = &notice.what {
            message.field("IN", Some(interface));
            message.field("PACKETS", Some(packets));
        }
        message.field("DST", notice.listener.as_ref().map(|it| it.address));
        message.field("PROTO", Some(words::proto(notice.transport)));
        message.field("DPT", Some(notice.port));
        let process = notice.listener.as_ref().and_then(|it| it.processes.first());
        message.field("PID", process.map(|it| it.pid));
        message.field("UID", notice.listener.as_ref().map(|it| it.uid));
        message.field("LISTENER", Some(words::happening(notice)));
        self.message(urgency(notice), message, out);
    }

    fn started(&mut self, started: &Started, out: &mut Vec<u8>) {
        let mut message = Message::new(&text::started(started));
        let contact = &started.contact;
        message.field("OUT", Some(&contact.interface));
        message.field("SRC", Some(contact.source));
        message.field("DST", Some(contact.destination));
        message.field("PROTO", Some(words::proto(contact.transport)));
        message.field("SPT", Some(contact.source_port));
        message.field("DPT", Some(contact.port));
        message.field("PID", started.sender.processes.first().map(|it| it.pid));
        message.field("UID", Some(contact.uid));
        message.field("OWNER", Some(started.sender.behind.as_str()));
        self.message(WARNING, message, out);
    }

    fn too_deep(&mut self, alert: &TooDeepAlert, out: &mut Vec<u8>) {
        let mut message = Message::new(&text::too_deep(alert));
        message.field("IN", Some(&alert.interface));
        message.field("PACKETS", Some(alert.packets));
        message.field("DROPPED", Some(alert.dropped));
        message.field("TOO_DEEP", Some(alert.reason));
        self.message(WARNING, message, out);
    }
}

/// The end of a scan was told of before.
pub(super) fn severity(alert: &Alert) -> u8 {
    match alert.is_end {
        true => NOTICE,
        false => WARNING,
    }
}

pub(super) fn urgency(notice: &Notice) -> u8 {
    match notice.severity() {
        Severity::High => CRITICAL,
        Severity::Medium => WARNING,
        Severity::Low => NOTICE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::sample;

    fn message(write: impl FnOnce(&mut Syslog, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut Syslog { process: 7 }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_is_information_with_fields() {
        assert_eq!(
            message(|syslog, out| syslog.event(&sample::event(), out)),
            "<30>port12[7]: eth0 dropped tcp/12 of 198.51.100.7, SYN from 192.0.2.1 port 40000, TTL \
             54 IN=eth0 SRC=192.0.2.1 DST=198.51.100.7 LEN=54 TTL=54 PROTO=TCP SPT=40000 DPT=12 \
             VERDICT=drop SHAPE=tcp_syn"
        );
    }

    #[test]
    fn an_alert_is_a_warning_and_its_end_a_notice() {
        let mut alert = sample::alert();
        let text = message(|syslog, out| syslog.alert(&alert, out));
        assert!(
            text.starts_with("<28>port12[7]: eth0 TCP SYN scan from 192.0.2.1: 4 ports"),
            "{text}"
        );
        assert!(text.ends_with(" SRC=192.0.2.1 SCAN=syn PORTS=4 TARGETS=1 EVENTS=5 DROPPED=5"));
        alert.is_end = true;
        assert!(message(|syslog, out| syslog.alert(&alert, out)).starts_with("<29>"));
    }

    #[test]
    fn a_listener_is_a_warning_and_a_knock_that_reached_it_is_critical() {
        let text = message(|syslog, out| syslog.notice(&sample::notice(), out));
        assert!(text.starts_with("<28>port12[7]: tcp/12 of 0.0.0.0 has a listener: "), "{text}");
        assert!(text.ends_with(" DST=0.0.0.0 PROTO=TCP DPT=12 PID=4711 UID=0 LISTENER=appeared"));
        let text = message(|syslog, out| syslog.notice(&sample::reached(), out));
        assert!(text.starts_with("<26>port12[7]: eth0 tcp/12: 3 conversation starts"), "{text}");
        assert!(text.contains(" IN=eth0 PACKETS=3 DST="), "{text}");
    }

    #[test]
    fn who_names_a_program_writes_no_fields_and_pushes_none_out() {
        let named = |path: String| {
            let mut notice = sample::notice();
            let mut listener = notice.listener.as_deref().unwrap().clone();
            for process in [0, 0].map(|_| listener.processes[0].clone()) {
                listener.processes.push(process);
            }
            for program in listener.processes.iter_mut().filter_map(|it| it.program.as_mut()) {
                program.path.clone_from(&path);
            }
            notice.listener = Some(listener.into());
            message(|syslog, out| syslog.notice(&notice, out))
        };
        let text = named("/tmp/ SRC=192.0.2.1 DPT=22".into());
        assert!(text.contains(r"/tmp/ SRC\u{3d}192.0.2.1 DPT\u{3d}22"), "{text}");
        assert_eq!(text.matches('=').count(), 6, "{text}");
        let text = named("\u{202e}".repeat(400));
        assert!(text.contains(" DPT=12 PID=4711 UID=0 LISTENER=appeared"), "{text}");
        assert!(text.len() < 4096 + 20);
    }

    #[test]
    fn a_message_is_one_short_line() {
        let interface = format!("\n{}", "é".repeat(9000)).into();
        let text = message(|syslog, out| {
            syslog.event(&Event { interface, ..sample::event() }, out);
        });
        assert!(text.len() < 4096 + 20 && !text.contains('\n'));
    }
}
