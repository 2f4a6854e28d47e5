//! Values that are chosen among a few, by the names that flags and the policy file have for them.

use strum::{EnumMessage, VariantArray};

/// Value among a few. The documentation of its variants is their help.
pub trait Choice: Copy + EnumMessage + Into<&'static str> + VariantArray {}

impl<T: Copy + EnumMessage + Into<&'static str> + VariantArray> Choice for T {}

/// The value of a name.
pub(super) fn read<T: Choice>(name: &str) -> Result<T, String> {
    let value = T::VARIANTS.iter().copied().find(|&value| self::name(value) == name);
    value.ok_or_else(accepted::<T>)
}

/// The name of a value.
pub(super) fn name(value: impl Choice) -> &'static str {
    value.into()
}

/// The description of a value.
pub(super) fn help(value: impl Choice) -> String {
    value.get_documentation().unwrap_or_default().trim_end_matches('.').replace('\n', " ")
}

/// Names that are accepted: `write "monitor" or "drop"`.
pub(super) fn accepted<T: Choice>() -> String {
    let names: Vec<_> = T::VARIANTS.iter().map(|&value| format!("{:?}", name(value))).collect();
    match names.split_last() {
        Some((last, [])) => format!("write {last}"),
        Some((last, others)) => format!("write {} or {last}", others.join(", ")),
        None => String::new(),
    }
}
