//! What tests start in the place of `riser worker`: nothing but the worker's side.

use std::process::ExitCode;

fn main() -> ExitCode {
    riser_worker::worker_main()
}
