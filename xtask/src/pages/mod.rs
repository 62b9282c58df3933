//! `cargo xtask pages`: opens every page of the portal in Chromium, in several states of a site, both themes and
//! several widths. Finds accessibility violations (axe), sideways scrolling and errors in the console, and takes
//! screenshots.

pub(crate) mod addresses;
mod axe;
mod forms;
mod inspection;
mod site;
mod wizard;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::addresses::PageAddress;
use self::axe::Axe;
use self::inspection::Inspection;
use self::site::{EmptySite, Site};
use crate::chromium::{Chromium, Tab};
use crate::demo::programs::Programs;
use crate::portal_session::PortalSession;
use crate::processes::Login;

/// Arguments of `cargo xtask pages`.
#[derive(Args, Debug)]
pub(crate) struct PagesArgs {
    /// Open only pages whose names contain this
    filter: Option<String>,
    /// Use the programs and libraries in this directory instead of building them
    #[arg(long, value_name = "DIR", env = "RISER_PROGRAMS", hide = true)]
    programs: Option<PathBuf>,
}

/// Opens all pages and reports violations.
pub(crate) fn run(arguments: &PagesArgs) -> anyhow::Result<ExitCode> {
    // One thread: Linux signals a child when the thread that started it ends.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut inspection = Inspection::new(Axe::install()?, arguments.filter.clone())?;
    let outcome = runtime.block_on(inspect_all(arguments, &mut inspection));
    print(&inspection.summary())?;
    outcome?;
    Ok(if inspection.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn inspect_all(arguments: &PagesArgs, inspection: &mut Inspection) -> anyhow::Result<()> {
    let programs = Programs::find(arguments.programs.as_deref()).await?;
    let plugin = programs.evce_plugin.as_path();
    let chromium = Chromium::start().await?;

    let site = EmptySite::start(&programs).await?;
    let tab = chromium.open().await?;
    inspect_first_run(inspection, &tab, &site).await?;
    site.add_administrator().await?;
    tab.sign_in(site.portal_url(), &site.admin).await?;
    inspect_signed_in(inspection, &tab, "empty", site.portal_url(), &site.admin).await?;
    forms::inspect(inspection, &tab, "empty", site.portal_url(), plugin).await?;
    tab.close().await?;
    site.end().await;

    let mut site = Site::start(&programs).await?;
    let tab = chromium.open().await?;
    tab.sign_in(site.portal_url(), &site.logins.admin).await?;
    let reached = inspect_signed_in(inspection, &tab, "site", site.portal_url(), &site.logins.admin).await?;
    forms::inspect(inspection, &tab, "site", site.portal_url(), plugin).await?;
    if arguments.filter.is_none() {
        inspection.report_not_reached(addresses::not_reached(&reached)?);
    }
    site.lose_controller().await?;
    inspect_signed_in(inspection, &tab, "failing", site.portal_url(), &site.logins.admin).await?;
    forms::inspect(inspection, &tab, "failing", site.portal_url(), plugin).await?;
    tab.close().await?;
    site.end().await;
    Ok(())
}

/// Opens the pages of somebody who has not signed in.
async fn inspect_first_run(inspection: &mut Inspection, tab: &Tab, site: &EmptySite) -> anyhow::Result<()> {
    for (name, path) in [("setup", "/setup"), ("login", "/login")] {
        inspection.open(tab, "first-run", name, &format!("{}{path}", site.portal_url())).await?;
    }
    Ok(())
}

/// Opens all pages that links lead to, and the steps of the wizard. Returns their addresses.
async fn inspect_signed_in(
    inspection: &mut Inspection,
    tab: &Tab,
    state: &'static str,
    portal_url: &str,
    admin: &Login,
) -> anyhow::Result<Vec<PageAddress>> {
    let found = addresses::find(&PortalSession::sign_in(portal_url, admin).await?).await?;
    for page in &found {
        inspection.open(tab, state, &page.name, &format!("{portal_url}{}", page.address)).await?;
    }
    inspection.open(tab, state, "error-404", &format!("{portal_url}/no-such-page")).await?;
    wizard::inspect(inspection, tab, state, portal_url).await?;
    Ok(found)
}

fn print(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

/// Returns the directory of the screenshots.
fn screenshots() -> PathBuf {
    Path::join(&crate::workspace::target_dir(), "screenshots")
}
