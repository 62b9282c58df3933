//! `riser user`: the people who may log in to the portal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand, ValueEnum};
use riser_domain::Role;
use riser_runtime::{ConfigurationDraft, Identity, UserDraft, hash_new_password};
use secrecy::{ExposeSecret as _, SecretString};

use super::configuration_access::{AccessError, ConfigurationAccess};
use super::write_line;
use crate::control::protocol::UserReport;
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser user`.
#[derive(Args, Debug)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    data: DataDir,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a person; the password is prompted for, or read as the first line of standard input
    Add {
        /// The name to log in with
        name: String,
        /// What the person may do
        #[arg(long)]
        role: RoleArgument,
    },
    /// Show who may log in
    List,
    /// Set a new password; the person is logged out everywhere
    Reset {
        /// The name to log in with
        name: String,
    },
    /// Change the role; the person is logged out everywhere
    Role {
        /// The name to log in with
        name: String,
        /// What the person may do
        role: RoleArgument,
    },
    /// Change the name to log in with
    Rename {
        /// The name now
        name: String,
        /// The new name
        new_name: String,
    },
    /// Remove a person; the person is logged out everywhere
    Remove {
        /// The name to log in with
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArgument {
    /// Sees everything, changes nothing
    Viewer,
    /// Starts and stops processors, writes set points
    Operator,
    /// Changes the configuration, too
    Admin,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Viewer => Self::Viewer,
            RoleArgument::Operator => Self::Operator,
            RoleArgument::Admin => Self::Admin,
        }
    }
}

/// Runs the action.
pub(crate) async fn run(arguments: UserArgs) -> anyhow::Result<ExitCode> {
    let (data, plugins) = (&arguments.data, &PluginDirs::default());
    let access = match arguments.action {
        Action::Add { .. } => ConfigurationAccess::open(data, plugins).await?,
        _ => ConfigurationAccess::open_existing(data, plugins).await?,
    };
    let done = execute(&access, arguments.action).await;
    access.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn execute(access: &ConfigurationAccess, action: Action) -> anyhow::Result<()> {
    match action {
        Action::List => list(&access.users().await?),
        Action::Add { name, role } => {
            let expected = Expected::New(&name);
            expected.check(&access.users().await?)?;
            let role = Role::from(role);
            // An unusable name is rejected before the password prompt.
            let mut user = UserDraft {
                identity: Identity::named(&name),
                role: Some(role),
                password_hash: Some(SecretString::from(String::new())),
            };
            plan(access, &user).await?;
            user.password_hash = Some(hash_new_password(&new_password()?)?);
            let said = format!("{name} may log in as {}", role.as_str());
            change(access, expected, user, &said).await
        }
        Action::Reset { name } => {
            let expected = Expected::Known(&name);
            expected.check(&access.users().await?)?;
            let password_hash = Some(hash_new_password(&new_password()?)?);
            let user = UserDraft { identity: Identity::named(&name), password_hash, ..UserDraft::default() };
            let said = format!("{name} has a new password and was logged out everywhere");
            change(access, expected, user, &said).await
        }
        Action::Role { name, role } => {
            let role = Role::from(role);
            let said = format!("{name} has the role {} and was logged out everywhere", role.as_str());
            let user =
                UserDraft { identity: Identity::named(&name), role: Some(role), ..UserDraft::default() };
            change(access, Expected::Known(&name), user, &said).await
        }
        Action::Rename { name, new_name } => {
            let said = format!("{name} logs in as {new_name} from now on");
            let identity = Identity { name: new_name, renamed_from: Some(name.clone()), remove: false };
            let user = UserDraft { identity, ..UserDraft::default() };
            change(access, Expected::Known(&name), user, &said).await
        }
        Action::Remove { name } => {
            let said = format!("{name} was removed and logged out everywhere");
            let identity = Identity { name: name.clone(), renamed_from: None, remove: true };
            let user = UserDraft { identity, ..UserDraft::default() };
            change(access, Expected::Known(&name), user, &said).await
        }
    }
}

/// Whether the name of an action belongs to somebody.
#[derive(Clone, Copy)]
enum Expected<'a> {
    New(&'a str),
    Known(&'a str),
}

impl Expected<'_> {
    fn check(self, users: &[UserReport]) -> anyhow::Result<()> {
        let is_known = |name| users.iter().any(|user| user.name == name);
        match self {
            Self::New(name) => {
                ensure!(!is_known(name), "there is already a user {name}; see `riser user list`");
            }
            Self::Known(name) => ensure!(is_known(name), "there is no user {name}; see `riser user list`"),
        }
        Ok(())
    }
}

/// Makes a change. Another change at the same time may take or remove the name, so the name is checked again then.
async fn change(
    access: &ConfigurationAccess,
    expected: Expected<'_>,
    user: UserDraft,
    said: &str,
) -> anyhow::Result<()> {
    let mut draft = draft_of(user);
    let changed = loop {
        // Read before the users: a change of the users since then makes the draft stale.
        draft.base_version = Some(access.plan(&ConfigurationDraft::default()).await?.version);
        expected.check(&access.users().await?)?;
        match access.configure(&draft).await {
            Err(error) if error.is_stale() => {}
            changed => break changed.map_err(refusal)?,
        }
    };
    let mut out = std::io::stdout();
    if changed.plan.lines.is_empty() {
        return Ok(writeln!(out, "nothing changed")?);
    }
    Ok(write_line(&mut out, format_args!("{said}"))?)
}

async fn plan(access: &ConfigurationAccess, user: &UserDraft) -> anyhow::Result<()> {
    access.plan(&draft_of(user.clone())).await.map(drop).map_err(refusal)
}

fn draft_of(user: UserDraft) -> ConfigurationDraft {
    ConfigurationDraft { users: vec![user], ..ConfigurationDraft::default() }
}

/// Returns the messages of the errors. Their paths are redundant for one person.
fn refusal(error: AccessError) -> anyhow::Error {
    match error.fields() {
        Some(errors) => {
            let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
            anyhow::Error::msg(messages.join("; "))
        }
        None => error.into(),
    }
}

fn list(users: &[UserReport]) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if users.is_empty() {
        writeln!(out, "nobody may log in yet; add someone with `riser user add NAME --role admin`")?;
    }
    for user in users {
        write_line(&mut out, format_args!("{}\t{}", user.name, user.role.as_str()))?;
    }
    Ok(())
}

/// Prompts twice; reads the first line if standard input is not a terminal.
fn new_password() -> anyhow::Result<SecretString> {
    let password = if std::io::stdin().is_terminal() {
        let password = SecretString::from(rpassword::prompt_password("New password: ")?);
        let again = SecretString::from(rpassword::prompt_password("Repeat the password: ")?);
        ensure!(password.expose_secret() == again.expose_secret(), "the two passwords differ");
        password
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("the password cannot be read")?;
        SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned())
    };
    Ok(password)
}
