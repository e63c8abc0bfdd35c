//! The radiostation program: settings in, `run`, exit code out.

use std::io::Write;
use std::process::ExitCode;

use configs::{Loaded, Program, Start};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let loaded = match configs::load_process(Program::Radiostation) {
        Ok(Start::Run(loaded)) => loaded,
        Ok(Start::Print(text)) => {
            let written = std::io::stdout().write_all(text.as_bytes());
            return if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(error.exit_code());
        }
    };
    match start(*loaded) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(loaded: Loaded) -> Result<(), Box<dyn std::error::Error>> {
    let log_settings = loaded.settings.radiostation().log;
    let log = configs::logging::start(&log_settings)?;
    let limit = configs::open_files::raise_limit();
    for warning in loaded.warnings.iter().chain(&limit) {
        tracing::warn!("{warning}");
    }
    for notice in &loaded.notices {
        tracing::info!("{notice}");
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let shutdown = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        let outcome = radiostation::run(loaded.settings, Some(log), shutdown).await;
        // Standard error gets it from `main` in any case.
        if let (Err(error), Some(_)) = (&outcome, &log_settings.file) {
            tracing::error!("{error}");
        }
        Ok(outcome?)
    })
}
