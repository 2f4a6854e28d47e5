//! Figures of a text.

const NOUN_CLAUSES: [&str; 5] = ["what", "who", "whom", "whose", "whoever"];
const TELL: [&str; 4] = ["tell", "tells", "told", "telling"];

/// Counts over texts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Figures {
    pub words: usize,
    pub sentences: usize,
    /// Words that start a clause in place of a noun.
    pub noun_clauses: usize,
    pub tell: usize,
}

impl Figures {
    /// Counts sentences. Those without a word, and headings of one, are no sentences.
    pub fn add(&mut self, sentences: &[String]) {
        for sentence in sentences {
            let words = sentence.split(|it: char| !it.is_alphanumeric() && !"'’".contains(it));
            let words: Vec<String> = words
                .filter(|it| it.contains(char::is_alphabetic))
                .map(str::to_lowercase)
                .collect();
            let count = |list: &[&str]| words.iter().filter(|it| list.contains(&&***it)).count();
            self.words += words.len();
            self.sentences += usize::from(words.len() > 1);
            self.noun_clauses += count(&NOUN_CLAUSES);
            self.tell += count(&TELL);
        }
    }

    /// A count per 1,000 words.
    pub fn per_thousand(&self, count: usize) -> f64 {
        count as f64 * 1000.0 / self.words.max(1) as f64
    }

    /// Mean length of a sentence, in words.
    pub fn words_a_sentence(&self) -> f64 {
        self.words as f64 / self.sentences.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn words_clauses_and_sentences_are_counted() {
        let mut figures = Figures::default();
        figures.add(&["What comes is told to whoever asks.".to_owned(), "Title".to_owned()]);
        assert_eq!(figures, Figures { words: 8, sentences: 1, noun_clauses: 2, tell: 1 });
        assert_eq!(figures.per_thousand(figures.tell), 125.0);
    }
}
