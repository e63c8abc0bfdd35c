//! The one table of settings. A setting's default stands in `configure_default.json`, which is
//! compiled in; everything else about it stands here.

use crate::kind::Kind;
use crate::kind::Kind::{
    Address, Algorithm, ChannelName, ChannelOptions, Flag, Host, LogLevel, Package, Path,
    Permission, Ratio, Secret, Text,
};

/// When a new value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// At once, by `POST /api/v1/conf`.
    Running,
    /// When the process starts again.
    Start,
    /// Never for a channel that exists: its genesis fixes it for every peer alike.
    Channel,
    /// Never: the setting is read for the sake of old files.
    Nothing,
}

/// All there is to say about one setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    pub name: &'static str,
    /// Heading in the documentation.
    pub section: &'static str,
    pub kind: Kind,
    /// Empty when the value has none.
    pub unit: &'static str,
    pub changes: Changes,
    pub meaning: &'static str,
}

impl Setting {
    /// Whether null means "not set".
    pub fn nullable(&self) -> bool {
        matches!(self.name, "LOOPCHAIN_HOST" | "VOTING_RATIO")
    }

    pub fn is_secret(&self) -> bool {
        self.kind == Secret
    }
}

/// Names that begin so were pauses of the old system's threads; they are read, to no effect.
pub const IGNORED_PREFIX: &str = "WAIT_";

/// The setting of that name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The known name most like `name`, when one is alike enough to have been meant.
pub fn closest(name: &str) -> Option<&'static str> {
    closest_of(name, SETTINGS.iter().map(|setting| setting.name))
}

/// As `closest`, among `known`.
pub fn closest_of<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE_MIN: f64 = 0.5;
    let upper = name.to_ascii_uppercase();
    known
        .map(|one| {
            let alike = strsim::normalized_damerau_levenshtein(&upper, &one.to_ascii_uppercase());
            (alike, one)
        })
        .filter(|(alike, _)| *alike >= ALIKE_MIN)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, one)| one)
}

const PORT: Kind = whole(1, 65535);
/// A day: a timeout beyond it is a slip of the keyboard.
const TIMEOUT: Kind = number(0.01, 86_400.0);
const PAUSE: Kind = number(0.0, 86_400.0);
/// Bounds in bytes, up to 64 GiB.
const BYTES: Kind = whole(1024, 64 << 30);

