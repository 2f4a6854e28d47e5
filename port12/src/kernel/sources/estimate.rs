//! How many different sources there were.

use port12_common::abi::REGISTERS;

/// The number of sources that registers tell of (Ertl, "New cardinality estimation algorithms for
/// HyperLogLog sketches", 2017, algorithm 6): without a bias at any number.
pub(super) fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    /// The bits of a hash that do not choose the register.
    const Q: usize = 52;
    let count = REGISTERS as f64;
    let mut with = [0.0; Q + 2];
    for &register in registers {
        with[usize::from(register).min(Q + 1)] += 1.0;
    }
    let mut sum = count * tau(1.0 - with[Q + 1] / count);
    for of_value in with[1..=Q].iter().rev() {
        sum = 0.5 * (sum + of_value);
    }
    sum += count * sigma(with[0] / count);
    if sum.is_infinite() {
        return 0;
    }
    (count * count / (2.0 * 2_f64.ln() * sum)).round() as u64
}

/// x + the sum of x^(2^k) * 2^(k - 1), k from 1.
fn sigma(x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut factor, mut sum) = (x, 1.0, x);
    loop {
        power *= power;
        let before = sum;
        sum += power * factor;
        factor += factor;
        if sum <= before {
            return sum;
        }
    }
}

/// (1 - x - the sum of (1 - x^(2^-k))^2 * 2^-k, k from 1) / 3.
fn tau(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut root, mut factor, mut sum) = (x, 1.0, 1.0 - x);
    loop {
        root = root.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - root).powi(2) * factor;
        if sum >= before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};

    use port12_common::{
        Inspection,
        abi::{FIRST_TOUCH, Knock, Label, SourceAddress, SourceTable},
    };

    use super::*;

    /// As the kernel makes it.
    fn table() -> Box<SourceTable> {
        let layout = Layout::new::<SourceTable>();
        // SAFETY: the layout has a size, and a table of zeros is one.
        unsafe {
            let memory = alloc_zeroed(layout).cast::<SourceTable>();
            if memory.is_null() {
                handle_alloc_error(layout);
            }
            Box::from_raw(memory)
        }
    }

    #[test]
    fn the_number_of_sources_is_found_whatever_it_is() {
        for sources in [0_u32, 1, 10, 1000, 5000, 10_000, 20_000, 100_000, 1_000_000] {
            let (mut sum, seeds) = (0.0, 8);
            for seed in 0..seeds {
                let mut table = table();
                table.seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2 * seed + 1);
                table.random = seed + 1;
                for number in 0..sources {
                    let source = SourceAddress::v4(number.wrapping_mul(0x9e37_79b1).to_be());
                    let label = Label::default();
                    table.record(
                        &Knock {
                            source,
                            bit: FIRST_TOUCH,
                            bytes: 60,
                            now: 1,
                            label,
                            inspection: Inspection::NONE,
                        },
                        0,
                    );
                }
                sum += estimate(&table.registers) as f64;
            }
            let mean = sum / seeds as f64;
            // The mean of eight has a standard error of 0.6 %: four of those.
            let most = (0.023 * f64::from(sources)).max(0.5);
            assert!((mean - f64::from(sources)).abs() <= most, "{mean} of {sources}");
        }
    }
}
