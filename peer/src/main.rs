//! `peer`: reads its configuration and runs until SIGTERM or SIGINT.

use std::io::Write;
use std::process::ExitCode;

use configs::{Program, Start};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    match configs::load_process(Program::Peer) {
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
        Ok(Start::Print(text)) => {
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Ok(Start::Run(loaded)) => run(&loaded),
    }
}

fn run(loaded: &configs::Loaded) -> ExitCode {
    let settings = loaded.settings.peer();
    if let Err(error) = configs::logging::start(&settings.log) {
        let _ = writeln!(std::io::stderr(), "error: {error}");
        return ExitCode::FAILURE;
    }
    end_on_panic();
    if let Some(warning) = configs::open_files::raise_limit() {
        tracing::warn!("{warning}");
    }
    loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    loaded.notices.iter().for_each(|notice| tracing::info!("{notice}"));
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    let outcome: Result<(), Box<dyn std::error::Error>> = runtime.block_on(async {
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone())?;
        Ok(peer::run(settings, stop).await?)
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

// What this process can no longer vouch for must not go on: no thread outlives a broken one.
fn end_on_panic() {
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        say(panic);
        tracing::error!("{panic}");
        std::process::abort();
    }));
}

fn stop_on_signal(stop: CancellationToken) -> Result<(), Box<dyn std::error::Error>> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
    });
    Ok(())
}
