use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use riser_domain::FakeClock;
use riser_store::Store;

use crate::fixture::START;

/// Number of kills in one directory.
const KILLS: usize = 5;

#[tokio::test]
async fn an_acknowledged_set_point_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<i64> = Vec::new();
    for kill in 0..KILLS {
        let mut child = Command::new(example()).arg(directory.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // The number of acknowledgements before the kill differs each time.
        for _ in 0..=(kill * 13) {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            acknowledged.push(line.trim().parse().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        let whole_lines = rest.rfind('\n').map_or("", |end| &rest[..end]);
        acknowledged.extend(whole_lines.lines().map(|line| line.parse::<i64>().unwrap()));

        let (store, recovery) = Store::open(directory.path(), &FakeClock::at(START)).await.unwrap();
        assert!(recovery.quarantined.is_empty());
        let newest = store.latest_writes().await.unwrap().last().map(|write| write.id.0).unwrap();
        let audited = store.list_audit(1).await.unwrap()[0].id;
        assert!(newest >= *acknowledged.last().unwrap(), "kill {kill}");
        // Each write has its audit row in the same commit, and ids have no gap.
        assert_eq!(audited, newest);
        let open = store.open_writes().await.unwrap().len();
        assert!(open <= 7, "only the newest write of a point is open");
        store.close().await;
    }
    assert!(acknowledged.is_sorted());
}

fn example() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("examples/accepts_until_killed")
}
