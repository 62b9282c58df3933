//! Compiles again when a migration changes: `sqlx::migrate!` reads the folders, and cargo does not know it.

#![expect(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
