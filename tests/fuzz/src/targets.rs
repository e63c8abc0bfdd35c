//! The targets, by where their bytes come from.

mod calls;
mod configuration;
mod consensus;
mod folder;
mod grpc;
mod key_files;
mod ledger;
mod names;
mod network;
mod packages;
mod radiostation;
mod rest;
mod runner;

use crate::Target;

/// Memory for what does not depend on the input: the world, digests, error texts, and a text's
/// piece of 1 MiB.
const SMALL: usize = 2 << 20;

/// Every decoder.
pub const TARGETS: &[Target] = &[
    ledger::TRANSACTION,
    ledger::BATCH,
    ledger::BLOCK,
    ledger::GENESIS,
    ledger::ENTRY,
    ledger::RECORD,
    consensus::CERTIFICATE,
    consensus::MESSAGE,
    consensus::SAID,
    consensus::EVIDENCE,
    consensus::STEP,
    network::FRAME,
    network::PACKET,
    network::REQUEST,
    network::RESPONSE,
    runner::ORDER,
    runner::REPORT,
    radiostation::REGISTRY,
    radiostation::TO_PEER,
    calls::CALLS,
    grpc::PEER_CALLS,
    rest::PEER_REST,
    rest::RADIOSTATION_REST,
    names::TEXT,
    configuration::CHANNELS,
    configuration::SETTINGS,
    configuration::SETTING,
    key_files::KEY_FILES,
    packages::PACKAGE,
    packages::LAYOUT,
    packages::ZIP,
];
