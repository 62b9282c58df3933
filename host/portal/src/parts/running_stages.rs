use askama::Template;
use riser_runtime::TestStage;

use super::Icon;
use super::connection_test::ShownStage;

/// The stages of a connection test that runs. The list asks for itself again until the test has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "parts/running_stages.html")]
pub(crate) struct RunningStages {
    pub(crate) stages: Vec<ShownStage>,
    /// The stage that runs, by its name.
    pub(crate) running: Option<String>,
    /// The address to ask next; `None` at the end.
    pub(crate) next: Option<String>,
}

impl RunningStages {
    pub(crate) fn new(stages: &[TestStage], next: Option<String>) -> Self {
        let running = stages.iter().find(|stage| stage.passed.is_none());
        Self {
            stages: stages.iter().filter_map(ShownStage::new).collect(),
            running: running.map(|stage| ShownStage::name_of(&stage.stage).to_owned()),
            next,
        }
    }
}
