//! `docs/configuration.md` says what the table says.

use std::path::Path;

#[test]
fn documentation_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let expected = configs::document::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).expect("docs/configuration.md is writable");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/configuration.md is not what the table says; \
         run UPDATE_DOCS=1 cargo test -p configs --test documentation and commit the result"
    );
}
