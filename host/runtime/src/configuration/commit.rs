//! Stores a checked draft in one transaction.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use riser_domain::{Actor, ConfigurationId, ConnectionId, EwsServerId, ScheduleId, Timestamp};
use riser_secrets::Keyring;
use riser_store::{ConfigurationTransaction, NewUser, Store};
use secrecy::ExposeSecret as _;

use super::ConfigureError;
use super::change::ConfigurationChange;
use super::check::{Action, CheckedDraft, NewReferences, PlannedAccount, PlannedUser, SecretChange};
use super::current::{PASSWORD, SecretTable, seal};

/// The numbers of new objects, by name.
#[derive(Default)]
struct NewNumbers {
    ews_servers: HashMap<String, EwsServerId>,
    connections: HashMap<String, ConnectionId>,
    schedules: HashMap<String, ScheduleId>,
}

/// Stores a checked draft. A draft without changes writes nothing.
///
/// # Errors
/// [`ConfigureError::Stale`] when somebody committed a configuration since the check; nothing is changed then, nor
/// after any other error.
pub async fn commit(
    checked: CheckedDraft,
    (store, keyring): (&Store, &Keyring),
    (actor, now): (&Actor, Timestamp),
) -> Result<ConfigurationChange, ConfigureError> {
    let before = Arc::clone(&checked.before);
    if checked.lines.is_empty() {
        let after = Arc::clone(&before);
        return Ok(ConfigurationChange {
            actor: actor.clone(),
            before,
            after,
            changed_processor_secrets: BTreeSet::new(),
        });
    }
    let mut transaction = store.begin_configuration(actor, now).await?;
    transaction.require_version(before.version).await?;
    if let Some(site) = &checked.site {
        transaction.update_site(site).await?;
    }
    let numbers = write_targets(&checked, keyring, &mut transaction).await?;
    write_accounts(&checked.accounts, &numbers, keyring, &mut transaction).await?;
    let changed_processor_secrets = write_processors(&checked, &numbers, keyring, &mut transaction).await?;
    remove_targets(&checked, &mut transaction).await?;
    write_users(&checked.users, &mut transaction).await?;
    transaction.commit().await?;
    let after = Arc::new(store.load_configuration().await?);
    Ok(ConfigurationChange { actor: actor.clone(), before, after, changed_processor_secrets })
}

/// Writes the objects that processors refer to.
async fn write_targets(
    checked: &CheckedDraft,
    keyring: &Keyring,
    transaction: &mut ConfigurationTransaction,
) -> Result<NewNumbers, ConfigureError> {
    let mut numbers = NewNumbers::default();
    for server in &checked.ews_servers {
        match server.action {
            Action::Add => {
                let id = transaction.add_ews_server(&server.value).await?;
                numbers.ews_servers.insert(server.value.name.clone(), id);
            }
            Action::Update => transaction.update_ews_server(&server.value).await?,
            Action::Keep | Action::Remove => {}
        }
    }
    for connection in &checked.connections {
        let id = match connection.action {
            Action::Add => {
                let id = transaction.add_connection(&connection.value).await?;
                numbers.connections.insert(connection.value.name.clone(), id);
                id
            }
            Action::Update => {
                transaction.update_connection(&connection.value).await?;
                connection.value.id
            }
            Action::Keep | Action::Remove => connection.value.id,
        };
        write_connection_secrets(id, &connection.secrets, keyring, transaction).await?;
    }
    for schedule in &checked.schedules {
        match schedule.action {
            Action::Add => {
                let id = transaction.add_schedule(&schedule.value).await?;
                numbers.schedules.insert(schedule.value.name.clone(), id);
            }
            Action::Update => transaction.update_schedule(&schedule.value).await?,
            Action::Keep | Action::Remove => {}
        }
    }
    Ok(numbers)
}

async fn write_connection_secrets(
    id: ConnectionId,
    secrets: &SecretChange,
    keyring: &Keyring,
    transaction: &mut ConfigurationTransaction,
) -> Result<(), ConfigureError> {
    if secrets.forget_all {
        transaction.remove_connection_secrets(id).await?;
    }
    for key in &secrets.remove {
        transaction.remove_connection_secret(id, key).await?;
    }
    for (key, secret) in &secrets.put {
        let sealed = seal(keyring, (SecretTable::Connections, id.0, key), secret)?;
        transaction.put_connection_secret(id, key, &sealed).await?;
    }
    Ok(())
}

