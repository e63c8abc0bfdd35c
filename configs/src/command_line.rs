//! The command lines of both programs, and the settings that their options stand for.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::address::HostPort;
use crate::error::ConfigError;
use crate::source::Source;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Peer,
    Radiostation,
}

impl Program {
    pub fn name(self) -> &'static str {
        match self {
            Program::Peer => "peer",
            Program::Radiostation => "radiostation",
        }
    }

    /// The setting of the program's own gRPC port.
    pub(crate) fn port_name(self) -> &'static str {
        match self {
            Program::Peer => "PORT_PEER",
            Program::Radiostation => "PORT_RADIOSTATION",
        }
    }

    /// What `--help` prints.
    pub fn help(self) -> String {
        self.command().render_long_help().to_string()
    }

    fn command(self) -> clap::Command {
        match self {
            Program::Peer => PeerArguments::command(),
            Program::Radiostation => RadiostationArguments::command(),
        }
    }
}

/// Options of both programs.
#[derive(clap::Args)]
struct CommonArguments {
    /// File of settings: JSON, comments allowed; may be given more than once, the later one wins
    #[arg(short = 'o', long = "configure_file_path", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// gRPC port of this process; REST listens on this plus PORT_DIFF_REST_SERVICE_CONTAINER
    #[arg(short = 'p', long = "port", value_name = "PORT")]
    port: Option<String>,

    /// Coloured debug logging
    #[arg(short = 'd', long = "develop")]
    develop: bool,

    /// Print every setting, its value and where it came from, and end
    #[arg(long = "print-config", alias = "print_config")]
    print_config: bool,
}

/// One peer of a loopchain network: keeps the ledgers of its channels and votes on their blocks.
#[derive(Parser)]
#[command(name = "peer", version, infer_long_args = true, term_width = 100)]
struct PeerArguments {
    #[command(flatten)]
    common: CommonArguments,

    /// Radiostation to join, and one to fall back to
    #[arg(
        short = 'r',
        long = "radio_station_target",
        value_name = "HOST[:PORT][,HOST:PORT]",
        alias = "radio-station-target"
    )]
    radiostations: Option<String>,

    /// SCORE package of the default channel when there is no channel file
    #[arg(short = 'c', long = "score", value_name = "SCORE_PACKAGE")]
    score_package: Option<String>,

    /// Password of the private key; others can see it here, the variable DEFAULT_PW hides it
    #[arg(short = 'a', long = "password", value_name = "PASSWORD")]
    password: Option<String>,

    /// Public key, DER
    #[arg(long = "public", value_name = "FILE")]
    public: Option<String>,

    /// Private key, encrypted PKCS#8 DER
    #[arg(long = "private", value_name = "FILE")]
    private: Option<String>,
}

/// The radiostation of a loopchain network: admits peers and tells them who else is there.
#[derive(Parser)]
#[command(name = "radiostation", version, infer_long_args = true, term_width = 100)]
struct RadiostationArguments {
    #[command(flatten)]
    common: CommonArguments,

    /// Folder of the certificate authority
    #[arg(long = "cert", value_name = "DIR")]
    certificate_folder: Option<PathBuf>,

    /// Seed of the old system's random table; read, to no effect
    #[arg(short = 's', long = "seed", value_name = "SEED")]
    seed: Option<String>,
}

/// A setting given by an option.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Override {
    pub name: &'static str,
    pub option: &'static str,
    pub text: String,
}

/// What a command line asks for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub files: Vec<PathBuf>,
    pub overrides: Vec<Override>,
    pub develop: bool,
    pub print_config: bool,
    pub certificate_folder: Option<PathBuf>,
    pub seed_given: bool,
}

pub(crate) enum Parsed {
    Asked(Asked),
    /// Help or version; the program prints it and ends well.
    Print(String),
}

/// Reads `arguments`, of which the first is the program's name.
pub(crate) fn parse(
    program: Program,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Parsed, ConfigError> {
    let matches = match program.command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return Err(ConfigError::Usage(said(&error))),
        Err(help) => return Ok(Parsed::Print(help.to_string())),
    };
    let usage = |error: clap::Error| ConfigError::Usage(said(&error));
    match program {
        Program::Peer => {
            let arguments = PeerArguments::from_arg_matches(&matches).map_err(usage)?;
            peer(arguments).map(Parsed::Asked)
        }
        Program::Radiostation => {
            let arguments = RadiostationArguments::from_arg_matches(&matches).map_err(usage)?;
            Ok(Parsed::Asked(radiostation(arguments)))
        }
    }
}

/// The program says `error:` itself.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

fn peer(arguments: PeerArguments) -> Result<Asked, ConfigError> {
    let mut asked = common(arguments.common, Program::Peer);
    if let Some(targets) = arguments.radiostations {
        asked.overrides.extend(radiostation_targets(&targets)?);
    }
    let options = [
        ("DEFAULT_SCORE_PACKAGE", "-c", arguments.score_package),
        ("DEFAULT_PW", "-a", arguments.password),
        ("PUBLIC_PATH", "--public", arguments.public),
        ("PRIVATE_PATH", "--private", arguments.private),
    ];
    for (name, option, given) in options {
        asked.overrides.extend(given.map(|text| Override { name, option, text }));
    }
    Ok(asked)
}

fn radiostation(arguments: RadiostationArguments) -> Asked {
    Asked {
        certificate_folder: arguments.certificate_folder,
        seed_given: arguments.seed.is_some(),
        ..common(arguments.common, Program::Radiostation)
    }
}

fn common(arguments: CommonArguments, program: Program) -> Asked {
    let name = program.port_name();
    let port = arguments.port.map(|text| Override { name, option: "-p", text });
    let level = arguments.develop.then(|| Override {
        name: "LOOPCHAIN_LOG_LEVEL",
        option: "-d",
        text: "DEBUG".to_owned(),
    });
    Asked {
        files: arguments.files,
        overrides: port.into_iter().chain(level).collect(),
        develop: arguments.develop,
        print_config: arguments.print_config,
        ..Asked::default()
    }
}

/// Without a port the one of the weaker layers stays.
fn radiostation_targets(text: &str) -> Result<Vec<Override>, ConfigError> {
    const NAMES: [(&str, &str); 2] = [
        ("IP_RADIOSTATION", "PORT_RADIOSTATION"),
        ("IP_RADIOSTATION_SUB", "PORT_RADIOSTATION_SUB"),
    ];
    let wrong = || ConfigError::Value {
        place: Source::CommandLine("-r"),
        name: "radio_station_target".to_owned(),
        found: crate::json::quoted(text),
        expected: "HOST[:PORT] or HOST[:PORT],HOST:PORT, such as 10.0.0.1:7102".to_owned(),
    };
    let targets: Vec<&str> = text.split(',').map(str::trim).collect();
    if targets.len() > NAMES.len() {
        return Err(wrong());
    }
    let mut overrides = Vec::new();
    for (target, (host_name, port_name)) in targets.iter().zip(NAMES) {
        let (host, port) = HostPort::parse_with_optional_port(target).ok_or_else(wrong)?;
        overrides.push(Override { name: host_name, option: "-r", text: host });
        overrides.extend(port.map(|port| Override {
            name: port_name,
            option: "-r",
            text: port.to_string(),
        }));
    }
    Ok(overrides)
}
