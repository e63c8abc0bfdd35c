//! Reads JSON with `//` and `/* */` comments and trailing commas, and keeps the line of each
//! value, so that an error can point at it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::error::ConfigError;

/// Largest configuration file, bytes: a wrong path (a database, a device) ends early.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// A value and the line, from 1, on which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub line: usize,
    pub json: Json,
}

/// Numbers stay text, so that fractions can be read exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Node>),
    /// In the order of the file; names may repeat.
    Object(Vec<Member>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub line: usize,
    pub node: Node,
}

impl Json {
    /// How an error message calls what was found.
    pub fn describe(&self) -> String {
        match self {
            Json::Null => "null".to_owned(),
            Json::Bool(flag) => flag.to_string(),
            Json::Number(number) => format!("the number {number}"),
            Json::Text(text) => format!("the text {}", quoted(text)),
            Json::Array(_) => "a list".to_owned(),
            Json::Object(_) => "an object".to_owned(),
        }
    }

    /// As `describe`, for values that must not be shown.
    pub fn describe_kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "true or false",
            Json::Number(_) => "a number",
            Json::Text(_) => "a text",
            Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        }
    }

    /// The same value without lines. A name given twice keeps its last value.
    pub fn to_plain(&self) -> serde_json::Value {
        match self {
            Json::Null => serde_json::Value::Null,
            Json::Bool(flag) => (*flag).into(),
            Json::Number(number) => number
                .parse::<serde_json::Number>()
                .map_or_else(|_| number.clone().into(), serde_json::Value::Number),
            Json::Text(text) => text.clone().into(),
            Json::Array(items) => items.iter().map(|item| item.json.to_plain()).collect(),
            Json::Object(members) => {
                let pairs = members.iter().map(|one| (one.name.clone(), one.node.json.to_plain()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }
}

/// A text as JSON shows it, cut so that a message stays readable.
pub fn quoted(text: &str) -> String {
    const SHOWN_CHARACTERS_MAX: usize = 60;
    if text.chars().count() <= SHOWN_CHARACTERS_MAX {
        return format!("{text:?}");
    }
    let head: String = text.chars().take(SHOWN_CHARACTERS_MAX).collect();
    format!("{head:?} (and more)")
}

/// Reads `path`, which must hold one JSON object.
pub fn read_object(path: &Path) -> Result<Vec<Member>, ConfigError> {
    parse_object(&read_text(path)?, path)
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let about = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if about.is_dir() {
        return Err(unreadable("it is a folder".to_owned()));
    }
    // A device says that it holds nothing, so what counts is what comes.
    let mut bytes = Vec::new();
    let read = File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(error.to_string()))?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(unreadable(format!("it holds more than {FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let position = error.utf8_error().valid_up_to();
        unreadable(format!("it is not UTF-8 text (byte {position})"))
    })
}

/// Parses `text`, the content of `path`, which must be one JSON object.
pub fn parse_object(text: &str, path: &Path) -> Result<Vec<Member>, ConfigError> {
    let broken =
        |line: usize, reason: String| ConfigError::Broken { path: path.to_owned(), line, reason };
    let node = parse(text).map_err(|(line, reason)| broken(line, reason))?;
    match node.json {
        Json::Object(members) => Ok(members),
        other => Err(broken(node.line, format!("found {}", other.describe()))),
    }
}

/// Parses one JSON value; an error is its line and what was wrong.
pub fn parse(text: &str) -> Result<Node, (usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = LineStarts::of(text);
    match parse_to_ast(text, &CollectOptions::default(), &strict_with_comments()) {
        Err(error) => Err((error.line_display(), error.kind().to_string())),
        Ok(parsed) => match parsed.value {
            None => Err((1, "the file is empty".to_owned())),
            Some(value) => Ok(lines.node(value)),
        },
    }
}

fn strict_with_comments() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// Byte positions at which lines begin.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(position, _)| position + 1);
        Self(std::iter::once(0).chain(after_breaks).collect())
    }

    fn line(&self, position: usize) -> usize {
        self.0.partition_point(|start| *start <= position)
    }

    fn node(&self, value: Value<'_>) -> Node {
        let line = self.line(value.start());
        let json = match value {
            Value::NullKeyword(_) => Json::Null,
            Value::BooleanLit(flag) => Json::Bool(flag.value),
            Value::NumberLit(number) => Json::Number(number.value.to_owned()),
            Value::StringLit(text) => Json::Text(text.value.into_owned()),
            Value::Array(array) => {
                Json::Array(array.elements.into_iter().map(|item| self.node(item)).collect())
            }
            Value::Object(object) => {
                Json::Object(object.properties.into_iter().map(|one| self.member(one)).collect())
            }
        };
        Node { line, json }
    }

    fn member(&self, property: jsonc_parser::ast::ObjectProp<'_>) -> Member {
        let line = self.line(property.range.start);
        let name = match property.name {
            ObjectPropName::String(text) => text.value.into_owned(),
            ObjectPropName::Word(word) => word.value.to_owned(),
        };
        Member { name, line, node: self.node(property.value) }
    }
}

#[cfg(test)]
mod tests;
