use std::os::unix::fs::PermissionsExt;

use pkcs8::pkcs5::pbes2::{Parameters, Pbkdf2Params, ScryptParams};

use super::*;

/// An empty folder of the test, and the key files that would be in it.
fn key_files() -> (tempfile::TempDir, KeyFiles) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let storage = folder.path().join("storage");
    let files = KeyFiles {
        private_path: storage.join(PRIVATE_NAME),
        public_path: storage.join(PUBLIC_NAME),
        password: Secret::new("xyz".to_owned()),
    };
    (folder, files)
}

fn made() -> (tempfile::TempDir, KeyFiles, KeyPair) {
    let (folder, files) = key_files();
    let pair = files.load_or_make().expect("a pair can be made");
    (folder, files, pair)
}

fn said(files: &KeyFiles) -> String {
    files.load_or_make().expect_err("it must be refused").to_string()
}

#[test]
fn a_pair_is_made_once_and_kept() {
    let (folder, files, first) = made();
    assert_eq!(first.made, Made::Pair);
    let second = files.load_or_make().expect("the pair is there");
    assert_eq!(second.made, Made::Nothing);
    assert_eq!(first.secret, second.secret);
    assert_eq!(first.public_key, second.public_key);
    assert_eq!(fs::read(&files.public_path).expect("it was written"), first.public_key_der);
    let about = fs::metadata(&files.private_path).expect("it was written");
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    let names = fs::read_dir(folder.path().join("storage")).expect("the folder is there");
    assert_eq!(names.count(), 2, "no unfinished file is left");
    assert_eq!(format!("{:?}", first.secret), "***");
}

#[test]
fn two_pairs_differ() {
    let ((_first, _, one), (_second, _, other)) = (made(), made());
    assert_ne!(one.secret, other.secret);
}

#[test]
fn the_secret_is_not_in_the_file_as_it_is() {
    let (_folder, files, pair) = made();
    let bytes = fs::read(&files.private_path).expect("it was written");
    assert!(!bytes.windows(32).any(|window| window == pair.secret.reveal()));
}

#[test]
fn a_missing_public_key_is_made_again() {
    let (_folder, files, pair) = made();
    fs::remove_file(&files.public_path).expect("it was there");
    let again = files.load_or_make().expect("it follows from the private key");
    assert_eq!((again.made, again.public_key), (Made::PublicKey, pair.public_key));
    assert_eq!(files.load_or_make().expect("both are there").made, Made::Nothing);
}

#[test]
fn a_missing_private_key_is_refused() {
    let (_folder, files, _) = made();
    fs::remove_file(&files.private_path).expect("it was there");
    assert!(said(&files).contains("private.der is missing, though the public key"));
}

#[test]
fn wrong_and_empty_passwords_are_refused() {
    let (_folder, mut files, _) = made();
    // Padding alone accepts one wrong password in 256: the check must not rest on it.
    for attempt in 0..20 {
        files.password = Secret::new(format!("wrong {attempt}"));
        assert!(said(&files).contains("the password does not open"), "{}", said(&files));
        assert!(!said(&files).contains("wrong"));
    }
    files.password = Secret::new(String::new());
    assert!(said(&files).contains("password of the private key is empty"));
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    let ((_one, first, _), (_other, second, _)) = (made(), made());
    fs::copy(&second.public_path, &first.public_path).expect("both are there");
    assert!(said(&first).contains("does not belong to the private key"));
}

