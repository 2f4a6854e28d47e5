mod disk;

use std::{
    fs,
    fs::File,
    io::{BufRead, BufReader, Read},
    os::unix::{
        fs::{OpenOptionsExt, PermissionsExt, symlink},
        net::{UnixDatagram, UnixListener},
    },
    path::PathBuf,
};

use tempfile::TempDir;

use super::*;
use crate::model::event::{Probe, tests::sample};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Shorter than anyone wants to wait.
const IMPATIENCE: Duration = Duration::from_millis(100);

fn spec(text: impl AsRef<str>) -> SinkSpec {
    text.as_ref().parse().unwrap()
}

fn start(text: impl AsRef<str>) -> Sink {
    Sink::start(spec(text)).unwrap()
}

/// An event that its source port tells from others.
fn record(number: u16) -> Arc<Record> {
    Arc::new(Probe { source_port: number, ..sample::event() }.into())
}

/// Which records the lines of human text tell.
fn numbers(text: &str) -> Vec<u16> {
    let number = |line: &str| {
        assert!(line.starts_with("2026-") && line.ends_with(", TTL 54"), "{line:?}");
        line.split_once(" port ").unwrap().1.split_once(',').unwrap().0.parse().unwrap()
    };
    text.lines().map(number).collect()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what} never came");
        thread::sleep(Duration::from_millis(5));
    }
}

struct Directory(TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn sink(&self, form: &str, name: &str) -> String {
        format!("{form}:{}", self.path(name).display())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: `name` is a C string.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        path
    }
}

#[test]
fn records_come_out_in_order_behind_what_is_there() {
    let directory = Directory::new();
    fs::write(directory.path("a"), "before\n").unwrap();
    let sink = start(directory.sink("human/events", "a"));
    for number in 0..1000 {
        sink.offer(&record(number));
    }
    sink.offer(&Arc::new(sample::alert().into()));
    let counts = sink.finish(PATIENCE);
    assert_eq!(counts, Counts { offered: 1001, written: 1001, lost: 0, failures: 0 });
    let text = directory.read("a");
    let (lines, alert) =
        text.strip_prefix("before\n").unwrap().trim_end().rsplit_once('\n').unwrap();
    assert_eq!(numbers(lines), (0..1000).collect::<Vec<_>>());
    assert!(alert.contains("TCP SYN scan"));
}

#[test]
fn a_file_is_for_owner_and_group() {
    let directory = Directory::new();
    start(directory.sink("eve", "a")).finish(PATIENCE);
    let mode = fs::metadata(directory.path("a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
}

#[test]
fn what_a_level_leaves_out_is_not_counted() {
    let directory = Directory::new();
    let sink = start(directory.sink("human", "a"));
    sink.offer(&record(1));
    assert_eq!(sink.finish(PATIENCE), Counts::default());
    assert_eq!(directory.read("a"), "");
}

#[test]
fn a_moved_file_is_left_where_the_order_came() {
    let directory = Directory::new();
    let sink = start(directory.sink("human/events", "a"));
    for number in 0..500 {
        sink.offer(&record(number));
        if number % 100 == 99 {
            let moved = directory.path(&format!("a.{}", number / 100));
            wait_until("the file", || directory.path("a").exists());
            fs::rename(directory.path("a"), moved).unwrap();
            sink.reopen();
        }
    }
    let counts = sink.finish(PATIENCE);
    assert_eq!((counts.written, counts.lost), (500, 0));
    let files = ["a.0", "a.1", "a.2", "a.3", "a.4", "a"].map(|name| numbers(&directory.read(name)));
    assert_eq!(files.concat(), (0..500).collect::<Vec<_>>());
    assert!(files[5].is_empty());
}

#[test]
fn a_pipe_without_a_reader_loses_what_the_queue_does_not_hold() {
    let directory = Directory::new();
    directory.fifo("f");
    let sink = start(directory.sink("human/events", "f"));
    let begin = Instant::now();
    let more = 100;
    for number in 0..QUEUE + more {
        sink.offer(&record(number as u16));
    }
    assert!(begin.elapsed() < Duration::from_secs(10));
    let counts = sink.counts();
    // One may be with the worker.
    assert!((more as u64 - 1..=more as u64).contains(&counts.lost), "{counts:?}");
    wait_until("a failure", || sink.counts().failures > 0);
    let begin = Instant::now();
    let counts = sink.finish(IMPATIENCE);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!((counts.written, counts.lost), (0, (QUEUE + more) as u64));
}

#[test]
fn a_pipe_may_have_its_reader_later() {
    let directory = Directory::new();
    let path = directory.fifo("f");
    let sink = start(directory.sink("human/events", "f"));
    sink.offer(&record(1));
    wait_until("a failure", || sink.counts().failures > 0);
    let reader = thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(File::open(path).unwrap()).read_line(&mut line).unwrap();
        line
    });
    assert_eq!(numbers(&reader.join().unwrap()), [1]);
    let counts = sink.finish(PATIENCE);
    assert_eq!((counts.written, counts.lost), (1, 0));
}

