//! `[[ews_server]]` with `[[ews_server.account]]`.

use std::net::SocketAddr;

use riser_domain::{AccountRights, DigestAlgorithm, EwsServer, EwsServerId};
use riser_secrets::SecretContext;
use riser_store::{Account, ConfigurationTransaction};
use secrecy::SecretString;

use super::fault::Faults;
use super::secret_settings::{is_same, read_secret, seal};
use super::section::{Placed, Section};
use super::{ApplyError, Check, read_name};

const TABLE: &str = "ews_accounts";
const COLUMN: &str = "password";
/// Fewer items on a page would make a BMS ask for ever.
const SMALLEST_PAGE_ITEMS: u32 = 100;

pub(super) struct Plan {
    pub(super) wanted: EwsServer,
    is_new: bool,
    is_changed: bool,
    accounts: Vec<AccountPlan>,
}

struct AccountPlan {
    name: String,
    rights: AccountRights,
    stored: Option<Account>,
    /// When it differs from the stored one.
    new_password: Option<SecretString>,
}

pub(super) fn read(check: &Check<'_>, sections: Vec<Section<'_>>, faults: &mut Faults<'_>) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for mut section in sections {
        let is_taken = |name: &str| plans.iter().any(|plan| plan.wanted.name == name);
        let Some(name) = read_name(&mut section, "EWS server", is_taken, faults) else {
            section.finish(faults);
            continue;
        };
        let stored = check.now.ews_servers.iter().find(|server| server.name == name.value);
        let accounts = read_accounts(check, stored, &mut section, faults);
        let place = section.place().clone();
        let wanted = read_server(name.value, stored, &mut section, faults);
        section.finish(faults);
        let taken = plans.iter().map(|plan| &plan.wanted).chain(&check.now.ews_servers).find(|other| {
            other.name != wanted.name
                && other.listen == wanted.listen
                && without_final_slash(&other.path) == without_final_slash(&wanted.path)
        });
        if let Some(other) = taken {
            let what = format!("the EWS server {:?} has this address and path already", other.name);
            faults.add(place, what);
        }
        plans.push(Plan { is_new: stored.is_none(), is_changed: stored != Some(&wanted), wanted, accounts });
    }
    plans
}

/// A path is served with and without a final slash.
fn without_final_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

fn read_server(
    name: String,
    stored: Option<&EwsServer>,
    section: &mut Section<'_>,
    faults: &mut Faults<'_>,
) -> EwsServer {
    let mut server = stored.cloned().unwrap_or_else(|| EwsServer {
        id: EwsServerId(0),
        name,
        listen: "127.0.0.1:51358".to_owned(),
        path: EwsServer::DEFAULT_PATH.to_owned(),
        realm: "Riser".to_owned(),
        public_url: None,
        page_size_items: EwsServer::DEFAULT_PAGE_SIZE_ITEMS,
        digest_order: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
    });
    let is_listen = |text: &str| text.parse::<SocketAddr>().is_ok();
    let is_path = |text: &str| text.starts_with('/') && !text.contains(['?', '#', ' ']) && text.is_ascii();
    let is_realm =
        |text: &str| !text.is_empty() && text.is_ascii() && !text.contains(['"', '\\']) && is_one_line(text);
    take(&mut server.listen, section.text("listen", faults), is_listen, LISTEN, faults);
    take(&mut server.path, section.text("path", faults), is_path, PATH, faults);
    take(&mut server.realm, section.text("realm", faults), is_realm, REALM, faults);
    if let Some(address) = section.text("public_url", faults) {
        match url_fault(&address.value) {
            None => server.public_url = Some(address.value),
            Some(what) => faults.add(address.place, what),
        }
    }
    if let Some(items) = section.whole("page_size_items", faults) {
        server.page_size_items = items.value;
        if items.value < SMALLEST_PAGE_ITEMS {
            faults.add(items.place, format!("page_size_items takes {SMALLEST_PAGE_ITEMS} or more"));
        }
    }
    if let Some(tokens) = section.texts("digest", faults) {
        let order: Option<Vec<_>> =
            tokens.value.iter().map(|token| token.parse::<DigestAlgorithm>().ok()).collect();
        match order.filter(|order| !order.is_empty()) {
            Some(order) => server.digest_order = order,
            None => faults.add(tokens.place, "digest takes a list of \"SHA-256\" and \"MD5\""),
        }
    }
    server
}

const LISTEN: &str = "listen takes an address and a port such as 127.0.0.1:51358";
const PATH: &str = "path takes the path of the service such as /EcoStruxure/DataExchange";
const REALM: &str = "realm takes one line of plain characters without quotes";

fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn url_fault(address: &str) -> Option<&'static str> {
    let is_http = address.starts_with("http://") || address.starts_with("https://");
    (!is_http || !is_one_line(address) || address.contains(['"', '<', ' ']))
        .then_some("public_url takes the address that clients use, such as http://bms.example:51358/path")
}

/// Takes a text over when it is right.
fn take(
    target: &mut String,
    given: Option<Placed<String>>,
    is_right: impl Fn(&str) -> bool,
    takes: &str,
    faults: &mut Faults<'_>,
) {
    match given {
        Some(given) if is_right(&given.value) => *target = given.value,
        Some(given) => faults.add(given.place, takes),
        None => {}
    }
}

fn read_accounts(
    check: &Check<'_>,
    server: Option<&EwsServer>,
    section: &mut Section<'_>,
    faults: &mut Faults<'_>,
) -> Vec<AccountPlan> {
    let mut plans: Vec<AccountPlan> = Vec::new();
    for mut account in section.sections("account", faults) {
        let is_taken = |name: &str| plans.iter().any(|plan| plan.name == name);
        let name = read_name(&mut account, "account", is_taken, faults);
        let stored = name.as_ref().zip(server).and_then(|(name, server)| {
            check.now.accounts.iter().find(|it| it.ews_server == server.id && it.name == name.value)
        });
        let rights = rights(&mut account, stored, faults);
        let password = password(check, &mut account, stored, faults);
        if let Some(name) = name.as_ref().filter(|name| name.value.contains(':')) {
            faults.add(name.place.clone(), "an account's name has no colon");
        }
        account.finish(faults);
        if let (Some(name), Some(rights)) = (name, rights) {
            plans.push(AccountPlan {
                name: name.value,
                rights,
                stored: stored.cloned(),
                new_password: password,
            });
        }
    }
    plans
}

fn rights(
    account: &mut Section<'_>,
    stored: Option<&Account>,
    faults: &mut Faults<'_>,
) -> Option<AccountRights> {
    let Some(given) = account.text("rights", faults) else {
        return Some(stored.map_or(AccountRights::Read, |stored| stored.rights));
    };
    let rights = given.value.parse::<AccountRights>().ok();
    if rights.is_none() {
        faults.add(given.place, "rights takes \"read\" or \"read-write\"");
    }
    rights
}

/// The password of the file, when it is not the stored one.
fn password(
    check: &Check<'_>,
    account: &mut Section<'_>,
    stored: Option<&Account>,
    faults: &mut Faults<'_>,
) -> Option<SecretString> {
    let known = stored.and_then(|stored| {
        let place = SecretContext::new(TABLE, stored.id.0, COLUMN);
        check.keyring.open(&place, &stored.password.as_ref()?.bytes).ok()
    });
    match account.value(COLUMN) {
        None => {
            if stored.is_none() {
                faults.add(account.place().clone(), "the account needs a password");
            }
            None
        }
        Some(value) => {
            let given = read_secret("password", value, faults)?;
            known.is_none_or(|known| !is_same(&known, &given)).then_some(given)
        }
    }
}

pub(super) async fn execute(
    plans: Vec<Plan>,
    check: &Check<'_>,
    transaction: &mut ConfigurationTransaction,
    told: &mut Vec<String>,
) -> Result<(), ApplyError> {
    for plan in plans {
        let name = &plan.wanted.name;
        let mut id = plan.wanted.id;
        if plan.is_new {
            id = transaction.add_ews_server(&plan.wanted).await?;
            told.push(format!("EWS server {name:?} added"));
        } else if plan.is_changed {
            transaction.update_ews_server(&plan.wanted).await?;
            told.push(format!("EWS server {name:?} changed"));
        }
        for account in plan.accounts {
            let what = format!("account {:?} of {name:?}", account.name);
            execute_account(account, (id, &what), check, transaction, told).await?;
        }
    }
    Ok(())
}

async fn execute_account(
    plan: AccountPlan,
    (server, what): (EwsServerId, &str),
    check: &Check<'_>,
    transaction: &mut ConfigurationTransaction,
    told: &mut Vec<String>,
) -> Result<(), ApplyError> {
    let id = match &plan.stored {
        None => {
            told.push(format!("{what} added"));
            transaction.add_account(server, &plan.name, plan.rights).await?
        }
        Some(stored) => {
            if stored.rights != plan.rights {
                transaction.update_account(stored.id, &plan.name, plan.rights).await?;
                told.push(format!("{what} has the rights {}", plan.rights.as_str()));
            }
            stored.id
        }
    };
    if let Some(password) = &plan.new_password {
        let sealed = seal(check.keyring, (TABLE, id.0, COLUMN), password)?;
        transaction.update_account_password(id, &sealed).await?;
        if plan.stored.is_some() {
            told.push(format!("{what} has a new password"));
        }
    }
    Ok(())
}
