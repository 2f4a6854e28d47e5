//! Watching interfaces: attached programs, the truth they are told, the counts they give.

mod binds;
mod error;
mod forwarding;
mod full_table;
mod inherited;
mod interface;
mod keeper;
mod known_bans;
mod links;
mod lookout;
mod orders;
mod outbound;
mod presence;
mod restored;
mod start;
mod taken;
mod too_deep;
mod trace;

pub use binds::Hearing;
pub use error::WatchError;
pub use inherited::Inherited;
pub use interface::Watched;
pub use keeper::Keeper;
pub use lookout::{Eye, Lookout};
pub use orders::{Occasion, Orders};
pub use outbound::Outbound;
pub use presence::Presence;
pub use start::Setup;
