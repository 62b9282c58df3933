use serde::{Deserialize, Serialize};

/// A problem for the administrator, with its remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable code, such as `credentials-refused`.
    pub code: String,
    /// The event, in a sentence.
    pub what: String,
    /// The effect.
    pub effect: String,
    /// The remedy.
    pub remedy: String,
    /// The key of the setting at fault.
    pub setting: Option<String>,
}

impl Problem {
    /// Returns a problem with a stable code, such as `credentials-refused`, and the event in a sentence.
    pub fn new(code: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            what: what.into(),
            effect: String::new(),
            remedy: String::new(),
            setting: None,
        }
    }

    /// Sets the effect.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = effect.into();
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Sets the key of the setting at fault.
    #[must_use]
    pub fn setting(mut self, key: impl Into<String>) -> Self {
        self.setting = Some(key.into());
        self
    }

    /// Returns the code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the key of the setting at fault.
    pub fn at_setting(&self) -> Option<&str> {
        self.setting.as_deref()
    }

    /// Returns the event, in a sentence.
    pub fn what(&self) -> &str {
        &self.what
    }
}
