use std::sync::Arc;

use riser_domain::Clock;
use riser_store::Store;

use super::registry::ProcessorRegistry;
use crate::configuration::Configurations;
use crate::connection_limiter::ConnectionLimiters;
use crate::items::ItemStore;
use crate::store_failures::StoreFailures;

/// The parts that the services of all runs share.
#[derive(Debug)]
pub(super) struct ServiceContext {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Store,
    pub(super) failures: StoreFailures,
    pub(super) configurations: Arc<Configurations>,
    pub(super) items: Arc<ItemStore>,
    pub(super) limiters: Arc<ConnectionLimiters>,
    pub(super) processors: Arc<ProcessorRegistry>,
}
