//! What the architecture and the style ask of the tree, as tests: who may name which foreign
//! library, which crate may depend on which, sizes, names, and words that must not be left behind.
//!
//! - `rules`: each rule, a function from files to complaints
//! - `examples`: for each rule, bad examples that it finds
//! - `checkout`: the files and manifests the rules look at
//! - `rust_text`: as much of Rust's grammar as they need

#![allow(clippy::unwrap_used)]

mod checkout;
mod examples;
mod rules;
mod rust_text;

use checkout::SourceFile;

#[test]
fn foreign_libraries_are_named_only_where_they_belong() {
    check(rules::foreign_names);
}

#[test]
fn manifests_list_foreign_libraries_only_where_they_belong() {
    check(rules::foreign_dependencies);
}

#[test]
fn crates_depend_only_in_the_architectures_direction() {
    check(rules::wrong_edges);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    check(rules::crates_without_lints);
}

#[test]
fn source_files_fit_their_bound() {
    check(rules::long_files);
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    check(rules::empty_names);
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    check(rules::machine_paths);
}

#[test]
fn nothing_is_left_for_later() {
    check(rules::leftovers);
}

/// Runs a rule over the checkout.
fn check(rule: fn(&[SourceFile]) -> Vec<String>) {
    let files = checkout::read();
    assert!(
        files.iter().any(|file| file.path == rules::THIS_TEST[0]),
        "the checkout was not found"
    );
    let complaints = rule(&files);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
