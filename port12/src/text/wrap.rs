//! Text in lines of 80 columns.

/// The width of a report.
pub(crate) const WIDTH: usize = 80;

/// Text as lines of at most [`WIDTH`] characters: the first starts with `head`, the others are
/// indented as far. A longer word has a line of its own.
pub(crate) fn hang(head: &str, text: &str) -> String {
    let indent = head.chars().count();
    let mut lines = String::from(head);
    let mut column = indent;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > indent && column + 1 + width > WIDTH {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        }
        if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines.truncate(lines.trim_end().len());
    lines.push('\n');
    lines
}

/// As [`hang`], but what stands between backquotes is never broken: a command is to be copied.
pub(crate) fn hang_whole(head: &str, text: &str) -> String {
    /// Of private use: it is in no text.
    const SPACE: &str = "\u{e000}";
    let parts = text.split('`').enumerate();
    let whole: Vec<String> = parts
        .map(|(index, part)| match index % 2 {
            0 => part.to_owned(),
            _ => part.replace(' ', SPACE),
        })
        .collect();
    hang(head, &whole.join("`")).replace(SPACE, " ")
}

/// Phrases with two spaces before each, in lines of at most [`WIDTH`] characters. A longer phrase has a line of its own.
pub(crate) fn phrases(phrases: impl IntoIterator<Item = String>) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for phrase in phrases {
        let width = 2 + phrase.chars().count();
        if column > 0 && column + width > WIDTH {
            lines.push('\n');
            column = 0;
        }
        lines.push_str("  ");
        lines.push_str(&phrase);
        column += width;
    }
    if column > 0 {
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_hangs_below_its_first_word() {
        let text = hang("tcp  ", &"abcdefghi ".repeat(9));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("tcp  abc") && lines[0].len() <= WIDTH);
        assert!(lines[1].starts_with("     abc"));
    }

    #[test]
    fn a_command_stays_on_one_line() {
        let text = hang_whole("  - ", &format!("{}`a b c d e f` is it", "abcdefghi ".repeat(7)));
        assert!(text.ends_with("\n    `a b c d e f` is it\n"), "{text}");
    }

    #[test]
    fn phrases_fill_lines_and_none_is_broken() {
        assert_eq!(phrases([]), "");
        let text = phrases(["a".repeat(38), "b".repeat(38), "é".repeat(90), "c d".into()]);
        let lines = ["a".repeat(38) + "  " + &"b".repeat(38), "é".repeat(90), "c d".into()];
        assert_eq!(text, lines.map(|line| format!("  {line}\n")).concat());
    }
}
