//! Opens pages in both themes and all widths, and collects violations.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use super::axe::Axe;
use super::{print, screenshots};
use crate::chromium::{Tab, Theme};

/// Widths that axe checks, in CSS pixels.
const WIDTHS_PX: [u32; 3] = [1440, 768, 390];
/// Widths of the screenshots.
const SCREENSHOT_WIDTHS_PX: [u32; 2] = [1440, 390];
/// Below this width a page may scroll sideways.
const NARROWEST_PX: u32 = 320;

/// Returns the width of the content beyond the window, and the first element that causes it.
const SIDEWAYS: &str = r#"
    const beyond = document.documentElement.scrollWidth - innerWidth;
    if (beyond <= 0) return null;
    const wide = [...document.querySelectorAll("main *")].find((e) => e.getBoundingClientRect().right > innerWidth + 1);
    return `scrolls ${beyond} px sideways: ${wide ? wide.outerHTML.slice(0, 120) : "outside of main"}`;
"#;

/// The pages opened so far, and their violations.
pub(super) struct Inspection {
    axe: Axe,
    filter: Option<String>,
    /// Names of pages, with their state.
    opened: HashSet<String>,
    checks: usize,
    /// Each with the themes and widths in which it was found.
    violations: BTreeMap<String, Vec<String>>,
}

impl Inspection {
    /// Begins one; older screenshots are removed.
    pub(super) fn new(axe: Axe, filter: Option<String>) -> anyhow::Result<Self> {
        let directory = screenshots();
        if filter.is_none() && directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        std::fs::create_dir_all(&directory)?;
        Ok(Self { axe, filter, opened: HashSet::new(), checks: 0, violations: BTreeMap::new() })
    }

    /// Opens a page of a site in this state in all themes and widths.
    pub(super) async fn open(
        &mut self,
        tab: &Tab,
        state: &str,
        name: &str,
        address: &str,
    ) -> anyhow::Result<()> {
        let title = format!("{state}/{name}");
        if !self.begin(&title) {
            return Ok(());
        }
        let before = self.violations.len();
        for theme in Theme::ALL {
            tab.set_theme(address, theme).await?;
            tab.goto(address).await?;
            self.check_all_widths(tab, &title, theme).await?;
        }
        self.finish(tab, &title, before).await
    }

    /// Checks the page that is shown, the response to a form, in all themes and widths.
    pub(super) async fn check_shown(&mut self, tab: &Tab, state: &str, name: &str) -> anyhow::Result<()> {
        let title = format!("{state}/{name}");
        if !self.begin(&title) {
            return Ok(());
        }
        let before = self.violations.len();
        for theme in Theme::ALL {
            tab.show_theme(theme).await?;
            self.check_all_widths(tab, &title, theme).await?;
        }
        self.finish(tab, &title, before).await
    }

    /// Returns whether a page is wanted and new.
    fn begin(&mut self, title: &str) -> bool {
        let is_wanted = self.filter.as_ref().is_none_or(|filter| title.contains(filter));
        is_wanted && self.opened.insert(title.to_owned())
    }

    async fn check_all_widths(&mut self, tab: &Tab, title: &str, theme: Theme) -> anyhow::Result<()> {
        self.axe.load(tab).await?;
        for width in WIDTHS_PX {
            tab.set_width(width).await?;
            self.check(tab, title, theme, width).await?;
        }
        tab.set_width(NARROWEST_PX).await?;
        self.check_width(tab, title, NARROWEST_PX).await?;
        tab.set_width(WIDTHS_PX[0]).await
    }

    async fn finish(&mut self, tab: &Tab, title: &str, before: usize) -> anyhow::Result<()> {
        for error in tab.console_errors().await? {
            // The page of an error is served with its status, which browsers log.
            if !error.contains("the server responded with a status of 4") {
                self.add(format!("{title}: console: {error}"), String::new());
            }
        }
        let outcome = match self.violations.len() - before {
            0 => "clean".to_owned(),
            count => format!("{count} violations"),
        };
        print(&format!("{title:<60} {outcome}"))?;
        Ok(())
    }

    async fn check(&mut self, tab: &Tab, title: &str, theme: Theme, width_px: u32) -> anyhow::Result<()> {
        self.checks += 1;
        let found_in = format!("{} {width_px} px", theme.as_str());
        for violation in self.axe.violations(tab).await? {
            let elements = violation.elements.join(", ");
            let (rule, help) = (violation.rule, violation.help);
            self.add(format!("{title}: {rule}: {help}: {elements}"), found_in.clone());
        }
        self.check_width(tab, title, width_px).await?;
        if SCREENSHOT_WIDTHS_PX.contains(&width_px) {
            let file = screenshot_file(title, theme, width_px);
            std::fs::create_dir_all(file.parent().unwrap_or(&file))?;
            std::fs::write(file, tab.screenshot().await?)?;
        }
        Ok(())
    }

    async fn check_width(&mut self, tab: &Tab, title: &str, width_px: u32) -> anyhow::Result<()> {
        if let Some(sideways) = tab.run::<Option<String>>(SIDEWAYS).await? {
            self.add(format!("{title}: {sideways}"), format!("{width_px} px"));
        }
        Ok(())
    }

    /// Adds pages that no link leads to.
    pub(super) fn report_not_reached(&mut self, routes: Vec<String>) {
        for route in routes {
            self.add(format!("no link leads to {route}, so it was not opened"), String::new());
        }
    }

    fn add(&mut self, violation: String, found_in: String) {
        self.violations.entry(violation).or_default().push(found_in);
    }

    pub(super) fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.checks > 0
    }

    /// Returns all violations and the number of checks.
    pub(super) fn summary(&self) -> String {
        let Self { checks, violations, opened, .. } = self;
        let lines = violations.iter().map(|(violation, found_in)| {
            format!("{violation} {}\n", found_in.join(", ")).trim_start().to_owned()
        });
        let found: String = lines.collect();
        format!(
            "{found}{} pages opened, {checks} checks with axe, {} violations; screenshots in {}",
            opened.len(),
            violations.len(),
            screenshots().display()
        )
    }
}

fn screenshot_file(title: &str, theme: Theme, width_px: u32) -> PathBuf {
    screenshots().join(format!("{title}-{width_px}-{}.png", theme.as_str()))
}
