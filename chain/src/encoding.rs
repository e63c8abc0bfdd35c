//! The one encoding of everything that is hashed, signed, stored or sent between peers: borsh
//! (integers little-endian, lengths u32, enums by a tag byte, fields in order). No type that is
//! hashed, signed or sent holds a map, a float or a platform-sized number: equal values have equal
//! bytes, and no other bytes are read as them.

use borsh::{BorshDeserialize, BorshSerialize};

/// Bytes that are not the encoding of what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid encoding: {0}")]
pub struct DecodeError(pub String);

/// The canonical bytes of `value`.
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory cannot fail and no length passes u32")
}

/// The value whose canonical bytes are exactly `bytes`; nothing may be left over.
pub fn decode<T: BorshDeserialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    borsh::from_slice(bytes).map_err(|e| DecodeError(e.to_string()))
}

#[cfg(test)]
mod tests;
