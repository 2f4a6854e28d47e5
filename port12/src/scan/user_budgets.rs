//! Alert budgets of users: a flood of one user leaves the budgets of all others alone.

use std::{collections::BTreeMap, time::Duration};

use super::Budget;

/// Budgets of all users together, as a multiple of the budget of one: an ordinary user may own 65,536 further user ids
/// (`/etc/subuid`).
const ALL: u32 = 10;

/// Users with a budget of their own, before full ones are forgotten.
const MOST: usize = 1024;

/// A token bucket for each user, and one for all of them. A user that is unknown is one of its own.
#[derive(Debug)]
pub struct UserBudgets {
    per_minute: u32,
    users: BTreeMap<Option<u32>, Budget>,
    all: Budget,
}

impl UserBudgets {
    /// Full budgets, of this many tokens for a user and ten times as many for all.
    pub fn new(per_minute: u32) -> Self {
        let all = Budget::new(per_minute.saturating_mul(ALL));
        Self { per_minute, users: BTreeMap::new(), all }
    }

    /// Takes a token of a user, if there is one.
    pub fn take(&mut self, user: impl Into<Option<u32>>, now: Duration) -> bool {
        if self.users.len() >= MOST {
            self.users.retain(|_, budget| budget.spent(now) > 0);
        }
        let budget = self.users.entry(user.into()).or_insert_with(|| Budget::new(self.per_minute));
        budget.has(now) && self.all.take(now) && budget.take(now)
    }

    /// Tokens that a user has taken and that have not come back: its turn is before that of users with more.
    pub fn spent(&mut self, user: impl Into<Option<u32>>, now: Duration) -> u64 {
        self.users.get_mut(&user.into()).map_or(0, |budget| budget.spent(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    #[test]
    fn a_flood_of_one_user_leaves_the_budget_of_another_alone() {
        let mut budgets = UserBudgets::new(60);
        assert_eq!((0..50_000).filter(|_| budgets.take(1000, START)).count(), 60);
        assert_eq!((0..50_000).filter(|_| budgets.take(1001, START)).count(), 60);
        assert_eq!((0..50_000).filter(|_| budgets.take(None, START)).count(), 60);
        assert!(!budgets.take(1000, START));
        assert!(budgets.take(1000, Duration::from_secs(1)));
    }

    #[test]
    fn many_users_together_are_bounded() {
        let mut budgets = UserBudgets::new(60);
        let taken = (0..50_000).filter(|&user| budgets.take(user, START)).count();
        assert_eq!(taken, 600);
        let taken = (0..50_000).filter(|&user| budgets.take(user, Duration::from_secs(60))).count();
        assert_eq!(taken, 600);
    }

    #[test]
    fn budgets_that_are_full_again_are_forgotten() {
        let mut budgets = UserBudgets::new(60);
        for user in 0..50_000 {
            budgets.take(user, Duration::from_secs(user.into()));
        }
        assert!(budgets.users.len() <= MOST, "{}", budgets.users.len());
    }

    #[test]
    fn what_is_spent_comes_back() {
        let mut budgets = UserBudgets::new(60);
        assert_eq!(budgets.spent(7, START), 0);
        (0..10).for_each(|_| assert!(budgets.take(7, START)));
        assert_eq!(budgets.spent(7, START), 10);
        assert_eq!(budgets.spent(7, Duration::from_secs(4)), 6);
    }
}
