//! Numbers with prefixes of the SI.

/// A number with an SI prefix, at most four digits and a decimal: `999`, `1.2k`, `34.5M`.
pub(crate) fn si(number: f64) -> String {
    const PREFIXES: [&str; 6] = ["", "k", "M", "G", "T", "P"];
    let mut number = number;
    let mut prefix = 0;
    while number >= 999.95 && prefix + 1 < PREFIXES.len() {
        number /= 1000.0;
        prefix += 1;
    }
    let digits = usize::from(prefix > 0 || number.fract() > 0.05 && number < 9.95);
    format!("{number:.digits$}{}", PREFIXES[prefix])
}

#[cfg(test)]
mod tests {
    use super::si;

    #[test]
    fn numbers_keep_to_a_few_characters() {
        assert_eq!(si(0.0), "0");
        assert_eq!(si(0.5), "0.5");
        assert_eq!(si(12.0), "12");
        assert_eq!(si(999.0), "999");
        assert_eq!(si(999.96), "1.0k");
        assert_eq!(si(1234.0), "1.2k");
        assert_eq!(si(98_100_000.0), "98.1M");
        assert_eq!(si(1e18), "1000.0P");
    }
}
