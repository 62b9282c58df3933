use riser_domain::{AccountId, AccountRights, EwsServerId};
use riser_store::Account;
use secrecy::SecretString;

use super::identity::{ACCOUNT, match_identities};
use super::{Action, Basis, Errors};
use crate::configuration::current::{SecretTable, is_same};
use crate::configuration::draft::AccountDraft;
use crate::configuration::field_path::FieldPath;
use crate::configuration::inputs::{NOT_STORED, SecretInput};
use crate::configuration::plan::PlanLine;

const NEEDS_PASSWORD: &str = "the account needs a password";

pub(in crate::configuration) struct PlannedAccount {
    pub(in crate::configuration) action: Action,
    /// `None` for an account to be added.
    pub(in crate::configuration) id: Option<AccountId>,
    /// The name of the server, which may be new as well.
    pub(in crate::configuration) server: String,
    pub(in crate::configuration) name: String,
    pub(in crate::configuration) rights: AccountRights,
    /// When it differs from the stored one.
    pub(in crate::configuration) new_password: Option<SecretString>,
}

/// The EWS server of the accounts; `id` is `None` for a new one.
#[derive(Clone, Copy)]
pub(super) struct AccountsOwner<'a> {
    pub(super) id: Option<EwsServerId>,
    pub(super) name: &'a str,
    pub(super) path: &'a FieldPath,
}

pub(super) fn check(
    server: AccountsOwner<'_>,
    drafts: &[AccountDraft],
    basis: &Basis<'_>,
    errors: &mut Errors,
    lines: &mut Vec<PlanLine>,
) -> Vec<PlannedAccount> {
    let all = &basis.current.configuration.accounts;
    let stored_accounts: Vec<&Account> =
        all.iter().filter(|account| Some(account.ews_server) == server.id).collect();
    let names: Vec<&str> = stored_accounts.iter().map(|account| account.name.as_str()).collect();
    let mut planned = Vec::new();
    for matched in match_identities(ACCOUNT, server.path, drafts, &names, errors) {
        let stored = matched.stored.map(|index| stored_accounts[index]);
        let account = if matched.removes {
            stored.map(|stored| PlannedAccount {
                action: Action::Remove,
                id: Some(stored.id),
                server: server.name.to_owned(),
                name: stored.name.clone(),
                rights: stored.rights,
                new_password: None,
            })
        } else {
            wanted(matched.draft, stored, (server.name, &matched.path), basis, errors)
        };
        if let Some(account) = account {
            describe(&account, stored, lines);
            planned.push(account);
        }
    }
    planned
}

fn wanted(
    draft: &AccountDraft,
    stored: Option<&Account>,
    (server, path): (&str, &FieldPath),
    basis: &Basis<'_>,
    errors: &mut Errors,
) -> Option<PlannedAccount> {
    let name = draft.identity.name.clone();
    if name.contains(':') {
        errors.add(&path.key("name"), "the name of an account contains no colon");
    }
    let rights = match draft.rights.as_deref() {
        None => Some(stored.map_or(AccountRights::Read, |stored| stored.rights)),
        Some(word) => word.parse::<AccountRights>().ok(),
    };
    if rights.is_none() {
        errors.add(&path.key("rights"), "rights takes \"read\" or \"read-write\"");
    }
    let new_password = new_password(draft, stored, path, basis, errors);
    let rights = rights?;
    let action = match stored {
        None => Action::Add,
        Some(stored) if stored.name == name && stored.rights == rights => Action::Keep,
        Some(_) => Action::Update,
    };
    Some(PlannedAccount {
        action,
        id: stored.map(|stored| stored.id),
        server: server.to_owned(),
        name,
        rights,
        new_password,
    })
}

fn new_password(
    draft: &AccountDraft,
    stored: Option<&Account>,
    path: &FieldPath,
    basis: &Basis<'_>,
    errors: &mut Errors,
) -> Option<SecretString> {
    let has_password = stored.is_some_and(|stored| stored.password.is_some());
    match &draft.password {
        None => {
            if stored.is_none() {
                errors.add(path, NEEDS_PASSWORD);
            }
            None
        }
        Some(SecretInput::Unreadable { reason }) => {
            errors.add(&path.key("password"), reason);
            None
        }
        Some(SecretInput::Stored { reason }) => {
            if !has_password {
                errors.add(&path.key("password"), format!("{reason}{NOT_STORED}"));
            }
            None
        }
        Some(SecretInput::Value(given)) => {
            let known = basis.current.secrets(SecretTable::Accounts, stored.map(|stored| stored.id.0));
            let known = known.first().and_then(|known| known.value.as_ref());
            known.is_none_or(|known| !is_same(known, given)).then(|| given.clone())
        }
    }
}

fn describe(account: &PlannedAccount, stored: Option<&Account>, lines: &mut Vec<PlanLine>) {
    let (name, server) = (&account.name, &account.server);
    let subject = format!("account {name:?} of {server:?}");
    let Some(stored) = stored else {
        lines.push(PlanLine::change(format!("{subject} added")));
        return;
    };
    if account.action == Action::Remove {
        lines.push(PlanLine::removal(format!("{subject} removed")));
        return;
    }
    if stored.name != *name {
        lines.push(PlanLine::change(format!("account {:?} of {server:?} renamed to {name:?}", stored.name)));
    }
    if stored.rights != account.rights {
        lines.push(PlanLine::change(format!("{subject} changed: rights = {:?}", account.rights.as_str())));
    }
    if account.new_password.is_some() {
        lines.push(PlanLine::change(format!("{subject} gets a new password")));
    }
}
