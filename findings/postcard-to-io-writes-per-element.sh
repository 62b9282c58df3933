#!/bin/sh
# postcard 1.1.3: `to_io` calls the writer once for each element of a sequence, also for Vec<u8>.
#
# Seen: 1,000 bytes as Vec<u8> reach the writer in 1,001 calls; the same bytes through serde_bytes, or as a
# string, in 2. A sequence of 1,000 doubles takes 1,001 calls. The encoded bytes are those of `to_stdvec`.
# Effect: with a writer that has no buffer, such as a socket, each element is a system call; with a Vec<u8> as
# the writer each element is a bounds check and a copy. Byte fields should be serde_bytes, and the writer
# buffered.
#
# Needs cargo and the public crates below. Exits with 1 when the behaviour differs.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cat > "$work/Cargo.toml" <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2024"

[dependencies]
postcard = { version = "=1.1.3", default-features = false, features = ["use-std"] }
serde = { version = "=1.0.229", features = ["derive"] }
serde_bytes = "=0.11.19"
TOML
cat > "$work/src/main.rs" <<'RUST'
use std::io::{self, Write};

use serde::Serialize;

#[derive(Default)]
struct CountingWriter {
    calls: usize,
    bytes: usize,
}

impl Write for CountingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn measure(name: &str, value: &impl Serialize) {
    let mut writer = CountingWriter::default();
    postcard::to_io(value, &mut writer).unwrap();
    assert_eq!(writer.bytes, postcard::to_stdvec(value).unwrap().len());
    println!("{name} {} bytes {} calls", writer.bytes, writer.calls);
}

fn main() {
    measure("vec-u8", &vec![7_u8; 1000]);
    measure("serde-bytes", &serde_bytes::ByteBuf::from(vec![7_u8; 1000]));
    measure("string", &"x".repeat(1000));
    measure("vec-f64", &vec![1.5_f64; 1000]);
}
RUST
expected='vec-u8 1002 bytes 1001 calls
serde-bytes 1002 bytes 2 calls
string 1002 bytes 2 calls
vec-f64 8002 bytes 1001 calls'
seen=$(cd "$work" && cargo run --quiet --release)
echo "$seen"
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "the behaviour differs; expected:"
    echo "$expected"
    exit 1
fi
