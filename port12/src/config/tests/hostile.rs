//! Whatever a file says, it is refused on one line, or it is a policy that can be written down.

use std::path::Path;

use proptest::{prelude::*, sample::Index};

use super::RICH;
use crate::{
    config::{Config, File, KEYS, Layer, file::PORT_KEYS},
    registry::Registry,
};

const DEFAULT: &str = include_str!("../../../../dist/port12.toml");

/// Parts of a file besides its keys.
const TOKENS: &[&str] = &[
    "[[port]]\n",
    "[port]\n",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    " = ",
    ",",
    ".",
    "\n",
    "\r\n",
    "#",
    "\"",
    "'",
    "\"\"\"",
    "\\",
    "\\u0000",
    "\0",
    "true",
    "false",
    "0",
    "12",
    "-1",
    "1024",
    "0x3ff",
    "1e3",
    "nan",
    "99999999999999999999",
    "1979-05-27",
    "\"monitor\"",
    "\"drop\"",
    "\"watch\"",
    "\"ignore\"",
    "\"auto\"",
    "\"refuse\"",
    "\"json\"",
    "\"12/tcp\"",
    "\"14-16\"",
    "\"700-720/udp\"",
    "\"16-14\"",
    "\"1s\"",
    "\"60s\"",
    "\"1ns\"",
    "\"192.0.2.0/24\"",
    "\"192.0.2.1/24\"",
    "\"::/0\"",
    "\"eth*\"",
    "\"***\"",
    "\"/x\"",
    "\"é\"",
    "\u{feff}",
    "\u{2028}",
];

fn token() -> impl Strategy<Value = &'static str> {
    let all: Vec<&str> = KEYS.iter().chain(PORT_KEYS).chain(TOKENS).copied().collect();
    prop::sample::select(all)
}

/// Lines that look like those of a file.
fn line() -> impl Strategy<Value = String> {
    let key = || prop::sample::select([KEYS, PORT_KEYS].concat());
    prop_oneof![
        Just("[[port]]\n".to_owned()),
        (key(), token()).prop_map(|(key, value)| format!("{key} = {value}\n")),
        (key(), token(), token()).prop_map(|(key, one, two)| format!("{key} = [{one}, {two}]\n")),
        Just("[[port]]\nports = 12\naction = \"drop\"\n".to_owned()),
    ]
}

/// Ends of words, numbers and signs.
fn cuts(text: &str) -> Vec<usize> {
    let class = |letter: char| match letter {
        'a'..='z' | '0'..='9' | '_' => 0,
        ' ' => 1,
        other => u32::from(other),
    };
    let mut cuts: Vec<usize> = text
        .char_indices()
        .zip(text.chars().skip(1))
        .filter(|((_, before), after)| class(*before) != class(*after))
        .map(|((at, before), _)| at + before.len_utf8())
        .collect();
    cuts.push(text.len());
    cuts
}

#[derive(Clone, Debug)]
enum Edit {
    Byte(Index, u8),
    Truncate(Index),
    Cut(Index, Index),
    Insert(Index, &'static str),
    Replace(Index, &'static str),
    Repeat(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
        any::<Index>().prop_map(Edit::Truncate),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Edit::Cut(from, to)),
        (any::<Index>(), token()).prop_map(|(at, token)| Edit::Insert(at, token)),
        (any::<Index>(), token()).prop_map(|(at, token)| Edit::Replace(at, token)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Edit::Repeat(from, to)),
    ]
}

fn edited(bytes: Vec<u8>, edit: &Edit) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let cuts = cuts(&text);
    let at = |index: &Index| *index.get(&cuts);
    let span = |from: &Index, to: &Index| (at(from).min(at(to)), at(from).max(at(to)));
    let joined = |parts: &[&str]| parts.concat().into_bytes();
    match edit {
        Edit::Byte(index, byte) => {
            let mut bytes = bytes;
            let at = index.index(bytes.len());
            bytes[at] = *byte;
            bytes
        }
        Edit::Truncate(index) => bytes[..index.index(bytes.len())].to_vec(),
        Edit::Cut(from, to) => {
            let (from, to) = span(from, to);
            joined(&[&text[..from], &text[to..]])
        }
        Edit::Insert(index, token) => joined(&[&text[..at(index)], token, &text[at(index)..]]),
        Edit::Replace(index, token) => {
            let place = index.index(cuts.len());
            let end = cuts.get(place + 1).copied().unwrap_or(text.len());
            joined(&[&text[..cuts[place]], token, &text[end..]])
        }
        Edit::Repeat(from, to) => {
            let (from, to) = span(from, to);
            joined(&[&text[..to], &text[from..to], &text[to..]])
        }
    }
}

/// The default file with its examples and defaults in force, a rich one, and none.
fn seeds() -> impl Strategy<Value = String> {
    let bare = |prefix| DEFAULT.lines().filter_map(move |line| line.strip_prefix(prefix));
    let lines = |prefix| bare(prefix).map(|line| format!("{line}\n")).collect::<String>();
    prop_oneof![Just(DEFAULT.to_owned()), Just(lines("#   ")), Just(RICH.to_owned())]
}

fn is_refused_or_a_policy(bytes: &[u8]) -> Result<(), TestCaseError> {
    let path = Path::new("/p/port12.toml");
    let file = match File::parse(path, bytes) {
        Ok(file) => file,
        Err(error) => {
            let said = error.to_string();
            prop_assert!(said.starts_with("/p/port12.toml: line "), "{said:?}");
            prop_assert!(!said.contains(char::is_control) && said.len() < 600, "{said:?}");
            return Ok(());
        }
    };
    let config = Config::of(Some(file), Layer::default());
    let written = config.to_toml();
    let again = File::parse(path, written.as_bytes());
    let again = again.map_err(|error| TestCaseError::fail(format!("{error}:\n{written}")))?;
    prop_assert_eq!(&Config::of(Some(again), Layer::default()), &config, "{}", written);
    if bytes.len().is_multiple_of(16) {
        config.compile(Registry::embedded());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_mutated_file_is_refused_on_one_line_or_a_policy(
        seed in seeds(),
        edits in prop::collection::vec(edit(), 1..4),
    ) {
        is_refused_or_a_policy(&edits.iter().fold(seed.into_bytes(), edited))?;
    }

    #[test]
    fn a_random_file_is_refused_on_one_line_or_a_policy(
        lines in prop::collection::vec(line(), 0..6),
    ) {
        is_refused_or_a_policy(lines.concat().as_bytes())?;
    }
}

proptest! {
    #[test]
    fn random_tokens_never_panic(tokens in prop::collection::vec(token(), 0..24)) {
        is_refused_or_a_policy(tokens.concat().as_bytes())?;
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        is_refused_or_a_policy(&bytes)?;
    }
}

#[test]
fn what_is_nested_without_end_is_refused() {
    for text in
        ["[".repeat(100_000), format!("mode = {}", "[".repeat(100_000)), "a.".repeat(50_000)]
    {
        is_refused_or_a_policy(text.as_bytes()).unwrap();
        File::parse(Path::new("/p"), text.as_bytes()).unwrap_err();
    }
}
