//! Ids that a world gives out: as many as one likes, the same ones for the same seed.

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// The letters of a short id, without the ones that are easily taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A source of ids: a seed, and how often it was drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ids {
    seed: u64,
    drawn: u64,
}

impl Ids {
    /// The ids of this seed, from the first one on.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> Uuid {
        let bytes = (u128::from(self.draw()) << 64 | u128::from(self.draw())).to_be_bytes();
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// An id of `length` small letters and digits.
    pub fn short(&mut self, length: usize) -> String {
        let letter = |_| {
            let at = usize::try_from(self.draw() % 32).unwrap_or_default();
            char::from(LETTERS.get(at).copied().unwrap_or(b'a'))
        };
        (0..length).map(letter).collect()
    }

    /// The next number: `SplitMix64`, whose state is the seed and a count.
    pub fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        let mut z = self.seed.wrapping_add(self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_each_time() {
        let (mut one, mut two) = (Ids::new(7), Ids::new(7));
        let first = one.uuid();
        assert_eq!(first, two.uuid());
        assert_ne!(first, one.uuid());
        assert_eq!(first.get_version_num(), 4);
        assert_ne!(Ids::new(8).uuid(), first);
    }

    #[test]
    fn short_ids_have_their_length() {
        assert_eq!(Ids::new(1).short(10).len(), 10);
    }
}
