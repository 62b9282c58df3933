//! Compiles again when a migration changes: `sqlx::migrate!` reads the directories, and cargo does not know it.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
