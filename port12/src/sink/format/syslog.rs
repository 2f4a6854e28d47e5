//! A message to the local syslog socket.
//!
//! `<PRI>TAG[PID]: MESSAGE`: what glibc's `syslog` sends but for the time, which has no time zone
//! there. journald, rsyslog, syslog-ng and BusyBox read this form at `/dev/log`, and take the time
//! when it comes; RFC 5424 is read there by none of them unless it is configured. The fields stand in
//! the message, as netfilter's LOG writes them.

use super::{Format, encode::Message};
use crate::model::event::Record;

/// Facility of daemons (RFC 5424 section 6.2.1).
pub(super) const DAEMON: u8 = 3;

pub(super) struct Syslog {
    process: u32,
}

impl Syslog {
    pub(super) fn new() -> Self {
        Self { process: std::process::id() }
    }
}

impl Format for Syslog {
    fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        let description = record.describe();
        let mut message = Message::new(&record.event.line());
        for field in description.fields.known().chain(description.record.known()) {
            if let Some(name) = field.in_message {
                message.field(name, &field.value);
            }
        }
        let priority = DAEMON << 3 | description.urgency as u8;
        let message = message.finish();
        out.extend(format!("<{priority}>port12[{}]: {message}", self.process).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{Probe, tests::sample};

    fn message(record: impl Into<Record>) -> String {
        let mut out = Vec::new();
        Syslog { process: 7 }.write(&record.into(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_is_information_with_fields() {
        assert_eq!(
            message(sample::event()),
            "<30>port12[7]: eth0 dropped tcp/12 of 198.51.100.7, SYN from 192.0.2.1 port 40000, TTL \
             54 IN=eth0 SRC=192.0.2.1 DST=198.51.100.7 LEN=54 TTL=54 PROTO=TCP SPT=40000 DPT=12 \
             VERDICT=drop SHAPE=tcp_syn"
        );
    }

    #[test]
    fn an_alert_is_a_warning_and_its_end_a_notice() {
        let mut alert = sample::alert();
        let text = message(alert.clone());
        assert!(
            text.starts_with("<28>port12[7]: eth0 TCP SYN scan from 192.0.2.1: 4 ports"),
            "{text}"
        );
        assert!(text.ends_with(" SRC=192.0.2.1 SCAN=syn PORTS=4 TARGETS=1 EVENTS=5 DROPPED=5"));
        alert.is_end = true;
        assert!(message(alert.clone()).starts_with("<29>"));
    }

    #[test]
    fn a_listener_is_a_warning_and_a_knock_that_reached_it_is_critical() {
        let text = message(sample::notice());
        assert!(text.starts_with("<28>port12[7]: tcp/12 of 0.0.0.0 has a listener: "), "{text}");
        assert!(text.ends_with(" DST=0.0.0.0 PROTO=TCP DPT=12 PID=4711 UID=0 LISTENER=appeared"));
        let text = message(sample::reached());
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
            message(notice.clone())
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
        let text = message(Probe { interface, ..sample::event() });
        assert!(text.len() < 4096 + 20 && !text.contains('\n'));
    }
}
