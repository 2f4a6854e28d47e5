//! The interfaces whose programs hear of a bind.

use std::io;

use aya::maps::{ArrayOfMaps, Map, MapData, MapError};
use port12_common::abi::{HEARERS, bind_map};

use crate::kernel::{errno, load_error::LoadError};

/// The array that holds their states. An interface keeps its place: moved, it would be in none for a moment.
pub(super) struct Hearers {
    array: ArrayOfMaps<MapData>,
    /// The ids of the maps, by place. No place is ever empty, so that a map may be in several.
    places: Vec<u32>,
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
        let mut left_out = 0;
        for (state, &id) in states.iter().zip(&ids) {
            if self.places.contains(&id) {
                continue;
            }
            match self.free(&ids) {
                Some(at) => self.put(at, state, id)?,
                None => left_out += 1,
            }
        }
        let Some((any, &id)) = states.iter().zip(&ids).next() else {
            return Ok((0, left_out));
        };
        // A map that has left goes when nothing refers to it: there is another one in its place.
        for at in 0..self.places.len() {
            if !ids.contains(&self.places[at]) {
                self.put(at, any, id)?;
            }
        }
        Ok((self.places.len() as u64, left_out))
    }

    fn put(&mut self, at: usize, state: &MapData, id: u32) -> Result<(), LoadError> {
        self.array.set(at as u32, state, 0).map_err(error)?;
        match self.places.get_mut(at) {
            Some(place) => *place = id,
            None => self.places.push(id),
        }
        Ok(())
    }

    /// A place of a map that is none of these, or is in another place too.
    fn free(&self, ids: &[u32]) -> Option<usize> {
        let is_free = |&at: &usize| {
            let id = self.places[at];
            !ids.contains(&id) || self.places[..at].contains(&id)
        };
        let more = Some(self.places.len()).filter(|&at| at < HEARERS);
        (0..self.places.len()).find(is_free).or(more)
    }
}

fn error(error: MapError) -> LoadError {
    let error: io::Error = errno::system(error);
    LoadError::Map { name: bind_map::STATES, error }
}
