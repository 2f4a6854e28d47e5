//! Text of somebody else's on a terminal.

use std::fmt::{self, Write as _};

/// Shows a text on one line, its control characters escaped: the name of a file or an interface
/// moves no cursor.
pub(crate) struct Printable<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for character in self.0.to_string().chars() {
            match character.is_control() {
                true => write!(text, "{}", character.escape_default())?,
                false => text.push(character),
            }
        }
        formatter.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::Printable;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Printable("a\u{1b}[31m\nb\u{9b}é").to_string(), r"a\u{1b}[31m\nb\u{9b}é");
    }

    #[test]
    fn widths_are_those_of_what_is_shown() {
        assert_eq!(format!("{:<6}|", Printable("a\n")), r"a\n   |");
    }
}
