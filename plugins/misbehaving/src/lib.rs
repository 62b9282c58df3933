//! A plugin that does everything wrong, for tests.