#[test]
fn a_stalled_pipe_holds_up_nobody_and_continues_in_the_middle_of_a_line() {
    let directory = Directory::new();
    let path = directory.fifo("f");
    // Opened for both, so that the other end is there.
    let mut pipe = File::options().read(true).write(true).open(path).unwrap();
    let sink = start(directory.sink("human/events", "f"));
    for number in 0..2000 {
        sink.offer(&record(number));
    }
    wait_until("a full pipe", || {
        let before = sink.counts().written;
        thread::sleep(Duration::from_millis(100));
        before > 0 && sink.counts().written == before
    });
    assert!(sink.counts().written < 2000);
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let mut lines = BufReader::new(&mut pipe);
        while text.lines().count() < 2000 {
            lines.read_line(&mut text).unwrap();
        }
        text
    });
    assert_eq!(sink.finish(PATIENCE).written, 2000);
    assert_eq!(numbers(&reader.join().unwrap()), (0..2000).collect::<Vec<_>>());
}

#[test]
fn the_end_waits_for_a_stalled_reader_no_longer_than_it_is_told() {
    let directory = Directory::new();
    let listener = UnixListener::bind(directory.path("s")).unwrap();
    let sink = start(directory.sink("eve:unix", "s"));
    let (mut peer, _) = listener.accept().unwrap();
    for number in 0..2000 {
        sink.offer(&record(number));
    }
    let begin = Instant::now();
    let counts = sink.finish(IMPATIENCE);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(counts.lost > 0 && counts.written + counts.lost == 2000, "{counts:?}");
    // The thread has ended too, and does not go on with what was given up.
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = String::new();
    peer.read_to_string(&mut text).unwrap();
    assert_eq!(text.lines().count() as u64, counts.written);
}

#[test]
fn a_reader_that_comes_back_reads_whole_lines() {
    let directory = Directory::new();
    let sink = start(directory.sink("human/events:unix", "s"));
    sink.offer(&record(0));
    wait_until("a failure", || sink.counts().failures > 0);
    let listener = UnixListener::bind(directory.path("s")).unwrap();
    let (peer, _) = listener.accept().unwrap();
    let mut line = String::new();
    BufReader::new(&peer).read_line(&mut line).unwrap();
    assert_eq!(numbers(&line), [0]);
    drop(peer);
    sink.offer(&record(1));
    let (mut peer, _) = listener.accept().unwrap();
    sink.offer(&record(2));
    let counts = sink.finish(PATIENCE);
    assert_eq!((counts.written, counts.lost), (3, 0));
    let mut rest = String::new();
    peer.read_to_string(&mut rest).unwrap();
    assert_eq!(numbers(&rest), [1, 2]);
}

