//! JSON in which no text moves the cursor of a terminal.

use std::io;

use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use super::escape::needs_escape;

/// Passes JSON on, with the characters of strings escaped that a terminal obeys: it means the same. JSON is written
/// in pieces that are text each.
pub(crate) struct Escaping<W>(pub(crate) W);

impl<W: io::Write> io::Write for Escaping<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        // Line breaks are the only such characters below 127 that are not escaped already.
        if piece.iter().all(|&byte| byte < 0x7f) {
            return self.0.write(piece);
        }
        let text = std::str::from_utf8(piece).map_err(io::Error::other)?;
        let escaped = |character| needs_escape(character) && character != '\n';
        for character in text.chars() {
            match escaped(character) {
                true => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(self.0, "\\u{unit:04x}")?;
                    }
                }
                false => write!(self.0, "{character}")?,
            }
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Compact JSON whose texts are still escaped after a reader has parsed them.
pub(crate) struct PrintableTexts;

impl Formatter for PrintableTexts {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for character in fragment.chars() {
            match needs_escape(character) {
                true => escape(out, character)?,
                false => write!(out, "{character}")?,
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        escaped: CharEscape,
    ) -> io::Result<()> {
        let control = match escaped {
            CharEscape::Quote | CharEscape::ReverseSolidus | CharEscape::Solidus => {
                return CompactFormatter.write_char_escape(out, escaped);
            }
            CharEscape::Backspace => 8,
            CharEscape::Tab => b'\t',
            CharEscape::LineFeed => b'\n',
            CharEscape::FormFeed => 12,
            CharEscape::CarriageReturn => b'\r',
            CharEscape::AsciiControl(control) => control,
        };
        escape(out, control.into())
    }
}

/// `\u{..}` as a text, in which JSON escapes the backslash.
fn escape<W: ?Sized + io::Write>(out: &mut W, character: char) -> io::Result<()> {
    write!(out, r"\{}", character.escape_default())
}
