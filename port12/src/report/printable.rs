//! Text of somebody else's on a terminal.

use std::fmt::{self, Write as _};

/// Shows a text on one line, its control characters escaped: the name of a file or an interface
/// moves no cursor, and turns no text around.
pub(crate) struct Printable<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for character in self.0.to_string().chars() {
            match is_treacherous(character) {
                true => write!(text, "{}", character.escape_default())?,
                false => text.push(character),
            }
        }
        formatter.pad(&text)
    }
}

/// Whether a terminal obeys a character rather than showing it: it is a control character, a line
/// separator, one that changes the direction of text, or one that has no width.
pub(crate) fn is_treacherous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::Printable;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Printable("a\u{1b}[31m\nb\u{9b}é").to_string(), r"a\u{1b}[31m\nb\u{9b}é");
    }

    #[test]
    fn what_turns_text_around_or_hides_it_is_escaped() {
        assert_eq!(
            Printable("a\u{202e}b\u{2028}c\u{200b}").to_string(),
            r"a\u{202e}b\u{2028}c\u{200b}"
        );
        assert_eq!(Printable("日本 é").to_string(), "日本 é");
    }

    #[test]
    fn widths_are_those_of_what_is_shown() {
        assert_eq!(format!("{:<6}|", Printable("a\n")), r"a\n   |");
    }
}
