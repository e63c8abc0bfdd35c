//! Settings that must go together: what is smaller must fit into what is larger.

use std::path::PathBuf;

use crate::command_line::Program;
use crate::error::{ConfigError, Conflict};
use crate::settings::Settings;
use crate::source::Source;
use crate::value::Value;

/// A pair of names; the first one's value may not exceed the second one's.
struct Fit {
    smaller: &'static str,
    larger: &'static str,
    /// One unit of the larger in units of the smaller.
    scale: i64,
}

/// Largest first, so that lowering one shows in what must fit into it.
const FITS: &[Fit] = &[
    fit("POOL_MAX_BYTES_PER_MAKER", "POOL_MAX_BYTES", 1),
    fit("MAX_BATCH_BYTES", "POOL_MAX_BYTES_PER_MAKER", 1),
    fit("MAX_BATCH_BYTES", "MAX_WAITING_BYTES", 1),
    fit("MAX_BATCH_BYTES", "MAX_BLOCK_KBYTES", 1024),
    fit("MAX_TX_BYTES", "MAX_BATCH_BYTES", 1),
    fit("MAX_BATCH_TX_NUM", "MAX_WAITING_TX_NUM", 1),
    fit("MAX_BATCH_TX_NUM", "MAX_BLOCK_TX_NUM", 1),
];

const fn fit(smaller: &'static str, larger: &'static str, scale: i64) -> Fit {
    Fit { smaller, larger, scale }
}

/// Makes built-in values follow the ones that were given: files written before a setting existed
/// must start. What was given twice and does not go together is an error.
pub(crate) fn settle(settings: &mut Settings) -> Result<Vec<String>, ConfigError> {
    let mut notices = Vec::new();
    for fit in FITS {
        let (smaller, larger) = (integer(settings, fit.smaller), integer(settings, fit.larger));
        let room = larger.saturating_mul(fit.scale);
        if smaller > room && !settings.is_set(fit.smaller) {
            settings.put(fit.smaller, Value::Integer(room), Source::BuiltIn);
            notices.push(format!(
                "{} is lowered from {smaller} to {room}, to fit into {} ({})",
                fit.smaller,
                fit.larger,
                settings.source(fit.larger)
            ));
        }
    }
    let (first, last) = ("TIMEOUT_FOR_LEADER_COMPLAIN", "MAX_TIMEOUT_FOR_LEADER_COMPLAIN");
    for (given, follower, above) in [(first, last, true), (last, first, false)] {
        let (value, other) = (settings.seconds(given), settings.seconds(follower));
        let against = if above { value > other } else { value < other };
        if against && !settings.is_set(follower) {
            settings.put(follower, Value::Number(value), Source::BuiltIn);
            notices.push(format!(
                "{follower} is changed from {other} to {value} s, to go with {given} ({})",
                settings.source(given)
            ));
        }
    }
    if !settings.is_set("DEFAULT_SCORE_STORAGE_PATH") {
        let folder: PathBuf = settings.path("DEFAULT_STORAGE_PATH").join("score");
        settings.put("DEFAULT_SCORE_STORAGE_PATH", Value::Path(folder), Source::BuiltIn);
    }
    check(settings)?;
    Ok(notices)
}

/// # Errors
/// Two settings that do not go together, or a port beyond the last one.
pub(crate) fn check(settings: &Settings) -> Result<(), ConfigError> {
    for fit in FITS {
        let room = integer(settings, fit.larger).saturating_mul(fit.scale);
        if integer(settings, fit.smaller) > room {
            let unit = if fit.scale == 1 { "" } else { " KiB" };
            return Err(conflict(settings, fit.smaller, fit.larger, unit));
        }
    }
    let (first, last) = ("TIMEOUT_FOR_LEADER_COMPLAIN", "MAX_TIMEOUT_FOR_LEADER_COMPLAIN");
    if settings.seconds(first) > settings.seconds(last) {
        return Err(conflict(settings, first, last, ""));
    }
    let port = settings.program.port_name();
    if settings.flag("ENABLE_REST_SERVICE") {
        check_port_sum(settings, port, "PORT_DIFF_REST_SERVICE_CONTAINER")?;
    }
    if settings.program == Program::Peer && settings.count("PORT_P2P") == 0 {
        check_port_sum(settings, port, "PORT_DIFF_P2P_SERVICE")?;
    }
    check_rest_tls(settings)
}

fn check_port_sum(
    settings: &Settings,
    base: &'static str,
    difference: &'static str,
) -> Result<(), ConfigError> {
    let sum = settings.count(base) + settings.count(difference);
    if sum <= u64::from(u16::MAX) {
        return Ok(());
    }
    let blamed = if settings.is_set(base) { base } else { difference };
    Err(ConfigError::Value {
        place: settings.source(blamed).clone(),
        name: blamed.to_owned(),
        found: format!("{}, so that {base} + {difference} is {sum}", settings.value(blamed)),
        expected: "a sum of at most 65535, the last port".to_owned(),
    })
}

/// A service that is asked to use TLS must not serve without.
fn check_rest_tls(settings: &Settings) -> Result<(), ConfigError> {
    let name = "ENABLE_REST_SSL";
    match settings.count(name) {
        0 => Ok(()),
        other => Err(ConfigError::Value {
            place: settings.source(name).clone(),
            name: name.to_owned(),
            found: other.to_string(),
            expected: "0: REST is served without TLS; listen on LISTEN_ADDRESS 127.0.0.1 and put \
                 a TLS proxy in front"
                .to_owned(),
        }),
    }
}

fn integer(settings: &Settings, name: &str) -> i64 {
    i64::try_from(settings.count(name)).expect("the table holds i64")
}

fn conflict(settings: &Settings, smaller: &str, larger: &str, larger_unit: &str) -> ConfigError {
    ConfigError::Conflict(Box::new(Conflict {
        smaller: smaller.to_owned(),
        smaller_value: settings.value(smaller).to_string(),
        smaller_place: settings.source(smaller).clone(),
        larger: larger.to_owned(),
        larger_value: format!("{}{larger_unit}", settings.value(larger)),
        larger_place: settings.source(larger).clone(),
    }))
}
