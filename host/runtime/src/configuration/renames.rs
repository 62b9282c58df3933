//! Matches objects of a draft with stored ones by their names, when one draft passes a name on to another object.

use std::collections::HashMap;

use super::draft::Identity;

/// The renamed objects of one kind in a draft.
pub(super) struct Renames<'d> {
    old_by_new: HashMap<&'d str, &'d str>,
    new_by_old: HashMap<&'d str, &'d str>,
}

/// Why an object cannot be renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RenameError {
    /// It is to be removed as well.
    IsRemoved,
    /// There is neither an object with the old name nor one with the new name.
    Unknown,
    /// Another object has the new name and keeps it.
    Taken,
    /// Objects exchange their names. Applied again, such a draft would exchange them back.
    Exchanged,
}

impl<'d> Renames<'d> {
    pub(super) fn of<D: AsRef<Identity>>(drafts: &'d [D]) -> Self {
        let renamed = drafts.iter().filter_map(|draft| {
            let identity: &Identity = draft.as_ref();
            let old = old_name(identity).filter(|_| !identity.remove)?;
            Some((identity.name.as_str(), old))
        });
        let old_by_new: HashMap<&str, &str> = renamed.collect();
        let new_by_old = old_by_new.iter().map(|(new, old)| (*old, *new)).collect();
        Self { old_by_new, new_by_old }
    }

    /// Returns the stored object that an object of the draft is; `None` for a new one. A draft that was applied
    /// before matches the objects that already have their new names.
    pub(super) fn find<T>(
        &self,
        identity: &Identity,
        stored: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, RenameError> {
        let here = stored(&identity.name);
        let Some(old) = old_name(identity) else { return Ok(here) };
        if identity.remove {
            return Err(RenameError::IsRemoved);
        }
        match (stored(old), here) {
            (None, None) => Err(RenameError::Unknown),
            (Some(found), None) | (None, Some(found)) => Ok(Some(found)),
            (Some(before), Some(here)) => {
                // In "D from C, C from B", the objects were renamed before when there is a D and no B.
                let (Some(first), Some(last)) =
                    (end_of(&self.old_by_new, old), end_of(&self.new_by_old, &identity.name))
                else {
                    return Err(RenameError::Exchanged);
                };
                if stored(first).is_none() && stored(last).is_some() {
                    Ok(Some(here))
                } else if last != identity.name {
                    Ok(Some(before))
                } else {
                    Err(RenameError::Taken)
                }
            }
        }
    }
}

/// Returns the name that an object is to give up.
pub(super) fn old_name(identity: &Identity) -> Option<&str> {
    identity.renamed_from.as_deref().filter(|old| *old != identity.name)
}

/// Follows names to the last one; `None` in a circle.
fn end_of<'a>(names: &HashMap<&'a str, &'a str>, start: &'a str) -> Option<&'a str> {
    let mut name = start;
    for _ in 0..=names.len() {
        match names.get(name) {
            Some(next) => name = next,
            None => return Some(name),
        }
    }
    None
}
