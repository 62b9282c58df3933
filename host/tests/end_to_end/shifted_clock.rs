//! A clock of one Riser that a test sets, by libfaketime: wall time is shifted, the clock for waits is not.

use std::path::PathBuf;
use std::process::Command;

use crate::host::Installation;

/// The clock of one Riser.
pub(crate) struct ShiftedClock {
    library: String,
    shift: PathBuf,
}

impl ShiftedClock {
    /// Returns a clock that is right.
    pub(crate) fn of(installation: &Installation) -> Self {
        // The program knows where the library is.
        let faketime = Command::new("faketime")
            .args(["-m", "-f", "+0", "sh", "-c", "printf %s \"$LD_PRELOAD\""])
            .output()
            .expect("faketime is missing; install the Debian package faketime");
        let library = String::from_utf8(faketime.stdout).unwrap();
        assert!(library.contains("libfaketime"), "{library}");
        let clock = Self { library, shift: installation.path().join("clock-shift") };
        clock.set(0);
        clock
    }

    /// Sets the clock this many seconds before or after the right time.
    pub(crate) fn set(&self, shift_s: i64) {
        let next = self.shift.with_extension("next");
        std::fs::write(&next, format!("{shift_s:+}\n")).unwrap();
        // Riser reads the file with each look at the clock.
        std::fs::rename(&next, &self.shift).unwrap();
    }

    /// Lets a program have this clock.
    pub(crate) fn give_to(&self, program: &mut Command) {
        program
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.shift)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
    }
}