#[test]
fn syslog_and_the_journal_get_a_datagram_for_each_record() {
    let directory = Directory::new();
    for (form, begin) in [("syslog/events", "<30>port12["), ("journald/events", "MESSAGE=eth0 ")] {
        let name = form.split('/').next().unwrap();
        let socket = UnixDatagram::bind(directory.path(name)).unwrap();
        let sink = start(directory.sink(form, name));
        sink.offer(&record(1));
        sink.offer(&Arc::new(sample::alert().into()));
        assert_eq!(sink.finish(PATIENCE).written, 2);
        let mut buffer = [0; 65536];
        for part in ["SYN from 192.0.2.1 port 1,", "TCP SYN scan from 192.0.2.1"] {
            let length = socket.recv(&mut buffer).unwrap();
            let text = std::str::from_utf8(&buffer[..length]).unwrap();
            assert!(text.contains(part), "{text}");
            assert!(part.starts_with('T') || text.starts_with(begin), "{text}");
        }
    }
}

#[test]
fn a_receiver_of_datagrams_may_come_back() {
    let directory = Directory::new();
    let first = UnixDatagram::bind(directory.path("s")).unwrap();
    let sink = start(directory.sink("syslog/events", "s"));
    sink.offer(&record(1));
    let mut buffer = [0; 4096];
    first.recv(&mut buffer).unwrap();
    drop(first);
    fs::remove_file(directory.path("s")).unwrap();
    sink.offer(&record(2));
    wait_until("a failure", || sink.counts().failures > 0);
    let second = UnixDatagram::bind(directory.path("s")).unwrap();
    let length = second.recv(&mut buffer).unwrap();
    assert!(String::from_utf8_lossy(&buffer[..length]).contains(" port 2,"));
    assert_eq!(sink.finish(PATIENCE).written, 2);
}

#[test]
fn lines_go_to_a_socket_that_takes_datagrams_only() {
    let directory = Directory::new();
    let socket = UnixDatagram::bind(directory.path("s")).unwrap();
    let sink = start(directory.sink("eve:unix", "s"));
    sink.offer(&record(1));
    assert_eq!(sink.finish(PATIENCE).written, 1);
    let mut buffer = [0; 65536];
    let length = socket.recv(&mut buffer).unwrap();
    serde_json::from_slice::<serde_json::Value>(&buffer[..length]).unwrap();
}

#[test]
fn a_stalled_receiver_of_datagrams_holds_up_nobody() {
    let directory = Directory::new();
    let _socket = UnixDatagram::bind(directory.path("s")).unwrap();
    let sink = start(directory.sink("journald/events", "s"));
    for number in 0..2000 {
        sink.offer(&record(number));
    }
    let begin = Instant::now();
    let counts = sink.finish(IMPATIENCE);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(counts.written > 0 && counts.lost > 0, "{counts:?}");
}

#[test]
fn a_line_that_somebody_else_left_open_is_ended() {
    let directory = Directory::new();
    fs::write(directory.path("a"), "torn").unwrap();
    let sink = start(directory.sink("human/events", "a"));
    sink.offer(&record(1));
    sink.finish(PATIENCE);
    assert_eq!(numbers(directory.read("a").strip_prefix("torn\n").unwrap()), [1]);
}

#[test]
fn what_cannot_be_a_sink_says_why() {
    let directory = Directory::new();
    fs::create_dir(directory.path("d")).unwrap();
    fs::write(directory.path("text"), "a text, and no capture").unwrap();
    symlink(directory.path("text"), directory.path("link")).unwrap();
    let _listener = UnixListener::bind(directory.path("s")).unwrap();
    let error = |text: String| Sink::start(spec(text)).unwrap_err().to_string();
    let missing = error(directory.sink("eve", "none/eve.json"));
    assert!(missing.contains("none does not exist; create it"), "{missing}");
    assert!(error(directory.sink("eve:unix", "none/s")).contains("create it"));
    assert!(error(directory.sink("eve", "d")).contains("a directory"));
    assert!(error(directory.sink("eve", "link")).contains("a symbolic link"));
    assert!(error(directory.sink("eve", "s")).contains("unix:"));
    assert!(error(directory.sink("pcapng", "text")).contains("no pcapng file"));
    assert_eq!(directory.read("text"), "a text, and no capture");
}

