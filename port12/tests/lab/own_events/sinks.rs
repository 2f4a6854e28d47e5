//! Sinks of all formats at once.

use std::{
    fs,
    io::Read as _,
    os::unix::net::{UnixDatagram, UnixListener, UnixStream},
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use super::identity;
use crate::support::{Port12, until};

/// A sink of each format, as files and as sockets that are read.
pub struct Sinks {
    directory: TempDir,
    syslog: Socket,
    journal: Socket,
    stream: Stream,
}

/// A stream socket that the sink connects to, and the lines that came.
struct Stream {
    listener: UnixListener,
    connection: Option<UnixStream>,
    received: Vec<u8>,
}

impl Stream {
    fn bind(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener, connection: None, received: Vec::new() }
    }

    fn find(&mut self, part: &str) -> Option<String> {
        if self.connection.is_none() {
            let (connection, _) = self.listener.accept().ok()?;
            connection.set_nonblocking(true).unwrap();
            self.connection = Some(connection);
        }
        // What has come is there, however the reading ends.
        let _ = self.connection.as_mut()?.read_to_end(&mut self.received);
        let text = String::from_utf8_lossy(&self.received);
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().find(|line| line.contains(part)).map(str::to_owned)
    }
}

/// A socket, and the messages that came.
struct Socket {
    socket: UnixDatagram,
    received: Vec<String>,
}

impl Socket {
    fn bind(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket, received: Vec::new() }
    }

    fn find(&mut self, part: &str) -> Option<String> {
        let mut message = vec![0; 1 << 16];
        while let Ok(length) = self.socket.recv(&mut message) {
            self.received.push(String::from_utf8_lossy(&message[..length]).into_owned());
        }
        self.received.iter().find(|it| it.contains(part)).cloned()
    }
}

impl Sinks {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let bind = |name: &str| Socket::bind(&directory.path().join(name));
        let (syslog, journal) = (bind("log"), bind("journal"));
        let stream = Stream::bind(&directory.path().join("stream"));
        Self { directory, syslog, journal, stream }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn args(&self) -> String {
        let sink =
            |(spec, name): (&str, &str)| format!("--sink {spec}:{} ", self.path(name).display());
        [
            ("eve", "eve.json"),
            ("human", "human.log"),
            ("syslog", "log"),
            ("journald", "journal"),
            ("eve:unix", "stream"),
            ("portsentry", "portsentry.log"),
            ("pcapng", "probes.pcapng"),
        ]
        .map(sink)
        .concat()
    }

    /// Waits until every sink has the event, and returns its EVE record. Its line is `said`, on standard error too if
    /// `port12` is given; a message has `field`.
    pub fn wait(&mut self, port12: Option<&mut Port12>, id: u64, said: &str, field: &str) -> Value {
        if let Some(port12) = port12 {
            port12.wait_until_said(said);
        }
        let [eve, human] = ["eve.json", "human.log"].map(|name| self.path(name));
        let lines = |path: &Path| -> Vec<String> {
            let text = fs::read_to_string(path).unwrap_or_default();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            whole.lines().map(str::to_owned).collect()
        };
        until(&format!("the human line {said:?}"), || {
            lines(&human).into_iter().find(|line| line.contains(said))
        });
        let message = until("the syslog message", || self.syslog.find(field));
        assert!(message.contains(said), "{message}");
        let entry = until("the entry of the journal", || {
            self.journal.find(&format!("\nPORT12_SIGNATURE_ID={id}\n"))
        });
        assert!(entry.contains(said), "{entry}");
        let record = until("the EVE record", || {
            let records = lines(&eve).into_iter();
            let mut records = records.map(|it| serde_json::from_str::<Value>(&it).unwrap());
            records.find(|it| it["alert"]["signature_id"] == id)
        });
        // However often it is sent, it is one record.
        let record_id = identity(&record)["record_id"].as_str().unwrap();
        assert!(message.contains(&format!(" RECORD_ID={record_id}")), "{message}");
        assert!(entry.contains(&format!("\nPORT12_RECORD_ID={record_id}\n")), "{entry}");
        let streamed = until("the EVE record on a socket", || self.stream.find(record_id));
        assert_eq!(serde_json::from_str::<Value>(&streamed).unwrap(), record);
        // Formats of packets have packets alone.
        for name in ["portsentry.log", "probes.pcapng"] {
            let text = fs::read(self.path(name)).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&text).contains(said), "{name}");
        }
        record
    }
}
