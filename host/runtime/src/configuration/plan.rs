use serde::{Deserialize, Serialize};

/// The difference between a draft and the configuration it was checked against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of that configuration.
    pub version: i64,
    /// In the order of their execution; empty when the draft changes nothing.
    pub lines: Vec<PlanLine>,
}

/// A change of one object in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLine {
    pub text: String,
    /// An object is removed together with its stored data.
    pub is_removal: bool,
}

impl Plan {
    pub fn removes(&self) -> bool {
        self.lines.iter().any(|line| line.is_removal)
    }
}

impl PlanLine {
    pub(super) fn change(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_removal: false }
    }

    pub(super) fn removal(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_removal: true }
    }
}
