//! Counts of tests, parsed from the output of the test programs.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Summary {
    /// One test without a result line: it crashed or hung.
    pub(super) const ONE_FAILED: Self = Self { passed: 0, failed: 1, ignored: 0 };

    /// Returns the sum of all result lines; `None` if there is none.
    pub(super) fn read(output: &str) -> Option<Self> {
        let results = output.lines().filter_map(|line| line.strip_prefix("test result: "));
        results.map(Self::read_result).reduce(Add::add)
    }

    /// Reads `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s`.
    fn read_result(line: &str) -> Self {
        let count = |word: &str| {
            let mut counts = line.split([';', '.']).map(str::trim);
            counts.find_map(|part| part.strip_suffix(word)?.trim().parse::<usize>().ok()).unwrap_or_default()
        };
        Self { passed: count("passed"), failed: count("failed"), ignored: count("ignored") }
    }

    /// No failed test.
    pub(super) fn has_no_failure(self) -> bool {
        self.failed == 0
    }

    /// No failed and no ignored test.
    pub(super) fn is_clean(self) -> bool {
        self.failed == 0 && self.ignored == 0
    }

    /// Clean, with at least one test.
    pub(super) fn is_success(self) -> bool {
        self.is_clean() && self.passed > 0
    }
}

impl Add for Summary {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Summary {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} ignored", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_RUNNERS: &str = "\
running 2 tests
test a ... ok
test b ... ignored
test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s
running 3 tests
test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 3.20s
";

    #[test]
    fn the_lines_of_all_runners_are_added() {
        let summary = Summary::read(TWO_RUNNERS).unwrap();
        assert_eq!(summary, Summary { passed: 3, failed: 1, ignored: 1 });
        assert_eq!(summary.to_string(), "3 passed, 1 failed, 1 ignored");
        assert_eq!(Summary::read("killed before it could say anything"), None);
    }

    #[test]
    fn only_tests_that_were_run_and_passed_are_a_success() {
        let passed = Summary { passed: 1, ..Summary::default() };
        assert!(passed.is_success());
        assert!(!Summary::default().is_success());
        assert!(!(passed + Summary::ONE_FAILED).is_success());
        assert!(!(passed + Summary { ignored: 1, ..Summary::default() }).is_success());
    }
}
