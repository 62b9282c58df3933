use tokio::runtime::{Handle, RuntimeFlavor};

/// Does work that takes longer than a request may wait, such as decoding a tree of a million points. Another thread
/// takes over the other tasks of this one meanwhile, if the runtime has several.
pub fn long_work<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
