//! The command line of `score-runner`.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use score_runtime::local::LocalError;
use score_runtime::scaffold::{self, Language};
use score_runtime::trial::{self, TrialError};
use score_runtime::{confine, difference, exit, package, python, serve};
use tracing::error;
use tracing_subscriber::EnvFilter;

/// Runs the SCORE of one channel for a loopchain peer.
#[derive(Parser)]
#[command(name = "score-runner", version)]
struct Arguments {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Subcommand)]
enum Subcommands {
    /// Serve the peer that holds the other end of standard input (peers start this themselves).
    Serve,
    /// Report what in a Python package may make peers differ: exit code 0 for nothing, 1 if any.
    Check {
        /// The folder that holds package.json.
        package: PathBuf,
    },
    /// Make a new package, with a contract to begin from and its tests.
    New {
        /// NAME or GROUP/NAME; the folder is made where you are.
        name: String,
        #[arg(long, value_enum, default_value = "python")]
        runtime: Language,
    },
    /// Run a package's tests, each on a channel of its own without network: exit code 1 if any fails.
    Test {
        /// The folder that holds package.json, and tests in its folder `tests`.
        package: PathBuf,
    },
    /// Execute transactions on a channel without network, and show results and state hash.
    Run {
        /// The folder that holds package.json.
        package: PathBuf,
        /// A file of transactions, one a line as clients send them; an empty line ends a block.
        /// `-` is standard input.
        #[arg(long)]
        tx: PathBuf,
        /// A request to be answered in the end; again for more of them.
        #[arg(long)]
        query: Vec<String>,
    },
    /// Show which keys differ between the SCORE stores of two peers: exit code 1 if any does.
    Diff {
        /// A channel's folder below the folder `score` of a peer's storage.
        first: PathBuf,
        second: PathBuf,
    },
    /// Show the versions of this program and of its Python, or that of a package's folder.
    Version {
        /// The folder that holds package.json, as it lies there.
        package: Option<PathBuf>,
    },
}

/// An interpreter in a program finds its library by looking for `python3` in `PATH`: it must be
/// the system's, which this program is linked with, not one that a user installed.
const SYSTEM_PATH: &str = "/usr/bin:/bin:";

/// What the interpreter reads before any code of ours can tell it: strings hash alike
/// everywhere, local time is UTC, texts are UTF-8, and nobody's own modules are found.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("PYTHONHASHSEED", "0"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("PYTHONNOUSERSITE", "1"),
    ("PYTHONUTF8", "1"),
    ("TZ", "UTC"),
    ("LC_ALL", "C.UTF-8"),
];
/// All others of the interpreter's variables are removed.
const OF_PYTHON: &str = "PYTHON";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .init();
    if let Err(error) = fix_environment() {
        error!(%error, "score-runner cannot start itself with a fixed environment");
        return ExitCode::from(exit::FAILED);
    }
    let code = match arguments.command {
        Subcommands::Serve => serve::serve(),
        Subcommands::Check { package } => check(&package),
        Subcommands::New { name, runtime } => new(&name, runtime),
        Subcommands::Test { package } => test(&package),
        Subcommands::Run { package, tx, query } => run(&package, &tx, &query),
        Subcommands::Diff { first, second } => diff(&first, &second),
        Subcommands::Version { package: Some(package) } => version(&package),
        Subcommands::Version { package: None } => print(&[
            format!("score-runner {}", env!("CARGO_PKG_VERSION")),
            format!("Python {}", python::version()),
        ]),
    };
    ExitCode::from(code)
}

/// Starts this program anew, in the same process, unless the environment is as it must be.
fn fix_environment() -> io::Result<()> {
    let wanted = |(name, value): (&str, &str)| env::var(name).is_ok_and(|found| found == value);
    let surplus: Vec<OsString> = env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.to_string_lossy().starts_with(OF_PYTHON))
        .filter(|name| !ENVIRONMENT.iter().any(|(fixed, _)| name == fixed))
        .collect();
    let addresses_are_fixed = confine::fix_addresses();
    let path = env::var("PATH").unwrap_or_default();
    let path_is_fixed = path.starts_with(SYSTEM_PATH);
    let is_fixed = path_is_fixed && ENVIRONMENT.into_iter().all(wanted) && surplus.is_empty();
    if is_fixed && addresses_are_fixed {
        return Ok(());
    }
    let mut command = Command::new(env::current_exe()?);
    command.args(env::args_os().skip(1)).envs(ENVIRONMENT);
    for name in surplus {
        command.env_remove(name);
    }
    if !path_is_fixed {
        command.env("PATH", format!("{SYSTEM_PATH}{path}"));
    }
    Err(command.exec())
}

fn version(folder: &Path) -> u8 {
    match package::version(folder) {
        Ok(version) => print(&[version]),
        Err(error) => {
            error!("{error}");
            exit::USAGE
        }
    }
}

fn check(folder: &Path) -> u8 {
    if !package::is_package(folder) {
        error!("{} is no SCORE package: it has no package.json", folder.display());
        return exit::USAGE;
    }
    match python::check(folder) {
        Ok(findings) if findings.is_empty() => print(&["nothing found".to_owned()]),
        Ok(findings) => print(&findings).max(exit::FAILED),
        Err(error) => {
            error!(%error, "the package cannot be checked");
            exit::FAILED
        }
    }
}

fn new(name: &str, language: Language) -> u8 {
    let made = env::current_dir()
        .map_err(|error| error.to_string())
        .and_then(|here| scaffold::make(&here, name, language).map_err(|error| error.to_string()));
    let build =
        if language == Language::Native { format!("{name}/build && ") } else { String::new() };
    match made {
        Ok(folder) => print(&[
            format!("made {}", folder.display()),
            format!("its tests: {build}score-runner test {name}"),
        ]),
        Err(error) => {
            error!("{error}");
            exit::USAGE
        }
    }
}

fn test(package: &Path) -> u8 {
    match trial::test(package, &mut io::stdout().lock()) {
        Ok(true) => exit::CLEAN,
        Ok(false) => exit::FAILED,
        Err(error) => refuse(&error),
    }
}

fn run(package: &Path, transactions: &Path, queries: &[String]) -> u8 {
    let lines = match transactions.to_str() {
        Some("-") => io::read_to_string(io::stdin()),
        _ => std::fs::read_to_string(transactions),
    };
    let lines =
        lines.map_err(|error| TrialError::File { path: transactions.display().to_string(), error });
    match lines.and_then(|lines| trial::run(package, &lines, queries, &mut io::stdout().lock())) {
        Ok(()) => exit::CLEAN,
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &TrialError) -> u8 {
    error!("{error}");
    match error {
        TrialError::Local(LocalError::Load(_)) => exit::PACKAGE,
        TrialError::Local(LocalError::Ended(_) | LocalError::Start(_)) | TrialError::Output(_) => {
            exit::FAILED
        }
        _ => exit::USAGE,
    }
}

fn diff(first: &Path, second: &Path) -> u8 {
    match difference::differences(first, second) {
        Ok(lines) if lines.is_empty() => print(&["no differences".to_owned()]),
        Ok(lines) => print(&lines).max(exit::FAILED),
        Err(error) => {
            error!("{error}");
            exit::USAGE
        }
    }
}

fn print(lines: &[String]) -> u8 {
    let mut output = io::stdout().lock();
    let printed = lines.iter().try_for_each(|line| writeln!(output, "{line}"));
    match printed.and_then(|()| output.flush()) {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            error!(%error, "standard output");
            exit::FAILED
        }
    }
}
