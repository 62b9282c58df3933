//! Documents name files that are there.

use crate::{read, workspace};

/// Documents whose back-quoted paths are looked up.
const DOCUMENTS: [&str; 3] = ["README.md", "docs/ARCHITECTURE.md", "docs/LOGGING.md"];
/// Top directories; what begins with one of them is a path of this workspace.
const DIRECTORIES: [&str; 9] =
    ["host/", "plugins/", "plugin-api/", "migrations/", "web/", "docs/", "xtask/", ".ci/", ".cargo/"];

#[test]
fn every_path_in_a_document_is_there() {
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        for path in
            text.split('`').skip(1).step_by(2).filter(|it| DIRECTORIES.iter().any(|top| it.starts_with(top)))
        {
            if !workspace().join(path).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_link_in_a_document_leads_somewhere() {
    let mut broken = Vec::new();
    for document in ["README.md", "docs/ARCHITECTURE.md", "docs/adr/README.md", "docs/admin/README.md"] {
        let text = read(document);
        let directory = workspace().join(document).parent().unwrap().to_owned();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            if !directory.join(target).exists() {
                broken.push(format!("{document}: {target}"));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_index_names_every_decision() {
    let index = read("docs/adr/README.md");
    let mut missing = Vec::new();
    for entry in std::fs::read_dir(workspace().join("docs/adr")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "README.md" && !index.contains(&format!("]({name})")) {
            missing.push(name);
        }
    }
    assert_eq!(missing, [""; 0], "docs/adr/README.md lacks these");
}

#[test]
fn every_kind_of_addition_is_explained() {
    let text = read("docs/ARCHITECTURE.md");
    for task in [
        "a page",
        "a SOAP operation",
        "an EVCE point",
        "a setting",
        "a schedule kind",
        "a host service",
        "a table",
        "a problem",
        "a bench line",
        "a plugin",
    ] {
        let row = text.lines().find(|line| line.starts_with(&format!("| {task} |")));
        assert!(
            row.is_some_and(|row| row.contains('`')),
            "docs/ARCHITECTURE.md does not say where to add {task}"
        );
    }
}
