//! The licences of everything that is not ours and goes into the programs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::workspace;

/// Files of the web pages that others wrote.
const VENDORED: &str = "web/static/vendor";
/// How files with terms begin.
const TERMS: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
    /// Missing for packages of this workspace.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    /// `None` for normal dependencies.
    kind: Option<String>,
}

/// Returns one text with the terms of every linked package, without duplicates.
pub(super) fn of_dependencies(ours: &[&str]) -> anyhow::Result<String> {
    let metadata = metadata()?;
    let linked = linked_packages(&metadata, ours);
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut text = String::from("Riser contains these works of others.\n\n");
    for package in
        metadata.packages.iter().filter(|it| it.source.is_some() && linked.contains(it.id.as_str()))
    {
        let name = format!("{} {}", package.name, package.version);
        writeln!(text, "{name}: {}", package.license.as_deref().unwrap_or("see below"))?;
        let directory = package.manifest_path.parent().context("a package has no directory")?;
        for terms in terms_in(directory)? {
            owners.entry(terms).or_default().push(name.clone());
        }
    }
    for entry in std::fs::read_dir(workspace::root().join(VENDORED))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        writeln!(text, "{name}: see below")?;
        for terms in terms_in(&entry.path())? {
            owners.entry(terms).or_default().push(name.clone());
        }
    }
    for (terms, names) in owners {
        write!(text, "\n{}\nThe terms of {}:\n\n{terms}\n", "=".repeat(80), names.join(", "))?;
    }
    Ok(text)
}

fn metadata() -> anyhow::Result<Metadata> {
    let mut cargo = workspace::cargo();
    cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform"]);
    cargo.arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH));
    let output = cargo.output().context("cargo could not be started")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the metadata of cargo is not understood")
}

/// Returns the ids of these packages and all their normal dependencies.
fn linked_packages<'a>(metadata: &'a Metadata, ours: &[&str]) -> BTreeSet<&'a str> {
    let edges: HashMap<&str, &[Edge]> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node.deps.as_slice())).collect();
    let mut open: Vec<&str> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none() && ours.contains(&package.name.as_str()))
        .map(|package| package.id.as_str())
        .collect();
    let mut linked = BTreeSet::new();
    while let Some(id) = open.pop() {
        if linked.insert(id) {
            let deps = edges.get(id).copied().unwrap_or_default().iter();
            let is_linked = |edge: &&Edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none());
            open.extend(deps.filter(is_linked).map(|edge| edge.pkg.as_str()));
        }
    }
    linked
}

fn terms_in(directory: &Path) -> anyhow::Result<Vec<String>> {
    let mut terms = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if file.is_file() && TERMS.iter().any(|begin| name.starts_with(begin)) {
            terms.push(String::from_utf8_lossy(&std::fs::read(&file)?).trim().to_owned());
        }
    }
    Ok(terms)
}
