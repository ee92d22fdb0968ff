//! Long runs of bytes of one class in a text: the letters and digits of a token, the characters of base64.
//!
//! Texts are long and such runs are rare, so 64 bytes are classed at once, one bit each, and only where enough bits follow each
//! other does anything look closer.

/// Bytes that are classed at once.
const BLOCK: usize = 64;

/// Every run of at least `least` bytes of the class, each at its full length, in order. `least` counts as 1 if it is less and as 64 if
/// it is more: then shorter runs come too.
pub fn runs<'t, C: Fn(u8) -> bool>(text: &'t [u8], least: usize, class: C) -> Runs<'t, C> {
    Runs { text, least: least.clamp(1, BLOCK), class, at: 0, next: None }
}

/// See [`runs`].
pub struct Runs<'t, C> {
    text: &'t [u8],
    least: usize,
    class: C,
    /// What has not been looked at. No run that is to come begins before it.
    at: usize,
    /// The bits of the block at `at`, where they are known.
    next: Option<u64>,
}

impl<'t, C: Fn(u8) -> bool> Iterator for Runs<'t, C> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        while self.at < self.text.len() {
            let here = self.next.take().unwrap_or_else(|| self.bits(self.at));
            let after = self.bits(self.at + BLOCK);
            let begins = self.begins(u128::from(here) | u128::from(after) << BLOCK) as u64;
            if begins == 0 {
                self.at += BLOCK;
                self.next = Some(after);
                continue;
            }
            let begin = self.at + begins.trailing_zeros() as usize;
            let rest = self.text.get(begin..).unwrap_or_default();
            let length = rest.iter().position(|byte| !(self.class)(*byte)).unwrap_or(rest.len());
            self.at = begin + length + 1;
            return rest.get(..length);
        }
        None
    }
}

impl<C: Fn(u8) -> bool> Runs<'_, C> {
    /// One bit for each byte of the block at `at`: whether it is of the class. What lies behind the text is not.
    fn bits(&self, at: usize) -> u64 {
        let rest = self.text.get(at..).unwrap_or_default();
        let mut flags = [0u8; BLOCK];
        // of a length that is known, so that the compiler does many at a time
        if let Some(block) = rest.first_chunk::<BLOCK>() {
            flags.iter_mut().zip(block).for_each(|(flag, byte)| *flag = u8::from((self.class)(*byte)));
        } else {
            flags.iter_mut().zip(rest).for_each(|(flag, byte)| *flag = u8::from((self.class)(*byte)));
        }
        let (eights, _) = flags.as_chunks::<8>();
        // the multiplication moves the lowest bits of eight bytes next to each other, to the top
        let bits = eights.iter().map(|eight| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56);
        bits.enumerate().fold(0, |all, (position, bits)| all | bits << (8 * position))
    }

    /// The bits at which `least` ones follow each other.
    fn begins(&self, bits: u128) -> u128 {
        let (mut begins, mut have) = (bits, 1);
        while have < self.least && begins != 0 {
            let step = have.min(self.least - have);
            begins &= begins >> step;
            have += step;
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    /// The same, byte by byte.
    fn plain(text: &[u8], least: usize) -> Vec<&[u8]> {
        text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|run| !run.is_empty() && run.len() >= least).collect()
    }

    #[test]
    fn the_same_runs_as_byte_by_byte() {
        let mut state = 1_u64;
        let mut next = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        let mut seen = 0;
        for round in 0..4_000_u64 {
            let (length, often) = (next(400), 2 + round % 40);
            let text: Vec<u8> =
                (0..length).map(|_| if next(often) == 0 { b" -\x00\xC3\xFF"[next(5) as usize] } else { b'7' }).collect();
            for least in [0, 1, 2, 5, 6, 8, 10, 30, 63, 64] {
                let found: Vec<_> = runs(&text, least, |byte| byte.is_ascii_alphanumeric()).collect();
                assert_eq!(found, plain(&text, least), "{least}");
                seen += found.len();
            }
            // more than can be asked for: none is lost, and shorter ones are for the caller to leave out
            let found = runs(&text, 70, |byte| byte.is_ascii_alphanumeric()).filter(|run| run.len() >= 70);
            assert!(found.eq(plain(&text, 70)));
        }
        assert!(seen > 100_000, "{seen}");
    }

    #[test]
    fn at_the_ends() {
        assert_eq!(runs(b"", 1, |_| true).count(), 0);
        for length in [1, 63, 64, 65, 127, 128, 129, 1000] {
            let text = vec![b'a'; length];
            let found: Vec<_> = runs(&text, 1, |_| true).collect();
            assert_eq!(found, [text.as_slice()]);
            assert_eq!(runs(&text, 1, |_| false).count(), 0);
        }
    }
}
