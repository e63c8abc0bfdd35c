//! The settings of one process: every name of the table with its value and where it came from.

use std::path::{Path, PathBuf};

use crate::command_line::Program;
use crate::error::{ConfigError, SetRefused};
use crate::json::{Json, Member, parse_object};
use crate::kind::Kind;
use crate::limits;
use crate::secret::Secret;
use crate::source::Source;
use crate::table::{self, Changes, SETTINGS, Setting};
use crate::value::{Ratio, Value};

/// `configure_default.json`, as compiled in.
pub const DEFAULT_TEXT: &str = include_str!("../configure_default.json");

/// One value per row of the table, in its order; built by `load`.
#[derive(Clone, Debug)]
pub struct Settings {
    values: Vec<Held>,
    pub(crate) program: Program,
    /// Folder of relative paths that no file names.
    pub(crate) working_folder: PathBuf,
    /// `-d`: coloured logs.
    pub develop: bool,
    /// `--cert`, radiostation only.
    pub certificate_folder: Option<PathBuf>,
}

#[derive(Clone, Debug)]
struct Held {
    value: Value,
    source: Source,
}

/// One setting as `GET /api/v1/conf` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: &'static str,
    /// Secrets are masked.
    pub value: String,
    /// string 0, int 1, float 2, bool 3, dict 4.
    pub type_code: u8,
}

/// Names, also of environment variables, whose values hold a secret.
pub fn names_of_secrets() -> impl Iterator<Item = &'static str> {
    let secret = |setting: &&Setting| setting.is_secret() || setting.kind == Kind::ChannelOptions;
    SETTINGS.iter().filter(secret).map(|setting| setting.name)
}

impl Settings {
    /// The built-in defaults; relative paths are taken from `working_folder`.
    pub fn built_in(program: Program, working_folder: &Path) -> Self {
        let members = parse_object(DEFAULT_TEXT, Path::new("configure_default.json"))
            .expect("the compiled-in defaults are tested");
        let values = SETTINGS.iter().map(|setting| {
            let given = members.iter().find(|member| member.name == setting.name);
            let given = &given.expect("the table and its defaults are tested").node.json;
            let accepted = setting.kind.accept(given, working_folder, setting.nullable());
            let value = accepted.expect("the compiled-in defaults are tested").value;
            Held { value, source: Source::BuiltIn }
        });
        Self {
            values: values.collect(),
            program,
            working_folder: working_folder.to_owned(),
            develop: false,
            certificate_folder: None,
        }
    }

    /// Takes one value over; gives what to tell the operator about its conversion.
    pub(crate) fn assign(
        &mut self,
        setting: &Setting,
        given: &Json,
        folder: &Path,
        source: Source,
    ) -> Result<Vec<String>, ConfigError> {
        match setting.kind.accept(given, folder, setting.nullable()) {
            Ok(accepted) => {
                let notices = accepted.notices.iter().map(|text| format!("{source}: {text}"));
                let notices = notices.collect();
                self.put(setting.name, accepted.value, source);
                Ok(notices)
            }
            Err(mismatch) => {
                let (inside, line) = mismatch.within.unzip();
                Err(ConfigError::Value {
                    place: source.at_line(line),
                    name: format!("{}{}", setting.name, inside.unwrap_or_default()),
                    found: mismatch.found,
                    expected: match setting.unit {
                        "" => mismatch.expected,
                        unit => format!("{}, in {unit}", mismatch.expected),
                    },
                })
            }
        }
    }

    pub(crate) fn put(&mut self, name: &str, value: Value, source: Source) {
        self.values[index(name)] = Held { value, source };
    }

    /// The value of a name that stands in the table.
    pub(crate) fn value(&self, name: &str) -> &Value {
        &self.values[index(name)].value
    }

    pub(crate) fn source(&self, name: &str) -> &Source {
        &self.values[index(name)].source
    }

    /// Whether a layer above the built-in one gave the value.
    pub fn is_set(&self, name: &str) -> bool {
        *self.source(name) != Source::BuiltIn
    }