#[test]
fn a_capture_that_was_cut_is_continued_behind_its_last_whole_block() {
    let directory = Directory::new();
    let at = directory.path("a");
    for cut in [0, 1, 100] {
        let sink = start(directory.sink("pcapng", "a"));
        sink.offer(&record(cut));
        assert_eq!(sink.finish(PATIENCE).written, 1);
        let length = fs::metadata(&at).unwrap().len();
        File::options().write(true).open(&at).unwrap().set_len(length - u64::from(cut)).unwrap();
    }
    let sink = start(directory.sink("pcapng", "a"));
    sink.offer(&record(4));
    sink.finish(PATIENCE);
    let mut reader = crate::capture::open(&at).unwrap();
    let mut sections = Vec::new();
    while let Some(frame) = reader.next_frame() {
        sections.push(frame.interface.section);
    }
    assert_eq!(reader.summary().end, Some(crate::capture::End::Complete));
    // The second and third sections lost their only frame.
    assert_eq!(sections, [0, 3]);
}

#[test]
fn each_capture_of_a_rotation_is_whole() {
    let directory = Directory::new();
    let sink = start(directory.sink("pcapng", "a"));
    sink.offer(&record(1));
    wait_until("the first frame", || sink.counts().written == 1);
    fs::rename(directory.path("a"), directory.path("a.1")).unwrap();
    sink.reopen();
    sink.offer(&record(2));
    assert_eq!(sink.finish(PATIENCE).written, 2);
    for name in ["a.1", "a"] {
        let mut reader = crate::capture::open(&directory.path(name)).unwrap();
        assert!(reader.next_frame().is_some() && reader.next_frame().is_none(), "{name}");
        assert_eq!(reader.summary().end, Some(crate::capture::End::Complete));
    }
}

#[test]
fn a_reader_that_goes_in_the_middle_of_a_record_leaves_a_whole_one_to_the_next() {
    let directory = Directory::new();
    let listener = UnixListener::bind(directory.path("s")).unwrap();
    let sink = start(directory.sink("eve:unix", "s"));
    let (stalling, _) = listener.accept().unwrap();
    let ports = (0..1024).map(|port| (port12_common::Transport::Tcp, port)).collect();
    let alert = Arc::new(crate::model::event::Scan { ports, ..sample::alert() }.into());
    for _ in 0..200 {
        sink.offer(&alert);
    }
    wait_until("a stalled reader", || {
        let before = sink.counts().written;
        thread::sleep(Duration::from_millis(100));
        before > 0 && sink.counts().written == before
    });
    let before = sink.counts().written;
    assert!(before < 200);
    drop(stalling);
    let (mut peer, _) = listener.accept().unwrap();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        peer.read_to_string(&mut text).unwrap();
        text
    });
    assert_eq!(sink.finish(PATIENCE).written, 200);
    let text = reader.join().unwrap();
    assert_eq!(text.lines().count() as u64, 200 - before);
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn an_order_that_finds_the_queue_full_is_carried_out_before_the_next_record() {
    let directory = Directory::new();
    let path = directory.fifo("f");
    let mut pipe = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    let sink = start(directory.sink("human/events", "f"));
    while sink.counts().lost == 0 {
        sink.offer(&record(0));
    }
    sink.reopen();
    fs::rename(&path, directory.path("f.1")).unwrap();
    let mut buffer = [0; 4096];
    wait_until("the end of what is queued", || {
        // Nothing to read is no failure here.
        let _ = pipe.read(&mut buffer);
        let counts = sink.counts();
        counts.offered == counts.written + counts.lost
    });
    sink.finish(PATIENCE);
    assert!(numbers(&directory.read("f")).len() >= QUEUE - 1);
}
