//! The key pair of a process: an encrypted PKCS#8 DER file and a DER public key, secp256k1. Made
//! on the first start, durable before it is used.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use k256::elliptic_curve::Generate;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{PublicKey, SecretKey};
use pkcs8::der::zeroize::Zeroizing;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{
    DecodePublicKey, EncodePrivateKey, EncodePublicKey, EncryptedPrivateKeyInfoRef,
    PrivateKeyInfoRef,
};
use thiserror::Error;

use crate::channel_options;
use crate::secret::Secret;
use crate::settings::Settings;

const PRIVATE_NAME: &str = "private.der";
const PUBLIC_NAME: &str = "public.der";

/// Where the pair lies and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    pub private_path: PathBuf,
    pub public_path: PathBuf,
    pub password: Secret,
}

/// 32 bytes that are never printed and are wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKeyBytes(Zeroizing<[u8; 32]>);

impl SecretKeyBytes {
    /// The bytes, for the signer alone.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKeyBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[derive(Clone, Debug)]
pub struct KeyPair {
    pub secret: SecretKeyBytes,
    /// Compressed point.
    pub public_key: [u8; 33],
    /// SubjectPublicKeyInfo.
    pub public_key_der: Vec<u8>,
    /// What had to be written; to be logged.
    pub made: Made,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Both files were there.
    Nothing,
    /// The private key was there, the public one follows from it.
    PublicKey,
    /// A new pair.
    Pair,
}

#[derive(Debug, Error)]
pub enum KeyFileError {
    #[error("{}: cannot be {action}: {reason}", path.display())]
    File { path: PathBuf, action: &'static str, reason: String },
    #[error(
        "the private key {} is missing, though the public key {} is there; bring the private key \
         back, or remove the public key to have a new pair made",
        private.display(),
        public.display()
    )]
    PrivateKeyMissing { private: PathBuf, public: PathBuf },
    #[error(
        "the password does not open the private key {}; expected the one it was encrypted with, \
         from DEFAULT_PW, -a or CHANNEL_OPTION", path.display()
    )]
    WrongPassword { path: PathBuf },
    #[error("the password of the private key is empty; expected one in DEFAULT_PW or -a")]
    EmptyPassword,
    #[error(
        "{}: found {found}; expected an encrypted PKCS#8 key in DER, as `openssl pkcs8 -topk8 \
         -v2 aes-256-cbc -v2prf hmacWithSHA256 -outform DER -in <key> -out <file>` writes it",
        path.display()
    )]
    Form { path: PathBuf, found: &'static str },
    #[error("{}: the key is not of the curve secp256k1; expected one that is", path.display())]
    ForeignCurve { path: PathBuf },
    #[error("{}: found no public key in DER (SubjectPublicKeyInfo); expected one", path.display())]
    PublicForm { path: PathBuf },
    #[error(
        "the public key {} does not belong to the private key {}; remove the public key to have \
         it made again, or name the right pair", public.display(), private.display()
    )]
    Mismatch { private: PathBuf, public: PathBuf },
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

impl Settings {
    /// The key files to use: PRIVATE_PATH, else those of the default channel's CHANNEL_OPTION,
    /// else `private.der` and `public.der` in `default_folder`.
    pub fn key_files(&self, default_folder: &Path) -> KeyFiles {
        let default_password = self.secret("DEFAULT_PW").clone();
        let public = self.path_if_set("PUBLIC_PATH");
        let (private_path, named, password) = match channel_options::of_default_channel(self) {
            Some(option) => {
                let password = option.private_password.unwrap_or(default_password);
                (option.private_path, public.or(option.public_path), password)
            }
            None => (self.path_if_set("PRIVATE_PATH"), public, default_password),
        };
        let private_path = private_path.unwrap_or_else(|| default_folder.join(PRIVATE_NAME));
        let public_path = named.unwrap_or_else(|| beside(&private_path));
        KeyFiles { private_path, public_path, password }
    }
}

/// `private.der` → `public.der`, `key.der` → `key_public.der`.
fn beside(private_path: &Path) -> PathBuf {
    let name = private_path.file_name().unwrap_or_default().to_string_lossy();
    if name.contains("private") {
        return private_path.with_file_name(name.replace("private", "public"));
    }
    let stem = private_path.file_stem().unwrap_or_default().to_string_lossy();
    private_path.with_file_name(format!("{stem}_{PUBLIC_NAME}"))
}

impl KeyFiles {
    /// Reads the pair; makes it when neither file exists. A public key that is missing beside its
    /// private key, as after a first start that was cut short, is made from it.
    ///
    /// # Errors
    /// Files that cannot be read or written, are of another form or curve, do not belong
    /// together, or do not open with the password.
    pub fn load_or_make(&self) -> Result<KeyPair, KeyFileError> {
        if self.password.is_empty() {
            return Err(KeyFileError::EmptyPassword);
        }
        let private = read_if_there(&self.private_path)?.map(Zeroizing::new);
        let public = read_if_there(&self.public_path)?;
        let (secret, made) = match (private, &public) {
            (Some(private), Some(_)) => (self.decrypt(&private)?, Made::Nothing),
            (Some(private), None) => (self.decrypt(&private)?, Made::PublicKey),
            (None, None) => (self.make_private()?, Made::Pair),
            (None, Some(_)) => {
                return Err(KeyFileError::PrivateKeyMissing {
                    private: self.private_path.clone(),
                    public: self.public_path.clone(),
                });
            }
        };
        let key = secret.public_key();
        let der = key.to_public_key_der().expect("a point of the curve has an encoding");
        match public {
            Some(bytes) => self.check_public(&bytes, &key)?,
            None => write_durably(&self.public_path, der.as_bytes(), 0o644)?,
        }
        let point = key.to_sec1_point(true);
        let public_key = point.as_bytes().try_into().expect("a compressed point has 33 bytes");
        let secret = SecretKeyBytes(Zeroizing::new(secret.to_bytes().into()));
        Ok(KeyPair { secret, public_key, public_key_der: der.as_bytes().to_vec(), made })
    }

