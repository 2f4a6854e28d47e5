//! Values in mapped memory, and the projection to their fields.

use std::{
    marker::PhantomData,
    mem::MaybeUninit,
    ops::Deref,
    slice,
    sync::atomic::{AtomicU8, AtomicU64},
};

use super::Plain;

/// A value in memory that the kernel shares, to be read. It is mapped for `'a`.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a, T> {
    pointer: *mut T,
    mapping: PhantomData<&'a ()>,
}

impl<'a, T: Plain> Element<'a, T> {
    /// # Safety
    ///
    /// `pointer` is aligned, and mapped to be read for `'a`.
    pub(super) unsafe fn new(pointer: *mut T) -> Self {
        Self { pointer, mapping: PhantomData }
    }

    /// A copy of the value. Numbers in it are whole; the kernel may write some of them meanwhile.
    pub fn read(self) -> T {
        let mut value = MaybeUninit::uninit();
        // SAFETY: the value is mapped, and the other one is of its size; any bytes are one.
        unsafe {
            copy(self.pointer, value.as_mut_ptr());
            value.assume_init()
        }
    }

    /// A part of the value, for [`mapped_part!`](crate::mapped_part).
    ///
    /// # Safety
    ///
    /// `project` returns the place of a part of the value that its argument points to.
    pub unsafe fn project<F: Plain>(
        self,
        project: impl FnOnce(*mut T) -> *mut F,
    ) -> Element<'a, F> {
        Element { pointer: project(self.pointer), mapping: PhantomData }
    }
}

/// A value in memory that the kernel shares, to be read and written.
#[derive(Clone, Copy, Debug)]
pub struct ElementMut<'a, T>(Element<'a, T>);

impl<'a, T: Plain> ElementMut<'a, T> {
    pub(super) fn new(element: Element<'a, T>) -> Self {
        Self(element)
    }

    /// Writes the value. Numbers in it are written whole; the kernel may read some of them meanwhile.
    pub fn write(self, value: T) {
        // SAFETY: `MappedMut` mapped the value to be written.
        unsafe { copy(&raw const value, self.0.pointer) }
    }

    /// Copies another value into this one, without a copy of it on the stack.
    pub fn copy_from(self, other: Element<'_, T>) {
        // SAFETY: both are mapped and aligned, the second to be written.
        unsafe { copy(other.pointer, self.0.pointer) }
    }

    /// A part of the value, for [`mapped_part_mut!`](crate::mapped_part_mut).
    ///
    /// # Safety
    ///
    /// As [`Element::project`].
    pub unsafe fn project_mut<F: Plain>(
        self,
        project: impl FnOnce(*mut T) -> *mut F,
    ) -> ElementMut<'a, F> {
        // SAFETY: the caller's.
        ElementMut(unsafe { self.0.project(project) })
    }
}

impl<'a> ElementMut<'a, u64> {
    /// The word, for processes that write it at the same time.
    pub fn atomic(self) -> &'a AtomicU64 {
        // SAFETY: the word is mapped to be read and written for `'a`, and aligned.
        unsafe { AtomicU64::from_ptr(self.0.pointer) }
    }
}

impl<'a, const COLUMNS: usize, const ROWS: usize> ElementMut<'a, [[u8; COLUMNS]; ROWS]> {
    /// The bytes, row by row, for a kernel that writes them at the same time.
    pub fn atomic_bytes(self) -> &'a [AtomicU8] {
        // SAFETY: as many bytes are mapped to be read and written for `'a`.
        unsafe { slice::from_raw_parts(self.0.pointer.cast(), COLUMNS * ROWS) }
    }
}

impl<'a, T> Deref for ElementMut<'a, T> {
    type Target = Element<'a, T>;

    fn deref(&self) -> &Element<'a, T> {
        &self.0
    }
}

/// Largest value in bytes that is copied by one volatile access. The compiler makes an instruction for each word of it,
/// and gives up on a whole state.
const AT_ONCE: usize = 256;

/// Copies a value so that every number in it stays whole: at once, or else in units of several words, or of fewer bytes
/// if its alignment or the rest of it is less. Each is read once and written once.
///
/// # Safety
///
/// Both are aligned, `from` is valid for reads and `to` for writes. If they overlap, they are the same.
unsafe fn copy<T: Plain>(from: *const T, to: *mut T) {
    // In a constant, so that the access of a large value is not compiled.
    if const { size_of::<T>() <= AT_ONCE } {
        // SAFETY: the caller's.
        return unsafe { to.write_volatile(from.read_volatile()) };
    }
    let (from, to, length) = (from.cast::<u8>(), to.cast::<u8>(), size_of::<T>());
    // SAFETY: the caller's; each call goes on where the one before has ended.
    unsafe {
        let done = copy_units::<[u64; AT_ONCE / 8]>(from, to, 0, length);
        let done = copy_units::<u64>(from, to, done, length);
        let done = copy_units::<u32>(from, to, done, length);
        let done = copy_units::<u16>(from, to, done, length);
        copy_units::<u8>(from, to, done, length);
    }
}

