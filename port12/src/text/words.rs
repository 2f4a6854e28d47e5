//! Words and phrases.

/// A number and the thing that is counted: `1 port`, `2 ports`.
pub(crate) fn counted(number: u64, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// Word with a capital letter in front.
pub(crate) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_thing_is_singular() {
        let numbers = [0, 1, 2].map(|number| counted(number, "address", "addresses"));
        assert_eq!(numbers, ["0 addresses", "1 address", "2 addresses"]);
    }

    #[test]
    fn words_are_capitalized() {
        assert_eq!(["", "port", "élan"].map(capitalized), ["", "Port", "Élan"]);
    }
}
