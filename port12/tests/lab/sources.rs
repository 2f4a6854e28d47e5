//! Who knocks: real scans, and what `port12 sources` tells of them.

use std::{collections::BTreeSet, net::IpAddr};

use port12::registry::Registry;
use port12_common::Transport;
use serde_json::Value;

use crate::support::{
    Bpffs, Pair,
    addresses::{FAR, FAR_V6, NEAR, NEAR_V6},
    build::other_build,
    lab, reaches,
};

fn sources(bpffs: &Bpffs, pair: &Pair, args: &str) -> Value {
    let text = bpffs.ok(&pair.near, &format!("sources --output json {args}"));
    serde_json::from_str(&text).unwrap()
}

fn source<'a>(document: &'a Value, address: &str) -> &'a Value {
    let sources = document["sources"].as_array().unwrap();
    sources
        .iter()
        .find(|source| source["source"] == address)
        .unwrap_or_else(|| panic!("{address}: {document}"))
}

fn ports(source: &Value, transport: &str) -> BTreeSet<u64> {
    let ports = source["ports"].as_array().unwrap().iter();
    let of_transport = ports.filter(|port| port["transport"] == transport);
    of_transport.map(|port| port["port"].as_u64().unwrap()).collect()
}

fn watched(transport: Transport) -> BTreeSet<u64> {
    let watched = Registry::embedded().watched(transport);
    (0..1024).filter(|&port| watched.contains(port)).map(u64::from).collect()
}

#[test]
fn a_scanner_is_known_by_exactly_the_ports_that_it_touched() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        let options = "-Pn -n -r --max-retries 1 --min-rate 2000 --max-rtt-timeout 200ms";
        for (scan, target, ports_of, far) in [
            ("-sS -p0-1023", IpAddr::from(NEAR), Transport::Tcp, IpAddr::from(FAR)),
            ("-6 -sF -p1-1023", NEAR_V6.into(), Transport::Tcp, FAR_V6.into()),
            ("-sU -p12,14,80,703,1000", NEAR.into(), Transport::Udp, FAR.into()),
        ] {
            pair.far.sh(&format!("nmap {scan} {options} {target}"));
            let document = sources(&bpffs, &pair, "");
            let source = source(&document, &far.to_string());
            let touched = ports(source, ports_of.as_str());
            match ports_of {
                Transport::Udp => assert_eq!(touched, BTreeSet::from([12, 14, 703])),
                _ => assert_eq!(touched, watched(ports_of), "{scan}"),
            }
            assert!(source["packets"].as_u64().unwrap() >= touched.len() as u64);
            assert_eq!(source["interfaces"], Value::from(vec!["w0"]));
            assert_eq!(source["other_ports"], Value::Array(Vec::new()));
        }
        let document = sources(&bpffs, &pair, "--by recent --limit 1");
        assert_eq!(document["sources"].as_array().unwrap().len(), 1);
        assert_eq!(document["sources"][0]["source"], FAR.to_string());
        assert_eq!(
            (&document["remembered"], &document["interfaces"][0]["distinct"]),
            (&2.into(), &2.into())
        );
        let table = bpffs.ok(&pair.near, "sources --by ports --limit 1");
        assert!(table.contains("w0: 2 sources, by estimate\n"), "{table}");
        assert!(table.contains("\nand 1 more sources: `--limit 0` lists all"), "{table}");
    });
}

#[test]
fn decoys_are_sources_like_the_scanner() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        bpffs.ok(&pair.near, "attach -i w0 --mode drop");
        pair.far.sh(&format!(
            "nmap -sS -Pn -n -f -p12,14,15 -D 10.12.7.1,10.12.7.2,ME --max-retries 0 \
             --max-rtt-timeout 200ms {NEAR}"
        ));
        let document = sources(&bpffs, &pair, "");
        for address in ["10.12.7.1", "10.12.7.2", &FAR.to_string()] {
            let touched = ports(source(&document, address), "tcp");
            assert_eq!(touched, BTreeSet::from([12, 14, 15]), "{address}");
        }
    });
}

#[test]
fn sources_live_through_a_restart_and_an_upgrade() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let build = other_build();
        let scan = format!("nmap -sS -Pn -n -p12 --max-retries 0 --max-rtt-timeout 200ms {NEAR}");
        let known = |packets: u64| {
            let document = sources(&bpffs, &pair, "");
            let source = source(&document, &FAR.to_string());
            assert_eq!(source["packets"], packets, "{document}");
            source["first_seen"].clone()
        };
        let run = bpffs.run(&pair.near, "-i w0 --mode drop --pin");
        pair.far.sh(&scan);
        let first = known(1);
        run.stop();
        pair.far.sh(&scan);
        let mut upgrade = bpffs.command(&pair.near, "attach -i w0 --mode drop");
        assert!(upgrade.env("PORT12_OBJECT", build.path()).status().unwrap().success());
        pair.far.sh(&scan);
        // A jiffy has no time of day of its own: to a second it is the same.
        assert_eq!(known(3).as_str().unwrap()[..17], first.as_str().unwrap()[..17]);
    });
}

#[test]
fn nobody_has_knocked_where_nothing_came_and_nothing_is_told_where_nothing_is_attached() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let said = bpffs.fails(&pair.near, "sources", 1);
        assert!(said.contains("port12 attach"), "{said}");
        bpffs.ok(&pair.near, "attach -i w0");
        assert!(bpffs.ok(&pair.near, "sources").ends_with("nobody has knocked\n"));
        assert_eq!(sources(&bpffs, &pair, "")["sources"], Value::Array(Vec::new()));
    });
}

#[test]
fn a_report_names_those_with_the_most_probes() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let run = bpffs.run(&pair.near, "-i w0 --mode drop");
        pair.far.sh(&format!(
            "nmap -sS -Pn -n -p12,14,15 -D 10.12.7.1,ME --max-retries 0 --max-rtt-timeout 200ms \
             {NEAR}"
        ));
        pair.far
            .sh(&format!("nmap -sS -Pn -n -p16 --max-retries 0 --max-rtt-timeout 200ms {NEAR}"));
        let totals = run.stop();
        let sources = &totals.0["sources"];
        assert_eq!((&sources["tracked"], &sources["evicted"]), (&2.into(), &0.into()));
        let top: Vec<_> = sources["top"].as_array().unwrap().iter().collect();
        assert_eq!(top[0]["source"], FAR.to_string());
        assert_eq!((&top[0]["packets"], &top[0]["port_count"]), (&4.into(), &4.into()));
        assert_eq!((&top[1]["source"], &top[1]["packets"]), (&"10.12.7.1".into(), &3.into()));
    });
}

#[test]
fn an_interface_that_leaves_and_comes_back_is_not_counted_twice() {
    lab(|| {
        let (pair, bpffs) = (Pair::new(), Bpffs::new());
        let mut run = bpffs.run(&pair.near, "-i w0 --mode drop --pin");
        let packets = |report: &crate::support::Report| {
            report.0["sources"]["top"][0]["packets"].as_u64().unwrap_or(0)
        };
        for port in [12, 14, 15] {
            assert!(!reaches(&pair.far_raw(), port));
        }
        run.wait_for("three probes", |report| packets(report) == 3);
        pair.near.sh("ip link del w0");
        run.wait_for("that it is gone", |report| report.interface("w0")["place"] == "gone");
        pair.near.sh("ip link add w0 type veth peer name w1 && ip link set w0 up");
        run.wait_for("that it is back", |report| report.interface("w0")["place"] == "attached");
        assert_eq!(packets(&run.stop()), 3);
    });
}
