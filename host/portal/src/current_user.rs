//! The person a page is made for.

use riser_domain::Role;

/// The signed-in person, with the token that every form of the session sends.
#[derive(Clone)]
pub(crate) struct CurrentUser {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) csrf: String,
}

impl CurrentUser {
    /// Returns whether the person may start and stop processors.
    pub(crate) fn may_operate(&self) -> bool {
        self.role >= Role::Operator
    }

    /// Returns whether the person may change the configuration.
    pub(crate) fn may_configure(&self) -> bool {
        self.role >= Role::Admin
    }

    pub(crate) const fn role_name(&self) -> &'static str {
        role_name(self.role)
    }

    /// Returns one or two letters for the round button in the header.
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

/// Returns the name of a role as pages show it.
pub(crate) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Operator => "Operator",
        Role::Admin => "Admin",
    }
}

/// Leaves out the form token: whoever has it can send forms for the session.
impl std::fmt::Debug for CurrentUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CurrentUser")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
