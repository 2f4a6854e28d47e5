//! The program's clock follows the capture.

use std::time::Duration;

use serde_json::Value;

use crate::{
    file::{ETHERNET, Pcap, Pcapng, datagram, file, syn},
    program::{port, user},
};

/// 2023-11-14T22:13:20Z.
const START: Duration = Duration::from_secs(1_700_000_000);

fn after(milliseconds: u64) -> Duration {
    START + Duration::from_millis(milliseconds)
}

fn replayed(pcap: &Pcap, arguments: &[&str]) -> Vec<Value> {
    user(file(&pcap.0), arguments).reports()
}

/// Times of a report: its end, the whole time, the period.
fn times(report: &Value) -> (&str, f64, f64) {
    let seconds = |key: &str| report[key].as_f64().unwrap();
    (report["time"].as_str().unwrap(), seconds("elapsed_seconds"), seconds("period_seconds"))
}

#[test]
fn totals_are_over_the_time_of_the_capture() {
    let pcap = Pcap::new(ETHERNET)
        .frame(after(0), &syn(12))
        .frame(after(1500), &datagram(717))
        .frame(after(4000), &syn(12));
    let totals = replayed(&pcap, &[]).pop().unwrap();
    assert_eq!(times(&totals), ("2023-11-14T22:13:24.000Z", 4.0, 4.0));
    let tcp = port(&totals, "tcp", 12).unwrap();
    assert_eq!(tcp["last_seen"], "2023-11-14T22:13:24.000Z");
    assert_eq!(tcp["packets_per_second"], 0.5);
    assert_eq!(port(&totals, "udp", 717).unwrap()["last_seen"], "2023-11-14T22:13:21.500Z");
}

#[test]
fn a_time_that_goes_back_does_not_turn_the_clock_back() {
    let pcap = Pcap::new(ETHERNET)
        .frame(after(2000), &syn(12))
        .frame(after(0), &syn(81))
        .frame(after(2500), &datagram(717));
    let totals = replayed(&pcap, &[]).pop().unwrap();
    assert_eq!(times(&totals), ("2023-11-14T22:13:22.500Z", 0.5, 0.5));
    assert_eq!(port(&totals, "tcp", 81).unwrap()["last_seen"], "2023-11-14T22:13:22.000Z");
}

#[test]
fn a_capture_without_times_is_counted_all_the_same() {
    let pcapng = Pcapng::new(&[ETHERNET]).timeless(&syn(12)).timeless(&syn(12));
    let reports = user(file(&pcapng.0), &["--interval", "1s"]).reports();
    let [totals] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!(times(totals), ("1970-01-01T00:00:00.000Z", 0.0, 0.0));
    assert_eq!(port(totals, "tcp", 12).unwrap()["packets"], 2);
    assert_eq!(port(totals, "tcp", 12).unwrap()["packets_per_second"], 0.0);
}

#[test]
fn frames_without_a_time_come_at_the_time_before() {
    let pcapng = Pcapng::new(&[ETHERNET]).frame(0, after(0), &syn(81)).timeless(&syn(12));
    let totals = user(file(&pcapng.0), &[]).totals();
    assert_eq!(port(&totals, "tcp", 12).unwrap()["last_seen"], "2023-11-14T22:13:20.000Z");
}

/// 1.5 s: one interval is over; 3.2 s: two more are, and one of them had no frame.
#[test]
fn intervals_are_of_the_captures_time() {
    let pcap = Pcap::new(ETHERNET)
        .frame(after(0), &syn(12))
        .frame(after(400), &syn(12))
        .frame(after(1500), &syn(12))
        .frame(after(3200), &syn(12));
    let reports = replayed(&pcap, &["--interval", "1s"]);
    let seen: Vec<_> = reports.iter().map(times).collect();
    assert_eq!(
        seen,
        [
            ("2023-11-14T22:13:21.000Z", 1.0, 1.0),
            ("2023-11-14T22:13:23.000Z", 3.0, 2.0),
            ("2023-11-14T22:13:23.200Z", 3.2, 3.2),
        ]
    );
    let kinds: Vec<_> = reports.iter().map(|report| report["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["interval", "interval", "totals"]);
    let packets: Vec<_> =
        reports.iter().map(|report| port(report, "tcp", 12).unwrap()["packets"].clone()).collect();
    assert_eq!(packets, [2, 3, 4]);
    let rates: Vec<_> = reports
        .iter()
        .map(|report| report["interfaces"][0]["frames_per_second"].as_f64().unwrap())
        .collect();
    assert_eq!(rates, [2.0, 0.5, 1.25]);
    let bits = reports[0]["interfaces"][0]["bits_per_second"].as_f64().unwrap();
    assert_eq!(bits, 2.0 * 54.0 * 8.0);
}

#[test]
fn a_frame_at_the_end_of_an_interval_is_in_the_next() {
    let pcap = Pcap::new(ETHERNET).frame(after(0), &syn(12)).frame(after(1000), &syn(12));
    let reports = replayed(&pcap, &["--interval", "1s"]);
    assert_eq!(port(&reports[0], "tcp", 12).unwrap()["packets"], 1);
    assert_eq!(reports.len(), 2);
}

/// A date has four digits for its year; a frame beyond it has no time.
#[test]
fn a_time_that_no_date_says_is_no_time() {
    for microseconds in [253_402_300_800_000_000, u64::MAX] {
        let pcapng = Pcapng::new(&[ETHERNET])
            .frame(0, after(0), &syn(12))
            .at(microseconds, &syn(81))
            .at(microseconds, &syn(81));
        let saved = file(&pcapng.0);
        for output in ["json", "table"] {
            let interval = ["--interval", "100ms", "--output", output];
            let ended = crate::program::end({
                let mut command = crate::program::command(&["--engine", "user"]);
                command.args(interval).arg(saved.path());
                command
            });
            assert_eq!(ended.code, Some(0), "{ended:?}");
            assert!(ended.out.contains("2023-11-14T22:13:20"), "{ended:?}");
        }
    }
}

/// Eight thousand years are more intervals than 32 bits count.
#[test]
fn a_leap_of_ages_ends_one_interval() {
    let late = 253_402_300_799_000_000;
    let pcapng = Pcapng::new(&[ETHERNET])
        .at(0, &syn(12))
        .at(late, &syn(12))
        .at(late, &syn(12))
        .at(late + 10, &syn(12));
    let reports = user(file(&pcapng.0), &["--interval", "100ms"]).reports();
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(times(&reports[0]).0, "9999-12-31T23:59:59.000Z");
}
