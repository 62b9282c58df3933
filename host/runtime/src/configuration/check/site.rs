use riser_calendar::Zone;
use riser_store::Site;

use super::identity::{SITE, name_error};
use super::{Basis, Differences, Errors};
use crate::configuration::draft::SiteDraft;
use crate::configuration::field_path::FieldPath;
use crate::configuration::plan::PlanLine;

/// Returns the new site; `None` when it stays as it is.
pub(super) fn check(
    draft: &SiteDraft,
    basis: &Basis<'_>,
    errors: &mut Errors,
    lines: &mut Vec<PlanLine>,
) -> Option<Site> {
    let stored = &basis.current.configuration.site;
    let path = FieldPath::default().key(SITE.key);
    let mut site = stored.clone();
    match draft.name.as_deref() {
        None => {}
        Some("") => site.name = None,
        Some(name) if stored.name.as_deref() == Some(name) => {}
        Some(name) => match name_error(SITE, name) {
            Some(message) => errors.add(&path.key("name"), message),
            None => site.name = Some(name.to_owned()),
        },
    }
    match draft.time_zone.as_deref() {
        None => {}
        Some("") => site.time_zone = None,
        Some(name) if stored.time_zone.as_deref() == Some(name) => {}
        Some(name) => match name.parse::<Zone>() {
            Ok(zone) => site.time_zone = Some(zone.name().to_owned()),
            Err(unknown) => errors.add(&path.key("time_zone"), unknown.to_string()),
        },
    }
    let mut differences = Differences::default();
    let shown = |text: &Option<String>| format!("{:?}", text.as_deref().unwrap_or_default());
    differences.field("name", &stored.name, &site.name, shown);
    differences.field("time_zone", &stored.time_zone, &site.time_zone, shown);
    if differences.0.is_empty() {
        return None;
    }
    lines.push(PlanLine::change(format!("site changed: {}", differences.0)));
    Some(site)
}
