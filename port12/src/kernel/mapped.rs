//! Array maps of the kernel, in this process's memory.
//!
//! The kernel reads and writes the same memory at any time, so no reference to it exists: values are only copied in and
//! out, by volatile accesses. [`mapped_read!`](crate::mapped_read) copies a field out, and
//! [`mapped_write!`](crate::mapped_write) copies one in. All types are plain data ([`FromBytes`]), for which any bytes are
//! a value.

mod element;

use std::{
    io,
    marker::PhantomData,
    ops::Deref,
    os::fd::{AsFd as _, AsRawFd as _},
    ptr,
    ptr::NonNull,
    sync::Arc,
};

use aya::maps::MapData;
use zerocopy::{FromBytes, Immutable};

pub use self::element::{Element, ElementMut};

/// Plain data of a map: any bytes are a value, and no part of it is a pointer or a cell.
pub trait Plain: FromBytes + Immutable + Copy + 'static {}

impl<T: FromBytes + Immutable + Copy + 'static> Plain for T {}

/// An array map with `BPF_F_MMAPABLE` (kernel 5.5), mapped to be read. Clones share the mapping.
#[derive(Clone, Debug)]
pub struct Mapped<T> {
    mapping: Arc<Mapping>,
    entries: usize,
    values: PhantomData<T>,
}

impl<T: Plain> Mapped<T> {
    /// Maps all elements of `map`.
    ///
    /// # Errors
    ///
    /// Error of `mmap`, or `InvalidData` if the size of the map's values is not that of `T`: the map is of another
    /// version of port12.
    pub fn new(map: &MapData) -> io::Result<Self> {
        Self::all(map, libc::PROT_READ)
    }

    fn all(map: &MapData, protection: libc::c_int) -> io::Result<Self> {
        let info = map.info().map_err(io::Error::other)?;
        if info.value_size() as usize != size_of::<T>() {
            return Err(wrong_size(info.value_size(), size_of::<T>()));
        }
        let entries = info.max_entries() as usize;
        let length = entries * size_of::<T>().next_multiple_of(8);
        let mapping = Arc::new(Mapping::new(map, length, protection)?);
        Ok(Self { mapping, entries, values: PhantomData })
    }

    /// First bytes of the first element of a map whose values are at least as large as `T`.
    ///
    /// # Errors
    ///
    /// Error of `mmap`, or `InvalidData` if the values are smaller.
    pub fn first_of(map: &MapData) -> io::Result<T> {
        let info = map.info().map_err(io::Error::other)?;
        if (info.value_size() as usize) < size_of::<T>() {
            return Err(wrong_size(info.value_size(), size_of::<T>()));
        }
        let mapping = Arc::new(Mapping::new(map, size_of::<T>(), libc::PROT_READ)?);
        Ok(Self { mapping, entries: 1, values: PhantomData }.first().read())
    }

    /// The first element: the kernel makes no array without one.
    pub fn first(&self) -> Element<'_, T> {
        // SAFETY: the mapping has at least one element, and is borrowed for as long.
        unsafe { Element::new(self.mapping.start.as_ptr().cast()) }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// An element; `None` beyond the last one.
    pub fn element(&self, index: usize) -> Option<Element<'_, T>> {
        let start: *mut T = self.mapping.start.as_ptr().cast();
        // SAFETY: the element lies within the mapping, which is borrowed for as long.
        (index < self.entries).then(|| unsafe { Element::new(start.add(index)) })
    }

    /// All elements.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_, T>> {
        (0..self.entries).filter_map(|index| self.element(index))
    }
}

/// An array map that is mapped to be read and written.
#[derive(Clone, Debug)]
pub struct MappedMut<T>(Mapped<T>);

impl<T: Plain> MappedMut<T> {
    /// Maps all elements of `map`.
    ///
    /// # Errors
    ///
    /// As [`Mapped::new`].
    pub fn new(map: &MapData) -> io::Result<Self> {
        Mapped::all(map, libc::PROT_READ | libc::PROT_WRITE).map(Self)
    }

    /// The first element.
    pub fn first_mut(&self) -> ElementMut<'_, T> {
        ElementMut::new(self.0.first())
    }

    /// An element; `None` beyond the last one.
    pub fn element_mut(&self, index: usize) -> Option<ElementMut<'_, T>> {
        self.0.element(index).map(ElementMut::new)
    }

    /// All elements.
    pub fn elements_mut(&self) -> impl Iterator<Item = ElementMut<'_, T>> {
        self.0.elements().map(ElementMut::new)
    }
}

impl<T> Deref for MappedMut<T> {
    type Target = Mapped<T>;

    fn deref(&self) -> &Mapped<T> {
        &self.0
    }
}

/// A shared mapping. It ends with the last owner.
#[derive(Debug)]
struct Mapping {
    start: NonNull<libc::c_void>,
    length: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and is only accessed by volatile copies and atomics.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(map: &MapData, length: usize, protection: libc::c_int) -> io::Result<Self> {
        let descriptor = map.fd().as_fd().as_raw_fd();
        // SAFETY: a fresh shared mapping of an open descriptor; no other memory is touched.
        let start = unsafe {
            libc::mmap(ptr::null_mut(), length, protection, libc::MAP_SHARED, descriptor, 0)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start).ok_or_else(|| io::Error::other("mapped at 0"))?;
        Ok(Self { start, length })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `new` made the mapping, and nothing refers to it any longer. A failure has no remedy.
        unsafe { libc::munmap(self.start.as_ptr(), self.length) };
    }
}

fn wrong_size(found: u32, expected: usize) -> io::Error {
    let text = format!("a value has {found} bytes, not {expected}: the map is of another version");
    io::Error::new(io::ErrorKind::InvalidData, text)
}
