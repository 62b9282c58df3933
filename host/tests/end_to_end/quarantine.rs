//! A processor that crashes again and again is quarantined until a person releases it.

use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::waiting::until;

const BY_COMMAND: &str = "Released by command";
const BY_BUTTON: &str = "Released by button";
/// Fails in good order, as with a device that is off.
const IN_ORDER: &str = "Fails in order";

#[tokio::test(flavor = "multi_thread")]
async fn five_crashes_quarantine_a_processor_until_a_person_releases_it() {
    let installation = Installation::new(&[programs::library("riser-misbehaving")]);
    let scheduled = "schedule = \"Often\"";
    let file = ConfigurationFile::new()
        .ews_server("Cases")
        .ews_server("More")
        .processor(BY_COMMAND, "riser.misbehaving/segfault", "Cases", scheduled)
        .processor(BY_BUTTON, "riser.misbehaving/panic", "Cases", "")
        .processor(IN_ORDER, "riser.misbehaving/double-ids", "Cases", "");
    installation.apply(&format!("{}[[schedule]]\nname = \"Often\"\nrule = \"every 1 s\"\n", file.text()));
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;

    let status = until("both quarantined", async || {
        let status = installation.ask(&["status"]).text;
        if [BY_COMMAND, BY_BUTTON].iter().all(|name| status.contains(&is_quarantined(name))) {
            Ok(status)
        } else {
            Err(status)
        }
    })
    .await;
    assert!(!status.contains(&is_quarantined(IN_ORDER)), "{status}");
    let row = portal.row(BY_COMMAND).await;
    assert!(row.contains("Quarantined") && row.contains("signal 11 (segmentation fault)"), "{row}");
    let page = portal.page("/").await;
    assert!(
        page.contains("crashed 5 times in 10 min, the last time: panicked: panicked as ordered"),
        "{page}"
    );
    let refused = installation.ask(&["run", BY_COMMAND]);
    let reason = "was not started: it is quarantined because it crashed too often: release it first";
    assert!(!refused.is_success && refused.text.contains(reason), "{}", refused.text);
    until("a skipped time of the schedule", async || {
        let runs = installation.ask(&["runs", BY_COMMAND]).text;
        if runs.contains("the processor was quarantined") { Ok(()) } else { Err(runs) }
    })
    .await;
    host.stop();

    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let status = installation.ask(&["status"]).text;
    assert!(
        status.contains(&is_quarantined(BY_COMMAND)) && status.contains(&is_quarantined(BY_BUTTON)),
        "{status}"
    );

    let released = installation.ask(&["release", BY_COMMAND]);
    assert!(released.is_success, "{}", released.text);
    portal.press("release", BY_BUTTON).await;
    for name in [BY_COMMAND, BY_BUTTON] {
        until(&format!("a run of {name} after its release"), async || {
            let row = portal.row(name).await;
            if row.contains("Retrying") { Ok(()) } else { Err(row) }
        })
        .await;
    }
    let again = installation.ask(&["release", BY_COMMAND]);
    assert!(
        !again.is_success && again.text.contains("was not released: it is not quarantined"),
        "{}",
        again.text
    );
    let audit = installation.ask(&["audit"]).text;
    for actor in ["command line", ADMIN] {
        let released = audit.lines().find(|line| line.contains("quarantine") && line.contains(actor));
        assert!(released.is_some_and(|line| line.contains("remove")), "{audit}");
    }
    host.stop();
}

/// Returns the beginning of the sentence in `riser status` about a quarantined processor.
fn is_quarantined(name: &str) -> String {
    format!("`riser release {name:?}` starts it again")
}
