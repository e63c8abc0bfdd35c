use super::{AHEAD_MAX, Pool, PoolLimits, Refused};
use crate::batch::BatchRef;
use crate::count::Sequence;
use crate::hash::Hash;
use crate::tests::peer;

/// A batch of 2 transactions and 100 bytes.
fn named(maker: u8, number: u64) -> BatchRef {
    let hash = Hash([maker; 32]);
    BatchRef { maker: peer(maker), number: Sequence(number), hash, count: 2, bytes: 100 }
}

fn twin(maker: u8, number: u64) -> BatchRef {
    BatchRef { hash: Hash([99; 32]), ..named(maker, number) }
}

fn pool() -> Pool {
    Pool::new(PoolLimits { bytes_per_maker: 300, bytes: 500 })
}

fn filled(batches: &[(u8, u64)]) -> Pool {
    let mut pool = pool();
    for (maker, number) in batches {
        pool.insert(named(*maker, *number), Sequence(1)).unwrap();
    }
    pool
}

/// Adds batches one by one and compares the last answer.
fn check(held: &[(u8, u64)], batch: BatchRef, expected: Result<(), Refused>) {
    assert_eq!(filled(held).insert(batch, Sequence(1)), expected, "{batch:?} after {held:?}");
}

#[test]
fn what_is_refused_is_refused_with_a_reason() {
    check(&[], named(1, 1), Ok(()));
    check(&[], named(1, 5), Ok(()));
    check(&[(1, 1)], named(1, 1), Err(Refused::Held));
    check(&[], named(1, 0), Err(Refused::Committed { next: Sequence(1) }));
    let held = named(1, 1);
    check(&[(1, 1)], twin(1, 1), Err(Refused::Conflict { held }));
    check(&[], named(1, AHEAD_MAX), Ok(()));
    for found in [AHEAD_MAX + 1, u64::MAX] {
        let (found, next) = (Sequence(found), Sequence(1));
        check(&[], named(1, found.0), Err(Refused::Ahead { found, next }));
    }
    let full = Refused::MakerFull { waiting: 300, max: 300 };
    check(&[(1, 1), (1, 2), (1, 3)], named(1, 4), Err(full));
    let full = Refused::Full { waiting: 500, max: 500 };
    check(&[(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)], named(2, 3), Err(full));
    let large = BatchRef { bytes: u32::MAX, ..named(1, 2) };
    check(&[(1, 1)], large, Err(Refused::MakerFull { waiting: 100, max: 300 }));
}

#[test]
fn what_waits_behind_a_gap_never_keeps_the_gap_open() {
    check(&[(1, 2), (1, 3), (1, 4)], named(1, 1), Ok(()));
    // Nor do other makers' gaps keep out an honest maker's next batch.
    check(&[(2, 2), (2, 3), (2, 4), (3, 2), (3, 3)], named(1, 1), Ok(()));
    let mut pool = filled(&[(1, 2), (1, 3), (1, 4)]);
    assert!(!pool.is_ready());
    pool.insert(named(1, 1), Sequence(1)).unwrap();
    assert!(pool.is_ready());
    assert_eq!(pool.bytes(), 400);
}

/// The maker and number of each batch selected.
fn selected(pool: &Pool, turn: u64, transactions: u64, bytes: u64) -> Vec<(u8, u64)> {
    let number = |batch: &BatchRef| (1..9).find(|n| peer(*n) == batch.maker).unwrap();
    pool.select(turn, transactions, bytes).iter().map(|b| (number(b), b.number.0)).collect()
}

/// The numbers among 1 to 3, in the order in which a pool holds their queues.
fn in_order() -> [u8; 3] {
    let mut makers = [1, 2, 3];
    makers.sort_by_key(|maker| peer(*maker));
    makers
}

