//! From a file to its frames.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use port12_common::Layer;

use super::{
    CaptureError, End, Format, LinkType, Summary,
    link::Framing,
    pcap::{FILE_HEADER, Pcap},
    pcapng::{Pcapng, SECTION},
    record::{Record, Step, Stop},
    source::Source,
};

/// A frame of a capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CapturedFrame<'a> {
    /// The time since the epoch, to the nanosecond. A simple packet block has none. Times may go
    /// backwards from frame to frame.
    pub timestamp: Option<Duration>,
    /// Layer of the first byte of `bytes`.
    pub layer: Layer,
    /// The bytes that were captured, from the first one of `layer`.
    pub bytes: &'a [u8],
    /// The length of the frame in bytes, from the first one of `layer`; at least that of `bytes`.
    pub original_length: usize,
    /// Where it was captured.
    pub interface: Interface<'a>,
}

/// An interface of a capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Interface<'a> {
    /// The section of the pcapng file; 0 in a pcap file.
    pub section: u32,
    /// The interface's number within the section; 0 in a pcap file.
    pub number: u32,
    /// The name that a pcapng file gives.
    pub name: Option<&'a str>,
    /// Format of the capture.
    pub link: LinkType,
}

/// Reads a capture from its start to its end, or to where it cannot be read further.
pub struct Reader {
    path: PathBuf,
    source: Source,
    file: CaptureFile,
    /// Part of the window that the last frame holds.
    held: usize,
    /// A frame whose link header was replaced.
    scratch: Vec<u8>,
    summary: Summary,
}

enum CaptureFile {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// Opens a capture; `-` is the standard input.
///
/// # Errors
///
/// [`CaptureError`]: it cannot be opened, is not a capture, or is a pcap file of a link type that
/// is not read.
pub fn open(path: &Path) -> Result<Reader, CaptureError> {
    if path == Path::new("-") {
        return read(io::stdin(), path);
    }
    let error = |error| CaptureError::Open { path: path.to_owned(), error };
    read(File::open(path).map_err(error)?, path)
}

/// Reads a capture from `input`; `path` is its name in errors.
///
/// # Errors
///
/// As [`open`].
pub fn read(input: impl Read + Send + 'static, path: &Path) -> Result<Reader, CaptureError> {
    let mut source = Source::new(Box::new(input));
    let file = CaptureFile::recognise(&mut source, path)?;
    let format = match file {
        CaptureFile::Pcap(_) => Format::Pcap,
        CaptureFile::Pcapng(_) => Format::Pcapng,
    };
    let summary = Summary::new(format);
    Ok(Reader { path: path.to_owned(), source, file, held: 0, scratch: Vec::new(), summary })
}

impl Reader {
    /// The next frame of a link type that is read; `None` at the end.
    pub fn next_frame(&mut self) -> Option<CapturedFrame<'_>> {
        let (record, framing) = self.next_record()?;
        let interface = self.file.interface(&record);
        let captured = &self.source.window()[record.captured];
        let framed = framing.read(captured, record.original_length, &mut self.scratch);
        Some(CapturedFrame {
            timestamp: record.timestamp,
            layer: framed.layer,
            bytes: framed.bytes,
            original_length: framed.original_length,
            interface,
        })
    }

    /// Counts so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Counts of the capture.
    ///
    /// # Errors
    ///
    /// [`CaptureError::LinkTypes`] where it held frames, and none of a link type that is read.
    pub fn finish(self) -> Result<Summary, CaptureError> {
        let links: Vec<_> = self.summary.refused().map(|(link, _)| link).collect();
        if self.summary.frames() == 0 && !links.is_empty() {
            return Err(CaptureError::LinkTypes { path: self.path, links });
        }
        Ok(self.summary)
    }

