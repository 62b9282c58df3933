//! Earlier versions of plugins, kept so that one can be used again: `earlier-plugins` in the data directory. Each is a
//! library file named by its hash, with its facts in a JSON file beside it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use riser_platform::{LIBRARY_EXTENSION, create_private_dir_all, create_private_file};
use serde::{Deserialize, Serialize};

use super::library_cache::CachedLibrary;

/// Earlier versions kept of one plugin.
const KEPT_VERSIONS: usize = 3;

/// An earlier version of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLibrary {
    /// The plugin's id, such as `riser.evce`.
    pub plugin: String,
    pub name: String,
    pub version: String,
    pub sha256: String,
    /// When another version replaced it, in milliseconds since 1970.
    pub replaced_at_ms: i64,
    /// Who replaced it.
    pub replaced_by: String,
}

/// The directory of earlier versions.
#[derive(Clone, Debug)]
pub struct KeptLibraries {
    directory: PathBuf,
}

impl KeptLibraries {
    pub fn new(data_dir: &Path) -> Self {
        Self { directory: data_dir.join("earlier-plugins") }
    }

    /// Keeps the copy of a library that is about to be replaced. Removes the oldest version if there are too many.
    pub fn keep(&self, library: &CachedLibrary, facts: &KeptLibrary) -> io::Result<()> {
        let directory = self.directory.join(&facts.plugin);
        create_private_dir_all(&directory)?;
        let file = self.path_of(&facts.plugin, &facts.sha256);
        if !file.exists() {
            let unfinished = directory.join(format!(".{}", facts.sha256));
            remove_if_there(&unfinished)?;
            // A second name for the same bytes takes no space; another file system has none.
            if fs::hard_link(&library.path, &unfinished).is_err() {
                fs::copy(&library.path, &unfinished)?;
            }
            fs::rename(&unfinished, &file)?;
        }
        let json = facts_of(&file);
        remove_if_there(&json)?;
        create_private_file(&json)?.write_all(&serde_json::to_vec(facts).map_err(io::Error::other)?)?;
        for old in self.list(&facts.plugin).iter().skip(KEPT_VERSIONS) {
            self.remove(old)?;
        }
        Ok(())
    }

    /// Returns the versions of a plugin, the last replaced one first.
    pub fn list(&self, plugin: &str) -> Vec<KeptLibrary> {
        // The name may come from an address.
        if plugin.starts_with('.') || plugin.contains(['/', '\\']) {
            return Vec::new();
        }
        let entries = fs::read_dir(self.directory.join(plugin)).into_iter().flatten().flatten();
        let paths =
            entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "json"));
        let mut kept: Vec<KeptLibrary> = paths
            .filter_map(|path| serde_json::from_slice::<KeptLibrary>(&fs::read(path).ok()?).ok())
            .filter(|kept| kept.plugin == plugin && self.path_of(plugin, &kept.sha256).is_file())
            .collect();
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.replaced_at_ms));
        kept
    }

    /// Returns the ids of the plugins with earlier versions, sorted.
    pub fn plugins(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let mut ids: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        ids.sort();
        ids
    }

    /// Returns the file of a version.
    pub fn path(&self, kept: &KeptLibrary) -> PathBuf {
        self.path_of(&kept.plugin, &kept.sha256)
    }

    /// Removes a version.
    pub fn remove(&self, kept: &KeptLibrary) -> io::Result<()> {
        let file = self.path(kept);
        remove_if_there(&facts_of(&file))?;
        remove_if_there(&file)
    }

    fn path_of(&self, plugin: &str, sha256: &str) -> PathBuf {
        self.directory.join(plugin).join(format!("{sha256}.{LIBRARY_EXTENSION}"))
    }
}

fn facts_of(library: &Path) -> PathBuf {
    library.with_extension("json")
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(number: i64) -> KeptLibrary {
        KeptLibrary {
            plugin: "riser.example".to_owned(),
            name: "Example".to_owned(),
            version: format!("0.{number}.0"),
            sha256: format!("{number:064}"),
            replaced_at_ms: number,
            replaced_by: "anna".to_owned(),
        }
    }

    #[test]
    fn the_newest_three_versions_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let libraries = KeptLibraries::new(directory.path());
        assert!(libraries.list("riser.example").is_empty() && libraries.plugins().is_empty());
        for number in 1..=5 {
            let path = directory.path().join(number.to_string());
            fs::write(&path, number.to_string()).unwrap();
            let cached = CachedLibrary { path: path.clone(), sha256: kept(number).sha256, source: path };
            libraries.keep(&cached, &kept(number)).unwrap();
        }
        assert_eq!(libraries.list("riser.example"), [kept(5), kept(4), kept(3)]);
        assert_eq!(fs::read(libraries.path(&kept(4))).unwrap(), b"4");
        libraries.remove(&kept(4)).unwrap();
        assert_eq!(libraries.list("riser.example"), [kept(5), kept(3)]);
        assert_eq!(fs::read_dir(directory.path().join("earlier-plugins/riser.example")).unwrap().count(), 4);
        assert_eq!(libraries.plugins(), ["riser.example"]);
    }

    #[test]
    fn damaged_facts_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let libraries = KeptLibraries::new(directory.path());
        let of_plugin = directory.path().join("earlier-plugins/riser.example");
        fs::create_dir_all(&of_plugin).unwrap();
        fs::write(of_plugin.join("a.json"), "{").unwrap();
        fs::write(of_plugin.join("b.json"), serde_json::to_vec(&kept(1)).unwrap()).unwrap();
        assert!(libraries.list("riser.example").is_empty());
    }
}
