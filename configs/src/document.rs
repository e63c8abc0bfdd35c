//! Writes `docs/configuration.md` from the table, the command lines and a head in prose.

use std::path::Path;

use crate::command_line::Program;
use crate::kind::Kind;
use crate::table::{Changes, SETTINGS, Setting};

const COLUMNS: &str = "| name | default | values | changes | meaning |\n|---|---|---|---|---|\n";

/// The whole document.
pub fn markdown() -> String {
    let mut text = include_str!("configuration_head.md").to_owned();
    text.push_str("\n## Commands\n");
    for program in [Program::Radiostation, Program::Peer] {
        text.push_str(&format!("```text\n{}\n```\n", trimmed_lines(&program.help())));
    }
    text.push_str("\n## Settings\n");
    let mut section = "";
    for setting in SETTINGS {
        if setting.section != section {
            section = setting.section;
            text.push_str(&format!("\n### {section}\n{COLUMNS}"));
        }
        text.push_str(&row(setting));
    }
    text
}

fn row(setting: &Setting) -> String {
    let changes = match setting.changes {
        Changes::Running => "while running",
        Changes::Start => "at start",
        Changes::Channel => "with a new channel",
        Changes::Nothing => "no effect",
    };
    format!(
        "| `{}` | `{}` | {} | {changes} | {} |\n",
        setting.name,
        default_as_written(setting),
        values(setting),
        setting.meaning.replace('|', "\\|")
    )
}

/// As in `configure_default.json`: paths relative, nothing masked.
fn default_as_written(setting: &Setting) -> String {
    let members = crate::json::parse_object(
        crate::settings::DEFAULT_TEXT,
        Path::new("configure_default.json"),
    );
    let members = members.expect("the compiled-in defaults are tested");
    let given = members.iter().find(|member| member.name == setting.name);
    let given = given.expect("the table and its defaults are tested");
    given.node.json.to_plain().to_string()
}

fn values(setting: &Setting) -> String {
    let values = match setting.kind {
        Kind::Ratio => "more than 2/3, at most 1: 0.7 or \"3/4\"".to_owned(),
        Kind::LogLevel => "a level".to_owned(),
        Kind::Package => "A/B".to_owned(),
        kind => kind.expected(),
    };
    let values = if setting.nullable() { format!("{values}, or null") } else { values };
    let values = if setting.is_secret() { format!("{values}; never shown") } else { values };
    match setting.unit {
        "" => values,
        unit => format!("{values}; {unit}"),
    }
}

fn trimmed_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}
