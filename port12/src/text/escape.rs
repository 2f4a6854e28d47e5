//! Escaping of text that others have chosen.

use std::fmt::{self, Write as _};

/// Shows a text on one line, its control characters escaped: the name of a file or an interface
/// moves no cursor, and turns no text around.
pub(crate) struct Printable<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for character in self.0.to_string().chars() {
            match needs_escape(character) {
                true => write!(text, "{}", character.escape_default())?,
                false => text.push(character),
            }
        }
        formatter.pad(&text)
    }
}

/// Characters that a terminal obeys or does not show: control characters, line separators, and characters that change
/// the direction of text or have no width.
pub(crate) fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Name in a sentence: in quotes, unless it has only characters that are usual in paths and units. A name with a comma
/// or a parenthesis cannot pass for a part of the sentence.
pub(crate) fn quoted(name: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "._-/+@:%~#\\".contains(it);
    match !name.is_empty() && name.chars().all(is_plain) {
        true => name.to_owned(),
        false => format!("\"{}\"", Printable(name.replace('"', r"\u{22}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_name_in_a_sentence_is_quoted_unless_it_is_plain() {
        assert_eq!(quoted("/usr/bin/nc"), "/usr/bin/nc");
        assert_eq!(quoted(""), r#""""#);
        assert_eq!(quoted("nc), user id 0"), r#""nc), user id 0""#);
        assert_eq!(quoted("a\"\n"), r#""a\u{22}\n""#);
    }

    #[test]
    fn widths_are_those_of_what_is_shown() {
        assert_eq!(format!("{:<6}|", Printable("a\n")), r"a\n   |");
    }
}
