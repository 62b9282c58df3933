//! Recompiles after a change of a migration: cargo does not know that `sqlx::migrate!` reads the directories.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
