use chain::count::Height;

use super::{BLOCKS_PER_REQUEST, blocks, within_bytes};
use crate::network::RESPONSE_BYTES_WANTED;
use crate::tests::{batch, begun, settings, with_blocks};

#[test]
fn blocks_are_answered_from_the_first_asked_for_as_far_as_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<&[&str]> = vec![&["{}"]; 40];
    let (ledger, _) = with_blocks(folder.path(), &texts);
    // Asked for (first, count), and the heights answered.
    let cases = [
        ((1, 3), 1..4),
        ((39, 3), 39..41),
        ((40, 1), 40..41),
        ((41, 5), 0..0),
        ((1, 0), 0..0),
        ((0, 5), 0..0),
        ((1, u64::MAX), 1..1 + BLOCKS_PER_REQUEST),
        ((u64::MAX, 1), 0..0),
        ((u64::MAX, u64::MAX), 0..0),
        ((u64::MAX - 1, 32), 0..0),
    ];
    for ((first, count), expected) in cases {
        let found = blocks(&ledger, Height(first), count);
        let heights: Vec<u64> = found.iter().map(|(b, _)| b.block.header.height.0).collect();
        assert_eq!(heights, expected.collect::<Vec<_>>(), "first {first}, count {count}");
        assert!(found.iter().all(|(block, batches)| batches.len() == block.block.batches.len()));
    }
}

#[test]
fn an_answer_with_blocks_stops_when_it_is_heavy() {
    let folder = tempfile::tempdir().unwrap();
    let text = "x".repeat(RESPONSE_BYTES_WANTED * 2 / 5);
    let heavy = [text.as_str()];
    let (ledger, _) = with_blocks(folder.path(), &[&heavy[..]; 6]);
    assert_eq!(blocks(&ledger, Height(1), 32).len(), 3, "beyond the weight with the third");
    assert_eq!(blocks(&ledger, Height(6), 32).len(), 1);
}

#[test]
fn an_answer_with_batches_holds_one_at_least_and_stops_when_it_is_heavy() {
    let folder = tempfile::tempdir().unwrap();
    let (_, head) = begun(folder.path(), settings());
    // Bytes of each batch in parts of what is wanted, and how many are answered.
    let cases = [(vec![], 0), (vec![3.0], 1), (vec![3.0, 0.1], 1), (vec![0.4; 6], 3)];
    for (sizes, expected) in cases {
        let batches = sizes.iter().enumerate().map(|(at, size)| {
            let text = "x".repeat((RESPONSE_BYTES_WANTED as f64 * size) as usize);
            batch(&head, 1, at as u64 + 1, &[&text])
        });
        assert_eq!(within_bytes(batches).len(), expected, "{sizes:?}");
    }
}