    /// Every setting with its value and where it came from, in the order of the table.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Setting, &Value, &Source)> {
        SETTINGS.iter().zip(&self.values).map(|(row, held)| (row, &held.value, &held.source))
    }

    /// Every setting, as `GET /api/v1/conf` lists them.
    pub fn entries(&self) -> Vec<Entry> {
        self.rows().map(|(setting, value, _)| entry(setting, value)).collect()
    }

    /// One setting, as `GET /api/v1/conf?name=` gives it; None for an unknown name.
    pub fn get(&self, name: &str) -> Option<Entry> {
        table::find(name).map(|setting| entry(setting, self.value(setting.name)))
    }

    /// All settings but the secret ones, as JSON: what a SCORE sees as `loopchain.configure`.
    pub fn to_json(&self) -> serde_json::Value {
        let open = self.rows().filter(|(setting, ..)| !setting.is_secret());
        let pairs = open.map(|(setting, value, _)| (setting.name.into(), value.to_shown_json()));
        serde_json::Value::Object(pairs.collect())
    }

    /// Changes a setting while running. The caller then takes the typed settings anew.
    ///
    /// # Errors
    /// An unknown name, a setting that is fixed while running, a wrong value, or one that does
    /// not go with another setting; nothing is changed then.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), SetRefused> {
        let Some(setting) = table::find(name) else {
            return Err(SetRefused::Unknown { name: name.to_owned() });
        };
        let fixed = |reason: &str| {
            Err(SetRefused::Fixed { name: name.to_owned(), reason: reason.to_owned() })
        };
        match setting.changes {
            Changes::Running => {}
            Changes::Start => {
                return fixed("it is read at the start; set it in the file of -o and start again");
            }
            Changes::Channel => {
                return fixed("a channel's genesis fixes it for all its peers alike");
            }
            Changes::Nothing => return fixed("it has no effect"),
        }
        let mut changed = self.clone();
        let given = Json::Text(text.to_owned());
        let folder = self.working_folder.clone();
        let assigned = changed.assign(setting, &given, &folder, Source::Running);
        match assigned.and_then(|_| limits::check(&changed)) {
            Ok(()) => {
                *self = changed;
                Ok(())
            }
            Err(ConfigError::Value { name, found, expected, .. }) => {
                Err(SetRefused::Value { name, found, expected })
            }
            Err(conflict) => Err(SetRefused::Conflict(conflict)),
        }
    }
}

/// Typed reading. The names and kinds are our own: a mistake in them ends the first test.
impl Settings {
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Value::Text(text) => text,
            other => mistaken(name, other),
        }
    }

    pub(crate) fn path(&self, name: &str) -> &Path {
        match self.value(name) {
            Value::Path(path) => path,
            other => mistaken(name, other),
        }
    }

    pub(crate) fn path_if_set(&self, name: &str) -> Option<PathBuf> {
        let path = self.path(name);
        (!path.as_os_str().is_empty()).then(|| path.to_owned())
    }

    pub(crate) fn secret(&self, name: &str) -> &Secret {
        match self.value(name) {
            Value::Secret(secret) => secret,
            other => mistaken(name, other),
        }
    }

    /// An integer whose range in the table holds no negative number.
    pub(crate) fn count(&self, name: &str) -> u64 {
        match self.value(name) {
            Value::Integer(number) => u64::try_from(*number).expect("the table bounds it from 0"),
            other => mistaken(name, other),
        }
    }

    pub(crate) fn port(&self, name: &str) -> u16 {
        u16::try_from(self.count(name)).expect("the table bounds it to 65535")
    }

    pub(crate) fn seconds(&self, name: &str) -> f64 {
        match self.value(name) {
            Value::Number(seconds) => *seconds,
            other => mistaken(name, other),
        }
    }

    pub(crate) fn duration(&self, name: &str) -> std::time::Duration {
        std::time::Duration::from_secs_f64(self.seconds(name))
    }

    /// Rounded to the nearest millisecond.
    pub(crate) fn milliseconds(&self, name: &str) -> u64 {
        (self.seconds(name) * 1000.0).round() as u64
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.value(name) {
            Value::Flag(flag) => *flag,
            other => mistaken(name, other),
        }
    }

    pub(crate) fn ratio(&self, name: &str) -> Option<Ratio> {
        match self.value(name) {
            Value::Null => None,
            Value::Ratio(ratio) => Some(*ratio),
            other => mistaken(name, other),
        }
    }
}

/// Assigns the members of a file, warning about names nobody knows.
pub(crate) fn assign_members(
    settings: &mut Settings,
    members: &[Member],
    folder: &Path,
    source_of: impl Fn(usize) -> Source,
    report: &mut Report,
) -> Result<(), ConfigError> {
    for (position, member) in members.iter().enumerate() {
        let source = source_of(member.node.line);
        if members[..position].iter().any(|earlier| earlier.name == member.name) {
            report
                .warnings
                .push(format!("{source}: {} is given twice; this one counts", member.name));
        }
        match table::find(&member.name) {
            Some(setting) => {
                let notices = settings.assign(setting, &member.node.json, folder, source)?;
                report.notices.extend(notices);
            }
            None => report.unknown(&member.name, &source),
        }
    }
    Ok(())
}

/// What to tell the operator besides errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub warnings: Vec<String>,
    pub notices: Vec<String>,
}

impl Report {
    fn unknown(&mut self, name: &str, source: &Source) {
        if name.starts_with(table::IGNORED_PREFIX) {
            self.notices.push(format!("{source}: {name} is read, but has no effect here"));
            return;
        }
        let guess = table::closest(name).map_or_else(
            || "no setting is like it".to_owned(),
            |like| format!("the closest is {like}"),
        );
        self.warnings.push(format!("{source}: {name} is not a setting and is ignored; {guess}"));
    }
}

fn entry(setting: &'static Setting, value: &Value) -> Entry {
    Entry { name: setting.name, value: value.to_string(), type_code: setting.kind.type_code(value) }
}

fn index(name: &str) -> usize {
    let found = SETTINGS.iter().position(|setting| setting.name == name);
    found.unwrap_or_else(|| panic!("{name} does not stand in the table of settings"))
}

fn mistaken(name: &str, value: &Value) -> ! {
    panic!("{name} is read as another kind than the table gives it: {value}")
}

#[cfg(test)]
mod tests;
