//! Says at each set point who set its value, and what Riser does with it.

use std::sync::Arc;

use super::SetPointWriter;
use super::active_reductions::Active;
use super::renewal::{in_words, is_changed};
use crate::model::{Reduction, Zone};

impl SetPointWriter<'_> {
    /// Fills in the remarks on the set points of a site.
    pub(crate) fn annotate(&mut self) {
        let remarks: Vec<Option<Arc<str>>> =
            self.site.zones.iter().map(|zone| self.remark_on_zone(zone)).collect();
        for (zone, remark) in self.site.zones.iter_mut().zip(remarks) {
            zone.remark = remark;
        }
        self.annotate_connectors();
    }

    /// Returns who set the reduction of a zone, and what Riser does with it.
    pub(super) fn remark_on_zone(&self, zone: &Zone) -> Option<Arc<str>> {
        let active = self.active.get(&zone.id);
        let remark = match &zone.reduction {
            None => format!("the BMS is silent; {}", self.bms_writes.done(&zone.id)?),
            Some(shown) if !self.client.is_own(&zone.id, shown) => of_foreign(shown, active),
            Some(shown) => of_own(shown, active),
        };
        Some(Arc::from(remark))
    }
}

fn of_foreign(shown: &Reduction, active: Option<&Active>) -> String {
    let then = match active {
        Some(active) if active.is_fallback => {
            format!(" and sets the fallback of {} % when it has ended", active.percent.requested)
        }
        Some(active) => {
            format!(" and sets the {} % of the BMS again when it has ended", active.percent.requested)
        }
        None => String::new(),
    };
    format!("{} is another user's; Riser does not change it{then}", in_words(shown))
}

fn of_own(shown: &Reduction, active: Option<&Active>) -> String {
    let Some(active) = active else {
        return "found at the controller under the name of Riser's user; Riser does not renew it".to_owned();
    };
    let percent = active.percent.requested;
    match (shown.percent.filter(|shown| is_changed(active, *shown)), active.fixed_until) {
        (Some(_), _) => format!("changed at the controller; the BMS wrote {percent} %"),
        (None, _) if active.is_fallback => {
            "the BMS is silent; Riser set this fallback, and renews it until the BMS writes".to_owned()
        }
        (None, Some(_)) => "by the BMS, until its validity ends".to_owned(),
        (None, None) => "by the BMS; Riser renews it".to_owned(),
    }
}