/// Copies from offset `start` on as many whole units as there are, if both sides are aligned for them. Returns the end.
///
/// # Safety
///
/// As [`copy`], for `length` bytes.
unsafe fn copy_units<U>(from: *const u8, to: *mut u8, start: usize, length: usize) -> usize {
    // Gaps between fields need not be initialized.
    let (from, to) = (from.wrapping_add(start), to.wrapping_add(start));
    let (from, to) = (from.cast::<MaybeUninit<U>>(), to.cast::<MaybeUninit<U>>());
    if !from.is_aligned() || !to.is_aligned() {
        return start;
    }
    let count = (length - start) / size_of::<U>();
    for index in 0..count {
        // SAFETY: the unit lies within both values, and is aligned.
        unsafe { to.add(index).write_volatile(from.add(index).read_volatile()) };
    }
    start + count * size_of::<U>()
}

/// Part of an [`Element`]: `mapped_part!(element, field.of.field[index][index].field)`. Fields alone, plain ones, are
/// reached: an index is evaluated before, and checked.
#[macro_export]
macro_rules! mapped_part {
    ($element:expr, $($path:tt)+) => {{
        let element: &$crate::kernel::mapped::Element<'_, _> = &$element;
        $crate::mapped_project!(*element, project, $($path)+)
    }};
}

/// Part of an [`ElementMut`], as [`mapped_part!`](crate::mapped_part).
#[macro_export]
macro_rules! mapped_part_mut {
    ($element:expr, $($path:tt)+) => {{
        let element: &$crate::kernel::mapped::ElementMut<'_, _> = &$element;
        $crate::mapped_project!(*element, project_mut, $($path)+)
    }};
}

/// Copy of a field of an [`Element`]: `mapped_read!(element, field.of.field)`.
#[macro_export]
macro_rules! mapped_read {
    ($element:expr, $($path:tt)+) => { $crate::mapped_part!($element, $($path)+).read() };
}

/// Writes a field of an [`ElementMut`]: `mapped_write!(element, field.of.field => value)`.
#[macro_export]
macro_rules! mapped_write {
    ($element:expr, $head:ident $(. $field:ident)* => $value:expr) => {
        $crate::mapped_part_mut!($element, $head $(. $field)*).write($value)
    };
    ($element:expr, $head:ident $(. $field:ident)* [$one:expr] $(. $tail:ident)* => $value:expr) => {
        $crate::mapped_part_mut!($element, $head $(. $field)* [$one] $(. $tail)*).write($value)
    };
    ($element:expr, $head:ident $(. $field:ident)* [$one:expr][$two:expr] $(. $tail:ident)* => $value:expr) => {
        $crate::mapped_part_mut!($element, $head $(. $field)* [$one][$two] $(. $tail)*).write($value)
    };
}

/// Projection behind the other macros. The expressions of the caller are evaluated outside of the unsafe block.
#[doc(hidden)]
#[macro_export]
macro_rules! mapped_project {
    ($element:expr, $project:ident, $head:ident $(. $field:ident)*) => {{
        let element = $element;
        // SAFETY: a field of plain data is a part of it: no field is a pointer that could be followed.
        unsafe { element.$project(|it| &raw mut (*it).$head $(. $field)*) }
    }};
    ($element:expr, $project:ident, $head:ident $(. $field:ident)* [$one:expr] $(. $tail:ident)*) => {{
        let (element, one) = ($element, $one);
        // SAFETY: as above; the index into the array is checked.
        unsafe { element.$project(|it| &raw mut (*it).$head $(. $field)* [one] $(. $tail)*) }
    }};
    ($element:expr, $project:ident, $head:ident $(. $field:ident)* [$one:expr][$two:expr] $(. $tail:ident)*) => {{
        let (element, one, two) = ($element, $one, $two);
        // SAFETY: as above.
        unsafe { element.$project(|it| &raw mut (*it).$head $(. $field)* [one][two] $(. $tail)*) }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_every_byte_whatever_the_alignment() {
        const LENGTH: usize = AT_ONCE * 2 + 13;
        let bytes: [u8; LENGTH + 8] = std::array::from_fn(|index| (index * 7) as u8);
        let mut place = [0; LENGTH + 8];
        for start in 0..8 {
            let to = (&raw mut place[start]).cast::<[u8; LENGTH]>();
            // SAFETY: both arrays have as many bytes from there on.
            unsafe { copy((&raw const bytes[start]).cast::<[u8; LENGTH]>(), to) };
            assert_eq!(place[start..start + LENGTH], bytes[start..start + LENGTH]);
        }
        let from: [u32; AT_ONCE / 2 + 1] = std::array::from_fn(|index| index as u32 * 0x0101_0101);
        let mut to = [0; AT_ONCE / 2 + 1];
        // SAFETY: both are arrays of this size.
        unsafe { copy(&raw const from, &raw mut to) };
        assert_eq!(to, from);
    }

    #[test]
    fn a_part_is_the_field_that_is_named() {
        let mut value = [[1_u64, 2], [3, 4]];
        // SAFETY: the value is aligned, and lives as long.
        let element = ElementMut(unsafe { Element::new(&raw mut value) });
        element.write([[5, 6], [7, 8]]);
        assert_eq!(element.read(), [[5, 6], [7, 8]]);
        element.copy_from(*element);
        assert_eq!(value, [[5, 6], [7, 8]]);
    }
}
