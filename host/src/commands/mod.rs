//! The commands of the command line, one file each: their arguments, and a `run` that carries them out.

use std::fmt::Arguments;
use std::io::{self, Write};

use riser_domain::sanitize_line;

pub(crate) mod apply;
mod configuration_access;
mod configuration_file;
pub(crate) mod doctor;
pub(crate) mod ews;
pub(crate) mod export;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod serve;
pub(crate) mod user;

/// Writes one line; what a server, a plugin or a person put into it can neither steer the terminal nor forge
/// another line.
pub(crate) fn write_line(out: &mut impl Write, line: Arguments<'_>) -> io::Result<()> {
    writeln!(out, "{}", sanitize_line(&line.to_string()))
}
