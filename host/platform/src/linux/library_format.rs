//! Recognizes library files by their first bytes, so that a wrong file is reported before anything loads it.

/// Bytes that [`library_format`] needs from the beginning of a file.
pub const LIBRARY_HEADER_BYTES: usize = 64;

/// The type of a file, according to its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryFormat {
    /// A shared library for this machine.
    Library {
        /// Length of the complete file, in bytes.
        complete_bytes: u64,
    },
    /// A library for the system and processor with this name.
    OtherTarget(String),
    NotALibrary,
}

// Executable and Linkable Format, version 1.2: "ELF Header".
const MAGIC: &[u8] = b"\x7fELF";
const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;
const SHARED_OBJECT: u16 = 3;

/// Returns the system and processor of this machine, named as in [`LibraryFormat::OtherTarget`].
pub fn this_target() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "Linux on x86-64",
        "aarch64" => "Linux on Arm (64 bit)",
        other => other,
    }
}

/// Recognizes a file by its first [`LIBRARY_HEADER_BYTES`].
pub fn library_format(header: &[u8]) -> LibraryFormat {
    if header.starts_with(b"MZ") {
        return LibraryFormat::OtherTarget("Windows".to_owned());
    }
    if matches!(header.first_chunk(), Some([0xcf | 0xce, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, 0xbe])) {
        return LibraryFormat::OtherTarget("macOS".to_owned());
    }
    let Some(header) =
        header.first_chunk::<LIBRARY_HEADER_BYTES>().filter(|header| header.starts_with(MAGIC))
    else {
        return LibraryFormat::NotALibrary;
    };
    if (header[4], header[5]) != (CLASS_64, LITTLE_ENDIAN) {
        return LibraryFormat::OtherTarget("Linux on a machine that is not 64 bit, little endian".to_owned());
    }
    let u16_at = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    if u16_at(16) != SHARED_OBJECT {
        return LibraryFormat::NotALibrary;
    }
    let machine = machine_name(u16_at(18));
    if machine != this_target() {
        return LibraryFormat::OtherTarget(machine);
    }
    let mut section_table = [0; 8];
    section_table.copy_from_slice(&header[40..48]);
    // Linkers write the table of sections last, so a file that is still being copied lacks it.
    let sections = u64::from(u16_at(58)) * u64::from(u16_at(60));
    LibraryFormat::Library { complete_bytes: u64::from_le_bytes(section_table).saturating_add(sections) }
}

fn machine_name(number: u16) -> String {
    match number {
        3 => "Linux on x86 (32 bit)".to_owned(),
        40 => "Linux on Arm (32 bit)".to_owned(),
        62 => "Linux on x86-64".to_owned(),
        183 => "Linux on Arm (64 bit)".to_owned(),
        243 => "Linux on RISC-V".to_owned(),
        other => format!("Linux on machine {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the smallest header of a shared library for `machine`.
    fn header_for(machine: u16) -> Vec<u8> {
        let mut header = vec![0; LIBRARY_HEADER_BYTES];
        header[..4].copy_from_slice(MAGIC);
        header[4..6].copy_from_slice(&[CLASS_64, LITTLE_ENDIAN]);
        header[16..18].copy_from_slice(&SHARED_OBJECT.to_le_bytes());
        header[18..20].copy_from_slice(&machine.to_le_bytes());
        header
    }

    #[test]
    fn the_running_program_is_a_library_for_this_machine() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        let LibraryFormat::Library { complete_bytes } = library_format(&own) else {
            panic!("{:?}", library_format(&own))
        };
        assert!(
            complete_bytes > 0 && complete_bytes <= own.len() as u64,
            "{complete_bytes} of {}",
            own.len()
        );
    }

    #[test]
    fn other_machines_are_named() {
        let name = |header: &[u8]| match library_format(header) {
            LibraryFormat::OtherTarget(name) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(&header_for(40)), "Linux on Arm (32 bit)");
        assert_eq!(name(&header_for(243)), "Linux on RISC-V");
        assert_eq!(name(b"MZ\x90\0"), "Windows");
        assert_eq!(name(&[0xcf, 0xfa, 0xed, 0xfe]), "macOS");
    }

    #[test]
    fn anything_else_is_not_a_library() {
        for bytes in [&b""[..], b"#!/bin/sh", b"\x7fELF", &[0; 200]] {
            assert_eq!(library_format(bytes), LibraryFormat::NotALibrary);
        }
        let mut program = header_for(62);
        program[16] = 2;
        assert_eq!(library_format(&program), LibraryFormat::NotALibrary);
    }
}
