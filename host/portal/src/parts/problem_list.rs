use askama::Template;
use askama::filters::HtmlSafe;
use riser_runtime::RaisedProblem;

use super::Icon;
use crate::wall_time::{Age, WallTime};

/// The problems that need attention, each with its effect and its remedy.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/problem_list.html")]
pub(crate) struct ProblemList {
    pub(crate) problems: Vec<ShownProblem>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownProblem {
    pub(crate) what: String,
    pub(crate) effect: String,
    pub(crate) remedy: String,
    pub(crate) setting: Option<String>,
    pub(crate) code: String,
    pub(crate) raised_by: String,
    /// The page of the processor that raised it.
    pub(crate) processor: Option<String>,
    pub(crate) age: Age,
}

impl HtmlSafe for ProblemList {}

impl ProblemList {
    pub(crate) fn new(problems: &[RaisedProblem], times: &WallTime) -> Self {
        let problems = problems
            .iter()
            .map(|raised| ShownProblem {
                what: capitalised(&raised.problem.what),
                effect: capitalised(&raised.problem.effect),
                remedy: capitalised(&raised.problem.remedy),
                setting: raised.problem.setting.clone(),
                code: raised.problem.code.clone(),
                raised_by: raised.raised_by.clone(),
                processor: raised.configuration.map(|id| format!("/processors/{}", id.0)),
                age: times.age(raised.since),
            })
            .collect();
        Self { problems }
    }

    /// Returns `none`, `1 problem` or `3 problems`.
    pub(crate) fn count(&self) -> String {
        match self.problems.len() {
            0 => "none".to_owned(),
            1 => "1 problem".to_owned(),
            many => format!("{many} problems"),
        }
    }
}

impl ShownProblem {
    /// Returns the text that the copy button copies.
    fn to_copy(&self) -> String {
        format!("{}: {} {} {}", self.code, self.what, self.effect, self.remedy)
    }
}

/// Starts a text with a capital letter, for use as a sentence on a page.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