    fn make_private(&self) -> Result<SecretKey, KeyFileError> {
        let random = |error: &dyn fmt::Display| KeyFileError::Random(error.to_string());
        let secret = SecretKey::try_generate().map_err(|error| random(&error))?;
        let encrypted = secret
            .to_pkcs8_encrypted_der(self.password.reveal())
            .map_err(|error| random(&error))?;
        write_durably(&self.private_path, encrypted.as_bytes(), 0o600)?;
        Ok(secret)
    }

    fn decrypt(&self, bytes: &[u8]) -> Result<SecretKey, KeyFileError> {
        use pkcs8::pkcs5::Error as Pkcs5;
        let path = || self.private_path.clone();
        let form = |found| KeyFileError::Form { path: path(), found };
        let encrypted =
            EncryptedPrivateKeyInfoRef::try_from(bytes).map_err(|_| form(form_found(bytes)))?;
        if !is_bearable(&encrypted.encryption_algorithm) {
            return Err(form("an encryption that takes too much effort to open"));
        }
        let opened = encrypted.decrypt(self.password.reveal()).map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(
                Pkcs5::UnsupportedAlgorithm { .. }
                | Pkcs5::AlgorithmParametersInvalid { .. }
                | Pkcs5::NoPbes1CryptSupport,
            ) => form("an encryption that is not read"),
            _ => KeyFileError::WrongPassword { path: path() },
        })?;
        let info = PrivateKeyInfoRef::try_from(opened.as_bytes())
            .map_err(|_| KeyFileError::WrongPassword { path: path() })?;
        SecretKey::try_from(info).map_err(|_| KeyFileError::ForeignCurve { path: path() })
    }

    fn check_public(&self, bytes: &[u8], expected: &PublicKey) -> Result<(), KeyFileError> {
        let path = self.public_path.clone();
        let found = match PublicKey::from_public_key_der(bytes) {
            Ok(found) => found,
            Err(pkcs8::spki::Error::OidUnknown { .. }) => {
                return Err(KeyFileError::ForeignCurve { path });
            }
            Err(_) => return Err(KeyFileError::PublicForm { path }),
        };
        if found == *expected {
            return Ok(());
        }
        Err(KeyFileError::Mismatch { private: self.private_path.clone(), public: path })
    }
}

/// Whether opening takes some seconds and 64 MiB at most, whatever the file asks for.
fn is_bearable(encryption: &EncryptionScheme) -> bool {
    const PBKDF2_ROUNDS_MAX: u32 = 2_000_000;
    /// Of 128 bytes each.
    const SCRYPT_BLOCKS_MAX: u64 = 1 << 19;
    const SCRYPT_PASSES_MAX: u16 = 4;
    match encryption.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(pbkdf2)) => pbkdf2.iteration_count <= PBKDF2_ROUNDS_MAX,
        Some(Kdf::Scrypt(scrypt)) => {
            let blocks = scrypt.cost_parameter.saturating_mul(scrypt.block_size.into());
            // Of a cost of 0, the library takes the logarithm.
            scrypt.cost_parameter > 0
                && blocks <= SCRYPT_BLOCKS_MAX
                && scrypt.parallelization <= SCRYPT_PASSES_MAX
        }
        // Decrypting refuses what it does not know.
        _ => true,
    }
}

fn form_found(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"-----BEGIN") {
        return "a PEM text";
    }
    match PrivateKeyInfoRef::try_from(bytes) {
        Ok(_) => "a key that is not encrypted",
        Err(_) => "no PKCS#8 key, or one in an encryption that is not read",
    }
}

fn failed(path: &Path, action: &'static str, error: &io::Error) -> KeyFileError {
    KeyFileError::File { path: path.to_owned(), action, reason: error.to_string() }
}

/// The beginning of a file that is no key's, such as a device, will do to refuse it.
const FILE_BYTES_MAX: u64 = 64 << 10;

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, KeyFileError> {
    let read = |file: File| {
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map(|_| bytes)
    };
    match File::open(path).and_then(read) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, "read", &error)),
    }
}

/// Either the whole file is there after a crash, or none of it.
fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyFileError> {
    let wrong = |error: io::Error| failed(path, "written", &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(wrong)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let unfinished = path.with_file_name(name);
    let written = write_new(&unfinished, bytes, mode)
        .and_then(|()| fs::rename(&unfinished, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // What is left of it is of no use; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&unfinished);
    }
    written.map_err(wrong)
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