#[test]
fn makers_take_turns_and_keep_their_order() {
    let [a, b, c] = in_order();
    let pool = filled(&[(a, 2), (a, 1), (b, 1), (c, 1), (b, 3)]);
    assert_eq!(selected(&pool, 0, 100, 1000), [(a, 1), (b, 1), (c, 1), (a, 2)]);
    assert_eq!(selected(&pool, 1, 100, 1000), [(b, 1), (c, 1), (a, 1), (a, 2)]);
    assert_eq!(selected(&pool, 2, 100, 1000), [(c, 1), (a, 1), (b, 1), (a, 2)]);
    assert_eq!(selected(&pool, 3, 100, 1000), selected(&pool, 0, 100, 1000));
    assert_eq!(selected(&pool, u64::MAX, 100, 1000).len(), 4);
    assert_eq!(selected(&pool, 0, 5, 1000), [(a, 1), (b, 1)]);
    assert_eq!(selected(&pool, 0, 100, 399), [(a, 1), (b, 1), (c, 1)]);
    assert_eq!(selected(&pool, 0, 1, 1000), []);
    assert_eq!(selected(&Pool::new(PoolLimits { bytes_per_maker: 1, bytes: 1 }), 7, 9, 9), []);
}

#[test]
fn with_room_for_one_every_maker_comes_first_in_its_turn() {
    let pool = filled(&[(1, 1), (2, 1), (3, 1)]);
    let mut first: Vec<_> = (0..3).flat_map(|turn| selected(&pool, turn, 2, 100)).collect();
    first.sort_unstable();
    assert_eq!(first, [(1, 1), (2, 1), (3, 1)]);
}

#[test]
fn only_the_next_number_makes_the_pool_ready() {
    assert!(!pool().is_ready());
    assert!(!filled(&[(1, 2)]).is_ready());
    assert!(filled(&[(1, 2), (2, 1)]).is_ready());
}

#[test]
fn what_is_committed_is_forgotten() {
    let mut pool = filled(&[(1, 1), (1, 2), (1, 3), (2, 1)]);
    pool.committed(&[named(1, 1), named(1, 2)]);
    assert_eq!(pool.bytes(), 200);
    assert_eq!(pool.waiting_of(&peer(1)), [named(1, 3)]);
    assert_eq!(pool.transactions_of(&peer(1)), 2);
    let committed = Refused::Committed { next: Sequence(3) };
    assert_eq!(pool.insert(named(1, 2), Sequence(1)), Err(committed));
    // Committed elsewhere: the pool never saw them.
    pool.committed(&[named(3, 1), named(2, 4)]);
    assert_eq!(pool.bytes(), 100);
    let committed = Refused::Committed { next: Sequence(5) };
    assert_eq!(pool.insert(named(2, 4), Sequence(1)), Err(committed));
    assert_eq!(pool.insert(named(3, 2), Sequence(2)), Ok(()));
    pool.committed(&[named(2, 2)]);
    assert_eq!(pool.insert(named(2, 5), Sequence(1)), Ok(()));
}

#[test]
fn a_block_may_name_another_batch_of_the_number() {
    let mut pool = filled(&[(1, 1), (1, 2), (1, 3)]);
    assert!(pool.holds(&named(1, 1)) && !pool.holds(&twin(1, 1)));
    pool.insert_named(twin(1, 1), Sequence(1));
    assert!(pool.holds(&named(1, 1)) && pool.holds(&twin(1, 1)));
    assert_eq!(pool.bytes(), 400);
    pool.insert_named(twin(1, 1), Sequence(1));
    pool.insert_named(named(1, 1), Sequence(1));
    assert_eq!(pool.bytes(), 400);
    // One beside the first: a third takes the second's place.
    let third = BatchRef { hash: Hash([98; 32]), bytes: 150, ..named(1, 1) };
    pool.insert_named(third, Sequence(1));
    assert!(pool.holds(&third) && !pool.holds(&twin(1, 1)));
    assert_eq!(pool.bytes(), 450);
    assert_eq!(pool.insert(third, Sequence(1)), Err(Refused::Held));
    // A claim of another size or count is another batch.
    assert!(!pool.holds(&BatchRef { count: 3, ..third }));
    pool.committed(&[third]);
    assert_eq!(pool.bytes(), 200);
    pool.insert_named(named(1, 1), Sequence(1));
    assert_eq!(pool.bytes(), 200);
    assert_eq!(selected(&pool, 0, 100, 1000), [(1, 2), (1, 3)]);
}

#[test]
fn batches_of_who_may_not_create_are_forgotten() {
    let mut pool = filled(&[(1, 1), (2, 1), (2, 2)]);
    pool.retain(|maker| *maker != peer(2));
    assert_eq!(pool.bytes(), 100);
    assert_eq!(selected(&pool, 0, 100, 1000), [(1, 1)]);
    pool.retain(|_| false);
    assert!(!pool.is_ready() && pool.bytes() == 0);
}
