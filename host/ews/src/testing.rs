//! Items and accounts of an EWS server in memory, for tests of this crate and of users of its client.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use riser_domain::{
    AccountId, AccountRights, Clock, ContainerDefinition, ContainerItem, ContainerKind, DigestAlgorithm,
    EwsItem, EwsItemId, HistorySample, PointHandle, SetPointRule, Value, ValueDefinition, ValueItem,
    ValueKind, ValueState,
};
use secrecy::SecretString;
use tokio::sync::OwnedMutexGuard;

use crate::Ha1;
use crate::source::{
    AccountSource, ContainerView, DigestAccount, EwsAccount, HistoryPage, HistoryQuery, ItemMessage,
    ItemSource, ItemTree, ItemView, SetOutcome, SourceFault, SourceFuture, SystemFacts, ValueWrite,
};

const ROOT: PointHandle = PointHandle(0);

/// Items in memory. An accepted set point is Uncertain until [`MemorySource::confirm`].
#[derive(Debug)]
pub struct MemorySource {
    name: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Each write waits for its turn.
    turn: Arc<tokio::sync::Mutex<()>>,
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct State {
    tree: Arc<MemoryTree>,
    values: HashMap<PointHandle, (Value, ValueState)>,
    histories: HashMap<PointHandle, Vec<HistorySample>>,
    fault: Option<SourceFault>,
}

#[derive(Clone, Debug)]
struct MemoryTree {
    version: u64,
    name: String,
    next_handle: u32,
    items: HashMap<PointHandle, EwsItem>,
    by_id: HashMap<String, PointHandle>,
    children: HashMap<PointHandle, Vec<PointHandle>>,
}

impl MemorySource {
    /// Creates a server without items.
    pub fn new(name: &str, clock: Arc<dyn Clock>) -> Self {
        let tree = MemoryTree {
            version: 1,
            name: name.to_owned(),
            next_handle: 1,
            items: HashMap::new(),
            by_id: HashMap::from([(EwsItemId::ROOT.to_owned(), ROOT)]),
            children: HashMap::new(),
        };
        let state =
            State { tree: Arc::new(tree), values: HashMap::new(), histories: HashMap::new(), fault: None };
        Self {
            name: name.to_owned(),
            clock,
            state: Mutex::new(state),
            turn: Arc::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Adds an item to the end of its container; a value is Good with the default of its kind.
    pub fn add(&self, item: EwsItem) -> PointHandle {
        let mut state = self.state();
        let tree = Arc::make_mut(&mut state.tree);
        let handle = PointHandle(tree.next_handle);
        tree.next_handle += 1;
        tree.version += 1;
        let parent =
            item.parent().and_then(|parent| tree.by_id.get(parent.as_str())).copied().unwrap_or(ROOT);
        tree.children.entry(parent).or_default().push(handle);
        tree.by_id.insert(item.id().to_string(), handle);
        tree.items.insert(handle, item.clone());
        if let EwsItem::Value(item) = item {
            state.values.insert(handle, (item.definition.kind.never_known(), ValueState::Good));
        }
        handle
    }

    /// Adds a folder below the root.
    pub fn add_folder(&self, id: &str, name: &str) -> PointHandle {
        self.add(EwsItem::Container(ContainerItem {
            id: EwsItemId::new(id),
            parent: None,
            definition: ContainerDefinition {
                name: name.into(),
                description: "".into(),
                kind: ContainerKind::Folder,
            }
            .into(),
        }))
    }

    /// Adds a value to a container, with a unit of `kW` when it is a number with a fraction.
    pub fn add_value(
        &self,
        id: &str,
        parent: &str,
        value: Value,
        set_point: Option<SetPointRule>,
    ) -> PointHandle {
        let kind = value.kind();
        let handle = self.add(EwsItem::Value(ValueItem {
            id: EwsItemId::new(id),
            parent: EwsItemId::new(parent),
            definition: ValueDefinition {
                name: id.into(),
                description: "".into(),
                kind,
                unit: if kind == ValueKind::Double { "kW".into() } else { "".into() },
                writes_handled_by: set_point.is_some().then(|| "status".into()),
                set_point,
                published_by: "status".into(),
            }
            .into(),
        }));
        self.publish(handle, value, ValueState::Good);
        handle
    }

    /// Removes an item. Its children are no longer reachable through it.
    pub fn remove(&self, id: &str) {
        let mut state = self.state();
        let tree = Arc::make_mut(&mut state.tree);
        tree.version += 1;
        if let Some(handle) = tree.by_id.remove(id) {
            tree.items.remove(&handle);
            for children in tree.children.values_mut() {
                children.retain(|child| *child != handle);
            }
            state.values.remove(&handle);
        }
    }

    /// Sets a value.
    pub fn publish(&self, handle: PointHandle, value: Value, is: ValueState) {
        self.state().values.insert(handle, (value, is));
    }

    /// Marks a requested value as confirmed.
    pub fn confirm(&self, id: &str) {
        let mut state = self.state();
        let handle = state.tree.by_id.get(id).copied();
        if let Some(known) = handle.and_then(|handle| state.values.get_mut(&handle)) {
            known.1 = ValueState::Good;
        }
    }

    /// Appends samples to a history, oldest first.
    pub fn record(&self, handle: PointHandle, samples: impl IntoIterator<Item = HistorySample>) {
        self.state().histories.entry(handle).or_default().extend(samples);
    }

    /// Fails writes and histories from now on; `None` ends that.
    pub fn fail_with(&self, fault: Option<SourceFault>) {
        self.state().fault = fault;
    }

    /// Blocks writes until the guard is dropped, like a slow disk.
    pub async fn hold_writes(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// Number of requests that wait for their writes.
    pub fn waiting_writes(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    fn write(state: &mut State, write: ValueWrite, clock: &dyn Clock) -> SetOutcome {
        let tree = Arc::clone(&state.tree);
        let Some(EwsItem::Value(item)) = tree.items.get(&write.point) else {
            return Err(ItemMessage::InvalidId);
        };
        let rule = item.definition.set_point.as_ref().ok_or(ItemMessage::ValueNotWriteable)?;
        if !rule.lists(&write.value) {
            return Err(ItemMessage::InvalidValue);
        }
        if !rule.admits(&write.value, clock.now()) {
            return Err(ItemMessage::OutOfRange);
        }
        state.values.insert(write.point, (write.value, ValueState::Uncertain));
        Ok(())
    }
}

impl ItemSource for MemorySource {
    fn tree(&self) -> Arc<dyn ItemTree> {
        Arc::<MemoryTree>::clone(&self.state().tree)
    }

    fn read_values(&self, handles: &[PointHandle], visit: &mut dyn FnMut(usize, &Value, ValueState)) {
        let state = self.state();
        for (index, handle) in handles.iter().enumerate() {
            if let Some((value, is)) = state.values.get(handle) {
                visit(index, value, *is);
            }
        }
    }

    fn history(&self, query: HistoryQuery) -> SourceFuture<'_, HistoryPage> {
        let state = self.state();
        let response = match state.fault {
            Some(fault) => Err(fault),
            None => {
                let all = state.histories.get(&query.history).map_or(&[][..], Vec::as_slice);
                let mut samples: Vec<HistorySample> = all
                    .iter()
                    .filter(|it| query.from.is_none_or(|from| it.time >= from) && it.time < query.to)
                    .filter(|it| query.after.is_none_or(|after| it.time > after))
                    .cloned()
                    .collect();
                let has_more = samples.len() > query.limit_samples;
                samples.truncate(query.limit_samples);
                Ok(HistoryPage { samples, has_more, oldest: all.first().map(|oldest| oldest.time) })
            }
        };
        Box::pin(std::future::ready(response))
    }

    fn set_values<'a>(
        &'a self,
        _account: &'a EwsAccount,
        writes: Vec<ValueWrite>,
    ) -> SourceFuture<'a, Vec<SetOutcome>> {
        Box::pin(async move {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let turn = self.turn.lock().await;
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            let mut state = self.state();
            let response = match state.fault {
                Some(fault) => Err(fault),
                None => Ok(writes.into_iter().map(|it| Self::write(&mut state, it, &*self.clock)).collect()),
            };
            drop(turn);
            response
        })
    }

    fn system(&self) -> SystemFacts {
        SystemFacts { version: "1.0".to_owned(), id: "memory".to_owned(), name: self.name.clone() }
    }
}

impl ItemTree for MemoryTree {
    fn version(&self) -> u64 {
        self.version
    }

