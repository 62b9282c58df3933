//! A process that is killed in the middle of a commit leaves the old configuration or the new one.

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use riser_calendar::StoredRule;
use riser_runtime::SystemClock;
use riser_store::Store;

/// Times that the process is killed in one directory.
const KILLS: usize = 5;

#[tokio::test]
async fn after_kill_9_the_configuration_is_the_old_one_or_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    for kill in 0..KILLS {
        let mut child = Command::new(example()).arg(directory.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        // Killed after another number of commits each time.
        for _ in 0..=kill * 3 {
            lines.read_line(&mut text).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        lines.read_to_string(&mut text).unwrap();
        let whole_lines = text.rfind('\n').map_or("", |end| &text[..end]);
        let acknowledged: i64 = whole_lines.lines().last().unwrap().parse().unwrap();

        let (store, recovery) = Store::open(directory.path(), &SystemClock).await.unwrap();
        assert!(recovery.quarantined.is_empty());
        let configuration = store.load_configuration().await.unwrap();
        let rules: BTreeSet<String> =
            configuration.schedules.iter().map(|schedule| schedule.rule.to_string()).collect();
        let version = configuration.version;
        assert_eq!(configuration.schedules.len(), 40, "kill {kill}");
        let whole: StoredRule = format!("every {version} s").parse().unwrap();
        assert_eq!(rules, BTreeSet::from([whole.to_string()]), "kill {kill}");
        assert!(version >= acknowledged, "kill {kill}: {version} follows {acknowledged}");
        store.close().await;
    }
}

fn example() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("examples/configures_until_killed")
}
