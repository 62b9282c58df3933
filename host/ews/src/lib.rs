//! EcoStruxure Web Services (EWS) 1.2: messages, HTTP Digest, server and client.
//!
//! A request travels bytes → `envelope` → `Operation` → `operations/…` → item source → text → bytes. An
//! operation is one file in `operations/`. Contract: `tests/reference/dataexchange-1.2.xsd`.
//!
//! **Invariant:** no SQL, no recursion over what a client sent, no entity of a document is resolved, and no
//! fault repeats what a client sent.

mod digest;
mod source;

pub use digest::Ha1;
pub use source::{
    AccountSource, ContainerView, DigestAccount, EwsAccount, HistoryPage, HistoryQuery, HistoryView,
    ItemMessage, ItemSource, ItemTree, ItemView, SetOutcome, SourceFault, SourceFuture, SystemFacts,
    ValueView, ValueWrite,
};
