//! The scripts of the sites F6 (chaos) and F8 (churn), 24 hours each.

use std::fmt::Write as _;

use crate::random::{Numbers, Purpose};
use crate::script::Script;

const MINUTES: u64 = 24 * 60;
/// Stations of site F2.
const STATIONS: u64 = 50;
/// The id of the station that churn adds and removes.
const ADDED: u64 = 51;

/// All kinds of faults, with what they need.
const FAULTS: [&str; 42] = [
    r#"kind = "down""#,
    r#"kind = "latency", latency = "3s""#,
    r#"kind = "latency", latency = "40s", probability = 0.1"#,
    r#"kind = "401""#,
    r#"kind = "429", retry_after = "20s""#,
    r#"kind = "500", probability = 0.5"#,
    r#"kind = "503""#,
    r#"kind = "error", status = 502"#,
    r#"kind = "error", status = 504"#,
    r#"kind = "error", status = 403, code = "TOO_MANY_SESSIONS""#,
    r#"kind = "truncated_json""#,
    r#"kind = "html""#,
    r#"kind = "response_lost""#,
    r#"kind = "close_on_reuse""#,
    r#"kind = "empty_list""#,
    r#"kind = "short_list", keep = 3"#,
    r#"kind = "set_field", field = "phase1", raw = "1e999""#,
    r#"kind = "set_field", field = "phase1", raw = "-1""#,
    r#"kind = "set_field", field = "activeEnergy", raw = "\"\"""#,
    r#"kind = "set_field", field = "activeEnergy", raw = "NaN""#,
    r#"kind = "set_field", field = "status", raw = "\"dozing\"""#,
    r#"kind = "set_field", field = "phase2", raw = "\"0,13\"""#,
    r#"kind = "remove_field", field = "measures""#,
    r#"kind = "rename_field", field = "status", to = "state""#,
    r#"kind = "black_hole""#,
    r#"kind = "cut_body""#,
    r#"kind = "drip", latency = "100ms""#,
    r#"kind = "no_keep_alive""#,
    r#"kind = "redirect""#,
    r#"kind = "empty_body""#,
    r#"kind = "trailing_garbage""#,
    r#"kind = "invalid_utf8""#,
    r#"kind = "byte_order_mark""#,
    r#"kind = "wrong_content_type""#,
    r#"kind = "wrong_content_length""#,
    r#"kind = "broken_gzip""#,
    r#"kind = "gzip_bomb", count = 2"#,
    r#"kind = "deep_nesting", count = 2"#,
    r#"kind = "duplicate_keys""#,
    r#"kind = "extra_fields""#,
    r#"kind = "text_numbers""#,
    r#"kind = "duplicate_object""#,
];
/// Faults of writes.
const WRITE_FAULTS: [&str; 3] =
    [r#"kind = "write_ignored""#, r#"kind = "write_late""#, r#"kind = "overwritten""#];

/// Returns the script of chaos: every ten minutes a fault for two minutes, every twenty a broken link or outlet,
/// and a restart, a new certificate and clock steps.
pub(crate) fn chaos(seed: u64) -> Script {
    let mut text = String::new();
    let mut add = |minute: u64, event: String| {
        let _ = writeln!(text, "[[step]]\nat = \"{minute}m\"\nevent = {{ {event} }}");
    };
    let faults: Vec<&str> = FAULTS.iter().chain(&WRITE_FAULTS).copied().collect();
    let count = u64::try_from(faults.len()).unwrap_or(1);
    // A turn that has no factor in common with their number, so that each kind comes, in another order per seed.
    let first = Numbers::of(seed, 0, 0, 0).below(Purpose::Fault, count);
    for turn in 0..MINUTES / 10 {
        let fault = faults[usize::try_from((first + turn * 7) % count).unwrap_or(0)];
        add(turn * 10 + 5, format!(r#"kind = "add_fault", fault = {{ {fault}, for = "2m" }}"#));
    }
    for turn in 0..MINUTES / 20 {
        let numbers = Numbers::of(seed, turn, 1, 0);
        let station = 1 + numbers.below(Purpose::Fault, STATIONS);
        let minutes = 1 + numbers.below(Purpose::Gap, 90);
        let span = format!(r#"station = {station}, for = "{minutes}m""#);
        if turn % 2 == 0 {
            add(turn * 20, format!(r#"kind = "link_loss", {span}"#));
        } else {
            add(turn * 20, format!(r#"kind = "fault", connector = 1, {span}"#));
        }
    }
    add(6 * 60, r#"kind = "restart""#.to_owned());
    add(12 * 60, r#"kind = "revoke_tokens""#.to_owned());
    for (minute, offset) in [(15 * 60, "3h"), (16 * 60, "-3h"), (17 * 60, "0s")] {
        add(minute, format!(r#"kind = "set_clock_offset", offset = "{offset}""#));
    }
    text.parse().expect("a test parses it for many seeds")
}

/// Returns the script of churn: each minute a station is renamed, moved, added or removed.
pub(crate) fn churn() -> Script {
    let mut text = String::new();
    for minute in 1..=MINUTES {
        let turn = minute / 4;
        let (station, zone) = (1 + turn % STATIONS, 1 + turn % 3);
        let event = match minute % 4 {
            0 => format!(
                r#"kind = "rename_station", station = {station}, name = "Charger {station} ({minute})""#
            ),
            1 => format!(r#"kind = "move_station", station = {station}, zone = {zone}"#),
            2 => format!(r#"kind = "add_station", zone = {zone}, connectors = 2"#),
            _ => format!(r#"kind = "remove_station", station = {ADDED}"#),
        };
        let _ = writeln!(text, "[[step]]\nat = \"{minute}m\"\nevent = {{ {event} }}");
    }
    text.parse().expect("a test parses it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_are_understood_for_every_seed() {
        for seed in 0..50 {
            let _ = chaos(seed);
        }
        let _ = churn();
    }
}
