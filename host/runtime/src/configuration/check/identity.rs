//! Matches the objects of a draft with stored ones, and checks their names.

use std::collections::{HashMap, HashSet};

use riser_domain::sanitize_line;

use super::Errors;
use crate::configuration::draft::Identity;
use crate::configuration::field_path::FieldPath;
use crate::configuration::renames::{RenameError, Renames};

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

pub(super) const SITE: Kind = Kind { key: "site", noun: "site" };
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

/// Matches the objects of a draft with the stored ones. Those without a usable identity, and removals of objects that do not
/// exist, are left out. The order is one in which they can be stored.
pub(super) fn match_identities<'d, D: AsRef<Identity>>(
    kind: Kind,
    parent: &FieldPath,
    drafts: &'d [D],
    stored: &[&str],
    errors: &mut Errors,
) -> Vec<Matched<'d, D>> {
    let mut matched: Vec<Matched<'d, D>> = Vec::new();
    let mut names = HashSet::new();
    let renames = Renames::of(drafts);
    for draft in drafts {
        let identity = draft.as_ref();
        let path = parent.object(kind.key, &identity.name);
        if !names.insert(identity.name.as_str()) {
            let message = format!("the {} {:?} is here twice; write it once", kind.noun, identity.name);
            errors.add(&path.key("name"), message);
            continue;
        }
        let found = match renames.find(identity, |name| stored.iter().position(|it| *it == name)) {
            Ok(found) => found,
            Err(error) => {
                errors.add(&path.key("renamed_from"), rename_error(kind, identity, error));
                continue;
            }
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
            && let Some(message) = name_error(kind, &identity.name)
        {
            errors.add(&path.key("name"), message);
            if identity.name.trim().is_empty() {
                continue;
            }
        }
        if identity.remove && found.is_none() {
            continue;
        }
        matched.push(Matched { draft, path, stored: found, removes: identity.remove });
    }
    free_names_first(matched, stored)
}

/// Orders renamed objects so that each finds its new name free when they are stored one after the other.
fn free_names_first<'d, D: AsRef<Identity>>(
    matched: Vec<Matched<'d, D>>,
    stored: &[&str],
) -> Vec<Matched<'d, D>> {
    let holders: HashMap<&str, usize> = matched
        .iter()
        .enumerate()
        .filter_map(|(index, it)| Some((*stored.get(it.stored?)?, index)))
        .collect();
    let holder_of_name = |index: usize| {
        let it = &matched[index];
        holders.get(it.draft.as_ref().name.as_str()).copied().filter(|_| it.stored.is_some())
    };
    let mut is_placed = vec![false; matched.len()];
    let mut order = Vec::with_capacity(matched.len());
    for start in 0..matched.len() {
        let mut chain = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next.filter(|index| !is_placed[*index]) {
            is_placed[index] = true;
            chain.push(index);
            next = holder_of_name(index);
        }
        order.extend(chain.into_iter().rev());
    }
    let mut matched: Vec<Option<Matched<'d, D>>> = matched.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| matched[index].take()).collect()
}

fn rename_error(kind: Kind, identity: &Identity, error: RenameError) -> String {
    let noun = kind.noun;
    let (new, old) = (&identity.name, identity.renamed_from.as_deref().unwrap_or_default());
    match error {
        RenameError::IsRemoved => {
            format!("the {noun} {new:?} is to be renamed and removed; do one of the two")
        }
        RenameError::Taken => format!(
            "the name {new:?} is taken by another {noun}; choose another name, or rename that {noun} as well"
        ),
        RenameError::Exchanged => format!(
            "the {noun} {old:?} cannot become {new:?}: names cannot be exchanged in one change; rename one {noun} to \
             a third name first"
        ),
        RenameError::Unknown => {
            format!("there is no {noun} {old:?}; leave out renamed_from to add a new {noun}")
        }
    }
}

/// Returns why a name cannot be used. Two names that look alike in a table are never two names.
pub(super) fn name_error(kind: Kind, name: &str) -> Option<String> {
    let is_plain = |character: char| !character.is_control() && !is_invisible(character);
    if name.trim().is_empty() {
        Some("a name is needed".to_owned())
    } else if name.len() > LONGEST_NAME_BYTES {
        Some(format!("a name is one line of at most {LONGEST_NAME_BYTES} bytes"))
    } else if name.trim() != name || sanitize_line(name) != name || !name.chars().all(is_plain) {
        let noun = kind.noun;
        let article = if noun.starts_with(['a', 'E']) { "an" } else { "a" };
        Some(format!(
            "{name:?} cannot be {article} {noun} name: use one line without spaces around it and without invisible \
             characters"
        ))
    } else {
        None
    }
}

const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
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
    fn a_name_can_be_passed_on_in_one_draft_in_any_order_and_again() {
        let (up, down) = (("C", Some("B"), false), ("B", Some("A"), false));
        let expected = vec![("C".to_owned(), Some(1), false), ("B".to_owned(), Some(0), false)];
        assert_eq!(check(&[up, down]), (expected.clone(), vec![]));
        assert_eq!(check(&[down, up]), (expected, vec![]));
        // Against stored A and B, this is the draft that made them out of Z and A.
        let again = [("B", Some("A"), false), ("A", Some("Z"), false)];
        let expected = vec![("B".to_owned(), Some(1), false), ("A".to_owned(), Some(0), false)];
        assert_eq!(check(&again), (expected, vec![]));
    }

    #[test]
    fn exchanging_two_names_in_one_draft_is_refused() {
        let (matched, errors) = check(&[("A", Some("B"), false), ("B", Some("A"), false)]);
        assert!(matched.is_empty());
        assert_eq!(errors.len(), 2);
        assert!(
            errors.iter().all(|error| error.contains("names cannot be exchanged in one change")),
            "{errors:?}"
        );
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
        let wrong_names =
            ["", "  ", "a\nb", "North ", " lead", "a\u{202e}b", "a\u{200b}b", "a\tb", "\u{feff}a"];
        for wrong in wrong_names.into_iter().chain([&*"x".repeat(201)]) {
            assert!(error(&[(wrong, None, false)]).contains("name"), "{wrong}");
        }
    }
}
