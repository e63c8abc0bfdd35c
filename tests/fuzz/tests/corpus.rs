//! Every input in the repository, through its target, without libFuzzer. `UPDATE_CORPUS=1` writes
//! the seeds anew from real objects; that is for when an encoding has changed on purpose.

use std::collections::BTreeSet;
use std::hint::black_box;

use fuzz::corpus::{folder, is_seed, read, seed_name, write_seeds};
use fuzz::memory::measured;
use fuzz::{TARGETS, Verdict, examine};

const FILE_BYTES_MAX: usize = 4096;
const CORPUS_BYTES_MAX: usize = 1 << 20;

#[test]
fn every_kept_input_is_examined() {
    let mut bytes = 0;
    for target in TARGETS {
        for kind in ["corpus", "crashes"] {
            for input in read(&folder().join(kind).join(target.name)).unwrap() {
                let path = input.path.display();
                assert!(input.bytes.len() <= FILE_BYTES_MAX, "{path}: over {FILE_BYTES_MAX} bytes");
                bytes += input.bytes.len();
                // Shown when it panics.
                println!("{path}");
                examine(target, &input.bytes);
            }
        }
    }
    assert!(bytes <= CORPUS_BYTES_MAX, "{bytes} bytes of corpus; tests/fuzz/run --minimise");
}

#[test]
fn real_objects_are_taken_and_their_bytes_are_kept() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some_and(|value| value == "1");
    for target in TARGETS {
        if update {
            write_seeds(target).unwrap();
        }
        let kept = read(&folder().join("corpus").join(target.name)).unwrap();
        let kept = kept.into_iter().filter(|input| is_seed(&input.path));
        let kept: BTreeSet<Vec<u8>> = kept.map(|input| input.bytes).collect();
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{}: no seeds", target.name);
        for seed in &seeds {
            let name = seed_name(seed);
            assert_eq!(examine(target, seed), Verdict::Taken, "{}: {name}", target.name);
            assert!(seed.len() <= target.bytes_max, "{}: {name} is too long", target.name);
        }
        let seeds: BTreeSet<Vec<u8>> = seeds.into_iter().collect();
        assert!(
            kept == seeds,
            "{}: its seeds have changed; UPDATE_CORPUS=1 writes them",
            target.name
        );
    }
}

/// A target that took anything would find nothing.
#[test]
fn noise_is_refused() {
    for target in TARGETS {
        for noise in [&[][..], &[0xff; 40], &[0x80; 200]] {
            assert_eq!(examine(target, noise), Verdict::Refused, "{}: {noise:?}", target.name);
        }
    }
}

#[test]
fn each_target_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len());
}

#[test]
fn the_most_memory_that_was_held_counts() {
    let (_, most) = measured(|| {
        drop(black_box(vec![0_u8; 1 << 20]));
        black_box(vec![0_u8; 1 << 10])
    });
    assert!((1 << 20..1 << 21).contains(&most), "{most}");
    let (inner, outer) = measured(|| {
        let kept = black_box(vec![1_u8; 1 << 16]);
        let (_, inner) = measured(|| black_box(vec![0_u8; 1 << 12]));
        drop(kept);
        inner
    });
    assert!((1 << 12..1 << 13).contains(&inner), "{inner}");
    assert!((1 << 16..1 << 17).contains(&outer), "{outer}");
    let (_, untouched) = measured(|| black_box(vec![0_u8; 1 << 30]).len());
    assert!(untouched >= 1 << 30, "memory counts before it is touched: {untouched}");
}
