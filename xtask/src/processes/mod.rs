//! Riser and the simulator as processes of their own, for the demo and for measuring.
//!
//! None outlives this process: the host ends with its standard input, and the simulator watches its parent.

mod login;
mod riser;
mod simulator;

pub(crate) use login::Login;
pub(crate) use riser::{Host, Riser};
pub(crate) use simulator::{Simulator, SimulatorOptions};
