//! Puts the layers of settings together, weakest first.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::channel_options;
use crate::command_line::{self, Asked, Parsed, Program};
use crate::error::ConfigError;
use crate::json::{self, Json};
use crate::limits;
use crate::print;
use crate::settings::{Report, Settings, assign_members};
use crate::source::Source;
use crate::table::{self, Changes, SETTINGS};

/// The environment variable that names another `configure_user.json`; empty: none is read.
pub const USER_FILE_VARIABLE: &str = "LOOPCHAIN_USER_CONFIG";

const USER_FILE_NAME: &str = "configure_user.json";

/// The password that every copy of the program knows.
const KNOWN_PASSWORD: &str = "test";

/// What a process finds around it.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The environment.
    pub variables: Vec<(String, String)>,
    /// Absolute.
    pub working_folder: PathBuf,
    /// Folder of the program: `configure_user.json` is looked for here and in `../configs`.
    pub program_folder: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Result<Self, ConfigError> {
        let missing = |error: std::io::Error| ConfigError::WorkingFolder(error.to_string());
        let lossy = |text: OsString| text.to_string_lossy().into_owned();
        let program = std::env::args_os().next().map(PathBuf::from);
        let called = program.filter(|path| path.components().count() > 1);
        let program = called.or_else(|| std::env::current_exe().ok());
        Ok(Self {
            variables: std::env::vars_os()
                .map(|(name, value)| (lossy(name), lossy(value)))
                .collect(),
            working_folder: std::env::current_dir().map_err(missing)?,
            program_folder: program.and_then(|path| path.parent().map(Path::to_owned)),
        })
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What a command line comes to.
#[derive(Debug)]
pub enum Start {
    Run(Box<Loaded>),
    /// Help, version or `--print-config`: for standard output, then the process ends with 0.
    Print(String),
}

/// Settings, and what to log about them once logging is up.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub settings: Settings,
    pub warnings: Vec<String>,
    pub notices: Vec<String>,
}

/// `load` with this process's command line and surroundings.
pub fn load_process(program: Program) -> Result<Start, ConfigError> {
    load(program, std::env::args_os(), &Surroundings::of_process()?)
}

/// Reads all layers. The first of `arguments` is the program's name.
///
/// # Errors
/// A wrong command line, a file that cannot be read or is broken, a wrong value, or two that do
/// not go together.
pub fn load(
    program: Program,
    arguments: impl IntoIterator<Item = OsString>,
    surroundings: &Surroundings,
) -> Result<Start, ConfigError> {
    let asked = match command_line::parse(program, arguments)? {
        Parsed::Asked(asked) => asked,
        Parsed::Print(text) => return Ok(Start::Print(text)),
    };
    let folder = &surroundings.working_folder;
    let mut settings = Settings::built_in(program, folder);
    let mut report = Report::default();
    if let Some(path) = user_file(surroundings)? {
        let source = |line| Source::UserFile { path: path.clone(), line };
        read_file(&mut settings, &path, source, &mut report)?;
    }
    read_environment(&mut settings, surroundings, &mut report)?;
    for file in &asked.files {
        let path = folder.join(file);
        let source = |line| Source::File { path: file.clone(), line };
        read_file(&mut settings, &path, source, &mut report)?;
    }
    read_options(&mut settings, &asked, folder, &mut report)?;
    report.notices.extend(limits::settle(&mut settings)?);
    report_what_has_no_effect(&settings, &asked, &mut report);
    report_known_password(&settings, &mut report);
    let loaded = Loaded { settings, warnings: report.warnings, notices: report.notices };
    if asked.print_config {
        return Ok(Start::Print(print::configuration(&loaded)));
    }
    Ok(Start::Run(Box::new(loaded)))
}

fn user_file(surroundings: &Surroundings) -> Result<Option<PathBuf>, ConfigError> {
    match surroundings.variable(USER_FILE_VARIABLE) {
        Some("") => Ok(None),
        Some(path) => Ok(Some(surroundings.working_folder.join(path))),
        None => {
            let folder = surroundings.program_folder.as_ref();
            let places = folder.map(|folder| {
                [folder.join(USER_FILE_NAME), folder.join("../configs").join(USER_FILE_NAME)]
            });
            Ok(places.into_iter().flatten().find(|path| path.exists()))
        }
    }
}

fn read_file(
    settings: &mut Settings,
    path: &Path,
    source_of: impl Fn(usize) -> Source,
    report: &mut Report,
) -> Result<(), ConfigError> {
    let members = json::read_object(path)?;
    assign_members(settings, &members, &folder_of(path), source_of, report)
}

/// The folder that holds `path`, free of links, so that `..` in a setting means what it says.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

fn read_environment(
    settings: &mut Settings,
    surroundings: &Surroundings,
    report: &mut Report,
) -> Result<(), ConfigError> {
    for setting in SETTINGS {
        if let Some(value) = surroundings.variable(setting.name) {
            let given = Json::Text(value.to_owned());
            let folder = &surroundings.working_folder;
            let notices = settings.assign(setting, &given, folder, Source::Environment)?;
            report.notices.extend(notices);
        }
    }
    Ok(())
}

fn read_options(
    settings: &mut Settings,
    asked: &Asked,
    folder: &Path,
    report: &mut Report,
) -> Result<(), ConfigError> {
    for given in &asked.overrides {
        let setting = table::find(given.name).expect("options stand for settings of the table");
        let text = Json::Text(given.text.clone());
        let source = Source::CommandLine(given.option);
        report.notices.extend(settings.assign(setting, &text, folder, source)?);
    }
    settings.develop = asked.develop;
    settings.certificate_folder = asked.certificate_folder.as_ref().map(|path| folder.join(path));
    Ok(())
}

fn report_what_has_no_effect(settings: &Settings, asked: &Asked, report: &mut Report) {
    let built_in = Settings::built_in(settings.program, &settings.working_folder);
    for (setting, value, source) in settings.rows() {
        if setting.changes == Changes::Nothing && value != built_in.value(setting.name) {
            report.notices.push(format!(
                "{source}: {} is read, but has no effect here: {}",
                setting.name, setting.meaning
            ));
        }
    }
    if asked.seed_given {
        report.notices.push("option -s is read, but has no effect here".to_owned());
    }
}

fn report_known_password(settings: &Settings, report: &mut Report) {
    let used = channel_options::of_default_channel(settings)
        .and_then(|option| option.private_password)
        .unwrap_or_else(|| settings.secret("DEFAULT_PW").clone());
    if used.reveal() == KNOWN_PASSWORD {
        report.warnings.push(
            "the private key is protected by the default password, which everyone knows; set \
             DEFAULT_PW before the first start, or re-encrypt the key and set it then"
                .to_owned(),
        );
    }
}
