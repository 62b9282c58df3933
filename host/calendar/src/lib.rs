//! Time zones and schedule rules.
//!
//! A [`Zone`] comes from the system's zone data when that is newer than the embedded copy ([`ZoneDatabase`]). A
//! [`ScheduleRule`] is one text: a pattern and clauses. Tables with the kinds of patterns are in
//! `docs/admin/schedules.md`.

mod machine_zone;
mod near_name;
mod preview;
mod rule;
mod schedule;
mod system_zone_files;
mod zone;
mod zone_database;

pub use machine_zone::{MachineZone, MachineZoneSource, machine_zone};
pub use preview::PreviewTime;
pub use rule::{MisfireRule, Occurrences, OverlapRule, RuleError, ScheduleRule, parse_moment};
pub use schedule::{Schedule, StoredRule};
pub use zone::{UnknownZone, Zone};
pub use zone_database::{ZoneDatabase, ZoneRelease, ZoneSource};
