#!/bin/sh
# mimalloc 0.1.52 (the C library 3.3.2): the gigabyte that it reserves at the start counts as data.
#
# Seen on Linux 6.18 with the default overcommit: a program whose global allocator is mimalloc sets RLIMIT_DATA to
# 256 MiB after its start, as a supervisor does that confines a process. It can then start no thread ("Resource
# temporarily unavailable"), although it uses 1 MiB: the reserved gigabyte is mapped writable at once, and the kernel
# counts what is writable. With the allocator of the system the thread starts. With MIMALLOC_ARENA_EAGER_COMMIT=0 in the
# environment the reserve becomes writable piece by piece, and the thread starts, too.
# Effect: a memory limit by RLIMIT_DATA, which is the one that leaves address space alone, ends such a process at its
# first thread. The option must be in the environment, because the allocator reads it before main.
#
# Needs cargo, Linux and the public crates below. Exits with 1 when the behaviour differs.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cat > "$work/Cargo.toml" <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2024"

[features]
mimalloc = ["dep:mimalloc"]

[dependencies]
libc = "=0.2.177"
mimalloc = { version = "=0.1.52", default-features = false, optional = true }
TOML
cat > "$work/src/main.rs" <<'RUST'
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let limit = libc::rlimit { rlim_cur: 256 << 20, rlim_max: 256 << 20 };
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_DATA, &limit) }, 0);
    match std::thread::Builder::new().spawn(|| {}) {
        Ok(thread) => {
            thread.join().unwrap();
            println!("started");
        }
        Err(error) => println!("{:?}", error.kind()),
    }
}
RUST
cd "$work"
export CARGO_TARGET_DIR="$work/target"
cargo build --quiet
with_system=$(target/debug/probe)
cargo build --quiet --features mimalloc
with_mimalloc=$(target/debug/probe)
piecewise=$(MIMALLOC_ARENA_EAGER_COMMIT=0 target/debug/probe)
echo "system: $with_system; mimalloc: $with_mimalloc; mimalloc that commits piece by piece: $piecewise"
[ "$with_system" = started ] && [ "$with_mimalloc" = WouldBlock ] && [ "$piecewise" = started ]
