#![allow(clippy::unwrap_used)]

use super::*;

/// What ssh is started with.
fn ssh(key_path: &str) -> String {
    let command = git(key_path);
    let mut variables = command.get_envs();
    let (_, value) = variables.find(|(name, _)| *name == "GIT_SSH_COMMAND").unwrap();
    value.unwrap().to_str().unwrap().to_owned()
}

#[test]
fn the_deploy_key_is_the_only_one_that_is_tried() {
    assert_eq!(ssh(""), "ssh -o BatchMode=yes");
    assert_eq!(ssh("/a/key"), "ssh -o BatchMode=yes -o IdentitiesOnly=yes -i '/a/key'");
    // The shell that git starts must see one word, whatever it is called.
    let shown = Command::new("sh")
        .args(["-c", &format!("set -- {}; printf %s \"$7\"", ssh("/a folder/it's $(a) key"))])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), "/a folder/it's $(a) key");
}

#[test]
fn a_package_is_asked_of_a_host_an_url_or_a_path() {
    for (base, expected) in [
        ("git@host", "git@host:a/b.git"),
        ("git@host:", "git@host:a/b.git"),
        ("ssh://git@host:22/srv", "ssh://git@host:22/srv/a/b.git"),
        ("https://host/", "https://host/a/b.git"),
        ("/nowhere", "/nowhere/a/b"),
    ] {
        assert_eq!(url(base, "a/b"), expected, "{base}");
    }
}
