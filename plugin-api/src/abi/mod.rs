//! The contract: what crosses the edge of a plugin library. Authors never see it; the kit speaks it for them.
//!
//! One prefix-type root module, one trait object each way. Batches are slices of fixed-size records with their
//! texts in one buffer beside them; everything rare is JSON ([`messages`]). Nothing allocated on one side is
//! freed on the other except through types of `abi_stable`.
//!
//! **Growth.** [`CONTRACT`] is `MAJOR.MINOR`. A minor version adds fields after the last prefix field of
//! [`PluginModule`], methods with default bodies at the end of a trait, messages, and abilities. Nothing is
//! renamed or removed within a major version. [`compatibility`] compares two versions in one sentence.

pub mod messages;
mod point_table;
mod records;
mod version;

#[expect(unsafe_code, non_local_definitions, clippy::pedantic, reason = "what the sabi_trait macro writes")]
mod objects;

#[expect(
    unsafe_code,
    clippy::cast_ptr_alignment,
    clippy::expl_impl_clone_on_copy,
    reason = "what the StableAbi derive writes for a field that older plugins lack"
)]
mod plugin_module;

use abi_stable::StableAbi;
use abi_stable::std_types::{RResult, RString};

pub use objects::{HostServices, HostServices_TO, HostServicesBox, PluginRun, PluginRun_TO, PluginRunBox};
pub use plugin_module::{PluginModule, PluginModuleRef};
pub use point_table::{PointEntry, PointTable};
pub use records::{
    LogLevelCode, NO_POINT, PointBatch, PointRecord, ReadingBatch, ReadingRecord, SampleBatch, SampleRecord,
    TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_DURATION, TAG_INTEGER, TAG_KEEP, TAG_LONG, TAG_STRING,
    TIME_NOW, TextSpan, ValueBatch, ValueRecord,
};
pub use version::{CONTRACT, ContractVersion, compatibility};

/// Why a service of the host was not rendered.
#[repr(C)]
#[derive(StableAbi, Clone, Debug, PartialEq, Eq)]
pub enum ServiceError {
    /// The run is to end.
    Stop,
    /// The host understood and says no.
    Refused {
        /// A stable word.
        code: RString,
        /// What was refused and why, for people.
        what: RString,
    },
    /// The connection to the host is gone.
    Lost,
}

/// The reply of a service.
pub type ServiceResult<T> = RResult<T, ServiceError>;
