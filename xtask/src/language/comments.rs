//! Comments of Rust sources.

/// Comments of a source, a line each; a blank line ends each block. Strings with `//` in them are rare enough to count.
pub fn of(source: &str) -> String {
    let mut text = String::new();
    for line in source.lines() {
        let line = line.trim_start();
        let comment = ["//!", "///", "//"].into_iter().find_map(|mark| line.strip_prefix(mark));
        match comment {
            Some(comment) => text.push_str(comment.strip_prefix(' ').unwrap_or(comment)),
            None if text.ends_with("\n\n") || text.is_empty() => continue,
            None => {}
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn each_block_of_comments_is_a_paragraph() {
        let source = "//! One.\n//! Two.\n\nfn f() {\n    // Three.\n    g();\n    /// Four.\n";
        assert_eq!(of(source), "One.\nTwo.\n\nThree.\n\nFour.\n");
    }
}
