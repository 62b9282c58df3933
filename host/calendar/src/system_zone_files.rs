//! Files of a zoneinfo directory.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// No file of a zone is longer; the longest of 2026 has 5 kB.
const LONGEST_ZONE_BYTES: u64 = 256 * 1024;
/// The release stands in the first line.
const VERSION_BYTES: u64 = 256;
/// First bytes of every file with a zone.
const TZIF_MARK: &[u8] = b"TZif";
/// Copies of all zones in other forms, and names for other purposes.
const OTHER_NAMES: [&str; 5] = ["posix", "right", "localtime", "posixrules", "Factory"];

/// Returns the release in the version file of a zoneinfo directory; `None` when it has no such file.
///
/// # Errors
/// A sentence when the file cannot be read or has no release in it.
pub(crate) fn read_version(directory: &Path) -> Result<Option<String>, String> {
    for (name, mark) in [("tzdata.zi", "# version "), ("+VERSION", "")] {
        let path = directory.join(name);
        let text = match read_start(&path, VERSION_BYTES) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        };
        let first = text.lines().next().unwrap_or_default();
        return match first.strip_prefix(mark).map(str::trim) {
            Some(version) if is_version(version) => Ok(Some(version.to_owned())),
            _ => Err(format!("{} is damaged: its first line names no release", path.display())),
        };
    }
    Ok(None)
}

/// Returns the data of a zone, not yet checked.
pub(crate) fn read_zone(directory: &Path, name: &str) -> std::io::Result<Vec<u8>> {
    read_start(&directory.join(name), LONGEST_ZONE_BYTES)
}

/// Returns the names of all zones in a directory.
pub(crate) fn zone_names(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![(directory.to_owned(), String::new())];
    while let Some((path, prefix)) = open.pop() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if prefix.is_empty() && OTHER_NAMES.contains(&name.as_str()) {
                continue;
            }
            let name = format!("{prefix}{name}");
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push((entry.path(), format!("{name}/")));
            } else if read_start(&entry.path(), 4).is_ok_and(|start| start == TZIF_MARK) {
                names.push(name);
            }
        }
    }
    names.sort();
    names
}

/// Returns the names in `zone1970.tab`, which has no old ones; none when the directory lacks the file.
pub(crate) fn current_names(directory: &Path) -> Vec<String> {
    let table = read_start(&directory.join("zone1970.tab"), LONGEST_ZONE_BYTES).unwrap_or_default();
    let table = String::from_utf8_lossy(&table);
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| row.split('\t').nth(2)).map(str::to_owned).collect()
}

/// Whether a text is a release: a year and letters.
fn is_version(text: &str) -> bool {
    let year = text.bytes().take_while(u8::is_ascii_digit).count();
    let letters = &text[year..];
    year == 4 && (1..=3).contains(&letters.len()) && letters.bytes().all(|letter| letter.is_ascii_lowercase())
}

fn read_start(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
