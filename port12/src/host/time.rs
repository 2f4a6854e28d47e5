//! stub
/// stub
pub fn hz() -> u64 {
    1000
}
