//! Commits one configuration after another to the data directory named by its argument, and writes the number of each
//! to standard output once it is committed. The test of commits kills it.

use std::io::Write as _;
use std::path::Path;

use riser_calendar::machine_zone;
use riser_domain::{Actor, Clock as _};
use riser_runtime::{ConfigurationDraft, Identity, ScheduleDraft, SystemClock, check_draft, commit};
use riser_secrets::Keyring;
use riser_store::Store;

/// Schedules that every commit changes together.
const SCHEDULES: usize = 40;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os().nth(1).ok_or("say which directory to use")?;
    let (store, _) = Store::open(Path::new(&directory), &SystemClock).await?;
    let keyring = Keyring::locked(store.instance_id(), &[]);
    let mut committed = std::io::stdout().lock();
    let first = store.load_configuration().await?.version + 1;
    for number in first.. {
        let schedules = (0..SCHEDULES).map(|index| ScheduleDraft {
            identity: Identity::named(format!("Schedule {index}")),
            rule: Some(format!("every {number} s")),
        });
        let draft = ConfigurationDraft { schedules: schedules.collect(), ..ConfigurationDraft::default() };
        let checked = check_draft(&draft, (&store, &keyring), (&[], None), &machine_zone()).await?;
        commit(checked, (&store, &keyring), (&Actor::CommandLine, SystemClock.now())).await?;
        writeln!(committed, "{number}")?;
        committed.flush()?;
    }
    Ok(())
}
