//! The worker's side: one process, one order, foreign code on the main thread.
//!
//! **Invariant:** what must happen whatever the plugin does (heartbeat, answers, the end when the host is
//! gone) happens on threads that run no plugin code and take no lock that plugin code can hold for long.

mod link;
mod wakes;
