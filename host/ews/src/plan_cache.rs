//! Prepared responses. A BMS repeats the same GetValues request: an equal one costs a comparison of bytes
//! instead of parsing XML and looking up ids.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::operations::get_values::GetValuesPlan;

/// Most plans to keep: a BMS splits a large site into some hundred lists.
const PLANS: usize = 256;
/// Most bytes of requests and plans to keep.
const BYTES: usize = 8 * 1024 * 1024;

/// The plans of one EWS server, newest first.
#[derive(Debug, Default)]
pub(crate) struct PlanCache {
    plans: RwLock<VecDeque<Arc<KeptPlan>>>,
}

/// A plan with its request and tree.
#[derive(Debug)]
pub(crate) struct KeptPlan {
    body: Box<[u8]>,
    tree_version: u64,
    pub(crate) plan: GetValuesPlan,
}

impl KeptPlan {
    fn size_bytes(&self) -> usize {
        self.body.len() + self.plan.size_bytes()
    }
}

impl PlanCache {
    /// Returns the plan of exactly this request for this tree.
    pub(crate) fn find(&self, body: &[u8], tree_version: u64) -> Option<Arc<KeptPlan>> {
        let plans = self.plans.read();
        plans.iter().find(|kept| kept.tree_version == tree_version && *kept.body == *body).cloned()
    }

    /// Keeps a plan. Drops those of other trees and the oldest ones.
    pub(crate) fn keep(&self, body: &[u8], tree_version: u64, plan: GetValuesPlan) {
        let kept = Arc::new(KeptPlan { body: body.into(), tree_version, plan });
        let mut plans = self.plans.write();
        plans.retain(|other| other.tree_version == tree_version && other.body != kept.body);
        plans.push_front(kept);
        let mut bytes = 0;
        let fitting = plans.iter().take(PLANS).take_while(|kept| {
            bytes += kept.size_bytes();
            bytes <= BYTES
        });
        let fitting = fitting.count();
        plans.truncate(fitting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_found_by_exactly_its_request_and_tree() {
        let cache = PlanCache::default();
        cache.keep(b"one", 1, GetValuesPlan::default());
        assert!(cache.find(b"one", 1).is_some());
        assert!(cache.find(b"onf", 1).is_none());
        assert!(cache.find(b"one", 2).is_none());
        cache.keep(b"one", 2, GetValuesPlan::default());
        assert!(cache.find(b"one", 1).is_none(), "the tree has changed");
    }

    #[test]
    fn the_oldest_plans_are_evicted() {
        let cache = PlanCache::default();
        let large = |first: u8| vec![first; BYTES / 3];
        for first in 0..4 {
            cache.keep(&large(first), 1, GetValuesPlan::default());
        }
        assert!(cache.find(&large(0), 1).is_none());
        assert!(cache.find(&large(3), 1).is_some());
        cache.keep(&vec![9; BYTES + 1], 1, GetValuesPlan::default());
        assert!(cache.plans.read().is_empty(), "a plan larger than the cache is not kept");
    }
}
