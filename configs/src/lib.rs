//! The settings of `peer` and `radiostation`: one table, five layers, parsed once into plain
//! structs. `load` reads everything; `Settings::peer` and `Settings::radiostation` give the typed
//! form. Nothing here is global: who needs a setting is handed it.

pub mod address;
pub mod channel_options;
pub mod channels;
pub mod command_line;
pub mod document;
pub mod error;
pub mod json;
pub mod key_files;
pub mod kind;
pub mod limits;
pub mod load;
pub mod logging;
pub mod open_files;
pub mod peer;
pub mod print;
pub mod radiostation;
pub mod secret;
pub mod settings;
pub mod source;
pub mod table;
pub mod value;

pub use address::HostPort;
pub use channels::{ChannelDefinition, ChannelPeer, ChannelSettings, Channels, Role};
pub use command_line::Program;
pub use error::{ConfigError, SetRefused};
pub use key_files::{KeyFileError, KeyFiles, KeyPair, Made, SecretKeyBytes};
pub use load::{Loaded, Start, Surroundings, load, load_process};
pub use logging::{LogControl, LogSettings, LoggingError};
pub use peer::{
    ConnectionSettings, PeerSettings, PoolLimits, RestSettings, ScoreSettings, WaitingLimits,
};
pub use radiostation::{HeartbeatSettings, RadiostationSettings};
pub use secret::Secret;
pub use settings::{Entry, Settings, names_of_secrets};
pub use source::Source;
pub use value::Value;
