//! Questions that may never be answered: a process that is looked at can keep its program on a
//! file system that does not answer, and a file system of its own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use crate::model::Limit;
use crate::privileges;

/// All questions together may be late by so much.
const PATIENCE: Duration = Duration::from_secs(2);

/// Every question has so long.
const LEAST: Duration = Duration::from_millis(50);

/// Threads at once, those that hang among them: who runs for long asks after what hangs again and again.
const THREADS: usize = 64;

/// Those of this process.
static THREADS_OF_ALL: AtomicUsize = AtomicUsize::new(0);

/// A thread's place among those that there may be.
struct Place(&'static AtomicUsize);

impl Place {
    fn take(threads: &'static AtomicUsize) -> Option<Self> {
        let more = |count: usize| (count < THREADS).then_some(count + 1);
        threads.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(threads))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The answers to some questions.
pub(super) struct Answers<Q, A> {
    pub(super) answers: BTreeMap<Q, A>,
    /// Questions that were not answered in time.
    pub(super) unanswered: Vec<Q>,
}

/// Asks all questions, one after the other, in a thread of its own. Where one is not answered in time,
/// another thread goes on with the next; what hangs goes with the process. Where too many do, no more is asked.
pub(super) fn ask<Q, A>(
    questions: impl IntoIterator<Item = Q>,
    answer: impl Fn(Q) -> A + Copy + Send + 'static,
) -> Answers<Q, A>
where
    Q: Copy + Ord + Send + 'static,
    A: Send + 'static,
{
    ask_within(PATIENCE, &THREADS_OF_ALL, questions, answer)
}

fn ask_within<Q, A>(
    mut patience: Duration,
    threads: &'static AtomicUsize,
    questions: impl IntoIterator<Item = Q>,
    answer: impl Fn(Q) -> A + Copy + Send + 'static,
) -> Answers<Q, A>
where
    Q: Copy + Ord + Send + 'static,
    A: Send + 'static,
{
    let questions: Vec<Q> = questions.into_iter().collect();
    let left = Arc::new(Mutex::new(questions.clone().into_iter()));
    let next = |left: &Mutex<std::vec::IntoIter<Q>>| {
        left.lock().unwrap_or_else(PoisonError::into_inner).next()
    };
    let (sender, receiver) = mpsc::channel();
    let work = || {
        let (left, sender) = (Arc::clone(&left), sender.clone());
        let Some(place) = Place::take(threads) else {
            return false;
        };
        let work = move || {
            let _place = place;
            while let Some(question) = next(&left) {
                if sender.send((question, answer(question))).is_err() {
                    return;
                }
            }
        };
        privileges::spawn("process reader", work).is_ok()
    };
    let mut answers = BTreeMap::new();
    let mut is_working = work();
    while is_working && answers.len() < questions.len() {
        let wait = patience.max(LEAST);
        match receiver.recv_timeout(wait) {
            Ok((question, answer)) => {
                answers.insert(question, answer);
            }
            Err(_) => {
                patience = patience.saturating_sub(wait);
                let is_over =
                    left.lock().unwrap_or_else(PoisonError::into_inner).as_slice().is_empty();
                is_working = !is_over && work();
            }
        }
    }
    let unanswered = questions.into_iter().filter(|it| !answers.contains_key(it)).collect();
    Answers { answers, unanswered }
}

/// Limit for processes that did not answer.
pub(super) fn limit(unanswered: usize) -> Option<Limit> {
    (unanswered > 0).then(|| Limit {
        what: format!(
            "what {unanswered} of the processes are: what they run may be on a file system that does \
             not answer"
        ),
        needs: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    static OF_TESTS: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn what_hangs_takes_no_more_threads_than_there_may_be() {
        static CROWD: AtomicUsize = AtomicUsize::new(THREADS - 2);
        let answer = |question: u32| match question {
            0 => {}
            _ => thread::sleep(Duration::from_secs(600)),
        };
        let ask = |questions| ask_within(Duration::ZERO, &CROWD, questions, answer).answers.len();
        assert_eq!(ask(0..5), 1);
        assert_eq!(CROWD.load(Ordering::Relaxed), THREADS);
        assert_eq!((ask(0..5), CROWD.load(Ordering::Relaxed)), (0, THREADS));
    }

    #[test]
    fn what_hangs_holds_up_nobody_else() {
        let answer = |question: u32| match question {
            3 | 4 | 9 => thread::sleep(Duration::from_secs(600)),
            _ => {}
        };
        let asked = ask_within(Duration::from_millis(100), &OF_TESTS, 0..10, answer);
        assert_eq!(asked.unanswered, [3, 4, 9]);
        assert_eq!(asked.answers.len(), 7);
    }

    #[test]
    fn every_question_is_answered_once() {
        let asked = ask(0..1000, |question| question + 1);
        assert!(asked.unanswered.is_empty() && asked.answers.len() == 1000);
        assert!(asked.answers.iter().all(|(question, answer)| question + 1 == *answer));
        assert!(ask(0..0, |question: u8| question).unanswered.is_empty());
    }
}
