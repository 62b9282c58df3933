use serde::{Deserialize, Serialize};

/// Something an administrator should know and can end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable word, such as `credentials-refused`.
    pub code: String,
    /// What happened.
    pub what: String,
    /// What it affects.
    pub effect: String,
    /// What to do next.
    pub remedy: String,
    /// The key of the setting at fault.
    pub setting: Option<String>,
}

impl Problem {
    /// A problem with a stable code, such as `credentials-refused`, and what happened in a sentence.
    pub fn new(code: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            what: what.into(),
            effect: String::new(),
            remedy: String::new(),
            setting: None,
        }
    }

    /// Says what it affects.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = effect.into();
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Names the setting at fault, by its key.
    #[must_use]
    pub fn setting(mut self, key: impl Into<String>) -> Self {
        self.setting = Some(key.into());
        self
    }

    /// Its code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The key of the setting at fault.
    pub fn at_setting(&self) -> Option<&str> {
        self.setting.as_deref()
    }

    /// What happened.
    pub fn what(&self) -> &str {
        &self.what
    }
}
