//! Text for 80 columns.

/// The width of a report.
pub(super) const WIDTH: usize = 80;

/// Text as lines of at most [`WIDTH`] characters: the first starts with `head`, the others are
/// indented as far. A longer word has a line of its own.
pub(super) fn hang(head: &str, text: &str) -> String {
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
pub(super) fn hang_whole(head: &str, text: &str) -> String {
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

/// Text of at most `width` characters; what is cut off shows as `...`.
pub(super) fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
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
    fn what_is_clipped_says_so() {
        assert_eq!(clip("Network", 7), "Network");
        assert_eq!(clip("Network of é", 11), "Network...");
    }
}
