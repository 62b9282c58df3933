//! axe-core, the accessibility checker of Deque: installed from npm, not part of this repository.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::chromium::Tab;
use crate::workspace;

const PACKAGE: &str = "axe-core@4.14.1";
/// The rules of WCAG 2.0 to 2.2, levels A and AA.
const RUN: &str = r#"
    const done = arguments[arguments.length - 1];
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    axe.run(document, { runOnly, resultTypes: ["violations"] }).then(
        (found) => done(found.violations.map((v) => ({
            rule: v.id,
            help: v.help,
            elements: v.nodes.map((n) => n.target.join(" ")),
        }))),
        (error) => done([{ rule: "axe failed", help: String(error), elements: [] }]),
    );
"#;

/// The script.
pub(super) struct Axe {
    script: String,
}

/// A rule that a page breaks.
#[derive(Debug, Deserialize)]
pub(super) struct Violation {
    pub(super) rule: String,
    pub(super) help: String,
    pub(super) elements: Vec<String>,
}

impl Axe {
    /// Installs the package into the target directory unless it is there.
    pub(super) fn install() -> anyhow::Result<Self> {
        let directory = workspace::target_dir().join("axe");
        let script = directory.join("node_modules/axe-core/axe.min.js");
        let stamp = directory.join("package.installed");
        if !std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == PACKAGE) {
            std::fs::create_dir_all(&directory)?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]);
            npm.arg(&directory).arg(PACKAGE).stdin(Stdio::null()).stdout(Stdio::null());
            let status = npm.status().context("npm is missing; install the package npm")?;
            ensure!(status.success(), "`npm install {PACKAGE}` failed");
            std::fs::write(stamp, PACKAGE)?;
        }
        let script = std::fs::read_to_string(&script).with_context(|| script.display().to_string())?;
        Ok(Self { script })
    }

    /// Loads the script into the page, so that it can check it.
    pub(super) async fn load(&self, tab: &Tab) -> anyhow::Result<()> {
        tab.run::<()>(&self.script).await
    }

    /// Returns the violations of the page as it is now.
    pub(super) async fn violations(&self, tab: &Tab) -> anyhow::Result<Vec<Violation>> {
        tab.run_async(RUN).await
    }
}
