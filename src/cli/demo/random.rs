//! A small seeded generator: the same seed gives the same bytes on every machine.

/// wyrand: fast, 64 bits of state, good enough for made-up text.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A stream of its own for every (seed, purpose, number): sessions can be written in any order.
    pub fn new(seed: u64, purpose: u64, number: u64) -> Rng {
        let mut rng = Rng(seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.next();
        rng.0 ^= number.wrapping_mul(0xd6e8_feb8_6659_fd93);
        rng.next();
        rng
    }
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0xa076_1d64_78bd_642f);
        let wide = u128::from(self.0) * u128::from(self.0 ^ 0xe703_7ed1_a0b4_28db);
        (wide >> 64) as u64 ^ wide as u64
    }
    /// 0 .. n (n > 0).
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
    /// low ..= high.
    pub fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }
    /// 0.0 .. 1.0.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
    /// A rank 0 .. n whose frequency falls like 1/rank, as words do.
    pub fn rank(&mut self, n: usize) -> usize {
        ((n as f64 + 1.0).powf(self.unit()) as usize)
            .saturating_sub(1)
            .min(n - 1)
    }
    pub fn ranked<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.rank(items.len())]
    }
    pub fn name<'a>(&mut self, items: &'a [String]) -> &'a str {
        &items[self.rank(items.len())]
    }
    /// Log-normal around `median` with the given spread.
    pub fn skewed(&mut self, median: f64, spread: f64) -> f64 {
        let normal = (0..6).map(|_| self.unit()).sum::<f64>() / 6.0 - 0.5;
        median * (normal * 8.5 * spread).exp()
    }
    pub fn hex(&mut self, digits: usize, out: &mut String) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.letters(digits, HEX, out);
    }
    /// Letters and digits, as vendors' ids have them.
    pub fn base62(&mut self, letters: usize, out: &mut String) {
        const ALL: &[u8; 64] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789ABCDE";
        self.letters(letters, ALL, out);
    }
    fn letters(&mut self, count: usize, alphabet: &[u8], out: &mut String) {
        let mask = alphabet.len() - 1;
        let mut bits = 0;
        for i in 0..count {
            if i % 10 == 0 {
                bits = self.next();
            }
            out.push(alphabet[bits as usize & mask] as char);
            bits >>= 6;
        }
    }
    pub fn uuid(&mut self) -> String {
        let mut id = String::with_capacity(36);
        for (i, part) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if i > 0 {
                id.push('-');
            }
            match i {
                2 => {
                    id.push('4');
                    self.hex(3, &mut id);
                }
                3 => {
                    id.push('a');
                    self.hex(3, &mut id);
                }
                _ => self.hex(part, &mut id),
            }
        }
        id
    }
    /// A version 7 id: its first 48 bits are the time.
    pub fn uuid_at(&mut self, ms: i64) -> String {
        let stamp = format!("{ms:012x}");
        let mut id = format!("{}-{}-7", &stamp[..8], &stamp[8..]);
        self.hex(3, &mut id);
        id.push_str("-8");
        self.hex(3, &mut id);
        id.push('-');
        self.hex(12, &mut id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_repeatable_and_differ() {
        let draw = |number| {
            let mut rng = Rng::new(7, 1, number);
            (0..8).map(|_| rng.next()).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn low_ranks_are_frequent() {
        let mut rng = Rng::new(1, 1, 1);
        let mut counts = [0u32; 1000];
        for _ in 0..100_000 {
            counts[rng.rank(1000)] += 1;
        }
        assert!(counts[0] > 10 * counts[50] && counts[50] > counts[900]);
        assert!(counts.iter().filter(|n| **n > 0).count() > 900);
    }

    #[test]
    fn time_ids_carry_their_time() {
        let id = Rng::new(1, 1, 1).uuid_at(1_795_220_910_461);
        assert_eq!(id.len(), 36);
        let millis = i64::from_str_radix(&id.replace('-', "")[..12], 16).unwrap();
        assert_eq!(millis, 1_795_220_910_461);
    }
}
