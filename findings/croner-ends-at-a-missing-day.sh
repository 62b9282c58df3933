#!/bin/sh
# croner 4.0.3: the times of a daily rule end for good where a zone leaves out a day.
#
# Seen: Pacific/Apia went from 2011-12-29 to 2011-12-31. The iterator of "30 9 * * *" has 2011-12-29 and then ends,
# and find_next_occurrence after it returns TimeSearchLimitExceeded, although the rule runs on 2011-12-31 and every
# day after. A rule with several hours, "30 9,10 * * *", goes on. The crate looks for the end of a skipped range in
# the two hours after a fixed time only.
# Effect: a scheduler on the crate stops such a rule without an error, because the iterator hides it. Zones have
# crossed the date line in 1994, 1995 and 2011.
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
croner = "=4.0.3"
TOML
cat > "$work/src/main.rs" <<'RUST'
use std::str::FromStr;

use chrono::TimeZone;
use chrono_tz::Pacific::Apia;

fn main() {
    let start = Apia.with_ymd_and_hms(2011, 12, 28, 12, 0, 0).unwrap();
    for expression in ["30 9 * * *", "30 9,10 * * *"] {
        let rule = croner::Cron::from_str(expression).unwrap();
        for time in rule.iter_after(start).take(4) {
            println!("{expression}: {}", time.to_rfc3339());
        }
    }
    let after = Apia.with_ymd_and_hms(2011, 12, 29, 12, 0, 0).unwrap();
    let next = croner::Cron::from_str("30 9 * * *").unwrap().find_next_occurrence(&after, false);
    println!("next: {:?}", next.map(|time| time.to_rfc3339()));
}
RUST
expected='30 9 * * *: 2011-12-29T09:30:00-10:00
30 9,10 * * *: 2011-12-29T09:30:00-10:00
30 9,10 * * *: 2011-12-29T10:30:00-10:00
30 9,10 * * *: 2011-12-31T09:30:00+14:00
30 9,10 * * *: 2011-12-31T10:30:00+14:00
next: Err(TimeSearchLimitExceeded)'
seen=$(cd "$work" && cargo run --quiet)
echo "$seen"
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "the behaviour differs; expected:"
    echo "$expected"
    exit 1
fi
