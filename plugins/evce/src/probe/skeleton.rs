//! A first profile from the responses of a controller.

use std::fmt::Write as _;

use super::trial::{Reached, Trial};
use crate::wire::{BUILT_IN, SurveyRow};

/// Shorter parts of a name occur by chance.
const SHORTEST_PART: usize = 3;

/// Returns the text of a valid profile, with the missing parts in comments.
pub(super) fn of(trial: &Trial) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| writeln!(text, "{words}").expect("a text takes any text");
    line(format_args!("# A first profile for {}, written by the probe.", trial.address));
    let built_in = BUILT_IN.iter().find(|(name, _)| *name == trial.name);
    match built_in {
        Some((name, _)) if trial.reached == Reached::Read => {
            line(format_args!("# The API is like {name}. Correct the lines below and remove their hashes."));
            line(format_args!("extends = \"{name}\""));
        }
        // Nothing fits: all keys, to be replaced one after the other.
        _ => {
            let (name, built_in) = BUILT_IN[0];
            line(format_args!(
                "# No known profile fits. These are the keys of {name}: replace them by those of the API,"
            ));
            line(format_args!("# which stand at the end as far as they are known."));
            line(format_args!("\n{built_in}"));
        }
    }
    fields(trial, &mut line);
    for (path, seen) in &trial.unused {
        line(format_args!("\n# Values in the response to {path} that the profile does not use:"));
        for value in seen {
            line(format_args!("#   {} = {}", value.pointer, value.example));
        }
    }
    text
}

fn fields(trial: &Trial, line: &mut impl FnMut(std::fmt::Arguments<'_>)) {
    let is_missing = |row: &&SurveyRow| row.objects > 0 && row.found == 0 && !row.places.is_empty();
    let missing: Vec<_> = trial.rows.iter().filter(is_missing).collect();
    if !missing.is_empty() {
        line(format_args!("\n# Fields that no object has:"));
    }
    for row in missing {
        let similar = similar(trial, &row.field);
        let hint =
            if similar.is_empty() { String::new() } else { format!("; perhaps {}", similar.join(", ")) };
        line(format_args!("# {} = \"/…\" # looked at {}{hint}", row.field, row.places));
    }
    for row in trial.rows.iter().filter(|row| !row.unknown_words.is_empty()) {
        line(format_args!("\n# Words without a meaning in {}:", row.field));
        for word in &row.unknown_words {
            line(format_args!("# {}.words.… = {word:?}", row.field));
        }
    }
}

/// Returns unused values whose names share a part with the name of a field.
fn similar(trial: &Trial, field: &str) -> Vec<String> {
    let name = field.rsplit('.').next().unwrap_or_default();
    let parts: Vec<&str> = name.split('_').filter(|part| part.len() >= SHORTEST_PART).collect();
    let values = trial.unused.iter().flat_map(|(_, seen)| seen);
    let is_similar = |pointer: &str| {
        let last = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        parts.iter().any(|part| last.contains(part))
    };
    values.map(|value| value.pointer.clone()).filter(|pointer| is_similar(pointer)).take(3).collect()
}
