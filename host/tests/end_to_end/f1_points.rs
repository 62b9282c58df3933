//! Site F1 over EWS equals `f1-points.csv`, after Setup alone and after the first Status poll.

use std::collections::BTreeSet;

use riser_domain::ValueState;
use riser_ews::client::EwsClient;

use crate::bms::{Item, Tree, id_of, kind_name, read, walk, walk_until_there};
use crate::site::{Processors, Site};
use crate::waiting::until;

const POINTS: &str = include_str!("../../../plugins/evce/tests/f1-points.csv");
const A_STATUS_POINT: &str = "EVCE Zones/SiteOverallActivePowerTotal";

/// One row of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    path: String,
    kind: String,
    r#type: String,
    unit: String,
    is_writable: bool,
    value: String,
    state: String,
}

/// The two points in time, by the column of the value.
#[derive(Clone, Copy)]
enum Moment {
    AfterSetup = 7,
    AfterStatus = 9,
}

/// Returns every path of site F1.
pub(crate) fn paths() -> BTreeSet<String> {
    expected(Moment::AfterStatus).into_iter().map(|row| row.path).collect()
}

fn expected(moment: Moment) -> Vec<Row> {
    let mut rows: Vec<Row> = POINTS
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), 11, "{line}");
            let (directory, name) = (cells[0], cells[1]);
            let column = moment as usize;
            Row {
                path: if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") },
                kind: cells[2].to_owned(),
                r#type: cells[3].to_owned(),
                unit: cells[4].to_owned(),
                is_writable: cells[6] == "yes",
                value: cells[column].to_owned(),
                state: cells[column + 1].to_owned(),
            }
        })
        .collect();
    rows.sort();
    rows
}

async fn served(bms: &EwsClient, tree: &Tree) -> Vec<Row> {
    let mut rows = Vec::new();
    for (path, (id, item)) in tree {
        let path = path.clone();
        rows.push(match item {
            Item::Container { kind } => Row {
                path,
                kind: "container".to_owned(),
                r#type: kind.clone(),
                unit: String::new(),
                is_writable: false,
                value: String::new(),
                state: String::new(),
            },
            Item::Value(facts) => {
                let (value, state) = read(bms, id).await.unwrap();
                Row {
                    path,
                    kind: "value".to_owned(),
                    r#type: kind_name(facts.kind).to_owned(),
                    unit: facts.unit.clone(),
                    is_writable: facts.is_writeable,
                    value,
                    state: format!("{state:?}"),
                }
            }
            Item::History(facts) => Row {
                path,
                kind: "history".to_owned(),
                r#type: kind_name(facts.kind).to_owned(),
                unit: facts.unit.clone(),
                is_writable: false,
                value: String::new(),
                state: String::new(),
            },
        });
    }
    rows.sort();
    rows
}

fn assert_same(served: &[Row], expected: &[Row]) {
    let missing: Vec<_> = expected.iter().filter(|row| !served.contains(row)).collect();
    let unexpected: Vec<_> = served.iter().filter(|row| !expected.contains(row)).collect();
    assert!(missing.is_empty() && unexpected.is_empty(), "missing {missing:#?}\nunexpected {unexpected:#?}");
}

#[tokio::test]
async fn the_tree_equals_the_file_after_setup_alone() {
    let site = Site::new("F1", Processors::SetupAlone);
    let (_host, bms) = site.start();
    let tree = walk_until_there(&bms, A_STATUS_POINT).await;
    assert_same(&served(&bms, &tree).await, &expected(Moment::AfterSetup));
}

#[tokio::test]
async fn the_tree_equals_the_file_after_the_first_status_poll() {
    let site = Site::new("F1", Processors::SetupAndStatus);
    let (_host, bms) = site.start();
    let tree = walk_until_there(&bms, A_STATUS_POINT).await;
    until("a status poll", async || match read(&bms, id_of(&tree, A_STATUS_POINT)).await {
        Ok((_, ValueState::Good)) => Ok(()),
        seen => Err(seen),
    })
    .await;
    let tree = walk(&bms).await.unwrap();
    assert_same(&served(&bms, &tree).await, &expected(Moment::AfterStatus));
}
