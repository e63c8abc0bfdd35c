//! Finds the names of crates in Rust source. Exact for what is written by hand; macros that make
//! paths out of pieces are beyond it.

/// The text with comments and the insides of literals blanked; lines stay where they are.
pub fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = blank_length(&code, rest);
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// Length of the comment or literal that `rest` begins with, 0 if it is code. `before`: the code
/// so far, which tells a raw string's `r` from the end of a name.
fn blank_length(before: &str, rest: &str) -> usize {
    let in_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment_length(rest)
    } else if rest.starts_with('"') {
        escaped_length(rest, '"')
    } else if rest.starts_with('\'') {
        // A lifetime has no closing quote right after its first character.
        let mut characters = rest.chars().skip(1);
        match (characters.next(), characters.next()) {
            (Some('\\'), _) | (Some(_), Some('\'')) => escaped_length(rest, '\''),
            _ => 0,
        }
    } else if !in_word && (rest.starts_with("r\"") || rest.starts_with("r#")) {
        let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
        if !rest[1 + hashes..].starts_with('"') {
            return 0;
        }
        let closing = format!("\"{}", "#".repeat(hashes));
        let start = 2 + hashes;
        rest[start..].find(&closing).map_or(rest.len(), |end| start + end + closing.len())
    } else {
        0
    }
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0;
    let mut position = 0;
    while position < rest.len() {
        if rest[position..].starts_with("/*") {
            depth += 1;
            position += 2;
        } else if rest[position..].starts_with("*/") {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += rest[position..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn escaped_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (position, character) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return position + 1;
        }
    }
    rest.len()
}

/// Line and name of every path's first part: `a` in `use a::b`, `a::b()` and `extern crate a`.
pub fn path_roots(code: &str) -> Vec<(usize, String)> {
    let mut roots = Vec::new();
    let tokens = tokens(code);
    let token = |index: usize| tokens.get(index).map_or("", |(_, text)| text.as_str());
    let mut index = 0;
    while index < tokens.len() {
        let (line, text) = &tokens[index];
        if text == "use" || (text == "extern" && token(index + 1) == "crate") {
            index += if text == "use" { 1 } else { 2 };
            if token(index) == "::" {
                index += 1;
            }
            if token(index) == "{" {
                // `use {a::b, c::d};`: read on as if each were a path of its own.
                continue;
            }
            roots.push((*line, token(index).to_owned()));
            // Inside a use tree, `a::{b::c}` names no crate `b`.
            while index < tokens.len() && token(index) != ";" {
                index += 1;
            }
        } else if token(index + 1) == "::" && (index == 0 || !follows_path(token(index - 1))) {
            roots.push((*line, text.clone()));
        } else if text == "::" && !is_name(token(index.wrapping_sub(1))) {
            // `::a::b`
            roots.push((*line, token(index + 1).to_owned()));
        }
        index += 1;
    }
    roots.retain(|(_, root)| is_name(root));
    roots
}

fn follows_path(before: &str) -> bool {
    before == "::" || before == "."
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::`, and single characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    let mut line = 1;
    let mut in_name = false;
    for character in code.chars() {
        let of_name = character.is_alphanumeric() || character == '_';
        match tokens.last_mut() {
            Some((_, last)) if of_name && in_name => last.push(character),
            Some((_, last)) if character == ':' && last == ":" => last.push(':'),
            _ if !character.is_whitespace() => tokens.push((line, character.to_string())),
            _ => {}
        }
        in_name = of_name;
        line += usize::from(character == '\n');
    }
    tokens
}
