//! The keys of the policy, each declared once. `cargo xtask policy-docs` writes `dist/port12.toml` and the reference page
//! from here.

use std::{
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;

use super::{
    Origin, Pattern, PortRule, Ports, Valued,
    form::{
        ALLOW, AbsolutePath, BAN_PARTS, BanTable, Choose, EXTRA, Form as _, Labels, Maybe,
        NETWORKS_PARTS, Networks, Number, PATTERNS, SINKS, Switch, Time,
    },
    key::{self, About, Flag, keys},
    output_format::OutputFormat,
    time::{confirmation, period},
};
use crate::{
    event::{FRAME_BYTES, MAX_FRAME_BYTES},
    kernel::{attach::Wanted, banning::Terms},
    ledger::CAPACITY,
    policy::{Forwarding, Mode, TooDeepPolicy, Transit},
    sink::SinkSpec,
};

const WHERE: &str = "Interfaces";
const VERDICTS: &str = "Verdicts";
const PORTS: &str = "Ports";
const BANS: &str = "Bans";
const OUTPUT: &str = "Output";
const DAEMON: &str = "Daemon";

/// Most sources that `remember_sources` accepts.
const MOST_SOURCES: u64 = 4_194_304;

keys! {
    /// Interfaces to watch, by name, alternative name or glob. None: the interface of the default
    /// route, else lo. `run` waits if a glob matches nothing yet. An interface that port12 cannot
    /// read (sit0, gre0) is left out with a warning if only a glob matches it. A name has to exist
    /// and be readable.
    interfaces: Vec<Pattern> = Vec::new(), PATTERNS,
        About::of(WHERE).example(r#"["eth0", "ens*"]"#).flag(Flag::new(
            "interface",
            "PORT12_INTERFACE",
            "An interface to watch, or a glob; repeat for more [default: that of the default route, else lo]",
        ).short('i').value("IFACE"));

    /// Interfaces not to watch, by name, alternative name or glob, although `interfaces` has them.
    /// A name without effect is reported.
    exclude: Vec<Pattern> = Vec::new(), PATTERNS,
        About::of(WHERE).example(r#"["docker*", "veth*"]"#).flag(Flag::new(
            "exclude",
            "PORT12_EXCLUDE",
            "An interface not to watch, or a glob; repeat for more",
        ).value("IFACE"));

    /// Hook of the kernel program.
    xdp_mode: Wanted = Wanted::default(), Choose::<Wanted>(PhantomData),
        About::of(WHERE).restart().flag(Flag::new(
            "xdp-mode",
            "PORT12_XDP_MODE",
            "Where the program runs [default: auto]",
        ).value("XDP_MODE"));

    /// Verdict on probes. In monitor mode nothing is dropped, whatever the rules say. In drop mode,
    /// probes to every watched port of TCP and UDP are dropped unless a rule says otherwise.
    mode: Mode = Mode::default(), Choose::<Mode>(PhantomData),
        About::of(VERDICTS).flag(Flag::new(
            "mode",
            "PORT12_MODE",
            "Mode: count probes, or drop them [default: monitor]",
        ).value("MODE"));

    /// Time within which `port12 confirm` has to confirm drop mode; otherwise it reverts to monitor
    /// mode. Without a time, drop mode needs no confirmation.
    confirm: Option<Duration> = None,
        Maybe(Time { parse: confirmation, hint: "write a time such as \"60s\"", bounds: "from 1s to 1day" }),
        About::of(VERDICTS).example(r#""60s""#).flag(Flag::new(
            "confirm",
            "PORT12_CONFIRM",
            "Go back to monitor mode unless drop mode is confirmed in this time: 60s, 5m",
        ).value("TIME"));

    /// Flow starts for other hosts.
    transit: Transit = Transit::default(), Choose::<Transit>(PhantomData),
        About::of(VERDICTS).flag(Flag::new(
            "transit",
            "PORT12_TRANSIT",
            "Treatment of flow starts for other hosts [default: pass]",
        ).value("TRANSIT"));

    /// Drop mode on a host that forwards, bridges or translates addresses. A missing socket proves
    /// nothing there.
    forwarding: Forwarding = Forwarding::default(), Choose::<Forwarding>(PhantomData),
        About::of(VERDICTS).flag(Flag::new(
            "forwarding",
            "PORT12_FORWARDING",
            "Whether drop mode is refused where this host forwards [default: refuse]",
        ).value("FORWARDING"));

    /// Verdict on packets with more than 4 VLAN tags or more than 12 IPv6 extension headers, which
    /// port12 does not read to their end. They are dropped only if they are for this host, in drop
    /// mode or while a ban of scope "all" exists.
    too_deep: TooDeepPolicy = TooDeepPolicy::default(), Choose::<TooDeepPolicy>(PhantomData), About::of(VERDICTS);

    /// Sources that are never dropped: addresses and prefixes, IPv4 and IPv6. List the addresses
    /// from which you administer this host.
    allow: BTreeSet<IpNet> = BTreeSet::new(), ALLOW,
        About::of(VERDICTS).example(r#"["192.0.2.0/24", "2001:db8::1"]"#).flag(Flag::new(
            "allow",
            "PORT12_ALLOW",
            "A source that is never dropped, in place of the file's; repeat for more: 192.0.2.0/24",
        ).value("CIDR"));

    /// Watch reserved ports in addition to unassigned ones.
    include_reserved: bool = false, Switch,
        About::of(PORTS).flag(Flag::new(
            "include-reserved",
            "PORT12_INCLUDE_RESERVED",
            "Watch reserved ports too",
        ).value("BOOL"));

    /// Assigned or reserved ports to watch in addition.
    extra: Vec<Ports> = Vec::new(), EXTRA,
        About::of(PORTS).example(r#"["23/tcp", "111", "512-514/tcp"]"#);

    /// IANA's official CSV or XML file, in place of the table that port12 carries.
    registry: Option<PathBuf> = None,
        Maybe(AbsolutePath { hint: "write an absolute path, such as \"/var/lib/port12/registry.csv\"" }),
        About::of(PORTS).example(r#""/var/lib/port12/service-names-port-numbers.csv""#).flag(Flag::new(
            "registry",
            "PORT12_REGISTRY",
            "IANA's official CSV or XML, in place of the table that port12 carries",
        ).value("FILE"));

    /// Bans of sources by the kernel program itself, in monitor mode as well. They require a
    /// running `port12 run`, which publishes the addresses that are never banned (addresses of this
    /// host, gateways, name servers). Source addresses can be forged: the more probes a ban needs,
    /// the more an attacker has to send to get another host banned. Times are running time. As a
    /// table of its own, `[ban]` stands after all other keys.
    ban: Option<Terms> = None, Maybe(BanTable),
        About::of(BANS).parts(BAN_PARTS)
            .example(r#"{ after = 20, for = "10m", within = "10m", scope = "unassigned" }"#);

    /// Watch flow starts of this host towards unassigned ports elsewhere, with the process that
    /// sends them. They are counted and reported, never dropped, while `port12 run` runs.
    egress: bool = false, Switch,
        About::of(DAEMON).flag(Flag::new(
            "egress",
            "PORT12_EGRESS",
            "Watch outbound flow starts to unassigned ports, too; they are reported, never dropped",
        ).value("BOOL"));

    /// Leave the programs attached when port12 ends.
    pin: bool = false, Switch,
        About::of(DAEMON).restart().flag(Flag::new(
            "pin",
            "PORT12_PIN",
            "Leave the programs attached at the end",
        ).value("BOOL"));

    /// Attach again if another process detaches a program while port12 runs, and no other program
    /// is in its place. Off by default, since an administrator may be rescuing the host: `run`
    /// reports it, and a restart attaches again. A reload attaches again only with this key, since
    /// log rotation sends SIGHUP, too.
    reattach: bool = false, Switch,
        About::of(DAEMON).flag(Flag::new(
            "reattach",
            "PORT12_REATTACH",
            "Attach again if somebody else detaches a program",
        ).value("BOOL"));

    /// Keep CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON alone after the start. Otherwise `port12 run`
    /// also keeps CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, which show the processes of other users.
    least_privilege: bool = false, Switch,
        About::of(DAEMON).restart().flag(Flag::new(
            "least-privilege",
            "PORT12_LEAST_PRIVILEGE",
            "Keep CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON alone after the start: processes of other users stay unnamed",
        ).value("BOOL"));

    /// Time between reports.
    interval: Duration = Duration::from_secs(1),
        Time { parse: period, hint: "write a time such as \"1s\"", bounds: "from 100ms to 1year" },
        About::of(OUTPUT).flag(Flag::new(
            "interval",
            "PORT12_INTERVAL",
            "Time between reports: 1s, 500ms, 1m [default: 1s]",
        ).value("TIME"));

    /// Sources that `port12 run` tracks, some 200 bytes each: those with the most probes, and the
    /// most recent ones.
    remember_sources: usize = CAPACITY, Number { least: 1, most: MOST_SOURCES },
        About::of(OUTPUT).flag(Flag::new(
            "remember-sources",
            "PORT12_REMEMBER_SOURCES",
            "Sources that a run remembers [default: 65536]",
        ).value("N"));

    /// Destinations of events and alerts, KIND[/LEVEL]:TARGET. An event is the first probe of a port
    /// by a source, and another every ten seconds while it continues. An alert is a scan, with all
    /// ports that it probed. Alerts that no sink takes are written to standard error.
    ///
    /// KIND      "human": a line each; "eve": Suricata's EVE JSON; "portsentry": its lines, of
    ///           events alone; "pcapng": the frames of events; "syslog", "journald".
    /// LEVEL     "events": events and alerts; "alerts": alerts alone, the default of human, syslog
    ///           and journald.
    /// TARGET    A file, "-" for standard output, or "unix:" and a socket. SIGHUP opens files anew.
    sinks: Vec<SinkSpec> = Vec::new(), SINKS,
        About::of(OUTPUT)
            .example(r#"["eve:/var/log/port12/eve.json", "portsentry:/var/log/port12/portsentry.log", "journald"]"#)
            .flag(Flag::new(
                "sink",
                "PORT12_SINK",
                "Where events and alerts go, such as eve:/var/log/port12/eve.json; repeat for more",
            ).value("KIND[/LEVEL]:TARGET"));

    /// Bytes of a frame that the sinks keep.
    frame_bytes: usize = FRAME_BYTES, Number { least: 0, most: MAX_FRAME_BYTES as u64 },
        About::of(OUTPUT).flag(Flag::new(
            "frame-bytes",
            "PORT12_FRAME_BYTES",
            "Bytes of a frame that the sinks keep, 0 to 256 [default: 128]",
        ).value("N"));

    /// Labels of this host, which records show: names of lower-case letters, digits and underscores,
    /// and texts of at most 64 characters.
    labels: BTreeMap<String, String> = BTreeMap::new(), Labels,
        About::of(OUTPUT).example(r#"{ site = "fra1", role = "edge" }"#);

    /// Networks of your own. Without any, records have no direction.
    networks: BTreeSet<IpNet> = BTreeSet::new(), Networks(ALLOW),
        About::of(OUTPUT)
            .example(r#"{ internal = ["10.0.0.0/8", "2001:db8::/32"] }"#)
            .parts(NETWORKS_PARTS);

    /// Format of the reports.
    output: OutputFormat = OutputFormat::default(), Choose::<OutputFormat>(PhantomData),
        About::of(OUTPUT).restart().flag(Flag::new(
            "output",
            "PORT12_OUTPUT",
            "The form of the reports; json is one object per line and report [default: table]",
        ).value("OUTPUT"));
}
