//! The lists of files in docs/ARCHITECTURE.md, "Files to touch", are short and true.

use std::collections::BTreeSet;
use std::path::Path;

use crate::{read, workspace};

/// The heading of each list, and how many files it may have.
const LISTS: [(&str, usize); 2] =
    [("### A host service: at most 5 files", 5), ("### An item kind: at most 15 files", 15)];
/// A service that was added by the first list: its name as a method and as a call.
const SERVICE: [&str; 2] = ["run_log_link", "RunLogLink"];
/// Directories of product code that a service could touch.
const PRODUCT: [&str; 7] = [
    "plugin-api/src",
    "plugin-api/testing/src",
    "host/worker/src",
    "host/worker-host/src",
    "host/worker-protocol/src",
    "host/runtime/src",
    "host/domain/src",
];

/// The paths of a list, one for each item.
fn list(heading: &str) -> Vec<String> {
    let text = read("docs/ARCHITECTURE.md");
    let section = text.lines().skip_while(|line| *line != heading).skip(1);
    let items = section.take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with("- "));
    items.map(|item| item.split('`').nth(1).unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_file_to_touch_exists_and_the_lists_are_short() {
    for (heading, most) in LISTS {
        let files = list(heading);
        let missing: Vec<_> = files.iter().filter(|file| !workspace().join(file).is_file()).collect();
        assert_eq!(missing, [""; 0], "{heading}");
        let unique: BTreeSet<_> = files.iter().collect();
        assert_eq!(unique.len(), files.len(), "a file stands twice below {heading:?}");
        assert!((1..=most).contains(&files.len()), "{heading}: {} files", files.len());
    }
}

#[test]
fn a_service_is_in_all_files_of_its_list_and_in_no_other() {
    let listed: BTreeSet<String> = list(LISTS[0].0).into_iter().collect();
    let names_it = |text: &str| SERVICE.iter().any(|name| text.contains(name));
    let mut found: BTreeSet<String> = listed.iter().filter(|file| names_it(&read(file))).cloned().collect();
    let mut open: Vec<_> = PRODUCT.iter().map(|directory| workspace().join(directory)).collect();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && names_it(&std::fs::read_to_string(&path).unwrap())
            {
                found.insert(from_top(&path));
            }
        }
    }
    assert_eq!(found, listed);
}

fn from_top(path: &Path) -> String {
    path.strip_prefix(workspace()).unwrap().to_str().unwrap().to_owned()
}
