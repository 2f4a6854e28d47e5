//! `cargo xtask ci language`: the plainness of the texts, as figures with limits.
//!
//! Three figures for each set of texts: noun clauses (what, who, whom, whose, whoever) and tell/told per 1,000 words,
//! and words a sentence. Code, code spans and the command `port12 who` are left out. A figure above its limit fails the
//! step; limits only fall, until they are the goals.

mod comments;
mod figures;
mod markdown;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::CommandFactory as _;

use figures::Figures;

/// Goals for every text: ripgrep and hyperfine have 0 to 0.9 noun clauses, and 10 to 15 words a sentence.
const GOAL: Limits = Limits { noun_clauses: 1.5, tell: 0.5, sentence: 16.0 };

/// Most that a figure may be.
#[derive(Clone, Copy)]
struct Limits {
    noun_clauses: f64,
    tell: f64,
    sentence: f64,
}

const fn limits(noun_clauses: f64, tell: f64, sentence: f64) -> Limits {
    Limits { noun_clauses, tell, sentence }
}

/// Texts with one limit for each figure.
struct Corpus {
    name: &'static str,
    limits: Limits,
    read: fn(&Path) -> Result<Figures>,
}

/// A limit above the goal is the figure of the present text, rounded up. Lower it with each text that becomes plainer.
const CORPORA: [Corpus; 5] = [
    Corpus {
        name: "README.md",
        limits: GOAL,
        read: |root| pages(root, &["README.md", "CONTRIBUTING.md", "SECURITY.md"]),
    },
    Corpus {
        name: "docs/",
        limits: limits(6.6, 2.0, GOAL.sentence),
        read: |root| directory(root, "docs"),
    },
    Corpus { name: "CHANGELOG.md", limits: GOAL, read: |root| pages(root, &["CHANGELOG.md"]) },
    Corpus { name: "help", limits: GOAL, read: |_| Ok(help()) },
    Corpus { name: "comments", limits: limits(12.4, 3.2, GOAL.sentence), read: comments },
];

/// Measures all texts, prints a table, and fails if a figure is above its limit.
pub fn run(root: &Path) -> Result<()> {
    let mut failed = Vec::new();
    println!(
        "{:<14} {:>7} {:>22} {:>20} {:>22}",
        "TEXT", "WORDS", "NOUN CLAUSES (LIMIT)", "TELL/TOLD (LIMIT)", "WORDS/SENTENCE (LIMIT)"
    );
    for corpus in &CORPORA {
        let figures = (corpus.read)(root).with_context(|| format!("read {}", corpus.name))?;
        let limits = corpus.limits;
        let row = [
            ("noun clauses", figures.per_thousand(figures.noun_clauses), limits.noun_clauses),
            ("tell/told", figures.per_thousand(figures.tell), limits.tell),
            ("words a sentence", figures.words_a_sentence(), limits.sentence),
        ];
        let [nouns, tell, sentence] =
            row.map(|(_, value, limit)| format!("{value:.2} ({limit:.1})"));
        println!("{:<14} {:>7} {nouns:>22} {tell:>20} {sentence:>22}", corpus.name, figures.words);
        let above = row.iter().filter(|(_, value, limit)| value > limit);
        failed.extend(above.map(|(figure, value, limit)| {
            format!("{}: {figure}: {value:.2}, at most {limit}", corpus.name)
        }));
    }
    match failed.as_slice() {
        [] => Ok(()),
        failed => bail!("texts above their limits:\n  {}", failed.join("\n  ")),
    }
}

fn pages(root: &Path, names: &[&str]) -> Result<Figures> {
    let mut figures = Figures::default();
    for name in names {
        figures.add(&markdown::prose(&fs::read_to_string(root.join(name))?));
    }
    Ok(figures)
}

fn directory(root: &Path, name: &str) -> Result<Figures> {
    let mut figures = Figures::default();
    for file in files(&root.join(name), "md")? {
        figures.add(&markdown::prose(&fs::read_to_string(file)?));
    }
    Ok(figures)
}

/// Long help of every command and flag.
fn help() -> Figures {
    fn visit(command: &clap::Command, figures: &mut Figures) {
        let about = command.get_long_about().or_else(|| command.get_about());
        let of_flags =
            command.get_arguments().filter_map(|it| it.get_long_help().or(it.get_help()));
        for text in about.into_iter().chain(of_flags) {
            figures.add(&markdown::prose(&text.to_string()));
        }
        command.get_subcommands().for_each(|command| visit(command, figures));
    }
    let mut figures = Figures::default();
    visit(&port12::cli::Cli::command(), &mut figures);
    figures
}

/// Comments of all crates, tests included.
fn comments(root: &Path) -> Result<Figures> {
    let mut figures = Figures::default();
    for directory in ["port12", "port12-common", "port12-ebpf", "xtask", "tests"] {
        for file in files(&root.join(directory), "rs")? {
            figures.add(&markdown::prose(&comments::of(&fs::read_to_string(file)?)));
        }
    }
    Ok(figures)
}

/// Files below a directory with an extension, build output left out.
fn files(directory: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                found.extend(files(&path, extension)?);
            }
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    Ok(found)
}
