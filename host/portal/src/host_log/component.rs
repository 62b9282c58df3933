use strum::{EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr};

/// A part of the host that logs. Each has its own level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Component {
    Runtime,
    Workers,
    Ews,
    Portal,
    Store,
    Host,
}

impl Component {
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the subjects of its lines, for people.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Runtime => "processors, runs, schedules, connections, plugins",
            Self::Workers => "worker processes and library files",
            Self::Ews => "requests of the BMS",
            Self::Portal => "pages, logins and the HTTP listener",
            Self::Store => "the databases",
            Self::Host => "start and stop, secrets, the machine",
        }
    }

    /// Returns the targets of its events: names of crates.
    pub(super) const fn targets(self) -> &'static [&'static str] {
        match self {
            Self::Runtime => &["riser_runtime", "riser_calendar", "riser_domain"],
            Self::Workers => &["riser_worker_host", "riser_worker_protocol"],
            Self::Ews => &["riser_ews"],
            Self::Portal => &["riser_portal", "riser_http_server", "hyper"],
            Self::Store => &["riser_store", "sqlx"],
            Self::Host => &["riser", "riser_platform", "riser_secrets"],
        }
    }

    /// Returns the component of an event. Works of others count as the host.
    pub(super) fn of_target(target: &str) -> Self {
        let owner = target.split("::").next().unwrap_or_default();
        Self::iter().find(|component| component.targets().contains(&owner)).unwrap_or(Self::Host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_belong_to_the_component_of_their_crate() {
        assert_eq!(Component::of_target("riser_runtime::supervisor::execution"), Component::Runtime);
        assert_eq!(Component::of_target("riser::commands::serve"), Component::Host);
        assert_eq!(Component::of_target("sqlx::query"), Component::Store);
        assert_eq!(Component::of_target("rustls"), Component::Host);
        assert_eq!("ews".parse(), Ok(Component::Ews));
    }

    /// A component without a row would have no level.
    #[test]
    fn every_crate_of_the_host_has_a_component() {
        let host = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        for directory in
            std::fs::read_dir(host).unwrap().flatten().filter(|it| it.path().join("Cargo.toml").exists())
        {
            let name = directory.file_name().into_string().unwrap().replace('-', "_");
            let target = format!("riser_{name}");
            let is_known = Component::iter().any(|component| component.targets().contains(&&*target));
            // The worker has its own process, without this log.
            assert!(is_known || target == "riser_worker", "{target}");
        }
    }
}
