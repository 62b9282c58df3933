//! The steps of the wizard, which only its own buttons lead to.

use super::inspection::Inspection;
use crate::chromium::Tab;

/// More steps than the wizard has.
const MOST_STEPS: usize = 10;

/// Begins an addition and opens each step, as far as the defaults lead.
pub(super) async fn inspect(
    inspection: &mut Inspection,
    tab: &Tab,
    state: &str,
    portal_url: &str,
) -> anyhow::Result<()> {
    tab.goto(&format!("{portal_url}/processors/add")).await?;
    for _ in 0..MOST_STEPS {
        let before = tab.address().await?;
        if !tab.press_button("Continue").await? {
            break;
        }
        let address = tab.address().await?;
        if address == before {
            // The step has errors.
            break;
        }
        let step = address.path().rsplit('/').next().unwrap_or_default().to_owned();
        inspection.open(tab, state, &format!("add-processor-{step}"), address.as_str()).await?;
        tab.goto(address.as_str()).await?;
    }
    Ok(())
}
