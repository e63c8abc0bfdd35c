//! The files of a process's key pair.

use std::sync::OnceLock;

use configs::{KeyFiles, Secret};
use k256::SecretKey;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters, Pbkdf2Params, Pbkdf2Prf, ScryptParams};
use pkcs8::{EncodePrivateKey, EncodePublicKey, PrivateKeyInfoRef};

use super::folder::Folder;
use crate::{Target, Verdict};

const PASSWORD: &str = "test";

pub const KEY_FILES: Target = Target {
    name: "key_files",
    decodes: "private.der, an encrypted PKCS#8 key, and public.der (configs::key_files)",
    bytes_max: 512,
    runs: 20_000,
    // What scrypt may take.
    memory_max: 72 << 20,
    run: key_files,
    seeds: || {
        let private = pair().private.iter().map(|private| [&[PRIVATE], &private[..]].concat());
        private.chain([[&[PUBLIC], &pair().public[..]].concat()]).collect()
    },
};

/// First bytes of an input: which of the files the rest is.
const PRIVATE: u8 = 0;
const PUBLIC: u8 = 1;

/// A pair, encrypted with little effort so that many inputs can be tried.
struct Pair {
    private: Vec<Vec<u8>>,
    public: Vec<u8>,
}

fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let secret = SecretKey::from_slice(&[1; 32]).expect("a small number is a key");
        let plain = secret.to_pkcs8_der().expect("a key has an encoding");
        let public = secret.public_key().to_public_key_der().expect("a point has an encoding");
        let pbkdf2 = |prf| {
            let salt = b"saltsalt"[..].try_into().expect("a salt of 8 bytes");
            let params = Pbkdf2Params { salt, iteration_count: 2, key_length: None, prf };
            Kdf::Pbkdf2(params)
        };
        let salt = b"saltsalt"[..].try_into().expect("a salt of 8 bytes");
        let scrypt = ScryptParams {
            salt,
            cost_parameter: 4,
            block_size: 1,
            parallelization: 1,
            key_length: None,
        };
        let kdfs = [
            pbkdf2(Pbkdf2Prf::HmacWithSha256),
            pbkdf2(Pbkdf2Prf::HmacWithSha512),
            Kdf::Scrypt(scrypt),
        ];
        let private = kdfs.into_iter().map(|kdf| {
            let encryption = pkcs8::pkcs5::pbes2::EncryptionScheme::Aes256Cbc { iv: [7; 16] };
            let info = PrivateKeyInfoRef::try_from(plain.as_bytes()).expect("it was just made");
            let encrypted = info.encrypt_with_params(Parameters { kdf, encryption }, PASSWORD);
            encrypted.expect("the parameters are plain").as_bytes().to_vec()
        });
        Pair { private: private.collect(), public: public.as_bytes().to_vec() }
    })
}

fn key_files(bytes: &[u8]) -> Verdict {
    let [which, bytes @ ..] = bytes else { return Verdict::Refused };
    let pair = pair();
    let (private, public) = match *which {
        PRIVATE => (bytes, &pair.public[..]),
        _ => (&pair.private[0][..], bytes),
    };
    let folder = Folder::get("key_files");
    let files = KeyFiles {
        private_path: folder.write("private.der", private),
        public_path: folder.write("public.der", public),
        password: Secret::new(PASSWORD.to_owned()),
    };
    match files.load_or_make() {
        Ok(loaded) => {
            assert_eq!(*loaded.secret.reveal(), [1; 32], "another key than the public one's");
            assert_eq!(loaded.public_key_der, pair.public);
            Verdict::Taken
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(".der") && !text.contains(PASSWORD), "{text}");
            Verdict::Refused
        }
    }
}
