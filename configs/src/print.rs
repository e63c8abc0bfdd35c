//! What `--print-config` prints.

use crate::load::Loaded;

/// One line per setting: name, value as JSON (secrets masked), where it came from; then the
/// warnings and notices as comments.
pub(crate) fn configuration(loaded: &Loaded) -> String {
    const VALUE_WIDTH_MAX: usize = 40;
    let rows: Vec<(&str, String, String)> = loaded
        .settings
        .rows()
        .map(|(setting, value, source)| {
            (setting.name, value.to_shown_json().to_string(), source.to_string())
        })
        .collect();
    let name_width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let value_widths = rows.iter().map(|(_, value, _)| value.chars().count());
    let value_width = value_widths.filter(|width| *width <= VALUE_WIDTH_MAX).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value, source) in rows {
        text.push_str(&format!("{name:name_width$}  {value:value_width$}  # {source}\n"));
    }
    for warning in &loaded.warnings {
        text.push_str(&format!("# warning: {warning}\n"));
    }
    for notice in &loaded.notices {
        text.push_str(&format!("# {notice}\n"));
    }
    text
}
