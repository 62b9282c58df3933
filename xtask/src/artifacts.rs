//! The artifacts of a cargo command, read from its messages.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Makes cargo write messages that [`Artifacts::read`] understands, and diagnostics for people.
pub(crate) const MESSAGE_FORMAT: &str = "--message-format=json-render-diagnostics";

/// Everything that a command built or found built.
#[derive(Debug)]
pub(crate) struct Artifacts(Vec<Artifact>);

/// One target of one package.
#[derive(Debug, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) manifest_path: PathBuf,
    pub(crate) target: Target,
    pub(crate) executable: Option<PathBuf>,
    filenames: Vec<PathBuf>,
    profile: Profile,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
}

impl Artifacts {
    /// Reads the standard output of a cargo command.
    pub(crate) fn read(output: &[u8]) -> anyhow::Result<Self> {
        let text = std::str::from_utf8(output).context("cargo's messages are not UTF-8")?;
        let mut artifacts = Vec::new();
        for line in text.lines().filter(|line| line.starts_with('{')) {
            let message: Message = serde_json::from_str(line).context("cargo's message is not understood")?;
            if message.reason == "compiler-artifact" {
                artifacts.push(serde_json::from_str(line).context("cargo's message is not understood")?);
            }
        }
        ensure!(!artifacts.is_empty(), "cargo built nothing");
        Ok(Self(artifacts))
    }

    /// The program of this name.
    pub(crate) fn program(&self, name: &str) -> anyhow::Result<&Path> {
        let mut programs = self.0.iter().filter(|it| !it.profile.test && it.target.name == name);
        programs
            .find_map(|it| it.executable.as_deref())
            .with_context(|| format!("cargo built no program {name}"))
    }

    /// The dynamic library of a package.
    pub(crate) fn library(&self, package: &str) -> anyhow::Result<&Path> {
        let name = package.replace('-', "_");
        let mut files = self.0.iter().filter(|it| it.target.name == name).flat_map(|it| &it.filenames);
        files
            .find(|file| {
                file.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION)
            })
            .map(PathBuf::as_path)
            .with_context(|| format!("cargo built no dynamic library of {package}"))
    }

    /// The programs that run tests.
    pub(crate) fn test_programs(&self) -> impl Iterator<Item = (&Artifact, &Path)> {
        let tests = self.0.iter().filter(|artifact| artifact.profile.test);
        tests.filter_map(|artifact| Some((artifact, artifact.executable.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = r#"{"reason":"compiler-artifact","manifest_path":"/w/host/Cargo.toml","target":{"name":"riser","kind":["bin"]},"profile":{"test":true},"filenames":["/t/deps/riser-1"],"executable":"/t/deps/riser-1"}
{"reason":"compiler-artifact","manifest_path":"/w/host/Cargo.toml","target":{"name":"riser","kind":["bin"]},"profile":{"test":false},"filenames":["/t/riser"],"executable":"/t/riser"}
{"reason":"compiler-artifact","manifest_path":"/w/evce/Cargo.toml","target":{"name":"riser_evce","kind":["cdylib","rlib"]},"profile":{"test":false},"filenames":["/t/libriser_evce.rlib","/t/libriser_evce.so"],"executable":null}
{"reason":"build-finished","success":true}
"#;

    #[test]
    fn programs_libraries_and_test_programs_are_distinguished() {
        let artifacts = Artifacts::read(OUTPUT.as_bytes()).unwrap();
        assert_eq!(artifacts.program("riser").unwrap(), Path::new("/t/riser"));
        assert_eq!(artifacts.library("riser-evce").unwrap(), Path::new("/t/libriser_evce.so"));
        let tests: Vec<_> = artifacts.test_programs().map(|(_, program)| program).collect();
        assert_eq!(tests, [Path::new("/t/deps/riser-1")]);
        assert!(artifacts.program("evce-simulator").is_err());
    }
}
