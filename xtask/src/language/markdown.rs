//! Prose of Markdown.

/// Sentences and fragments of a text: paragraphs, items of lists and cells of tables, each of them for itself, without
/// code, code spans, addresses of links and marks.
pub fn prose(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut is_fenced = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            is_fenced = !is_fenced;
        }
        if is_fenced || trimmed.starts_with("```") || line.starts_with("    ") {
            blocks.push(String::new());
        } else if trimmed.starts_with('|') {
            blocks.extend(trimmed.split('|').map(|cell| cell.trim().to_owned()));
            blocks.push(String::new());
        } else {
            if trimmed.is_empty() || trimmed.starts_with(['#', '-', '*']) {
                blocks.push(String::new());
            }
            if let Some(block) = blocks.last_mut() {
                block.push_str(trimmed.trim_start_matches(['#', '-', '*']));
                block.push(' ');
            }
        }
    }
    blocks.iter().flat_map(|block| sentences(&without_code(block))).collect()
}

/// A code span counts as one word, and the address of a link as none.
fn without_code(text: &str) -> String {
    let spans = text.split('`').enumerate();
    let text: String = spans.map(|(index, part)| if index % 2 == 1 { "X" } else { part }).collect();
    let mut rest = text.as_str();
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("](") {
        kept.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    kept + rest
}

fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if let Some(sentence) = sentences.last_mut() {
            sentence.push_str(word);
            sentence.push(' ');
        }
        let ends = word.trim_end_matches(['"', ')', '*', ']']).ends_with(['.', '!', '?']);
        let starts = |word: &&str| word.starts_with(|it: char| !it.is_lowercase());
        if ends && words.peek().is_none_or(starts) {
            sentences.push(String::new());
        }
    }
    sentences.retain(|it| it.split_whitespace().next().is_some());
    sentences
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn paragraphs_items_and_cells_are_apart_and_code_is_left_out() {
        let text = "# Title\n\nOne `who 12` two. Three e.g. four\nfive.\n\n    code what\n\n- item [link](who.md)\n\
                    - another\n\n| a | b c |\n|---|---|\n\n```sh\nwho\n```\nEnd.\n";
        let expected = [
            "Title ",
            "One X two. ",
            "Three e.g. four five. ",
            "item [link ",
            "another ",
            "a ",
            "b c ",
            "--- ",
            "--- ",
            "End. ",
        ];
        assert_eq!(prose(text), expected);
    }
}