async fn write_accounts(
    accounts: &[PlannedAccount],
    numbers: &NewNumbers,
    keyring: &Keyring,
    transaction: &mut ConfigurationTransaction,
) -> Result<(), ConfigureError> {
    let now = transaction.load_configuration().await?;
    for account in accounts {
        let id = match (account.action, account.id) {
            (Action::Remove, Some(id)) => {
                transaction.remove_account(id).await?;
                continue;
            }
            (Action::Update, Some(id)) => {
                transaction.update_account(id, &account.name, account.rights).await?;
                id
            }
            (_, Some(id)) => id,
            (_, None) => {
                let stored = now.ews_servers.iter().find(|server| server.name == account.server);
                let new = numbers.ews_servers.get(&account.server).copied();
                let server = new.or(stored.map(|server| server.id)).unwrap_or(EwsServerId(0));
                transaction.add_account(server, &account.name, account.rights).await?
            }
        };
        if let Some(password) = &account.new_password {
            let sealed = seal(keyring, (SecretTable::Accounts, id.0, PASSWORD), password)?;
            transaction.update_account_password(id, &sealed).await?;
        }
    }
    Ok(())
}

/// Writes the processors. Returns those whose secrets changed and whose rows did not.
async fn write_processors(
    checked: &CheckedDraft,
    numbers: &NewNumbers,
    keyring: &Keyring,
    transaction: &mut ConfigurationTransaction,
) -> Result<BTreeSet<ConfigurationId>, ConfigureError> {
    let mut changed_secrets = BTreeSet::new();
    for (planned, references) in &checked.processors {
        let mut processor = planned.value.clone();
        let NewReferences { connection, ews_server, schedule } = references;
        if let Some(name) = connection {
            processor.connection = numbers.connections.get(name).copied();
        }
        if let Some(name) = schedule {
            processor.schedule = numbers.schedules.get(name).copied();
        }
        if let Some(id) = ews_server.as_ref().and_then(|name| numbers.ews_servers.get(name)) {
            processor.ews_server = *id;
        }
        let id = match planned.action {
            Action::Add => transaction.add_processor(&processor).await?,
            Action::Update => {
                transaction.update_processor(&processor).await?;
                processor.id
            }
            Action::Keep => processor.id,
            Action::Remove => {
                transaction.remove_processor(processor.id).await?;
                continue;
            }
        };
        let secrets = &planned.secrets;
        if secrets.forget_all {
            transaction.remove_processor_secrets(id).await?;
        }
        for key in &secrets.remove {
            transaction.remove_processor_secret(id, key).await?;
        }
        for (key, secret) in &secrets.put {
            let sealed = seal(keyring, (SecretTable::Processors, id.0, key), secret)?;
            transaction.put_processor_secret(id, key, &sealed).await?;
        }
        if planned.action == Action::Keep && !(secrets.put.is_empty() && secrets.remove.is_empty()) {
            changed_secrets.insert(id);
        }
    }
    Ok(changed_secrets)
}

/// Removes the objects of the draft's removals; no processor uses them.
async fn remove_targets(
    checked: &CheckedDraft,
    transaction: &mut ConfigurationTransaction,
) -> Result<(), ConfigureError> {
    for connection in checked.connections.iter().filter(|it| it.action == Action::Remove) {
        transaction.remove_connection(connection.value.id).await?;
    }
    for schedule in checked.schedules.iter().filter(|it| it.action == Action::Remove) {
        transaction.remove_schedule(schedule.value.id).await?;
    }
    for server in checked.ews_servers.iter().filter(|it| it.action == Action::Remove) {
        transaction.remove_ews_server(server.value.id).await?;
    }
    Ok(())
}

async fn write_users(
    users: &[PlannedUser],
    transaction: &mut ConfigurationTransaction,
) -> Result<(), ConfigureError> {
    for user in users {
        let hash = user.new_password_hash.as_ref().map(|hash| hash.expose_secret().to_owned());
        match (user.action, user.id) {
            (Action::Add, _) => {
                let new = NewUser {
                    name: user.name.clone(),
                    role: user.role,
                    password_hash: hash.unwrap_or_default(),
                };
                transaction.add_user(&new).await?;
            }
            (Action::Remove, Some(id)) => transaction.remove_user(id).await?,
            (Action::Update, Some(id)) => {
                if user.is_renamed {
                    transaction.rename_user(id, &user.name).await?;
                }
                if user.has_new_role {
                    transaction.update_user_role(id, user.role).await?;
                }
                if let Some(hash) = hash {
                    transaction.update_user_password(id, &hash).await?;
                }
            }
            (Action::Keep | Action::Update | Action::Remove, _) => {}
        }
    }
    Ok(())
}
