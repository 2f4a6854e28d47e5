//! Who is named.

use std::{thread, time::Duration};

use serde_json::Value;

use super::{HOOKS, Watched, datagram, python};
use crate::support::{addresses::FAR, lab};

fn own(record: &Value) -> &Value {
    &record["alert"]["context"]["port12"]
}

/// The one record of a port.
fn of(records: &[Value], port: u16) -> &Value {
    let mut of = records.iter().filter(|record| record["dest_port"] == port);
    let record = of.next().unwrap_or_else(|| panic!("no record of {port}: {records:#?}"));
    assert!(of.next().is_none(), "{records:#?}");
    record
}

#[test]
fn a_process_that_stays_for_a_while_is_named_with_all_there_is_to_know() {
    for hook in HOOKS {
        lab(|| {
            let watched = Watched::start(hook);
            let near = &watched.pair.near;
            let udp =
                python(near, &format!("import socket, time; {}; time.sleep(0.5)", datagram(12)));
            // Nobody answers: the SYN is sent again, and it is the same contact.
            watched.pair.far.sh("nft add table ip t; nft add chain ip t i '{ type filter hook input priority 0; }'; nft add rule ip t i tcp dport 14 drop");
            let tcp = python(
                near,
                &format!(
                    "import socket; s = socket.socket(); s.settimeout(1.5); s.connect_ex(('{FAR}', 14))"
                ),
            );
            let (totals, records) = watched.stop();
            for (port, pid, shape) in [(12, udp, "datagram"), (14, tcp, "tcp_syn")] {
                let record = of(&records, port);
                assert_eq!(
                    (&record["dest_ip"], &record["in_iface"]),
                    (&FAR.to_string().into(), &"w0".into())
                );
                let own = own(record);
                assert_eq!(
                    (&own["outbound"], &own["owner"]),
                    (&shape.into(), &"process".into()),
                    "{record:#}"
                );
                let process = &own["processes"][0];
                assert_eq!((&process["pid"], &process["uid"]), (&pid.into(), &0.into()));
                assert_eq!(process["name"], "python3");
                assert!(process["exe"].as_str().unwrap().contains("python"), "{process}");
                assert!(process["command"].as_str().unwrap().contains("socket"), "{process}");
            }
            let ports = totals.0["outbound"]["ports"].as_array().unwrap();
            let port = ports.iter().find(|it| it["port"] == 14).unwrap();
            assert_eq!(port["packets"], 2, "a SYN and the same again");
            let owner = &port["owners"][0];
            assert_eq!((&owner["owner"], &owner["pid"]), (&"process".into(), &tcp.into()));
            assert_eq!(
                (&owner["destination"], &owner["contacts"]),
                (&FAR.to_string().into(), &1.into())
            );
        });
    }
}

/// Anybody may write as much there as some pages take, and hand a socket on to as many as there are.
#[test]
fn of_what_a_process_says_of_itself_the_beginning_is_kept() {
    lab(|| {
        let watched = Watched::start("tcx");
        let code = format!(
            "import os, socket, time; {}; [os.fork() for _ in range(3)]; time.sleep(1) #{}",
            datagram(12),
            "x".repeat(50_000)
        );
        python(&watched.pair.near, &code);
        let (_, records) = watched.stop();
        let record = of(&records, 12);
        let command = own(record)["processes"][0]["command"].as_str().unwrap();
        assert!((200..=256).contains(&command.chars().count()), "{command}");
    });
}

#[test]
fn a_client_that_is_gone_at_once_has_its_name_where_the_kernel_tells_it() {
    lab(|| {
        let watched = Watched::start("tcx");
        for _ in 0..20 {
            let _ = watched.pair.near.command("nc").args(["-z", &FAR.to_string(), "12"]).status();
        }
        let (_, records) = watched.stop();
        assert_eq!(records.len(), 20);
        for record in &records {
            let own = own(record);
            let owner = own["owner"].as_str().unwrap();
            assert!(["process", "running", "ended"].contains(&owner), "{record:#}");
            assert_eq!(own["processes"][0]["name"], "nc");
        }
    });
}

/// A raw socket has no place in sock_diag's lists of TCP, and its process is there for long.
#[test]
fn a_scanner_with_raw_sockets_is_named_and_what_is_too_much_is_counted() {
    lab(|| {
        let watched = Watched::start("tcx");
        let nmap = watched
            .pair
            .near
            .command("nmap")
            .args(["-n", "-Pn", "-sS", "-p0-1023", "--max-retries", "0", "-T5"])
            .arg(FAR.to_string())
            .output()
            .unwrap();
        assert!(nmap.status.success());
        thread::sleep(Duration::from_millis(200));
        let (totals, records) = watched.stop();
        let outbound = &totals.0["outbound"];
        let ports = outbound["ports"].as_array().unwrap();
        assert_eq!(ports.len(), 284, "all unassigned TCP ports");
        assert_eq!(outbound["uncounted"], 0);
        let told = ["emitted", "rate_limited", "lost"].map(|it| outbound[it].as_u64().unwrap());
        assert!(told.iter().sum::<u64>() >= 284, "{told:?}");
        assert_eq!((told[1], told[2]), (0, 0), "{told:?}");
        assert_eq!(records.len(), 60, "in a minute");
        assert!(totals.0["alerts"]["rate_limited"].as_u64().unwrap() >= 224);
        for record in &records {
            assert_eq!(own(record)["processes"][0]["name"], "nmap", "{record:#}");
        }
        for port in ports {
            assert_eq!(port["owners"][0]["name"], "nmap", "{port}");
        }
    });
}
