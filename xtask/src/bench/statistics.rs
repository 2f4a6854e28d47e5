//! From samples to the few figures that are reported.

use serde::Serialize;

/// One measurement: a frame through a program, and through the bare program just before it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The bare program, ns per frame.
    pub floor: f64,
    /// The measured program, ns per frame.
    pub cost: f64,
}

/// Nanoseconds per frame that a program adds to the bare one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The median of the differences.
    pub median: f64,
    /// Their lower quartile.
    pub lower: f64,
    /// Their upper quartile.
    pub upper: f64,
    /// The quiet machine's: the difference of the minima.
    pub quiet: f64,
}

impl Summary {
    /// The figures of some samples; all are NaN where there is none.
    pub fn of(samples: &[Sample]) -> Self {
        let added = sorted(samples.iter().map(|sample| sample.cost - sample.floor));
        let least = |value: fn(&Sample) -> f64| quantile(&sorted(samples.iter().map(value)), 0.0);
        Self {
            median: quantile(&added, 0.5),
            lower: quantile(&added, 0.25),
            upper: quantile(&added, 0.75),
            quiet: least(|sample| sample.cost) - least(|sample| sample.floor),
        }
    }
}

/// The median of some values, and the least.
pub fn median_and_least(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values = sorted(values);
    (quantile(&values, 0.5), quantile(&values, 0.0))
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// A quantile of sorted values, between neighbours in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = share * last as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_subtracted_within_the_round() {
        let noisy = [(20.0, 27.0), (40.0, 47.0), (22.0, 29.0), (90.0, 97.0)];
        let samples = noisy.map(|(floor, cost)| Sample { floor, cost });
        let seven = Summary { median: 7.0, lower: 7.0, upper: 7.0, quiet: 7.0 };
        assert_eq!(Summary::of(&samples), seven);
    }

    #[test]
    fn the_quiet_value_is_the_difference_of_the_minima() {
        let samples = [(20.0, 35.0), (30.0, 36.0)].map(|(floor, cost)| Sample { floor, cost });
        let summary = Summary::of(&samples);
        assert!((summary.quiet - 15.0).abs() < 1e-9);
        assert!((summary.median - 10.5).abs() < 1e-9);
    }

    #[test]
    fn quartiles_lie_between_the_samples() {
        let samples = [1.0, 2.0, 3.0, 4.0, 5.0].map(|cost| Sample { floor: 0.0, cost });
        let summary = Summary::of(&samples);
        assert_eq!((summary.lower, summary.median, summary.upper), (2.0, 3.0, 4.0));
    }
}