    fn find(&self, id: &str) -> Option<PointHandle> {
        self.by_id.get(id).copied()
    }

    fn item(&self, handle: PointHandle) -> Option<ItemView<'_>> {
        if handle == ROOT {
            return Some(ItemView::Container(ContainerView {
                id: EwsItemId::ROOT,
                name: &self.name,
                description: "",
                kind: ContainerKind::Server,
            }));
        }
        self.items.get(&handle).map(ItemView::from)
    }

    fn children(&self, container: PointHandle) -> &[PointHandle] {
        self.children.get(&container).map_or(&[], Vec::as_slice)
    }
}

/// Accounts in memory.
#[derive(Debug)]
pub struct MemoryAccounts {
    realm: String,
    accounts: Vec<(EwsAccount, SecretString)>,
}

impl MemoryAccounts {
    /// No accounts for this realm.
    pub fn new(realm: &str) -> Self {
        Self { realm: realm.to_owned(), accounts: Vec::new() }
    }

    /// With one more account.
    #[must_use]
    pub fn with(mut self, name: &str, password: &str, rights: AccountRights) -> Self {
        let id = AccountId(1 + i64::try_from(self.accounts.len()).unwrap_or(0));
        self.accounts.push((EwsAccount { id, name: name.into(), rights }, password.into()));
        self
    }
}

impl AccountSource for MemoryAccounts {
    fn find(&self, user_name: &str, algorithm: DigestAlgorithm) -> Option<DigestAccount> {
        let (account, password) = self.accounts.iter().find(|(account, _)| &*account.name == user_name)?;
        let ha1 = Arc::new(Ha1::derive(algorithm, user_name, &self.realm, password));
        Some(DigestAccount { account: account.clone(), ha1 })
    }
}
