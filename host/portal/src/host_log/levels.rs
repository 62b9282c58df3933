use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use riser_domain::{LogLevel, Timestamp};
use strum::IntoEnumIterator as _;

use super::Component;

/// How long a level applies that ends by itself.
const LIMITED: Duration = Duration::from_mins(30);

/// Gives the log a filter such as `info,riser_ews=debug`.
type Apply = dyn Fn(&str) -> Result<(), String> + Send + Sync;

/// The levels of the components. Clones share them.
#[derive(Clone)]
pub struct LogLevels {
    shared: Arc<Shared>,
}

struct Shared {
    /// The filter that applies without changes.
    usual: String,
    apply: Box<Apply>,
    changed: Mutex<BTreeMap<Component, Changed>>,
}

#[derive(Clone, Copy, Debug)]
struct Changed {
    level: LogLevel,
    /// `None` until it is changed back.
    until: Option<Timestamp>,
    /// Differs from that of another change of the component, so that an older end does not apply.
    number: u64,
}

/// When a changed level ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LevelEnd {
    /// After half an hour.
    Limited,
    ChangedBack,
}

/// A component with its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ComponentLevel {
    pub(crate) component: Component,
    /// `None` for the usual one.
    pub(crate) level: Option<LogLevel>,
    pub(crate) until: Option<Timestamp>,
}

impl LogLevels {
    /// `usual` is the filter that applies now, such as `info,sqlx=warn`. `apply` gives the log another one.
    pub fn new(
        usual: impl Into<String>,
        apply: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared { usual: usual.into(), apply: Box::new(apply), changed: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Returns the filter that applies without changes.
    pub(crate) fn usual(&self) -> &str {
        &self.shared.usual
    }

    /// Returns all components.
    pub(crate) fn list(&self) -> Vec<ComponentLevel> {
        let changed = self.shared.changed.lock();
        let of_component = |component| {
            let change = changed.get(&component);
            ComponentLevel {
                component,
                level: change.map(|change| change.level),
                until: change.and_then(|change| change.until),
            }
        };
        Component::iter().map(of_component).collect()
    }

    /// Changes the level of a component. Returns when it ends.
    ///
    /// # Errors
    /// If the log does not accept it.
    pub(crate) fn set(
        &self,
        component: Component,
        level: LogLevel,
        end: LevelEnd,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, String> {
        let until = (end == LevelEnd::Limited).then(|| now.plus(LIMITED));
        let mut changed = self.shared.changed.lock();
        let number = changed.get(&component).map_or(0, |before| before.number + 1);
        let before = changed.insert(component, Changed { level, until, number });
        if let Err(error) = self.apply(&changed) {
            match before {
                Some(before) => changed.insert(component, before),
                None => changed.remove(&component),
            };
            return Err(error);
        }
        drop(changed);
        if until.is_some() {
            let this = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(LIMITED).await;
                this.end(component, number);
            });
        }
        Ok(until)
    }

    /// Gives a component its usual level again. Returns whether it had another one.
    pub(crate) fn change_back(&self, component: Component) -> Result<bool, String> {
        let mut changed = self.shared.changed.lock();
        let had_another = changed.remove(&component).is_some();
        self.apply(&changed).map(|()| had_another)
    }

    fn end(&self, component: Component, number: u64) {
        let is_current = self.shared.changed.lock().get(&component).is_some_and(|it| it.number == number);
        if !is_current {
            return;
        }
        match self.change_back(component) {
            Ok(_) => tracing::info!("the log level of {} is the usual one again", component.as_str()),
            Err(error) => {
                tracing::error!("the log level of {} cannot be changed back: {error}", component.as_str());
            }
        }
    }

    /// Later directives for a target replace earlier ones.
    fn apply(&self, changed: &BTreeMap<Component, Changed>) -> Result<(), String> {
        let mut filter = self.shared.usual.clone();
        for (component, change) in changed {
            for target in component.targets() {
                filter.extend([",", target, "=", change.level.as_str()]);
            }
        }
        (self.shared.apply)(&filter)
    }
}

impl fmt::Debug for LogLevels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLevels").field("usual", &self.shared.usual).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_805_981_529_000);

    fn levels() -> (LogLevels, Arc<Mutex<String>>) {
        let filter = Arc::<Mutex<String>>::default();
        let applied = Arc::clone(&filter);
        let levels = LogLevels::new("info,sqlx=warn", move |text| {
            text.clone_into(&mut applied.lock());
            Ok(())
        });
        (levels, filter)
    }

    #[tokio::test]
    async fn a_level_ends_by_itself_unless_it_was_changed_meanwhile() {
        let (levels, filter) = levels();
        let until = levels.set(Component::Ews, LogLevel::Debug, LevelEnd::Limited, NOW).unwrap();
        assert_eq!(until, Some(NOW.plus(LIMITED)));
        assert_eq!(*filter.lock(), "info,sqlx=warn,riser_ews=debug");
        levels.set(Component::Ews, LogLevel::Warn, LevelEnd::Limited, NOW).unwrap();
        levels.set(Component::Store, LogLevel::Error, LevelEnd::ChangedBack, NOW).unwrap();
        assert_eq!(*filter.lock(), "info,sqlx=warn,riser_ews=warn,riser_store=error,sqlx=error");
        levels.end(Component::Ews, 0);
        assert_eq!(levels.list()[2].level, Some(LogLevel::Warn), "the end of the first change applied");
        levels.end(Component::Ews, 1);
        assert_eq!(*filter.lock(), "info,sqlx=warn,riser_store=error,sqlx=error");
        assert_eq!(levels.change_back(Component::Store), Ok(true));
        assert_eq!(levels.change_back(Component::Store), Ok(false));
        assert_eq!(*filter.lock(), "info,sqlx=warn");
    }

    #[tokio::test]
    async fn a_level_that_the_log_refuses_is_not_shown() {
        let levels = LogLevels::new("info", |_| Err("refused".to_owned()));
        let refused = levels.set(Component::Ews, LogLevel::Debug, LevelEnd::ChangedBack, NOW);
        assert_eq!(refused, Err("refused".to_owned()));
        assert!(levels.list().iter().all(|it| it.level.is_none()));
    }
}
