//! The engine's only randomness: xoshiro256** from the host's seed. Jitter and ids; unguessable only if the seed is.

/// The generator.
#[derive(Clone, Debug)]
pub(crate) struct Rng([u64; 4]);

impl Rng {
    pub(crate) fn new(seed: [u8; 32]) -> Rng {
        let mut state = [0u64; 4];
        for (word, bytes) in state.iter_mut().zip(seed.chunks_exact(8)) {
            for (i, byte) in bytes.iter().enumerate() {
                *word |= u64::from(*byte) << (8 * i);
            }
        }
        if state == [0; 4] {
            state[0] = 1;
        }
        Rng(state)
    }

    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in `0..=max`, but for a bias below 2^-40 for spans of time.
    pub(crate) fn up_to(&mut self, max: u64) -> u64 {
        if max == u64::MAX { self.next() } else { self.next() % (max + 1) }
    }

    /// 128 bits as 22 characters of base64url.
    pub(crate) fn id(&mut self) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (mut high, mut low) = (self.next(), self.next());
        let mut text = String::with_capacity(22);
        for _ in 0..22 {
            text.push(char::from(ALPHABET[(low & 63) as usize]));
            low = (low >> 6) | (high << 58);
            high >>= 6;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_long_distinct_and_repeat_with_the_seed() {
        let mut a = Rng::new([7; 32]);
        let mut b = Rng::new([7; 32]);
        let ids: std::collections::BTreeSet<_> = (0..1000).map(|_| a.id()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 22));
        assert!(ids.contains(&b.id()));
    }
}
