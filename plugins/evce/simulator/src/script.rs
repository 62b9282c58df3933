//! Scripts: time lines of events, in TOML.

use serde::Deserialize;

use crate::clock::Moment;
use crate::events::Event;
use crate::time_span::TimeSpan;
use crate::world::World;

/// More events than any site needs; keeps a wrong script from filling the memory.
const MOST_EVENTS: u32 = 100_000;

/// A time line of events.
#[derive(Debug, Clone)]
pub struct Script {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    #[serde(default)]
    step: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Since the start of the script, by the cars' clock.
    at: TimeSpan,
    /// Again after each of these spans.
    every: Option<TimeSpan>,
    /// How often in all; 1 if left out.
    times: Option<u32>,
    event: Event,
}

/// A script that is not one.
#[derive(Debug, thiserror::Error)]
pub enum InvalidScript {
    /// It is not TOML, or a step has a mistake.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// The number of a step is from 1.
    #[error("step {0}: at must not be negative, and every must be longer than nothing")]
    Span(usize),
    /// The number of a step is from 1.
    #[error("step {0}: times needs every")]
    Every(usize),
    /// A script has too many events.
    #[error("the script has more than {MOST_EVENTS} events")]
    TooLong,
}

impl std::str::FromStr for Script {
    type Err = InvalidScript;

    fn from_str(text: &str) -> Result<Self, InvalidScript> {
        let steps = toml::from_str::<ScriptFile>(text)?.step;
        let mut events = 0_u32;
        for (index, step) in steps.iter().enumerate() {
            if step.at.ms() < 0 || step.every.is_some_and(|every| every.ms() <= 0) {
                return Err(InvalidScript::Span(index + 1));
            }
            if step.every.is_none() && step.times() > 1 {
                return Err(InvalidScript::Every(index + 1));
            }
            events = events.saturating_add(step.times());
        }
        if events > MOST_EVENTS { Err(InvalidScript::TooLong) } else { Ok(Self { steps }) }
    }
}

impl Step {
    fn times(&self) -> u32 {
        self.times.unwrap_or(1)
    }
}

impl Script {
    /// Schedules all events from now on. Returns their number.
    pub(crate) fn start(self, world: &mut World, now: &Moment) -> u32 {
        let mut events = 0;
        for step in self.steps {
            let every_ms = step.every.map_or(0, TimeSpan::ms);
            for turn in 0..step.times() {
                world.schedule(now.cars_ms + step.at.ms() + every_ms * i64::from(turn), step.event.clone());
                events += 1;
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_is_not_one_is_explained() {
        for (text, hint) in [
            ("[[step]]\nat = \"1m\"", "missing field `event`"),
            ("[[step]]\nat = \"-1m\"\nevent = { kind = \"end_faults\" }", "step 1: at must not be negative"),
            ("[[step]]\nat = \"1m\"\ntimes = 2\nevent = { kind = \"end_faults\" }", "times needs every"),
            (
                "[[step]]\nat = \"0s\"\nevery = \"1s\"\ntimes = 100001\nevent = { kind = \"end_faults\" }",
                "more than 100000 events",
            ),
            ("[[step]]\nat = \"1m\"\nevent = { kind = \"explode\" }", "explode"),
        ] {
            let error = text.parse::<Script>().unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
    }
}
