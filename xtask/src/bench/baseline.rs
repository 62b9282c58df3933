//! The baseline of EWS benchmarks: a plain axum server that reads a request and sends a prepared response.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::Context as _;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use bytes::Bytes;
use clap::Args;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Arguments of the baseline's process.
#[derive(Args, Debug)]
pub(crate) struct BaselineArgs {
    /// File with the response
    #[arg(long)]
    response: PathBuf,
}

/// A running baseline.
pub(super) struct Baseline {
    /// Ended when this is dropped.
    _child: Child,
    pub(super) url: String,
}

impl Baseline {
    /// Starts it in a separate process, on the processor of this thread.
    pub(super) async fn start(response: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["baseline", "--response"])
            .arg(response)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().context("its output is not piped")?).read_line(&mut url).await?;
        Ok(Self { _child: child, url: url.trim_end().to_owned() })
    }
}

/// Serves until it is ended.
pub(super) fn run(arguments: BaselineArgs) -> anyhow::Result<ExitCode> {
    let response = Bytes::from(std::fs::read(arguments.response)?);
    // As many threads as it has processors, like the host.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let serve = async move |_read: Bytes| {
            ([(CONTENT_TYPE, "application/soap+xml; charset=utf-8")], response.clone())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let mut out = std::io::stdout();
        writeln!(out, "http://{}/", listener.local_addr()?)?;
        out.flush()?;
        axum::serve(listener, Router::new().route("/{*path}", post(serve))).await?;
        Ok(ExitCode::SUCCESS)
    })
}
