#!/bin/sh
# jiff 1.0.2: a Timestamp ends 26 hours before .NET's DateTime.MaxValue, which .NET services write for "for ever".
#
# Seen: 9999-12-31T23:59:59.9999999Z is DateTime.MaxValue in UTC as .NET writes it in SOAP and XML, and a valid time
# of RFC 3339. jiff reads it as a civil::DateTime, but not as a Timestamp: the largest is
# 9999-12-30T22:00:00.999999999Z, so that each one can be shown in every zone with an offset up to 25:59:59.
# chrono and time take the text.
# Effect: a gateway that parses such an end of validity as a Timestamp fails on a field that means "no end".
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
chrono = "=0.4.45"
jiff = { version = "=1.0.2", default-features = false, features = ["std"] }
time = { version = "=0.3.44", features = ["parsing", "formatting"] }
TOML
cat > "$work/src/main.rs" <<'RUST'
use time::format_description::well_known::Rfc3339;

const LAST: &str = "9999-12-31T23:59:59.9999999Z";

fn main() {
    println!("chrono: {}", LAST.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    println!("time: {}", time::OffsetDateTime::parse(LAST, &Rfc3339).unwrap());
    println!("jiff civil: {}", LAST.trim_end_matches('Z').parse::<jiff::civil::DateTime>().unwrap());
    println!("jiff timestamp is read: {}", LAST.parse::<jiff::Timestamp>().is_ok());
    println!("jiff largest: {}", jiff::Timestamp::MAX);
}
RUST
expected='chrono: 9999-12-31 23:59:59.999999900 UTC
time: 9999-12-31 23:59:59.9999999 +00:00:00
jiff civil: 9999-12-31T23:59:59.9999999
jiff timestamp is read: false
jiff largest: 9999-12-30T22:00:00.999999999Z'
seen=$(cd "$work" && cargo run --quiet)
echo "$seen"
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "the behaviour differs; expected:"
    echo "$expected"
    exit 1
fi
