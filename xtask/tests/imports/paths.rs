//! Module paths in the tokens of a source file.

use std::iter::Peekable;

use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream::IntoIter};

/// A path, as its segments: `crate::text::Printable`.
pub type Path = Vec<String>;

/// Names that a source file brings in or refers to. Comments and texts are not among them.
#[derive(Debug, Default)]
pub struct Names {
    /// Name in scope and its path, for each name of a `use`.
    pub imported: Vec<(String, Path)>,
    /// Paths in all other places.
    pub mentioned: Vec<Path>,
    /// All identifiers.
    pub identifiers: Vec<String>,
}

impl Names {
    /// Reads a source. Modules named `tests` are left out: tests may use whatever they need.
    pub fn of(source: &str) -> Self {
        let mut names = Self::default();
        names.read(source.parse().expect("the source is Rust"));
        names
    }

    fn read(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(word) if word == "mod" => {
                    if tokens.next_if(|it| is_word(it, "tests")).is_some() {
                        tokens.next();
                    }
                }
                TokenTree::Ident(word) if word == "use" => {
                    skip_colons(&mut tokens);
                    let mut paths = Vec::new();
                    tree(&mut tokens, &[], &mut paths);
                    self.identifiers.extend(paths.iter().flat_map(|(_, path)| path.clone()));
                    self.imported.append(&mut paths);
                }
                TokenTree::Ident(word) => {
                    self.identifiers.push(word.to_string());
                    if skip_colons(&mut tokens) {
                        let mut paths = Vec::new();
                        tree(&mut tokens, &[word.to_string()], &mut paths);
                        let paths = paths.into_iter().map(|(_, path)| path);
                        self.identifiers.extend(paths.clone().flat_map(|path| path[1..].to_vec()));
                        self.mentioned.extend(paths);
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

/// Reads the rest of a path, or all paths of a `use`, below a prefix.
fn tree(tokens: &mut Peekable<IntoIter>, prefix: &[String], paths: &mut Vec<(String, Path)>) {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.next_if(is_segment) {
        match token {
            TokenTree::Group(group) => {
                let mut inner = group.stream().into_iter().peekable();
                while inner.peek().is_some() {
                    tree(&mut inner, &path, paths);
                    // A comma, or what no path begins with.
                    inner.next();
                }
                return;
            }
            token => path.push(token.to_string()),
        }
        if !skip_colons(tokens) {
            break;
        }
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    let alias = tokens.next_if(|it| is_word(it, "as")).and_then(|_| tokens.next());
    let name = alias.map(|alias| alias.to_string()).or_else(|| path.last().cloned());
    paths.extend(name.map(|name| (name, path)));
}

fn is_segment(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(_) => true,
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == '*',
        TokenTree::Literal(_) => false,
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(it) if it == word)
}

/// Goes behind `::`, if it comes next.
fn skip_colons(tokens: &mut Peekable<IntoIter>) -> bool {
    let is_colon = |it: &TokenTree| matches!(it, TokenTree::Punct(it) if it.as_char() == ':');
    let mut ahead = tokens.clone();
    let found = ahead.next().is_some_and(|it| is_colon(&it))
        && ahead.next().is_some_and(|it| is_colon(&it));
    if found {
        *tokens = ahead;
    }
    found
}

#[test]
fn a_use_brings_in_each_name_of_its_tree() {
    let names = Names::of("use crate::{a::{self, B as C}, d::*}; use ::e::F;");
    let imported: Vec<_> =
        names.imported.iter().map(|(name, path)| (name.as_str(), path.join("::"))).collect();
    let expected = [("a", "crate::a"), ("C", "crate::a::B"), ("*", "crate::d::*"), ("F", "e::F")];
    assert_eq!(imported, expected.map(|(name, path)| (name, path.to_owned())));
}

#[test]
fn paths_in_expressions_and_macros_are_mentioned_and_those_in_texts_and_tests_are_not() {
    let names = Names::of(
        "/// crate::doc\nfn a() { format!(\"crate::text\", super::b::<u8>()); x as u8 }\n\
         mod tests { use crate::test; }",
    );
    assert_eq!(names.mentioned, [["super", "b"]]);
    assert!(names.imported.is_empty());
}
