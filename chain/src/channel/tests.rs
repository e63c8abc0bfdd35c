use super::{GenesisError, Settings, SettingsError};
use crate::count::Weight;
use crate::keys::{KeyError, verify};
use crate::membership::Role;
use crate::tests::{RADIOSTATION, genesis, key, settings};
use crate::validators::Ratio;

fn check(change: impl FnOnce(&mut Settings), expected: &str) {
    let mut changed = settings();
    change(&mut changed);
    let found = changed.check().map_or_else(|error| error.to_string(), |()| "fine".into());
    assert_eq!(found, expected);
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_reason() {
    check(|_| (), "fine");
    check(|s| s.leader_block_limit = 0, "LEADER_BLOCK_CREATION_LIMIT is at least 1");
    check(|s| s.transaction_bytes_max = 0, "MAX_TX_BYTES is at least 1");
    check(|s| s.batch_transactions_max = 0, "MAX_BATCH_TX_NUM is at least 1");
    check(|s| s.complain_timeout_ms = 0, "TIMEOUT_FOR_LEADER_COMPLAIN is at least 1");
    check(
        |s| s.transaction_bytes_max = 4_745,
        "MAX_TX_BYTES + 256 is 5001, which is more than MAX_BATCH_BYTES, 5000",
    );
    check(|s| s.transaction_bytes_max = 4_744, "fine");
    check(
        |s| s.transaction_bytes_max = u64::MAX,
        "MAX_TX_BYTES + 256 is 18446744073709551615, which is more than MAX_BATCH_BYTES, 5000",
    );
    check(
        |s| s.batch_bytes_max = 10_001,
        "MAX_BATCH_BYTES is 10001, which is more than MAX_BLOCK_KBYTES in bytes, 10000",
    );
    check(
        |s| s.batch_transactions_max = 21,
        "MAX_BATCH_TX_NUM is 21, which is more than MAX_BLOCK_TX_NUM, 20",
    );
    check(
        |s| s.complain_timeout_ms_max = 999,
        "TIMEOUT_FOR_LEADER_COMPLAIN in ms is 1000, which is more than \
         MAX_TIMEOUT_FOR_LEADER_COMPLAIN in ms, 999",
    );
    check(
        |s| s.block_bytes_max = (1 << 27) + 1,
        "MAX_BLOCK_KBYTES in bytes is 134217729, which is more than the largest block, 134217728",
    );
    check(
        |s| s.block_transactions_max = (1 << 20) + 1,
        "MAX_BLOCK_TX_NUM is 1048577, which is more than the most transactions, 1048576",
    );
}

#[test]
fn a_voting_ratio_is_above_two_thirds_and_at_most_one() {
    let refused = SettingsError::VotingRatio.to_string();
    for (numerator, denominator, fine) in [
        (67, 100, true),
        (1, 1, true),
        (u64::MAX, u64::MAX, true),
        (u64::MAX - 1, u64::MAX, true),
        (2, 3, false),
        (66, 100, false),
        (101, 100, false),
        (0, 0, false),
        (1, 0, false),
    ] {
        let expected = if fine { "fine" } else { refused.as_str() };
        check(|s| s.voting_ratio = Some(Ratio { numerator, denominator }), expected);
    }
}

#[test]
fn a_genesis_is_its_radiostations() {
    let radiostation = key(RADIOSTATION);
    let check = |signed, expected| {
        let found = verify(signed, &radiostation.public_key()).map(|_| ());
        assert_eq!(found, expected);
    };
    check(genesis().sign(&radiostation), Ok(()));
    check(genesis().sign(&key(9)), Err(GenesisError::Signature(KeyError::Signature)));
    let mut changed = genesis().sign(&radiostation);
    changed.genesis.name.push('x');
    check(changed, Err(GenesisError::Signature(KeyError::Signature)));
    let mut other = genesis();
    other.radiostation = key(9).public_key();
    check(other.sign(&key(9)), Err(GenesisError::Radiostation));
    let mut idle = genesis();
    idle.settings.complain_timeout_ms = 0;
    let zero = SettingsError::Zero("TIMEOUT_FOR_LEADER_COMPLAIN");
    check(idle.sign(&radiostation), Err(GenesisError::Settings(zero)));
    let mut reader = genesis();
    reader.first.role = Role::Auditor;
    check(reader.sign(&radiostation), Err(GenesisError::First));
    let mut weightless = genesis();
    weightless.first.weight = Weight(0);
    check(weightless.sign(&radiostation), Err(GenesisError::First));
}
