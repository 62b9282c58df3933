use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use riser_domain::EwsServer;
use riser_ews::client::{ClientOptions, EwsClient};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// Environment variable with the password, used if no file is given.
const PASSWORD_VARIABLE: &str = "RISER_EWS_PASSWORD";
/// Largest password file in bytes. A larger file is probably the wrong one.
const PASSWORD_FILE_BYTES: u64 = 4096;

/// Address and account.
#[derive(Args, Debug)]
pub(super) struct LoginArgs {
    // Not a doc comment: rustdoc would require markup that a terminal shows literally.
    #[arg(
        value_parser = service_address,
        help = "Address of the EWS server, such as http://127.0.0.1:51358; the default path may be omitted"
    )]
    url: Url,
    /// Account of the EWS server
    #[arg(long, short)]
    user: String,
    #[arg(
        long,
        value_name = "FILE",
        help = "File with the password in its first line [default: RISER_EWS_PASSWORD, or a prompt]"
    )]
    password_file: Option<PathBuf>,
    #[arg(
        long,
        value_name = "FILE",
        help = "PEM file with the certificates to trust for https: of an authority, or of the server itself"
    )]
    ca_file: Option<PathBuf>,
    /// Time limit of one call, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = ClientOptions::TIME_LIMIT.as_secs())]
    timeout: u64,
}

impl LoginArgs {
    /// Creates a client. It does not connect yet.
    pub(super) fn client(&self) -> anyhow::Result<EwsClient> {
        let options = ClientOptions {
            url: self.url.clone(),
            user_name: self.user.clone(),
            password: self.password()?,
            time_limit: Duration::from_secs(self.timeout.max(1)),
        };
        let Some(file) = &self.ca_file else { return Ok(EwsClient::new(options)?) };
        let pem = std::fs::read(file)
            .with_context(|| format!("the certificate file {} cannot be read", file.display()))?;
        EwsClient::trusting(options, &pem)
            .with_context(|| format!("the certificate file {} cannot be used", file.display()))
    }

    fn password(&self) -> anyhow::Result<SecretString> {
        if let Some(file) = &self.password_file {
            return password_in(file);
        }
        if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
            return Ok(password.into());
        }
        ensure!(
            std::io::stdin().is_terminal(),
            "no terminal to ask for the password; set {PASSWORD_VARIABLE} or use --password-file"
        );
        let question = format!("Password of {}: ", self.user);
        Ok(rpassword::prompt_password(question).context("the password cannot be read")?.into())
    }
}

/// Parses an address. Adds the default path if there is none.
fn service_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(mut url) = url else {
        return Err("the address of an EWS server must start with http:// or https://".to_owned());
    };
    if url.path() == "/" {
        url.set_path(EwsServer::DEFAULT_PATH);
    }
    Ok(url)
}

fn password_in(file: &Path) -> anyhow::Result<SecretString> {
    let unreadable = || format!("the password file {} cannot be read", file.display());
    let size = std::fs::metadata(file).with_context(unreadable)?.len();
    ensure!(
        size <= PASSWORD_FILE_BYTES,
        "{} is too large for a password file; use a file with the password alone in its first line",
        file.display()
    );
    let text = SecretString::from(std::fs::read_to_string(file).with_context(unreadable)?);
    let password = text.expose_secret().lines().next().unwrap_or_default();
    ensure!(!password.is_empty(), "the first line of {} is empty; write the password there", file.display());
    Ok(password.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_path_gets_the_default_one() {
        let address = |text: &str| service_address(text).map(String::from);
        assert_eq!(address("http://host:1").unwrap(), "http://host:1/EcoStruxure/DataExchange");
        assert_eq!(address("https://host/ews?a").unwrap(), "https://host/ews?a");
        for none in ["ftp://host/", "127.0.0.1:51358", "localhost:51358", "host", ""] {
            assert!(address(none).unwrap_err().contains("http://"), "{none}");
        }
    }

    #[test]
    fn a_password_is_the_first_line_of_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("password");
        let write = |text: &str| {
            std::fs::write(&file, text).unwrap();
            password_in(&file)
        };
        assert_eq!(write(" s3cret \r\nnot this\n").unwrap().expose_secret(), " s3cret ");
        assert!(write("\n").unwrap_err().to_string().contains("first line"));
        assert!(write(&"x".repeat(5000)).unwrap_err().to_string().contains("too large"));
        assert!(password_in(&directory.path().join("missing")).unwrap_err().to_string().contains("missing"));
    }
}
