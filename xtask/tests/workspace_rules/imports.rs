//! The import table of docs/ARCHITECTURE.md is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use crate::{read, workspace};

/// Who may import whom, by the names of packages.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Missing for what is linked; `dev` for tests.
    pub(crate) kind: Option<String>,
    /// Missing for what is not ours.
    path: Option<String>,
}

struct Table {
    programs: Imports,
    tests: Imports,
}

/// Reads the table `| crate | may import | in tests, too |`; a row may name several crates.
fn table() -> Table {
    let text = read("docs/ARCHITECTURE.md");
    let mut rows = text.lines().skip_while(|line| !line.starts_with("| crate | may import |"));
    rows.next().expect("docs/ARCHITECTURE.md has the import table");
    let mut table = Table { programs: Imports::new(), tests: Imports::new() };
    for row in rows.skip(1).take_while(|line| line.starts_with('|')) {
        let cells: Vec<BTreeSet<String>> = row.trim_matches('|').split('|').map(names).collect();
        let [crates, linked, tested] = cells.as_slice() else { panic!("three cells in {row}") };
        for name in crates {
            table.programs.insert(name.clone(), linked.clone());
            table.tests.insert(name.clone(), linked | tested);
        }
    }
    table
}

/// The names between back-quotes.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

pub(crate) fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(workspace())
        .output()
        .unwrap();
    serde_json::from_slice::<Metadata>(&output.stdout).unwrap().packages
}

#[test]
fn no_crate_imports_what_the_table_lacks() {
    let table = table();
    let mut faults = Vec::new();
    for package in packages() {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            let is_for_tests = dependency.kind.as_deref() == Some("dev");
            let row = if is_for_tests { &table.tests } else { &table.programs }.get(&package.name);
            if !row.is_some_and(|allowed| allowed.contains(&dependency.name)) {
                faults.push(format!("{} imports {}", package.name, dependency.name));
            }
        }
    }
    assert_eq!(faults, [""; 0], "the import table of docs/ARCHITECTURE.md does not have these");
}

#[test]
fn the_table_names_every_crate_and_no_other() {
    let ours: BTreeSet<String> = packages().into_iter().map(|package| package.name).collect();
    let table = table();
    let rows: BTreeSet<String> = table.tests.keys().cloned().collect();
    assert_eq!(rows, ours);
    let imported: BTreeSet<String> = table.tests.into_values().flatten().collect();
    assert_eq!(imported.difference(&ours).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn only_contract_and_worker_link_what_loads_libraries() {
    const LOADING: [&str; 2] = ["abi_stable", "libloading"];
    const ALLOWED: [&str; 2] = ["riser-plugin", "riser-worker"];
    let mut found = Vec::new();
    for package in packages() {
        for dependency in package.dependencies.iter().filter(|it| LOADING.contains(&it.name.as_str())) {
            found.push((package.name.clone(), dependency.name.clone()));
        }
    }
    assert!(found.iter().any(|(package, _)| package == "riser-worker"), "the loader is in another crate");
    found.retain(|(package, _)| !ALLOWED.contains(&package.as_str()));
    assert_eq!(found, [], "only these may: {ALLOWED:?}");
}
