//! What the first bytes of a file say about it, so that a wrong file is named before anything loads it.

/// Bytes that [`examine`] looks at.
pub(crate) const HEADER_BYTES: usize = 64;

/// What a file is, judged by its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// A shared library for this machine.
    Library {
        /// Length that the file has once it is whole, in bytes.
        whole_bytes: u64,
    },
    /// A library for the machine with this name.
    ForOtherMachine(String),
    NoLibrary,
}

// Executable and Linkable Format, version 1.2: "ELF Header".
const MAGIC: &[u8] = b"\x7fELF";
const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;
const SHARED_OBJECT: u16 = 3;

/// The machine this host runs on, as [`Looks::ForOtherMachine`] would name it.
pub(crate) fn this_machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "Linux on x86-64",
        "aarch64" => "Linux on Arm (64 bit)",
        other => other,
    }
}

pub(crate) fn examine(header: &[u8]) -> Looks {
    if header.starts_with(b"MZ") {
        return Looks::ForOtherMachine("Windows".to_owned());
    }
    if matches!(header.first_chunk(), Some([0xcf | 0xce, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, 0xbe])) {
        return Looks::ForOtherMachine("macOS".to_owned());
    }
    let Some(header) = header.first_chunk::<HEADER_BYTES>().filter(|header| header.starts_with(MAGIC)) else {
        return Looks::NoLibrary;
    };
    if (header[4], header[5]) != (CLASS_64, LITTLE_ENDIAN) {
        return Looks::ForOtherMachine("Linux on a machine that is not 64 bit, little endian".to_owned());
    }
    let u16_at = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    if u16_at(16) != SHARED_OBJECT {
        return Looks::NoLibrary;
    }
    let machine = machine_name(u16_at(18));
    if machine != this_machine() {
        return Looks::ForOtherMachine(machine);
    }
    let mut section_table = [0; 8];
    section_table.copy_from_slice(&header[40..48]);
    // Linkers write the table of sections last, so a file that is still being copied lacks it.
    let sections = u64::from(u16_at(58)) * u64::from(u16_at(60));
    Looks::Library { whole_bytes: u64::from_le_bytes(section_table).saturating_add(sections) }
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
pub(crate) mod tests {
    use super::*;

    /// The smallest header of a shared library for `machine`.
    pub(crate) fn header_for(machine: u16) -> Vec<u8> {
        let mut header = vec![0; HEADER_BYTES];
        header[..4].copy_from_slice(MAGIC);
        header[4..6].copy_from_slice(&[CLASS_64, LITTLE_ENDIAN]);
        header[16..18].copy_from_slice(&SHARED_OBJECT.to_le_bytes());
        header[18..20].copy_from_slice(&machine.to_le_bytes());
        header
    }

    #[test]
    fn this_very_program_or_library_is_for_this_machine() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        let Looks::Library { whole_bytes } = examine(&own) else { panic!("{:?}", examine(&own)) };
        assert!(whole_bytes > 0 && whole_bytes <= own.len() as u64, "{whole_bytes} of {}", own.len());
    }

    #[test]
    fn other_machines_are_named() {
        let name = |header: &[u8]| match examine(header) {
            Looks::ForOtherMachine(name) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(&header_for(40)), "Linux on Arm (32 bit)");
        assert_eq!(name(&header_for(243)), "Linux on RISC-V");
        assert_eq!(name(b"MZ\x90\0"), "Windows");
        assert_eq!(name(&[0xcf, 0xfa, 0xed, 0xfe]), "macOS");
    }

    #[test]
    fn anything_else_is_no_library() {
        for bytes in [&b""[..], b"#!/bin/sh", b"\x7fELF", &[0; 200]] {
            assert_eq!(examine(bytes), Looks::NoLibrary);
        }
        let mut program = header_for(62);
        program[16] = 2;
        assert_eq!(examine(&program), Looks::NoLibrary);
    }
}
