//! Matches the objects of a draft with stored ones, and checks their names.

use std::collections::HashSet;

use super::Errors;
use crate::configuration::draft::Identity;
use crate::configuration::field_path::FieldPath;

/// Longest name in bytes.
const LONGEST_NAME_BYTES: usize = 200;

/// A kind of object, as paths and messages name it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// In paths and files.
    pub(super) key: &'static str,
    /// In sentences.
    pub(super) noun: &'static str,
}

pub(super) const EWS_SERVER: Kind = Kind { key: "ews_server", noun: "EWS server" };
pub(super) const ACCOUNT: Kind = Kind { key: "account", noun: "account" };
pub(super) const CONNECTION: Kind = Kind { key: "connection", noun: "connection" };
pub(super) const SCHEDULE: Kind = Kind { key: "schedule", noun: "schedule" };
pub(super) const PROCESSOR: Kind = Kind { key: "processor", noun: "processor" };
pub(super) const USER: Kind = Kind { key: "user", noun: "user" };

/// An object of a draft and the stored one that it matches.
pub(super) struct Matched<'d, D> {
    pub(super) draft: &'d D,
    pub(super) path: FieldPath,
    /// Its index among the stored ones; `None` for a new object.
    pub(super) stored: Option<usize>,
    pub(super) removes: bool,
}

/// Matches the objects of a draft with the stored ones. Those with a wrong name, and removals of objects that do not
/// exist, are left out.
pub(super) fn match_identities<'d, D: AsRef<Identity>>(
    kind: Kind,
    parent: &FieldPath,
    drafts: &'d [D],
    stored: &[&str],
    errors: &mut Errors,
) -> Vec<Matched<'d, D>> {
    let mut matched: Vec<Matched<'d, D>> = Vec::new();
    let mut names = HashSet::new();
    for draft in drafts {
        let identity = draft.as_ref();
        let path = parent.object(kind.key, &identity.name);
        if !names.insert(identity.name.as_str()) {
            let message = format!("the {} {:?} is here twice; write it once", kind.noun, identity.name);
            errors.add(&path.key("name"), message);
            continue;
        }
        let Ok(found) = find(identity, stored) else {
            errors.add(&path.key("renamed_from"), rename_error(kind, identity, stored));
            continue;
        };
        if let Some(index) = found
            && let Some(other) = matched.iter().find(|other| other.stored == Some(index))
        {
            let new_name = &other.draft.as_ref().name;
            let message = format!(
                "the {} {:?} is renamed to {new_name:?} here; use its new name",
                kind.noun, stored[index]
            );
            errors.add(&path.key("name"), message);
            continue;
        }
        let is_new_name = found.is_none_or(|index| stored[index] != identity.name);
        if is_new_name
            && !identity.remove
            && let Some(message) = name_error(&identity.name)
        {
            errors.add(&path.key("name"), message);
            continue;
        }
        if identity.remove && found.is_none() {
            continue;
        }
        matched.push(Matched { draft, path, stored: found, removes: identity.remove });
    }
    matched
}

/// Returns the matching stored object; `Err` if it cannot be renamed.
fn find(identity: &Identity, stored: &[&str]) -> Result<Option<usize>, ()> {
    let position = |name: &str| stored.iter().position(|it| *it == name);
    let here = position(&identity.name);
    match identity.renamed_from.as_deref().filter(|old| *old != identity.name) {
        None => Ok(here),
        Some(_) if identity.remove => Err(()),
        Some(old) => match (position(old), here) {
            (Some(_), Some(_)) | (None, None) => Err(()),
            (Some(index), None) | (None, Some(index)) => Ok(Some(index)),
        },
    }
}

fn rename_error(kind: Kind, identity: &Identity, stored: &[&str]) -> String {
    let noun = kind.noun;
    let (new, old) = (&identity.name, identity.renamed_from.as_deref().unwrap_or_default());
    if identity.remove {
        format!("the {noun} {new:?} is to be renamed and removed; do one of the two")
    } else if stored.contains(&new.as_str()) {
        format!(
            "the name {new:?} is taken by another {noun}; choose another name, or rename that {noun} first"
        )
    } else {
        format!("there is no {noun} {old:?}; leave out renamed_from to add a new {noun}")
    }
}

fn name_error(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("a name is needed")
    } else if name.len() > LONGEST_NAME_BYTES || name.chars().any(char::is_control) {
        Some("a name is one line of at most 200 bytes")
    } else {
        None
    }
}

/// `"A" and "B"`, `"A", "B" and "C"`.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, index of the stored object, and whether it is removed.
    type Found = (String, Option<usize>, bool);

    fn check(drafts: &[(&str, Option<&str>, bool)]) -> (Vec<Found>, Vec<String>) {
        let drafts: Vec<_> = drafts
            .iter()
            .map(|(name, renamed_from, remove)| {
                let (name, renamed_from) = ((*name).to_owned(), renamed_from.map(str::to_owned));
                Wrapped(Identity { name, renamed_from, remove: *remove })
            })
            .collect();
        let mut errors = Errors::default();
        let matched = match_identities(CONNECTION, &FieldPath::default(), &drafts, &["A", "B"], &mut errors);
        let matched = matched.iter().map(|it| (it.draft.0.name.clone(), it.stored, it.removes)).collect();
        (matched, errors.found.iter().map(ToString::to_string).collect())
    }

    struct Wrapped(Identity);

    impl AsRef<Identity> for Wrapped {
        fn as_ref(&self) -> &Identity {
            &self.0
        }
    }

    #[test]
    fn a_renamed_object_is_the_stored_one_also_when_it_was_renamed_before() {
        assert_eq!(check(&[("C", Some("A"), false)]).0, [("C".to_owned(), Some(0), false)]);
        assert_eq!(check(&[("A", Some("Z"), false)]).0, [("A".to_owned(), Some(0), false)]);
        assert_eq!(check(&[("C", None, false)]).0, [("C".to_owned(), None, false)]);
    }

    #[test]
    fn removing_twice_is_removing_once() {
        assert_eq!(
            check(&[("A", None, true), ("C", None, true)]),
            (vec![("A".to_owned(), Some(0), true)], vec![])
        );
    }

    #[test]
    fn names_that_cannot_be_used_are_refused() {
        let error = |drafts: &[(&str, Option<&str>, bool)]| check(drafts).1.concat();
        assert!(error(&[("B", Some("A"), false)]).contains("the name \"B\" is taken by another connection"));
        assert!(
            error(&[("D", Some("C"), false)])
                .contains("there is no connection \"C\"; leave out renamed_from")
        );
        assert!(error(&[("D", Some("A"), true)]).contains("renamed and removed"));
        assert!(error(&[("D", Some("A"), false), ("A", None, false)]).contains("is renamed to \"D\" here"));
        assert!(error(&[("A", None, false), ("A", None, true)]).contains("is here twice"));
        for wrong in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert!(error(&[(wrong, None, false)]).contains("name"), "{wrong}");
        }
    }
}
