//! The log of the host as pages show it: the newest lines in memory, and the levels of its components.

mod component;
mod levels;
mod lines;

pub(crate) use self::component::Component;
pub use self::levels::LogLevels;
pub(crate) use self::levels::{ComponentLevel, LevelEnd};
pub(crate) use self::lines::LogFilter;
pub use self::lines::LogLines;

/// The log of the host. Clones share it.
#[derive(Clone, Debug)]
pub struct HostLog {
    pub lines: LogLines,
    pub levels: LogLevels,
}
