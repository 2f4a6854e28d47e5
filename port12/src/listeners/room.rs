//! Room for sockets, shared among users: nobody hides the listeners of others behind many of their own.

use std::collections::BTreeMap;

/// Sockets that are followed, at most.
const MOST: usize = 4096;

/// Sockets of one user that are followed, at most.
const OF_ONE: usize = 1024;

/// The number of sockets of each user.
///
/// If there are as many as fit, those of the user with most of them make way for those of users with fewer.
#[derive(Clone, Debug, Default)]
pub struct Room {
    users: BTreeMap<u32, usize>,
    /// The number of users that have a number of sockets.
    sizes: BTreeMap<usize, usize>,
    sockets: usize,
}

impl Room {
    /// Whether there is room for one more socket of a user, if need be in place of another's.
    pub fn admits(&self, uid: u32) -> bool {
        let count = self.of(uid);
        count < OF_ONE && (self.sockets < MOST || count + 1 < self.largest())
    }

    /// The user who makes way for the next socket, if one has to.
    pub fn makes_way(&self) -> Option<u32> {
        let largest = self.largest();
        let is_largest = |(_, count): &(&u32, &usize)| **count == largest;
        (self.sockets >= MOST).then(|| self.users.iter().find(is_largest)).flatten().map(|it| *it.0)
    }

    /// Takes a socket of a user in.
    pub fn enter(&mut self, uid: u32) {
        let count = self.of(uid);
        self.resize(uid, count, count + 1);
        self.sockets += 1;
    }

    /// Lets a socket of a user go.
    pub fn leave(&mut self, uid: u32) {
        let count = self.of(uid);
        if count > 0 {
            self.resize(uid, count, count - 1);
            self.sockets -= 1;
        }
    }

    /// Whether there may be sockets without room.
    pub fn is_full(&self) -> bool {
        self.sockets >= MOST || self.largest() >= OF_ONE
    }

    fn of(&self, uid: u32) -> usize {
        self.users.get(&uid).copied().unwrap_or(0)
    }

    fn largest(&self) -> usize {
        self.sizes.last_key_value().map_or(0, |(size, _)| *size)
    }

    fn resize(&mut self, uid: u32, old: usize, new: usize) {
        if let Some(users) = self.sizes.get_mut(&old) {
            *users -= 1;
            if *users == 0 {
                self.sizes.remove(&old);
            }
        }
        match new {
            0 => drop(self.users.remove(&uid)),
            new => {
                self.users.insert(uid, new);
                *self.sizes.entry(new).or_default() += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(room: &mut Room, uid: u32, sockets: usize) -> usize {
        (0..sockets)
            .filter(|_| {
                let admits = room.admits(uid);
                if admits {
                    if let Some(other) = room.makes_way() {
                        room.leave(other);
                    }
                    room.enter(uid);
                }
                admits
            })
            .count()
    }

    #[test]
    fn a_user_does_not_take_all_of_it() {
        let mut room = Room::default();
        assert_eq!(fill(&mut room, 1, 50_000), OF_ONE);
        assert!(room.is_full() && room.admits(2));
    }

    #[test]
    fn some_users_together_leave_room_for_another() {
        let mut room = Room::default();
        assert!((1..=4).all(|uid| fill(&mut room, uid, 50_000) == OF_ONE));
        assert_eq!(fill(&mut room, 5, 50_000), 819);
        assert_eq!(room.sockets, MOST);
        // Nobody pushes another out to and fro.
        assert!((1..=5).all(|uid| !room.admits(uid)));
        assert!(room.admits(6));
    }

    #[test]
    fn what_leaves_makes_room() {
        let mut room = Room::default();
        fill(&mut room, 1, 2);
        (0..3).for_each(|_| room.leave(1));
        assert!(room.users.is_empty() && room.sizes.is_empty() && room.sockets == 0);
    }
}
