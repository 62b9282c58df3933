//! `riser user`: the people who may log in to the portal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use riser_domain::{Actor, Clock as _, Role, sanitize_line};
use riser_runtime::SystemClock;
use riser_secrets::hash_password;
use riser_store::{NewUser, Store};
use secrecy::{ExposeSecret as _, SecretString};

use super::write_line;
use crate::open_data_dir::open_data_dir;
use crate::paths::DataDir;

/// Characters that a portal password has at least.
const SHORTEST_PASSWORD: usize = 10;
/// Bytes of a name at most; the log-in page looks no further.
const LONGEST_NAME: usize = 200;

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
    /// Add a person; the password is asked, or read as the first line of standard input
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

/// Carries out the action on the data directory, which no running Riser may use meanwhile.
pub(crate) async fn run(arguments: UserArgs) -> anyhow::Result<ExitCode> {
    let directory = arguments.data.path()?;
    let store = open_data_dir(&directory, &SystemClock).await?.store;
    let done = match arguments.action {
        Action::Add { name, role } => add(&store, &name, role.into()).await,
        Action::List => list(&store).await,
        Action::Reset { name } => reset(&store, &name).await,
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn add(store: &Store, name: &str, role: Role) -> anyhow::Result<()> {
    ensure!(
        !name.is_empty() && name.trim() == name && name.len() <= LONGEST_NAME && sanitize_line(name) == name,
        "{name:?} is no name to log in with: it is one line of at most {LONGEST_NAME} bytes without spaces around it"
    );
    ensure!(store.find_user(name).await?.is_none(), "there is already a user {name}; see `riser user list`");
    let password_hash = hash_password(&new_password()?)?;
    let user = NewUser { name: name.to_owned(), role, password_hash };
    store.add_user(&user, &Actor::CommandLine, SystemClock.now()).await?;
    Ok(writeln!(std::io::stdout(), "{name} may log in as {}", role.as_str())?)
}

async fn list(store: &Store) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let users = store.list_users().await?;
    if users.is_empty() {
        writeln!(out, "nobody may log in yet; add someone with `riser user add NAME --role admin`")?;
    }
    for user in users {
        write_line(&mut out, format_args!("{}\t{}", user.name, user.role.as_str()))?;
    }
    Ok(())
}

async fn reset(store: &Store, name: &str) -> anyhow::Result<()> {
    let Some(user) = store.find_user(name).await? else {
        bail!("there is no user {name}; see `riser user list`");
    };
    let hash = hash_password(&new_password()?)?;
    store.update_user_password(user.id, &hash, &Actor::CommandLine, SystemClock.now()).await?;
    Ok(writeln!(std::io::stdout(), "{name} has a new password and was logged out everywhere")?)
}

/// Asks a person twice; takes the first line of a standard input that is no terminal.
fn new_password() -> anyhow::Result<SecretString> {
    let password = if std::io::stdin().is_terminal() {
        let password = SecretString::from(rpassword::prompt_password("New password: ")?);
        let again = SecretString::from(rpassword::prompt_password("The same again: ")?);
        ensure!(password.expose_secret() == again.expose_secret(), "the two passwords differ");
        password
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("the password cannot be read")?;
        SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned())
    };
    ensure!(
        password.expose_secret().chars().count() >= SHORTEST_PASSWORD,
        "the password is too short: it needs {SHORTEST_PASSWORD} characters"
    );
    Ok(password)
}