#[test]
fn an_unreadable_file_is_named() {
    let (_folder, files, _) = made();
    fs::remove_file(&files.private_path).expect("it was there");
    fs::create_dir(&files.private_path).expect("the name is free");
    assert!(said(&files).contains("private.der: cannot be read"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let (folder, mut files) = key_files();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file for the test");
    files.private_path = file.join(PRIVATE_NAME);
    files.public_path = folder.path().join(PUBLIC_NAME);
    let error = said(&files);
    assert!(error.contains("private.der: cannot be"), "{error}");
}

/// DER of keys that openssl wrote: a secp256k1 key encrypted with aes-256-cbc and PBKDF2, its
/// public key, the same key not encrypted, and keys of P-256 encrypted and public.
mod openssl {
    pub const PRIVATE: &[u8] = include_bytes!("fixtures/secp256k1_private.der");
    pub const PUBLIC: &[u8] = include_bytes!("fixtures/secp256k1_public.der");
    pub const OPEN: &[u8] = include_bytes!("fixtures/secp256k1_not_encrypted.der");
    pub const OLD_ENCRYPTION: &[u8] = include_bytes!("fixtures/secp256k1_pbes1.der");
    pub const FOREIGN_PRIVATE: &[u8] = include_bytes!("fixtures/p256_private.der");
    pub const FOREIGN_PUBLIC: &[u8] = include_bytes!("fixtures/p256_public.der");
}

fn with(private: &[u8], public: &[u8]) -> (tempfile::TempDir, KeyFiles) {
    let (folder, files) = key_files();
    fs::create_dir(folder.path().join("storage")).expect("the name is free");
    fs::write(&files.private_path, private).expect("the folder is there");
    fs::write(&files.public_path, public).expect("the folder is there");
    (folder, files)
}

#[test]
fn a_pair_of_openssl_is_read() {
    let (_folder, files) = with(openssl::PRIVATE, openssl::PUBLIC);
    let pair = files.load_or_make().expect("the documentation says how it is made");
    assert_eq!(pair.public_key_der, openssl::PUBLIC);
}

#[test]
fn other_forms_and_curves_are_refused_and_named() {
    let cases: [(&[u8], &[u8], &str); 8] = [
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", openssl::PUBLIC, "found a PEM text"),
        (openssl::OPEN, openssl::PUBLIC, "found a key that is not encrypted; expected an enc"),
        (b"nonsense", openssl::PUBLIC, "found no PKCS#8 key"),
        (b"", openssl::PUBLIC, "found no PKCS#8 key"),
        (openssl::OLD_ENCRYPTION, openssl::PUBLIC, "in an encryption that is not read; expected"),
        (openssl::FOREIGN_PRIVATE, openssl::PUBLIC, "private.der: the key is not of the curve"),
        (openssl::PRIVATE, openssl::FOREIGN_PUBLIC, "public.der: the key is not of the curve"),
        (openssl::PRIVATE, b"nonsense", "public.der: found no public key in DER"),
    ];
    for (private, public, expected) in cases {
        let (_folder, files) = with(private, public);
        let error = said(&files);
        assert!(error.contains(expected), "{error}\ndoes not say\n{expected}");
    }
}

#[test]
fn every_cut_of_a_private_key_is_refused() {
    for length in 0..openssl::PRIVATE.len() {
        let (_folder, files) = with(&openssl::PRIVATE[..length], openssl::PUBLIC);
        assert!(said(&files).contains("private.der"));
    }
}

/// A file may ask for so many rounds that a process never starts, or for all of a machine's memory.
#[test]
fn an_encryption_that_takes_too_much_effort_is_refused() {
    let salt = || b"saltsalt"[..].try_into().expect("a salt of 8 bytes");
    let pbkdf2 = |iteration_count| {
        let prf = pkcs8::pkcs5::pbes2::Pbkdf2Prf::HmacWithSha256;
        let salt = salt();
        Kdf::Pbkdf2(Pbkdf2Params { salt, iteration_count, key_length: None, prf })
    };
    let scrypt = |cost_parameter, block_size, parallelization| {
        let salt = salt();
        let key_length = None;
        Kdf::Scrypt(ScryptParams { salt, cost_parameter, block_size, parallelization, key_length })
    };
    let cases = [
        (pbkdf2(2_000_000), true),
        (pbkdf2(2_000_001), false),
        (pbkdf2(u32::MAX), false),
        (scrypt(1 << 14, 8, 1), true),
        (scrypt(1 << 16, 8, 4), true),
        (scrypt(1 << 16, 8, 5), false),
        (scrypt(1 << 17, 8, 1), false),
        (scrypt(1 << 10, u16::MAX, 1), false),
        (scrypt(1 << 63, u16::MAX, 1), false),
        (scrypt(0, 8, 1), false),
    ];
    for (kdf, expected) in cases {
        let text = format!("{kdf:?}");
        let encryption = pkcs8::pkcs5::pbes2::EncryptionScheme::Aes256Cbc { iv: [1; 16] };
        let scheme = Parameters { kdf, encryption }.into();
        assert_eq!(is_bearable(&scheme), expected, "{text}");
    }
}

#[test]
fn a_device_is_no_key() {
    let (_folder, mut files, _) = made();
    files.private_path = "/dev/zero".into();
    assert!(said(&files).contains("expected an encrypted PKCS#8 key"), "{}", said(&files));
}
