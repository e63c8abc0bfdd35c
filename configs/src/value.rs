//! The value of one setting.

use std::fmt;
use std::path::PathBuf;

use crate::secret::Secret;

/// A fraction of two integers, so that every peer computes the same quorum from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    pub numerator: u64,
    pub denominator: u64,
}

impl Ratio {
    /// Most digits after the point, and most digits of a fraction's parts.
    const DIGITS_MAX: usize = 9;

    /// Reads `0.67` or `67/100`; both parts stay below 10^10. None for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = |part: &str| {
            let fits = !part.is_empty() && part.len() <= Self::DIGITS_MAX;
            (fits && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<u64>().ok())
                .flatten()
        };
        if let Some((numerator, denominator)) = text.split_once('/') {
            let ratio = Self {
                numerator: digits(numerator.trim())?,
                denominator: digits(denominator.trim())?,
            };
            return (ratio.denominator > 0).then_some(ratio);
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let fraction = fraction.trim_end_matches('0');
        let scale = 10_u64.pow(u32::try_from(fraction.len().min(Self::DIGITS_MAX)).ok()?);
        let part = if fraction.is_empty() { 0 } else { digits(fraction)? };
        let whole = digits(whole)?.checked_mul(scale)?;
        Some(Self { numerator: whole.checked_add(part)?, denominator: scale })
    }

    pub fn is_more_than_two_thirds(self) -> bool {
        u128::from(self.numerator) * 3 > u128::from(self.denominator) * 2
    }

    pub fn is_at_most_one(self) -> bool {
        self.numerator <= self.denominator
    }
}

#[derive(Clone, PartialEq)]
pub enum Value {
    /// Not set, for the few settings that can be: see `Setting::nullable`.
    Null,
    Text(String),
    /// Absolute; empty for "not set".
    Path(PathBuf),
    Secret(Secret),
    Integer(i64),
    /// Finite and not negative.
    Number(f64),
    Flag(bool),
    Ratio(Ratio),
    Dictionary(serde_json::Value),
}

impl Value {
    /// As JSON for showing: secrets masked, also inside a dictionary.
    pub fn to_shown_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Text(text) => text.clone().into(),
            Value::Path(path) => path.to_string_lossy().into_owned().into(),
            Value::Secret(secret) if secret.is_empty() => "".into(),
            Value::Secret(_) => "***".into(),
            Value::Integer(number) => (*number).into(),
            Value::Number(seconds) => match whole(*seconds) {
                Some(number) => number.into(),
                None => (*seconds).into(),
            },
            Value::Flag(flag) => (*flag).into(),
            Value::Ratio(ratio) => ratio_as_decimal(*ratio).into(),
            Value::Dictionary(dictionary) => masked(dictionary),
        }
    }
}

/// As `GET /api/v1/conf` gives it: text bare, the rest as JSON, secrets masked.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_shown_json() {
            serde_json::Value::Null => Ok(()),
            serde_json::Value::String(text) => formatter.write_str(&text),
            other => write!(formatter, "{other}"),
        }
    }
}

/// As shown: a dictionary may hold passwords.
impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.to_shown_json())
    }
}

/// A number that is whole, as an integer.
pub(crate) fn whole(seconds: f64) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    (seconds.fract() == 0.0 && seconds.abs() < EXACT_MAX).then_some(seconds as i64)
}

fn ratio_as_decimal(ratio: Ratio) -> f64 {
    ratio.numerator as f64 / ratio.denominator as f64
}

/// Hides what is called a password, at any depth.
fn masked(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => {
            let pairs = members.iter().map(|(name, inner)| {
                let shown = if is_password(name) { "***".into() } else { masked(inner) };
                (name.clone(), shown)
            });
            serde_json::Value::Object(pairs.collect())
        }
        serde_json::Value::Array(items) => items.iter().map(masked).collect(),
        other => other.clone(),
    }
}

fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("password") || name.contains("secret") || name.contains("token")
}

#[cfg(test)]
mod tests;
