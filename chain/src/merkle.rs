//! Merkle trees as in RFC 6962, section 2.1: leaf = SHA-256(0x00 ‖ data), node = SHA-256(0x01 ‖
//! left ‖ right), the left subtree as large a power of two as fits. No leaf is ever duplicated, so
//! that two lists never share a root.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{Hash, plain};

/// Root of the tree over `leaves`; of none: SHA-256 of nothing.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => plain(&[]),
        [one] => leaf(one),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// Shows that one leaf is in a tree: siblings from the leaf up.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Path {
    /// Place of the leaf, from 0.
    pub index: u32,
    /// Number of leaves in the tree.
    pub count: u32,
    /// At most 32.
    pub siblings: Vec<Hash>,
}

/// The path of the leaf at `index`; `None` when there is no such leaf.
pub fn path(leaves: &[Hash], index: usize) -> Option<Path> {
    if index >= leaves.len() {
        return None;
    }
    let mut siblings = Vec::new();
    collect(leaves, index, &mut siblings);
    let count = u32::try_from(leaves.len()).ok()?;
    Some(Path { index: u32::try_from(index).ok()?, count, siblings })
}

fn collect(leaves: &[Hash], index: usize, siblings: &mut Vec<Hash>) {
    if leaves.len() == 1 {
        return;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if index < left.len() {
        collect(left, index, siblings);
        siblings.push(root(right));
    } else {
        collect(right, index - left.len(), siblings);
        siblings.push(root(left));
    }
}

impl Path {
    /// The root that follows if `data` is the leaf at this place (RFC 9162, section 2.1.3.2);
    /// `None` when the path has not the form its place asks for.
    pub fn root(&self, data: &Hash) -> Option<Hash> {
        if self.index >= self.count {
            return None;
        }
        let (mut place, mut last) = (self.index, self.count - 1);
        let mut hash = leaf(data);
        for sibling in &self.siblings {
            if last == 0 {
                return None;
            }
            if place % 2 == 1 || place == last {
                hash = node(sibling, &hash);
                while place % 2 == 0 && place != 0 {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node(&hash, sibling);
            }
            place >>= 1;
            last >>= 1;
        }
        (last == 0).then_some(hash)
    }
}

/// The largest power of two below `count`; `count` is at least 2.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

fn leaf(data: &Hash) -> Hash {
    plain(&[&[0], &data.0])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    plain(&[&[1], &left.0, &right.0])
}

#[cfg(test)]
mod tests;
