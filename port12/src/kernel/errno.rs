//! The system's error among the causes of another.

use std::{error::Error, io};

/// Its number, if there is one.
pub(super) fn number(error: &(dyn Error + 'static)) -> Option<i32> {
    numbers(error).next()
}

/// The numbers of all of them, the outermost first.
pub(super) fn numbers<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = i32> + 'a {
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>()?.raw_os_error())
}

/// The system's error, or else the whole one.
pub(super) fn system(error: impl Error + Send + Sync + 'static) -> io::Error {
    match number(&error) {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::other(error),
    }
}