    /// Bytes of the capture in memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.source.capacity() + self.scratch.capacity()
    }

    fn next_record(&mut self) -> Option<(Record, Framing)> {
        self.source.consume(std::mem::take(&mut self.held));
        while self.summary.end.is_none() {
            let at = self.source.position();
            match self.file.next(&mut self.source) {
                Ok(Step::Frame(record)) => {
                    self.summary.count(record.link);
                    let Some(framing) = record.link.framing() else { continue };
                    record.timestamp.inspect(|&time| self.summary.note(time));
                    self.held = record.length;
                    return Some((record, framing));
                }
                Ok(Step::Refused(link)) => self.summary.count(link),
                Ok(Step::Passed) => {}
                Err(stop) => self.summary.end = Some(self.end(stop, at)),
            }
        }
        None
    }

    fn end(&self, stop: Stop, at: u64) -> End {
        match stop {
            Stop::Complete => End::Complete,
            Stop::Truncated => End::Truncated { at: self.source.read_to() },
            Stop::Corrupt(why) => End::Corrupt { at, why },
            Stop::Unreadable(error) => {
                End::Unreadable { at: self.source.read_to(), error: error.to_string() }
            }
        }
    }
}

impl CaptureFile {
    fn recognise(source: &mut Source, path: &Path) -> Result<Self, CaptureError> {
        let failed = |error| CaptureError::Read { path: path.to_owned(), error };
        let short = |source: &Source| CaptureError::Short {
            path: path.to_owned(),
            length: source.read_to(),
        };
        if !source.fill(4).map_err(failed)? {
            return Err(short(source));
        }
        let start = source.window().first_chunk().copied().unwrap_or_default();
        if u32::from_le_bytes(start) == SECTION {
            return Self::pcapng(source, path);
        }
        let whole = source.fill(FILE_HEADER).map_err(failed)?;
        let mut header = [0; FILE_HEADER];
        let length = source.window().len().min(FILE_HEADER);
        header[..length].copy_from_slice(&source.window()[..length]);
        let Some(pcap) = Pcap::new(&header) else {
            return Err(unknown(path, start));
        };
        if !whole {
            return Err(short(source));
        }
        source.consume(FILE_HEADER);
        match pcap.link() {
            link if link.is_read() => Ok(Self::Pcap(pcap)),
            link => Err(CaptureError::LinkTypes { path: path.to_owned(), links: vec![link] }),
        }
    }

    /// The first section header is read here: where it is not whole there is nothing to read.
    fn pcapng(source: &mut Source, path: &Path) -> Result<Self, CaptureError> {
        let path = path.to_owned();
        let mut pcapng = Pcapng::default();
        match pcapng.next(source) {
            Ok(_) => Ok(Self::Pcapng(pcapng)),
            Err(Stop::Complete | Stop::Truncated) => {
                Err(CaptureError::Short { path, length: source.read_to() })
            }
            Err(Stop::Corrupt(why)) => Err(CaptureError::Header { path, why }),
            Err(Stop::Unreadable(error)) => Err(CaptureError::Read { path, error }),
        }
    }

    fn next(&mut self, source: &mut Source) -> Result<Step, Stop> {
        match self {
            Self::Pcap(pcap) => pcap.next(source).map(Step::Frame),
            Self::Pcapng(pcapng) => pcapng.next(source),
        }
    }

    fn interface(&self, record: &Record) -> Interface<'_> {
        let (section, name) = match self {
            Self::Pcap(_) => (0, None),
            Self::Pcapng(pcapng) => {
                let interface = pcapng.interface(record.interface);
                (pcapng.section(), interface.and_then(|interface| interface.name.as_deref()))
            }
        };
        Interface { section, number: record.interface, name, link: record.link }
    }
}

fn unknown(path: &Path, start: [u8; 4]) -> CaptureError {
    let path = path.to_owned();
    let program = match start {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd] => "zstd",
        [0xfd, b'7', b'z', b'X'] => "xz",
        [b'B', b'Z', b'h', _] => "bzip2",
        [0x04, 0x22, 0x4d, 0x18] => "lz4",
        _ => return CaptureError::Unknown { path, start },
    };
    CaptureError::Compressed { path, program }
}
