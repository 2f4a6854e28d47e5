//! Values that are chosen among a few, by the names that flags have for them.

use clap::ValueEnum;

/// The value of a name.
pub(super) fn read<T: ValueEnum>(name: &str) -> Result<T, String> {
    T::from_str(name, false).map_err(|_| accepted::<T>())
}

/// The name of a value.
pub(super) fn name<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// What to write: `write "monitor" or "drop"`.
pub(super) fn accepted<T: ValueEnum>() -> String {
    let names: Vec<_> = T::value_variants().iter().map(|v| format!("{:?}", name(v))).collect();
    match names.split_last() {
        Some((last, [])) => format!("write {last}"),
        Some((last, others)) => format!("write {} or {last}", others.join(", ")),
        None => String::new(),
    }
}
