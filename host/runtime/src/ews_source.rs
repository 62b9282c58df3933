//! The items and accounts of one EWS server, as `riser-ews` asks for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use riser_domain::{
    Actor, ContainerKind, DigestAlgorithm, EwsItemId, EwsServer, EwsServerId, PointHandle, Value, ValueState,
};
use riser_ews::{
    AccountSource, ContainerView, DigestAccount, EwsAccount, Ha1, HistoryPage, HistoryQuery, ItemMessage,
    ItemSource, ItemTree, ItemView, SetOutcome, SourceFault, SourceFuture, SystemFacts, ValueWrite,
};
use riser_secrets::SecretContext;
use riser_store::{Account, HistoryRange, StoreError};

use crate::items::{ServerTree, TreeNode};
use crate::outbox::{PointWrite, WriteError, WriteRefusal};
use crate::supervisor::Context;

/// The items of one EWS server.
#[derive(Debug)]
pub(crate) struct ServerItems {
    pub(crate) context: Arc<Context>,
    pub(crate) server: EwsServerId,
    pub(crate) name: String,
}

impl ItemSource for ServerItems {
    fn tree(&self) -> Arc<dyn ItemTree> {
        self.context.items.server(self.server)
    }

    fn read_values(&self, handles: &[PointHandle], visit: &mut dyn FnMut(usize, &Value, ValueState)) {
        self.context.items.values.visit(handles, visit);
    }

    fn history(&self, query: HistoryQuery) -> SourceFuture<'_, HistoryPage> {
        Box::pin(async move {
            let store = &self.context.store;
            let fault = |error| self.fault("a history could not be read", &error);
            let span = store.find_history_span(query.history).await.map_err(fault)?;
            let Some((oldest, _)) = span else { return Ok(HistoryPage::default()) };
            // One more than wanted tells whether more follow. The store's range ends with its last moment.
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
            let accepted = self.context.outbox.accept(self.server, &actor, writes).await.map_err(
                |error| match error {
                    WriteError::Full => SourceFault::StoreFull,
                    WriteError::Store(error) => self.fault("set points could not be stored", &error),
                },
            )?;
            self.context.directory().deliver(&self.context, accepted.writes).await;
            Ok(accepted.results.into_iter().map(|result| result.map_err(message)).collect())
        })
    }

    fn system(&self) -> SystemFacts {
        SystemFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            id: self.context.instance.clone(),
            name: self.name.clone(),
        }
    }
}

impl ServerItems {
    fn fault(&self, what: &str, error: &StoreError) -> SourceFault {
        self.context.report_store_failure(what, error);
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
        Some(node.item.as_ref().map_or_else(
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
        self.node(container).map_or(&[], |TreeNode { children, .. }| children)
    }
}

/// The accounts of one EWS server. A password is opened when its account first logs in; what is kept is its
/// hash for this realm.
#[derive(Debug)]
pub(crate) struct ServerAccounts {
    context: Arc<Context>,
    realm: String,
    accounts: HashMap<String, Account>,
    derived: Mutex<HashMap<(String, DigestAlgorithm), Arc<Ha1>>>,
}

impl ServerAccounts {
    pub(crate) fn new(context: Arc<Context>, server: &EwsServer) -> Self {
        let accounts = context
            .configurations
            .now()
            .accounts
            .iter()
            .filter(|account| account.ews_server == server.id)
            .map(|account| (account.name.clone(), account.clone()))
            .collect();
        Self { context, realm: server.realm.clone(), accounts, derived: Mutex::default() }
    }

    fn derive(&self, account: &Account, algorithm: DigestAlgorithm) -> Option<Ha1> {
        let sealed = account.password.as_ref()?;
        let place = SecretContext::new("ews_accounts", account.id.0, "password");
        match self.context.keyring.open(&place, &sealed.bytes) {
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
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
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
