//! The items and accounts of one EWS server, for `riser-ews`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use riser_domain::{
    Actor, ContainerKind, DigestAlgorithm, EwsItemId, EwsServer, EwsServerId, PointHandle, Value, ValueState,
};
use riser_ews::{
    AccountSource, ContainerView, DigestAccount, EwsAccount, Ha1, HistoryPage, HistoryQuery, ItemMessage,
    ItemSource, ItemTree, ItemView, SetOutcome, SourceFault, SourceFuture, SystemFacts, ValueWrite,
};
use riser_secrets::{Keyring, SecretContext};
use riser_store::{Account, HistoryRange, Store, StoreError};

use crate::items::{ItemStore, ServerTree, TreeNode};
use crate::set_points::{PointWrite, SetPoints, WriteError, WriteRefusal};
use crate::store_failures::StoreFailures;

/// What the items of all EWS servers are served from.
#[derive(Debug)]
pub(crate) struct ItemParts {
    pub(crate) store: Store,
    pub(crate) failures: StoreFailures,
    pub(crate) items: Arc<ItemStore>,
    pub(crate) set_points: Arc<SetPoints>,
    pub(crate) instance: String,
}

/// The items of one EWS server.
#[derive(Debug)]
pub(crate) struct ServerItems {
    parts: Arc<ItemParts>,
    server: EwsServerId,
    name: String,
}

impl ServerItems {
    pub(crate) fn new(parts: Arc<ItemParts>, server: &EwsServer) -> Self {
        Self { parts, server: server.id, name: server.name.clone() }
    }
}

impl ItemSource for ServerItems {
    fn tree(&self) -> Arc<dyn ItemTree> {
        self.parts.items.server(self.server)
    }

    fn read_values(&self, handles: &[PointHandle], visit: &mut dyn FnMut(usize, &Value, ValueState)) {
        self.parts.items.values.visit(handles, visit);
    }

    fn history(&self, query: HistoryQuery) -> SourceFuture<'_, HistoryPage> {
        Box::pin(async move {
            let store = &self.parts.store;
            let fault = |error| self.fault("a history could not be read", &error);
            let span = store.find_history_span(query.history).await.map_err(fault)?;
            let Some((oldest, _)) = span else { return Ok(HistoryPage::default()) };
            // One more than wanted shows whether more follow. The end of the store's range is inclusive.
            let range = HistoryRange {
                from: query.from.unwrap_or(oldest),
                to: query.to.minus(Duration::from_millis(1)),
                after: query.after,
                limit: u32::try_from(query.limit_samples.saturating_add(1)).unwrap_or(u32::MAX),
            };
            let mut samples = store.read_history(query.history, range).await.map_err(fault)?;
            let has_more = samples.len() > query.limit_samples;
            samples.truncate(query.limit_samples);
            Ok(HistoryPage { samples, has_more, oldest: Some(oldest) })
        })
    }

    fn set_values<'a>(
        &'a self,
        account: &'a EwsAccount,
        writes: Vec<ValueWrite>,
    ) -> SourceFuture<'a, Vec<SetOutcome>> {
        Box::pin(async move {
            let actor = Actor::EwsAccount { server: self.name.clone(), account: account.name.to_string() };
            let writes = writes
                .into_iter()
                .map(|write| PointWrite { point: write.point, value: write.value })
                .collect();
            let results =
                self.parts.set_points.write(self.server, actor, writes).await.map_err(
                    |error| match error {
                        WriteError::Store(error) => self.fault("set points could not be stored", &error),
                        WriteError::Full | WriteError::Ending => SourceFault::StoreFull,
                    },
                )?;
            Ok(results.into_iter().map(|result| result.map_err(message)).collect())
        })
    }

    fn system(&self) -> SystemFacts {
        SystemFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            id: self.parts.instance.clone(),
            name: self.name.clone(),
        }
    }
}

impl ServerItems {
    fn fault(&self, what: &str, error: &StoreError) -> SourceFault {
        self.parts.failures.report(what, error);
        SourceFault::StoreFull
    }
}

const fn message(refusal: WriteRefusal) -> ItemMessage {
    match refusal {
        WriteRefusal::UnknownItem => ItemMessage::InvalidId,
        WriteRefusal::NotWritable => ItemMessage::ValueNotWriteable,
        WriteRefusal::InvalidValue => ItemMessage::InvalidValue,
        WriteRefusal::OutOfRange => ItemMessage::OutOfRange,
    }
}

impl ItemTree for ServerTree {
    fn version(&self) -> u64 {
        self.version
    }

    fn find(&self, id: &str) -> Option<PointHandle> {
        self.find(id)
    }

    fn item(&self, handle: PointHandle) -> Option<ItemView<'_>> {
        let node = self.node(handle)?;
        Some(node.item().map_or_else(
            || {
                ItemView::Container(ContainerView {
                    id: EwsItemId::ROOT,
                    name: &self.name,
                    description: "",
                    kind: ContainerKind::Server,
                })
            },
            ItemView::from,
        ))
    }

    fn children(&self, container: PointHandle) -> &[PointHandle] {
        self.node(container).map_or(&[], TreeNode::children)
    }
}

/// The accounts of one EWS server. A password is decrypted at the first login of its account; only its
/// hash for this realm is kept.
#[derive(Debug)]
pub(crate) struct ServerAccounts {
    keyring: Arc<Keyring>,
    realm: String,
    accounts: HashMap<String, Account>,
    derived: Mutex<HashMap<(String, DigestAlgorithm), Arc<Ha1>>>,
}

impl ServerAccounts {
    pub(crate) fn new(keyring: Arc<Keyring>, server: &EwsServer, accounts: &[Account]) -> Self {
        let accounts = accounts.iter().map(|account| (account.name.clone(), account.clone())).collect();
        Self { keyring, realm: server.realm.clone(), accounts, derived: Mutex::default() }
    }

    fn derive(&self, account: &Account, algorithm: DigestAlgorithm) -> Option<Ha1> {
        let sealed = account.password.as_ref()?;
        let place = SecretContext::new("ews_accounts", account.id.0, "password");
        match self.keyring.open(&place, &sealed.bytes) {
            Ok(password) => Some(Ha1::derive(algorithm, &account.name, &self.realm, &password)),
            Err(error) => {
                tracing::error!(
                    ews_account.name = account.name,
                    error = &error as &dyn std::error::Error,
                    "the password of the EWS account {} cannot be opened",
                    account.name
                );
                None
            }
        }
    }
}

impl AccountSource for ServerAccounts {
    fn find(&self, user_name: &str, algorithm: DigestAlgorithm) -> Option<DigestAccount> {
        let account = self.accounts.get(user_name)?;
        let key = (user_name.to_owned(), algorithm);
        let mut derived = self.derived.lock();
        let ha1 = match derived.get(&key) {
            Some(ha1) => Arc::clone(ha1),
            None => {
                let ha1 = Arc::new(self.derive(account, algorithm)?);
                derived.insert(key, Arc::clone(&ha1));
                ha1
            }
        };
        let account =
            EwsAccount { id: account.id, name: Arc::from(account.name.as_str()), rights: account.rights };
        Some(DigestAccount { account, ha1 })
    }
}
