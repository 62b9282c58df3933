#!/bin/sh
# cron 0.17.0: in the hour that a clock change repeats, times are lost or out of order.
#
# Seen: "0 */15 * * * *" in Europe/Berlin on 2026-10-25, when 03:00 +02:00 becomes 02:00 +01:00. Asked each time for
# the first time after the last one, as a scheduler does, the crate goes from 02:45 +02:00 to 03:00 +01:00: an hour
# and four runs are missing. Its iterator has all eight times of the hour, but alternates between the two passes.
# Effect: a scheduler on the crate has no run for an hour once a year, or runs an hour early and again.
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
chrono-tz = "=0.10.4"
cron = "=0.17.0"
TOML
cat > "$work/src/main.rs" <<'RUST'
use std::str::FromStr;

use chrono::TimeZone;
use chrono_tz::Europe::Berlin;

fn main() {
    let quarters = cron::Schedule::from_str("0 */15 * * * *").unwrap();
    let mut last = Berlin.with_ymd_and_hms(2026, 10, 25, 2, 15, 0).earliest().unwrap();
    for _ in 0..3 {
        last = quarters.after(&last).next().unwrap();
        println!("one by one {}", last.to_rfc3339());
    }
    let start = Berlin.with_ymd_and_hms(2026, 10, 25, 1, 45, 0).unwrap();
    for time in quarters.after(&start).take(4) {
        println!("iterator {}", time.to_rfc3339());
    }
}
RUST
expected='one by one 2026-10-25T02:30:00+02:00
one by one 2026-10-25T02:45:00+02:00
one by one 2026-10-25T03:00:00+01:00
iterator 2026-10-25T02:00:00+02:00
iterator 2026-10-25T02:00:00+01:00
iterator 2026-10-25T02:15:00+02:00
iterator 2026-10-25T02:15:00+01:00'
seen=$(cd "$work" && cargo run --quiet)
echo "$seen"
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "the behaviour differs; expected:"
    echo "$expected"
    exit 1
fi
