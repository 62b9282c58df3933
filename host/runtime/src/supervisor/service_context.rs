use std::sync::Arc;

use riser_store::Store;

use super::registry::ProcessorRegistry;
use crate::configuration::Configurations;
use crate::connection_limiter::ConnectionLimiters;
use crate::items::ItemStore;
use crate::store_failures::StoreFailures;

/// What the services of the host use, whichever run calls them.
#[derive(Debug)]
pub(super) struct ServiceContext {
    pub(super) store: Store,
    pub(super) failures: StoreFailures,
    pub(super) configurations: Arc<Configurations>,
    pub(super) items: Arc<ItemStore>,
    pub(super) limiters: Arc<ConnectionLimiters>,
    pub(super) processors: Arc<ProcessorRegistry>,
}
