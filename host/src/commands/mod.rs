//! The commands of the command line, one file each: their arguments, and a `run` that executes them.

use std::fmt::Arguments;
use std::io::{self, Write};

use clap::Args;
use riser_domain::sanitize_line;
use serde::Serialize;

pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod clock;
mod configuration_access;
mod configuration_file;
pub(crate) mod connection;
pub(crate) mod doctor;
pub(crate) mod ews;
pub(crate) mod export;
pub(crate) mod log;
pub(crate) mod plan;
pub(crate) mod plugin;
mod plugin_run;
pub(crate) mod problems;
pub(crate) mod release;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schedule;
pub(crate) mod serve;
pub(crate) mod shell_files;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod user;

/// How many entries a command prints.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Count {
    /// Number of entries, newest first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
}

impl Count {
    fn get(self) -> u32 {
        self.count
    }
}

/// Writes one line. Text from a server, a plugin or a person can neither control the terminal nor forge
/// another line.
pub(crate) fn write_line(out: &mut impl Write, line: Arguments<'_>) -> io::Result<()> {
    writeln!(out, "{}", sanitize_line(&line.to_string()))
}

/// Writes JSON. Characters that control a terminal are escaped.
pub(crate) fn write_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        let mut bytes = [0; 4];
        let plain = &*character.encode_utf8(&mut bytes);
        if (character.is_ascii() && character != '\u{7f}') || sanitize_line(plain) == plain {
            safe.push(character);
        } else {
            // Control and direction characters are in the first plane, and occur only within strings.
            let escape = format_args!("\\u{:04x}", u32::from(character)).to_string();
            safe.push_str(&escape);
        }
    }
    writeln!(out, "{safe}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_steer_a_terminal_and_reads_back_as_it_was() {
        let name = "Zähler \u{1b}[31m \u{9b}31m \u{202e}x\u{7f}\n";
        let mut text = Vec::new();
        write_json(&mut text, &[name]).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("Zähler"));
        assert!(
            text.chars().all(|it| it == '\n' || sanitize_line(&it.to_string()) == it.to_string()),
            "{text:?}"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [name]);
    }
}
