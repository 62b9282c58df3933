use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use riser_domain::ScheduleId;

use crate::rule::ScheduleRule;

/// A named rule for the start of processor configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub id: ScheduleId,
    /// Unique on this host.
    pub name: String,
    pub rule: StoredRule,
}

/// The rule of a stored schedule. Text that this version of Riser cannot read is kept: a newer version, or newer time
/// zone data, may have written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredRule {
    Known(ScheduleRule),
    Unreadable {
        text: String,
        /// Why, in words.
        reason: String,
    },
}

impl StoredRule {
    /// Returns the rule; `None` for unreadable text, which starts nothing.
    pub const fn known(&self) -> Option<&ScheduleRule> {
        match self {
            Self::Known(rule) => Some(rule),
            Self::Unreadable { .. } => None,
        }
    }
}

impl From<ScheduleRule> for StoredRule {
    fn from(rule: ScheduleRule) -> Self {
        Self::Known(rule)
    }
}

impl FromStr for StoredRule {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.parse() {
            Ok(rule) => Self::Known(rule),
            Err(error) => Self::Unreadable { text: text.to_owned(), reason: error.to_string() },
        })
    }
}

/// The stored text.
impl fmt::Display for StoredRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(rule) => rule.fmt(f),
            Self::Unreadable { text, .. } => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_an_unknown_kind_is_kept() {
        let stored: StoredRule = "yearly on 2026-12-24; zone Europe/Paris".parse().unwrap();
        assert_eq!(stored.to_string(), "yearly on 2026-12-24; zone Europe/Paris");
        assert_eq!(stored.known(), None);
        let StoredRule::Unreadable { reason, .. } = stored else { panic!("it is readable") };
        assert!(reason.contains("unknown kind of schedule"), "{reason}");
    }
}
