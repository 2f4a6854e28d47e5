//! Text that others have chosen, kept within bounds.

/// Text of at most `width` characters, which ends in `...` if some were cut off.
pub(crate) fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    format!("{}...", start(text, width.saturating_sub(3)).trim_end())
}

/// First characters of a text, at most this many.
pub(crate) fn start(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// Cuts a text to its first characters, at most this many. Returns whether it was longer.
pub(crate) fn cut(text: &mut String, most: usize) -> bool {
    let end = start(text, most).len();
    let is_longer = end < text.len();
    if is_longer {
        text.truncate(end);
        text.shrink_to_fit();
    }
    is_longer
}

/// Cuts a text to at most this many bytes, between two characters.
pub(crate) fn cut_bytes(text: &mut String, most: usize) {
    if let Some(end) = (0..=most.min(text.len())).rev().find(|&end| text.is_char_boundary(end)) {
        text.truncate(end);
    }
}

/// First 40 characters of a text, and `...` behind them if there are more.
pub(crate) fn excerpt(text: &str) -> String {
    match start(text, 40) {
        whole if whole.len() == text.len() => whole.to_owned(),
        start => format!("{start}..."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipped_text_ends_in_dots() {
        assert_eq!(clip("Network", 7), "Network");
        assert_eq!(clip("Network of é", 11), "Network...");
        assert_eq!(clip("Network", 2), "...");
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(start("aé", 1), "a");
        assert_eq!(start("aé", 2), "aé");
        let mut text = "aéb".to_owned();
        assert!(!cut(&mut text, 3));
        assert!(cut(&mut text, 2));
        assert_eq!(text, "aé");
        cut_bytes(&mut text, 3);
        assert_eq!(text, "aé");
        cut_bytes(&mut text, 2);
        assert_eq!(text, "a");
    }

    #[test]
    fn an_excerpt_shows_that_it_is_one() {
        assert_eq!(excerpt(&"é".repeat(40)), "é".repeat(40));
        assert_eq!(excerpt(&"é".repeat(41)), "é".repeat(40) + "...");
    }
}
