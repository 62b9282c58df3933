use riser_domain::Role;
use riser_store::{User, UserId};
use secrecy::{ExposeSecret as _, SecretString};

use super::identity::{USER, match_identities};
use super::{Action, Basis, Errors};
use crate::configuration::draft::UserDraft;
use crate::configuration::field_path::FieldPath;
use crate::configuration::plan::PlanLine;

pub(in crate::configuration) struct PlannedUser {
    pub(in crate::configuration) action: Action,
    /// `None` for a person to be added.
    pub(in crate::configuration) id: Option<UserId>,
    pub(in crate::configuration) name: String,
    pub(in crate::configuration) is_renamed: bool,
    pub(in crate::configuration) role: Role,
    pub(in crate::configuration) has_new_role: bool,
    pub(in crate::configuration) new_password_hash: Option<SecretString>,
}

pub(super) fn check(
    drafts: &[UserDraft],
    basis: &Basis<'_>,
    errors: &mut Errors,
    lines: &mut Vec<PlanLine>,
) -> Vec<PlannedUser> {
    let users = &basis.current.users;
    let names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
    let mut planned = Vec::new();
    let errors_before = errors.found.len();
    let mut former_admin = None;
    for matched in match_identities(USER, &FieldPath::default(), drafts, &names, errors) {
        let stored = matched.stored.map(|index| &users[index]);
        let user = if matched.removes {
            stored.map(removed)
        } else {
            wanted(matched.draft, stored, &matched.path, errors)
        };
        if let Some(user) = user {
            let was_admin = stored.is_some_and(|stored| stored.role == Role::Admin);
            if was_admin && !user.is_admin() {
                former_admin = Some((matched.path, user.name.clone()));
            }
            describe(&user, stored, lines);
            planned.push(user);
        }
    }
    if let Some((path, name)) = former_admin
        && errors.found.len() == errors_before
        && !keeps_admin(users, &planned)
    {
        let message = format!(
            "{name:?} is the last admin, and only an admin can change the configuration in the portal; add another \
             admin first"
        );
        errors.add(&path, message);
    }
    planned
}

impl PlannedUser {
    fn is_admin(&self) -> bool {
        self.action != Action::Remove && self.role == Role::Admin
    }
}

/// Returns whether an admin is left after the changes.
fn keeps_admin(stored: &[User], planned: &[PlannedUser]) -> bool {
    let is_planned = |user: &&User| planned.iter().any(|planned| planned.id == Some(user.id));
    let mut untouched = stored.iter().filter(|user| !is_planned(user));
    planned.iter().any(PlannedUser::is_admin) || untouched.any(|user| user.role == Role::Admin)
}

fn removed(stored: &User) -> PlannedUser {
    PlannedUser {
        action: Action::Remove,
        id: Some(stored.id),
        name: stored.name.clone(),
        is_renamed: false,
        role: stored.role,
        has_new_role: false,
        new_password_hash: None,
    }
}

fn wanted(
    draft: &UserDraft,
    stored: Option<&User>,
    path: &FieldPath,
    errors: &mut Errors,
) -> Option<PlannedUser> {
    let name = &draft.identity.name;
    let is_new_name = stored.is_none_or(|stored| stored.name != *name);
    let role = draft.role.or(stored.map(|stored| stored.role));
    if role.is_none() {
        errors.add(path, "a user needs a role: viewer, operator or admin");
    }
    if stored.is_none() && draft.password_hash.is_none() {
        errors.add(path, "a user needs a password");
    }
    let role = role?;
    let is_new_hash = |hash: &&SecretString| stored.is_none_or(|it| it.password_hash != hash.expose_secret());
    let new_password_hash = draft.password_hash.as_ref().filter(is_new_hash).cloned();
    let has_new_role = stored.is_some_and(|stored| stored.role != role);
    let is_renamed = stored.is_some() && is_new_name;
    let action = match stored {
        None => Action::Add,
        Some(_) if is_renamed || has_new_role || new_password_hash.is_some() => Action::Update,
        Some(_) => Action::Keep,
    };
    let id = stored.map(|stored| stored.id);
    Some(PlannedUser { action, id, name: name.clone(), is_renamed, role, has_new_role, new_password_hash })
}

fn describe(user: &PlannedUser, stored: Option<&User>, lines: &mut Vec<PlanLine>) {
    let name = &user.name;
    let Some(stored) = stored else {
        lines.push(PlanLine::change(format!("user {name:?} added as {}", user.role.as_str())));
        return;
    };
    if user.action == Action::Remove {
        lines.push(PlanLine::removal(format!("user {name:?} removed")));
        return;
    }
    if user.is_renamed {
        lines.push(PlanLine::change(format!("user {:?} renamed to {name:?}", stored.name)));
    }
    if user.has_new_role {
        lines.push(PlanLine::change(format!("user {name:?} changed: role = {:?}", user.role.as_str())));
    }
    if user.new_password_hash.is_some() {
        lines.push(PlanLine::change(format!("user {name:?} gets a new password")));
    }
}
