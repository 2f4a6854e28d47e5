//! An array map of the kernel, in this process's memory.

use std::{
    io,
    marker::PhantomData,
    os::fd::{AsFd as _, AsRawFd as _},
    ptr,
    ptr::NonNull,
};

use aya::maps::MapData;

/// An array map with `BPF_F_MMAPABLE` (kernel 5.5), mapped. The kernel reads and writes the same
/// memory at any time, so elements are only reached through raw pointers and copies.
#[derive(Debug)]
pub struct Mapped<T> {
    start: NonNull<T>,
    length: usize,
    entries: usize,
    values: PhantomData<T>,
}

// SAFETY: the mapping belongs to the process, not to a thread, and is only read and written
// through volatile copies.
unsafe impl<T: Copy + Send> Send for Mapped<T> {}
// SAFETY: as above.
unsafe impl<T: Copy + Send> Sync for Mapped<T> {}

impl<T: Copy> Mapped<T> {
    /// Maps all `entries` elements of `map`.
    ///
    /// # Errors
    ///
    /// What `mmap` says, or `InvalidData` where the map's values are not as large as `T`: the
    /// map is of another version of port12.
    pub fn new(map: &MapData) -> io::Result<Self> {
        let info = map.info().map_err(io::Error::other)?;
        if info.value_size() as usize != size_of::<T>() {
            return Err(wrong_size(info.value_size(), size_of::<T>()));
        }
        let entries = info.max_entries() as usize;
        Self::map(map, entries, entries * size_of::<T>().next_multiple_of(8))
    }

    fn map(map: &MapData, entries: usize, length: usize) -> io::Result<Self> {
        // SAFETY: a fresh shared mapping of a descriptor that is open; nothing else is touched.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                map.fd().as_fd().as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at 0"))?;
        Ok(Self { start, length, entries, values: PhantomData })
    }

    /// The first bytes of the first element of a map whose values are at least as large as `T`.
    ///
    /// # Errors
    ///
    /// What `mmap` says, or `InvalidData` where they are smaller.
    pub fn first_of(map: &MapData) -> io::Result<T> {
        let info = map.info().map_err(io::Error::other)?;
        if (info.value_size() as usize) < size_of::<T>() {
            return Err(wrong_size(info.value_size(), size_of::<T>()));
        }
        let mapped = Self::map(map, 1, size_of::<T>())?;
        // SAFETY: the mapping holds at least one page of the element.
        Ok(unsafe { mapped.first().read_volatile() })
    }

    /// A pointer to the first element, as [`pointer`](Self::pointer): the kernel makes no array
    /// without one.
    pub fn first(&self) -> *mut T {
        self.start.as_ptr()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// A pointer to an element: valid for reads and writes while `self` lives, and shared with
    /// the kernel, so never to be turned into a reference.
    pub fn pointer(&self, index: usize) -> Option<*mut T> {
        // SAFETY: the element lies within the mapping.
        (index < self.entries).then(|| unsafe { self.start.as_ptr().add(index) })
    }
}

impl<T> Drop for Mapped<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new` and nothing refers to it any longer. There is
        // nothing to do about a failure.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

fn wrong_size(found: u32, expected: usize) -> io::Error {
    let text = format!("a value has {found} bytes, not {expected}: the map is of another version");
    io::Error::new(io::ErrorKind::InvalidData, text)
}
