//! secp256k1 keys, ECDSA signatures and what has been verified. The only use of `secp256k1`.
//!
//! Signatures are 64 bytes (r ‖ s), s in the lower half, nonces by RFC 6979: one key and digest
//! give one signature, and nobody can turn it into another valid one.

mod genuine;

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use secp256k1::{Message, ecdsa};

use crate::hash::{Hash, Kind, digest};

/// A peer's name on every channel: the first 16 bytes of the digest of its public key, written
/// like a UUID because that is what existing clients show and store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct PeerId(pub [u8; 16]);

impl PeerId {
    /// The name of no key that anybody can find.
    pub const NOBODY: PeerId = PeerId([0; 16]);
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = hex::encode(self.0);
        let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
        f.write_str(&parts.join("-"))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..4]))
    }
}

impl FromStr for PeerId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<PeerId, KeyError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text.replace('-', ""), &mut bytes).map_err(|_| KeyError::PeerId)?;
        let id = PeerId(bytes);
        if id.to_string() == text { Ok(id) } else { Err(KeyError::PeerId) }
    }
}

/// What is wrong with a key, a name or a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a secret key is 32 bytes, not zero and below the order of secp256k1")]
    Secret,
    #[error("a public key is 33 bytes, a compressed point of secp256k1")]
    Public,
    #[error("a peer id is 32 hex digits written as 8-4-4-4-12")]
    PeerId,
    #[error("the signature is not by this key over these bytes, or its s is not in the lower half")]
    Signature,
}

/// A compressed point, known to be on the curve, with its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    point: secp256k1::PublicKey,
    /// Asked for far more often than keys are made.
    peer_id: PeerId,
}

impl PublicKey {
    /// From 33 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<PublicKey, KeyError> {
        let bytes: [u8; 33] = bytes.try_into().map_err(|_| KeyError::Public)?;
        let point = secp256k1::PublicKey::from_byte_array_compressed(bytes);
        point.map(PublicKey::of).map_err(|_| KeyError::Public)
    }

    fn of(point: secp256k1::PublicKey) -> PublicKey {
        let hash = digest(Kind::Peer, &[&point.serialize()]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        PublicKey { point, peer_id: PeerId(id) }
    }

    /// 33 bytes, compressed.
    pub fn to_bytes(&self) -> [u8; 33] {
        self.point.serialize()
    }

    /// The name that follows from this key.
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// Whether `signature` is this key's over `digest`.
    pub fn check(&self, digest: &Hash, signature: &Signature) -> Result<(), KeyError> {
        genuine::check(&(*signature, *digest, *self), || {
            let parsed = ecdsa::Signature::from_compact(&signature.0)?;
            ecdsa::verify(&parsed, Message::from_digest(digest.0), &self.point)
        })
        .map_err(|_| KeyError::Signature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.to_bytes()[..5]))
    }
}

impl BorshSerialize for PublicKey {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(&self.to_bytes())
    }
}

impl BorshDeserialize for PublicKey {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<PublicKey> {
        let mut bytes = [0; 33];
        reader.read_exact(&mut bytes)?;
        PublicKey::from_bytes(&bytes)
            .map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e.to_string()))
    }
}

/// 64 bytes, r ‖ s.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..4]))
    }
}

/// A key that signs. Prints as nothing.
#[derive(Clone)]
pub struct SecretKey {
    secret: secp256k1::SecretKey,
    /// Its other half, which takes as long to compute as a signature.
    public: PublicKey,
}

impl SecretKey {
    /// From 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<SecretKey, KeyError> {
        let secret =
            secp256k1::SecretKey::from_secret_bytes(bytes).map_err(|_| KeyError::Secret)?;
        let public = PublicKey::of(secp256k1::PublicKey::from_secret_key(&secret));
        Ok(SecretKey { secret, public })
    }

    /// The 32 bytes; for handing the key to the transport, never for storing or printing.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.secret.to_secret_bytes()
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Signs a digest made by `hash::digest`.
    pub fn sign(&self, digest: &Hash) -> Signature {
        Signature(ecdsa::sign(Message::from_digest(digest.0), &self.secret).serialize_compact())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// Something whose signatures can be checked against what is known.
pub trait Verify {
    /// What it is checked against.
    type Known: ?Sized;
    /// Why it was refused.
    type Refused;

    /// Whether every signature in it is genuine, and by those it says.
    fn check(&self, known: &Self::Known) -> Result<(), Self::Refused>;
}

/// A value whose signatures have been checked; only [`verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// The value, no longer marked.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Checks every signature in `value`, once; the type remembers that it was done.
pub fn verify<T: Verify>(value: T, known: &T::Known) -> Result<Verified<T>, T::Refused> {
    value.check(known)?;
    Ok(Verified(value))
}

#[cfg(test)]
mod tests;