const fn whole(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

const fn number(min: f64, max: f64) -> Kind {
    Kind::Number { min, max }
}

macro_rules! settings {
    ($([$section:literal] $($name:ident, $kind:expr, $unit:literal, $changes:ident,
       $meaning:literal;)*)*) => {
        /// In the order of `configure_default.json`.
        pub const SETTINGS: &[Setting] = &[$($(Setting {
            name: stringify!($name), section: $section, kind: $kind, unit: $unit,
            changes: Changes::$changes, meaning: $meaning,
        }),*),*];
    };
}

settings! {
["Logs"]
LOOPCHAIN_LOG_LEVEL, LogLevel, "", Running,
    "How much is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL, also TRACE and OFF, or a list such as `info,libp2p=debug`.";
LOG_FILE_PATH, Path, "", Start, "File to which log lines are appended; empty: standard error.";
LOG_FORMAT, Text, "", Nothing, "A format of Python's logging; log lines have one fixed form.";
MONITOR_LOG, Flag, "", Nothing, "Logs were sent to a fluentd host; collect standard error or LOG_FILE_PATH instead.";
MONITOR_LOG_HOST, Text, "", Nothing, "See MONITOR_LOG.";
MONITOR_LOG_PORT, PORT, "", Nothing, "See MONITOR_LOG.";
MONITOR_LOG_MODULE, Text, "", Nothing, "See MONITOR_LOG.";

["Addresses and ports"]
LOOPCHAIN_HOST, Host, "", Start,
    "Host under which others reach this process; null: IP_PEER when it was set, else this machine's address toward the radiostation.";
LISTEN_ADDRESS, Address, "", Start, "Address on which gRPC, REST and the peers' network listen; 0.0.0.0: on all of them.";
IP_LOCAL, Host, "", Nothing, "The old system's address for its own subprocesses, which are reached by sockets without an address here.";
IP_PEER, Host, "", Start, "Host under which this peer is reached, when LOOPCHAIN_HOST is not set.";
IP_RADIOSTATION, Host, "", Start, "Host of the radiostation that a peer joins.";
IP_RADIOSTATION_SUB, Host, "", Start, "Host of the radiostation to fall back to; as the first one: none.";
PORT_PEER, PORT, "", Start, "The peer's gRPC port.";
PORT_RADIOSTATION, PORT, "", Start, "The radiostation's gRPC port.";
PORT_RADIOSTATION_SUB, PORT, "", Start, "gRPC port of the radiostation to fall back to.";
PORT_DIFF_P2P_SERVICE, whole(1, 65535), "", Start, "The port on which peers talk to each other is PORT_PEER plus this.";
PORT_P2P, whole(0, 65535), "", Start, "The port on which peers talk to each other; 0: PORT_PEER plus PORT_DIFF_P2P_SERVICE.";

["REST"]
PORT_DIFF_REST_SERVICE_CONTAINER, whole(1, 65535), "", Start, "The REST port is the process's gRPC port plus this.";
ENABLE_REST_SERVICE, Flag, "", Start, "Whether the process serves REST.";
ENABLE_REST_SSL, whole(0, 2), "", Start,
    "TLS of the REST service: 0 none, 1 the server shows a certificate, 2 the client as well. Only 0 is served: put a TLS proxy in front for the others.";
DEFAULT_SSL_CERT_PATH, Path, "", Start, "The REST server's certificate, for ENABLE_REST_SSL.";
DEFAULT_SSL_KEY_PATH, Path, "", Start, "Key of DEFAULT_SSL_CERT_PATH.";
DEFAULT_SSL_TRUST_CERT_PATH, Path, "", Start, "Certificate that clients' certificates must come from, for ENABLE_REST_SSL 2.";
ADMIN_TOKEN, Secret, "", Start,
    "Token that lets requests from elsewhere change something (`Authorization: Bearer`); empty: only this machine may.";

["Connections"]
GRPC_TIMEOUT, TIMEOUT, "s", Running, "Longest wait for the answer to a gRPC call.";
GRPC_TIMEOUT_BROADCAST_RETRY, TIMEOUT, "s", Nothing, "Announcements are streams, which are not sent again.";
CONNECTION_RETRY_INTERVAL, TIMEOUT, "s", Start, "Pause between two attempts to connect.";
CONNECTION_RETRY_TIMEOUT, TIMEOUT, "s", Nothing, "A peer never gives up on another peer of its channels.";
CONNECTION_RETRY_TIMEOUT_TO_RS, TIMEOUT, "s", Nothing, "A peer turns to the other radiostation after each failed try.";
CONNECTION_TIMEOUT_TO_RS, TIMEOUT, "s", Nothing, "The connection to the radiostation is probed every 10 s.";

["Consensus and blocks"]
CONSENSUS_ALGORITHM, Algorithm, "", Channel, "Always lft; siever, 2 and 3 of old files are read as lft.";
VOTING_RATIO, Ratio, "", Channel, "Raises the share of the weight that a quorum needs; null: more than 2/3, which is the least possible.";
INTERVAL_BLOCKGENERATION, PAUSE, "s", Channel, "How long a leader may wait to fill a block; 0: it makes one as soon as there is work.";
LEADER_BLOCK_CREATION_LIMIT, whole(1, i64::MAX), "blocks", Channel,
    "Blocks in a row after which the next peer leads. The old default, 20000000, meant never; 10000 bounds how long a leader that leaves somebody out can do so, and costs nothing while all peers are up.";
MAX_BLOCK_KBYTES, whole(1, 1 << 20), "KiB", Channel, "Most data in a block.";
MAX_BLOCK_TX_NUM, whole(1, 1_000_000), "transactions", Channel, "Most transactions in a block.";
TIMEOUT_FOR_LEADER_COMPLAIN, TIMEOUT, "s", Channel, "Wait for a commit before peers complain about the leader; doubled in each further round.";
MAX_TIMEOUT_FOR_LEADER_COMPLAIN, TIMEOUT, "s", Channel, "What the doubling of TIMEOUT_FOR_LEADER_COMPLAIN ends at.";
BLOCK_VOTE_TIMEOUT, PAUSE, "s", Nothing, "Votes have no time limit of their own: TIMEOUT_FOR_LEADER_COMPLAIN covers the whole round.";
TIMEOUT_FOR_PEER_VOTE, PAUSE, "s", Nothing, "As BLOCK_VOTE_TIMEOUT.";

["Transactions, batches and the memory they may take"]
MAX_TX_BYTES, BYTES, "bytes", Channel, "Largest transaction.";
MAX_BATCH_BYTES, BYTES, "bytes", Channel, "Largest batch of transactions.";
MAX_BATCH_TX_NUM, whole(1, 1_000_000), "transactions", Channel, "Most transactions in a batch.";
BATCH_INTERVAL_MS, whole(0, 60_000), "ms", Start, "How long a batch waits for more transactions; at 0 it is closed as soon as the flush of the one before it has ended.";
MAX_WAITING_TX_NUM, whole(1, 100_000_000), "transactions", Start, "Accepted transactions of a channel that may wait for their block; beyond it clients get 429.";
MAX_WAITING_BYTES, BYTES, "bytes", Start, "Bytes of accepted transactions of a channel that may wait for their block; beyond it clients get 429.";
POOL_MAX_BYTES_PER_MAKER, BYTES, "bytes", Start, "Most memory for waiting batches of one maker in a channel.";
POOL_MAX_BYTES, BYTES, "bytes", Start, "Most memory for waiting batches of all makers in a channel.";

["Storage"]
DEFAULT_STORAGE_PATH, Path, "", Start, "Folder of the peer's ledgers and keys.";
RADIOSTATION_STORAGE_PATH, Path, "", Start, "Folder of the radiostation's registry and keys.";

["SCORE"]
DEFAULT_SCORE_REPOSITORY_PATH, Path, "", Start, "Folder of SCORE packages.";
DEFAULT_SCORE_STORAGE_PATH, Path, "", Start, "Folder of the SCOREs' stores; unless set: `score` in DEFAULT_STORAGE_PATH.";
DEFAULT_SCORE_HOST, Text, "", Start, "Git host of SCORE packages; without DEFAULT_SCORE_BASE the base is `git@` and this.";
DEFAULT_SCORE_BASE, Text, "", Start, "Where packages that are not in the folder are cloned from; empty: nowhere.";
DEFAULT_SCORE_PACKAGE, Package, "", Start, "Package of the default channel when there is no channel file.";
DEFAULT_SCORE_BRANCH, Text, "", Start, "Branch of package repositories.";
DEFAULT_SCORE_REPOSITORY_KEY, Path, "", Start, "SSH key for DEFAULT_SCORE_BASE.";
REMOTE_PULL_SCORE, Flag, "", Start, "Whether a package repository with a remote is pulled before it is loaded.";
ALLOW_LOAD_SCORE_IN_DEVELOP, Permission, "", Start, "\"allow\" or \"deny\": packages straight from a develop folder.";
DEVELOP_SCORE_PACKAGE_ROOT, Text, "", Start, "Name of that folder in DEFAULT_SCORE_REPOSITORY_PATH.";
SCORE_RUNNER_PATH, Path, "", Start, "The score-runner program; empty: beside the peer program.";
SCORE_LOAD_TIMEOUT, TIMEOUT, "s", Start, "Longest time to load a SCORE, fetching it included.";
SCORE_QUERY_TIMEOUT, TIMEOUT, "s", Start, "Longest time of one query.";
SCORE_INVOKE_TIMEOUT, TIMEOUT, "s", Start, "Longest time to invoke one transaction.";
SCORE_MEMORY_BYTES, whole(256 << 20, 1 << 50), "bytes", Start, "Private memory that a SCORE's process may have, its database included.";
SCORE_LOAD_RETRY_TIMES, whole(0, 1000), "times", Start, "Attempts to load a SCORE in quick succession.";
SCORE_LOAD_RETRY_INTERVAL, TIMEOUT, "s", Start, "Pause between two attempts to load a SCORE.";

["Channels and groups"]
PEER_GROUP_ID, Text, "", Start, "Group this peer belongs to; empty: it is alone, and the group has the peer's id.";
LOOPCHAIN_DEFAULT_CHANNEL, ChannelName, "", Start, "Channel of requests that name none.";
CHANNEL_MANAGE_DATA_PATH, Path, "", Start, "The file that defines the channels; read by the radiostation.";
ENABLE_CHANNEL_AUTH, Flag, "", Start, "Whether a peer is told of, and may join, only the channels that name it.";
CHANNEL_OPTION, ChannelOptions, "", Start, "Key files per channel in old files: load_cert, consensus_cert_use, tx_cert_use, key_load_type (0: file), public_path, private_path, private_password.";

["Radiostation"]
ENABLE_RADIOSTATION_HEARTBEAT, Flag, "", Running, "Whether the radiostation asks peers regularly whether they are there.";
SLEEP_SECONDS_IN_RADIOSTATION_HEARTBEAT, TIMEOUT, "s", Running, "Pause between two heartbeats.";
NO_RESPONSE_COUNT_ALLOW_BY_HEARTBEAT, whole(1, 1_000_000), "heartbeats", Running, "Unanswered heartbeats in a row after which a peer counts as disconnected.";
ALLOW_PEER_RECONNECT, Flag, "", Running, "Whether a peer that was disconnected may come back.";
TIMEOUT_PEER_REMOVE_IN_LIST, PAUSE, "s", Running, "Disconnection after which a peer no longer stands in the list of registered peers.";
IS_LOAD_PEER_MANAGER_FROM_DB, Flag, "", Start, "Whether the radiostation goes on with the registry it had when it stopped; the old default was false.";
TOKEN_INTERVAL, number(0.01, 525_600.0), "min", Running, "How long the token that a peer gets on joining is valid.";

["Keys"]
PRIVATE_PATH, Path, "", Start, "Private key: encrypted PKCS#8 DER, secp256k1; empty: private.der in the storage folder. Made on the first start.";
PUBLIC_PATH, Path, "", Start, "Public key: DER; empty: beside the private key. Made on the first start.";
DEFAULT_PW, Secret, "", Start, "Password of the private key. The default is known to everyone: set your own before the first start.";

["Read, without effect"]
USE_GUNICORN_HA_SERVER, Kind::Any, "", Nothing, "REST is served by the process itself.";
MAX_WORKERS, Kind::Any, "", Nothing, "The process uses as many threads as there are cores.";
REST_ADDITIONAL_TIMEOUT, Kind::Any, "s", Nothing, "REST waits no longer than the call it stands for.";
SLEEP_SECONDS_IN_SERVICE_LOOP, Kind::Any, "s", Nothing, "There is no service loop that sleeps.";
}
