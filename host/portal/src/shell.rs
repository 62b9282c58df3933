//! What stands around every page: menu, bar with the hop strip, the person signed in.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::parts::HopStrip;
use crate::reader::Reader;
use crate::standing::Standing;
use crate::theme::Theme;
use crate::wall_time::WallTime;

/// A place of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Items,
}

/// Everything around the content of a page.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    pub(crate) place: Place,
    pub(crate) site_name: String,
    pub(crate) version: &'static str,
    pub(crate) theme: Option<Theme>,
    pub(crate) now_ms: i64,
    pub(crate) hops: HopStrip,
    pub(crate) problems: ProblemCount,
    pub(crate) reader: Reader,
    /// Where a form that only changes the look comes back to.
    pub(crate) address: String,
}

/// The bell with the number of problems.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/problem_count.html")]
pub(crate) struct ProblemCount {
    pub(crate) open: usize,
}

impl HtmlSafe for ProblemCount {}

/// What a page knows of the request that asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) reader: Reader,
    pub(crate) theme: Option<Theme>,
    /// Path and query.
    pub(crate) address: String,
}

impl Shell {
    pub(crate) fn new(
        place: Place,
        site_name: &str,
        asked: Asked,
        standing: &Standing,
        times: &WallTime,
    ) -> Self {
        Self {
            place,
            site_name: site_name.to_owned(),
            version: standing.facts.version,
            theme: asked.theme,
            now_ms: times.now().unix_ms(),
            hops: HopStrip::new(standing, times),
            problems: ProblemCount { open: standing.problems.len() },
            reader: asked.reader,
            address: asked.address,
        }
    }

    pub(crate) fn is_at(&self, place: Place) -> bool {
        self.place == place
    }
}
