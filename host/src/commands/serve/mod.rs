//! `riser serve`: runs the host from opening the data directory to the shutdown.

mod failed_start;
mod portal_address;
mod ready_line;
mod setup_code;
mod shutdown_signal;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use riser_calendar::machine_zone;
use riser_domain::{Clock, Problem};
use riser_platform::machine_name;
use riser_portal::{Portal, SetupCode};
use riser_runtime::{LaunchOptions, Runtime, RuntimeParts, SystemClock};
use riser_store::Recovery;

use self::portal_address::{PortalAddress, PortalArgs};
use self::shutdown_signal::ShutdownSignal;
use crate::control::ControlListener;
use crate::control::server::ControlServer;
use crate::logging;
use crate::open_data_dir::{OpenDataDir, open_data_dir};
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser serve`.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    plugins: PluginDirs,
    #[command(flatten)]
    portal: PortalArgs,
    /// Print one line of JSON with the addresses on standard output when all of them listen
    #[arg(long)]
    print_ready: bool,
    /// End when standard input is closed, as it is when the program that started this one ends
    #[arg(long)]
    exit_on_stdin_close: bool,
}

/// A loaded Riser. Nothing runs and nothing listens yet.
struct Loaded {
    runtime: Runtime,
    control: std::io::Result<ControlListener>,
    setup_code: Option<SetupCode>,
    problems: Vec<Problem>,
}

/// Runs until it is asked to stop.
pub(crate) async fn run(arguments: ServeArgs) -> anyhow::Result<ExitCode> {
    let log = logging::start();
    let shutdown = ShutdownSignal::listen(arguments.exit_on_stdin_close)?;
    let directory = arguments.data.path()?;
    let (listener, portal_address) = arguments.portal.bind().await?;
    let settings = arguments.portal.settings(&machine_name());
    let host_name = settings.host_names.first().unwrap_or(&settings.machine_name);
    let loaded = match load(&arguments, &directory, portal_address).await {
        Ok(loaded) => loaded,
        Err(error) => {
            let Some(problem) = failed_start::problem_of(&error, &directory) else { return Err(error) };
            portal_address.say_where(host_name);
            if arguments.print_ready {
                ready_line::print_failed(&portal_address.url(), &problem.what)?;
            }
            return Ok(failed_start::serve(problem, listener, &settings, &shutdown).await);
        }
    };
    let Loaded { runtime, control, setup_code, problems } = loaded;
    for problem in problems.into_iter().chain(listener.problem()) {
        tracing::warn!(code = problem.code, "{}: {}", problem.what, problem.remedy);
        runtime.raise_problem(problem);
    }
    portal_address.say_where(host_name);
    let portal = Portal { runtime: runtime.clone(), settings, setup_code, log };
    let serving = tokio::spawn(listener.serve(portal));

    runtime.start().await?;
    let control = control
        .map(|listener| ControlServer::start(listener, runtime.clone()))
        .inspect_err(|error| {
            runtime.raise_problem(no_control_socket(error));
        })
        .ok();
    if arguments.print_ready {
        ready_line::print(&portal_address.url(), &runtime)?;
    }
    let served = tokio::select! {
        () = shutdown.received() => Ok(()),
        served = serving => served.context("the portal panicked"),
    };
    tracing::info!("stopping: waiting for the processors");
    tokio::select! {
        () = runtime.shut_down() => {}
        () = shutdown.received() => tracing::warn!("second request to stop: stopping immediately"),
    }
    if let Some(control) = control {
        control.close().await;
    }
    runtime.store().close().await;
    setup_code::remove(&directory)?;
    served.map(|()| ExitCode::SUCCESS)
}

/// Opens the data directory and loads its content.
async fn load(
    arguments: &ServeArgs,
    directory: &Path,
    portal_address: PortalAddress,
) -> anyhow::Result<Loaded> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let open = open_data_dir(directory, clock.as_ref()).await?;
    tracing::info!(directory = %directory.display(), "the data directory is open");
    if let Some(file) = &open.recovery.history_taken_back {
        tracing::info!(file = %file.display(), "the recorded values of the restored database are in use again");
    }
    let problems = problems_of(&open);
    let control = ControlListener::bind(directory);
    let OpenDataDir { store, keyring, .. } = open;
    let setup_code = if store.list_users().await?.is_empty() {
        Some(setup_code::create(directory, &portal_address.url())?)
    } else {
        setup_code::remove(directory)?;
        None
    };
    let runtime = Runtime::load(RuntimeParts {
        worker: LaunchOptions::of_this_program(store.instance_id()),
        plugin_dirs: arguments.plugins.paths(directory),
        keyring: Arc::new(keyring),
        data_dir: directory.to_owned(),
        store,
        clock,
        machine_zone: machine_zone(),
    })
    .await?;
    Ok(Loaded { runtime, control, setup_code, problems })
}

/// Returns the problems found when the directory was opened.
fn problems_of(open: &OpenDataDir) -> Vec<Problem> {
    let secrets = open.locked_because.as_ref().map(|refusal| Problem {
        code: "secrets-locked".to_owned(),
        what: refusal.to_string(),
        effect: "no stored password can be used: connections and EWS accounts do not work".to_owned(),
        remedy: "put back the key file that belongs to this data directory, and start Riser again; if it is lost for \
                 good, so are the passwords: set Riser up in another directory"
            .to_owned(),
        setting: None,
    });
    let keys = open.keyring.locked_keys().join(", ");
    let wrong_key = (open.locked_because.is_none() && !keys.is_empty()).then(|| Problem {
        code: "wrong-key".to_owned(),
        what: format!("the key file does not open the data key {keys}"),
        effect: "passwords sealed under it cannot be used; they are kept".to_owned(),
        remedy: "put back the key file that belongs to this data directory, and start Riser again".to_owned(),
        setting: None,
    });
    secrets.into_iter().chain(wrong_key).chain(problems_of_recovery(&open.recovery)).collect()
}

fn no_control_socket(error: &std::io::Error) -> Problem {
    tracing::error!("the control socket cannot be opened: {error}");
    Problem {
        code: "control-socket-unusable".to_owned(),
        what: format!("the control socket in the data directory cannot be opened: {error}"),
        effect: "commands such as `riser status` cannot reach this Riser".to_owned(),
        remedy: "remove the cause and restart Riser; everything else works".to_owned(),
        setting: None,
    }
}

fn problems_of_recovery(recovery: &Recovery) -> impl Iterator<Item = Problem> {
    recovery.quarantined.iter().map(|moved| Problem {
        code: format!("quarantined-{}", moved.file),
        what: format!("{} could not be used: {}", moved.file, moved.fault),
        effect: format!("Riser began with a new one; the old file is {}", moved.to.display()),
        remedy: "restore a backup if there is one, or set Riser up again".to_owned(),
        setting: None,
    })
}
