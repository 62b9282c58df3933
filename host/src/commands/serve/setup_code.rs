//! The set-up code: proves to the portal that somebody has access to this machine.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use riser_platform::create_private_file;
use riser_portal::SetupCode;
use riser_secrets::random_code;
use secrecy::{ExposeSecret as _, SecretString};

/// The file in the data directory with the code.
const FILE: &str = "setup-code";

/// Creates a new code, writes it to its file and logs it.
pub(crate) fn create(data_dir: &Path, portal_url: &str) -> anyhow::Result<SetupCode> {
    let code = random_code()?;
    let file = data_dir.join(FILE);
    remove(data_dir)?;
    write(&file, &code)
        .with_context(|| format!("the set-up code cannot be written to {}", file.display()))?;
    tracing::warn!(
        "nobody can sign in yet: open {portal_url}/setup and enter the set-up code {}, which is also in {}",
        code.expose_secret(),
        file.display()
    );
    Ok(SetupCode::new(&code, file))
}

/// Removes the code of an earlier start.
pub(crate) fn remove(data_dir: &Path) -> anyhow::Result<()> {
    let file = data_dir.join(FILE);
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", file.display()))
        }
        _ => Ok(()),
    }
}

fn write(file: &Path, code: &SecretString) -> io::Result<()> {
    let mut file = create_private_file(file)?;
    writeln!(file, "{}", code.expose_secret())
}
