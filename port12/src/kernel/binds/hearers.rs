//! The interfaces whose programs hear of a bind.

use std::io;

use aya::maps::{ArrayOfMaps, Map, MapData, MapError};
use port12_common::abi::{HEARERS, bind_map};

use crate::kernel::{errno, load_error::LoadError};

/// The array that holds their states. An interface keeps its place: moved, it would be in none for a moment.
pub(super) struct Hearers {
    array: ArrayOfMaps<MapData>,
    /// The ids of the maps, by place.
    places: Vec<Option<u32>>,
}

impl Hearers {
    pub(super) fn new(map: Map) -> Result<Self, LoadError> {
        Ok(Self { array: ArrayOfMaps::try_from(map).map_err(error)?, places: Vec::new() })
    }

    /// Puts these in, and the others out. Returns how many places there are to look at, and how many there was
    /// no room for. Each change waits for an RCU grace period.
    pub(super) fn set(&mut self, states: Vec<MapData>) -> Result<(u64, usize), LoadError> {
        let ids = states.iter().map(|state| Ok(state.info()?.id()));
        let ids = ids.collect::<Result<Vec<u32>, MapError>>().map_err(error)?;
        let leaves = |place: &Option<u32>| place.is_some_and(|id| !ids.contains(&id));
        let left: Vec<usize> =
            (0..self.places.len()).filter(|&at| leaves(&self.places[at])).collect();
        left.iter().for_each(|&at| self.places[at] = None);
        let mut left_out = 0;
        for (state, id) in states.iter().zip(ids) {
            if self.places.contains(&Some(id)) {
                continue;
            }
            let Some(at) = self.free() else {
                left_out += 1;
                continue;
            };
            self.array.set(at as u32, state, 0).map_err(error)?;
            self.places[at] = Some(id);
        }
        // A map that has left goes when nothing refers to it: there is another one in its place.
        if let Some(any) = states.first() {
            for at in left.into_iter().filter(|&at| self.places[at].is_none()) {
                self.array.set(at as u32, any, 0).map_err(error)?;
            }
        }
        Ok((self.places.len() as u64, left_out))
    }

    fn free(&mut self) -> Option<usize> {
        let free = self.places.iter().position(Option::is_none);
        if free.is_none() && self.places.len() < HEARERS {
            self.places.push(None);
            return Some(self.places.len() - 1);
        }
        free
    }
}

fn error(error: MapError) -> LoadError {
    let error: io::Error = errno::system(error);
    LoadError::Map { name: bind_map::STATES, error }
}
