//! Key of a table in the policy.

/// Key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Name.
    pub name: &'static str,
    /// Documentation.
    pub text: &'static str,
}

/// Names of the keys of a table.
pub const fn names<const N: usize>(parts: &[Part; N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut index = 0;
    while index < N {
        names[index] = parts[index].name;
        index += 1;
    }
    names
}
