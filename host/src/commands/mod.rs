//! The commands of the command line, one file each: their arguments, and a `run` that carries them out.

pub(crate) mod apply;
pub(crate) mod doctor;
pub(crate) mod ews;
pub(crate) mod plugin;
pub(crate) mod serve;
pub(crate) mod user;
