//! How much is told, and in what words.

use port12_common::{
    Outcome, Shape, Transport,
    abi::{Budget, EVENT, Known, Label},
};
use proptest::{collection::vec, prelude::*};

/// 50 at once, and one every four jiffies.
const BUDGET: Budget = Budget { tokens: 50 * EVENT, filled: 0, rate: EVENT / 4, burst: 50 * EVENT };

fn spent(budget: &mut Budget, attempts: usize, now: u64) -> usize {
    (0..attempts).filter(|_| budget.spend(now)).count()
}

#[test]
fn a_burst_passes_and_then_what_comes_in() {
    let mut budget = BUDGET;
    assert_eq!(spent(&mut budget, 100, 1000), 50);
    assert_eq!(spent(&mut budget, 100, 1003), 0);
    assert_eq!(spent(&mut budget, 100, 1004), 1);
    assert_eq!(spent(&mut budget, 100, 1044), 10);
    // It never holds more than a burst, however long nobody asks.
    assert_eq!(spent(&mut budget, 100, u64::MAX / 2), 50);
}

#[test]
fn without_a_rate_nothing_is_told() {
    let mut budget = Budget::default();
    assert_eq!(spent(&mut budget, 100, 1 << 40), 0);
}

#[test]
fn a_clock_that_goes_back_fills_it_once_at_most() {
    let mut budget = BUDGET;
    assert_eq!(spent(&mut budget, 100, 1000), 50);
    assert_eq!(spent(&mut budget, 100, 900), 50);
    assert_eq!(spent(&mut budget, 100, 900), 0);
}

proptest! {
    #[test]
    fn over_any_time_no_more_is_told_than_a_burst_and_the_rate(steps in vec(0_u64..100, 1..300)) {
        let (mut budget, mut now, mut spent) = (BUDGET, 0, 0);
        for step in steps {
            now += step;
            spent += u64::from(budget.spend(now));
            prop_assert!(spent <= 50 + now / 4);
        }
    }
}

#[test]
fn a_label_says_what_was_put_into_it() {
    for outcome in Outcome::ALL {
        for transport in Transport::ALL {
            for shape in Shape::ALL {
                for known in Known::ALL {
                    let ports = (0xfedc, 0x03ff);
                    let label = Label::new(outcome, transport, shape, ports).known(known as u64);
                    assert_eq!(label.outcome(), Some(outcome));
                    assert_eq!(label.transport(), Some(transport));
                    assert_eq!(label.shape(), Some(shape));
                    assert_eq!(label.what_is_known(), Some(known));
                    assert_eq!(label.is_newcomer(), known.is_newcomer());
                    assert_eq!((label.source_port(), label.port()), ports);
                }
            }
        }
    }
    assert_eq!(Label::default().known(6).what_is_known(), None);
}
