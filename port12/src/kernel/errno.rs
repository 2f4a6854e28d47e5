//! The system's error among the causes of another.

use std::{error::Error, io};

/// Its number, where there is one.
pub(super) fn number(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(number) = current.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error)
        {
            return Some(number);
        }
        cause = current.source();
    }
    None
}

/// The system's error, or else the whole one.
pub(super) fn system(error: impl Error + 'static) -> io::Error {
    match number(&error) {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::other(error.to_string()),
    }
}
