//! Who reads a page.

use riser_domain::Role;

/// The person a page is made for, with the token that the forms of their session carry.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) csrf: String,
}

impl Reader {
    /// Whether they may start and stop processors.
    pub(crate) fn may_operate(&self) -> bool {
        self.role >= Role::Operator
    }

    /// `Operator`.
    pub(crate) const fn role_word(&self) -> &'static str {
        match self.role {
            Role::Viewer => "Viewer",
            Role::Operator => "Operator",
            Role::Admin => "Admin",
        }
    }

    /// Two letters for the round sign.
    pub(crate) fn initials(&self) -> String {
        let mut words =
            self.name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        let first = words.next().unwrap_or("?");
        let letters: String = match words.next() {
            Some(second) => first.chars().take(1).chain(second.chars().take(1)).collect(),
            None => first.chars().take(2).collect(),
        };
        letters.to_uppercase()
    }
}

/// The form token is as good as the session: it is not printed.
impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}
