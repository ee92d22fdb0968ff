//! A small inflate (RFC 1950, RFC 1951), because the vectors of Cobblestone-256 carry their ciphertexts compressed and
//! no crate of the workspace brings one. It checks structure, not the Adler-32 sum.

/// Decompresses a zlib stream.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[0] & 0x0f, 8, "not deflate");
    assert_eq!(bytes[1] & 0x20, 0, "preset dictionary");
    let mut bits = Bits { bytes: &bytes[2..], at: 0 };
    let mut out = Vec::new();
    loop {
        let last = bits.take(1) == 1;
        match bits.take(2) {
            0 => stored(&mut bits, &mut out),
            1 => {
                let mut lengths = [8u8; 288];
                lengths[144..256].fill(9);
                lengths[256..280].fill(7);
                block(&mut bits, &mut out, &Huffman::new(&lengths), &Huffman::new(&[5; 30]));
            }
            2 => {
                let (literals, distances) = dynamic(&mut bits);
                block(&mut bits, &mut out, &literals, &distances);
            }
            _ => panic!("bad block"),
        }
        if last {
            return out;
        }
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        (0..count).fold(0, |value, i| {
            let bit = self.bytes[self.at / 8] >> (self.at % 8) & 1;
            self.at += 1;
            value | usize::from(bit) << i
        })
    }
}

struct Huffman {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Huffman {
    fn new(lengths: &[u8]) -> Huffman {
        let mut counts = [0; 16];
        for length in lengths {
            counts[usize::from(*length)] += 1;
        }
        counts[0] = 0;
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|i| lengths[*i] != 0).collect();
        symbols.sort_by_key(|i| lengths[*i]);
        Huffman { counts, symbols }
    }

    fn decode(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.take(1);
            if code < first + count {
                return self.symbols[index + code - first];
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        panic!("bad code");
    }
}

fn stored(bits: &mut Bits<'_>, out: &mut Vec<u8>) {
    bits.at = bits.at.next_multiple_of(8);
    let len = bits.take(16);
    assert_eq!(bits.take(16), !len & 0xffff);
    let start = bits.at / 8;
    out.extend_from_slice(&bits.bytes[start..start + len]);
    bits.at += len * 8;
}

fn dynamic(bits: &mut Bits<'_>) -> (Huffman, Huffman) {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (literals, distances, codes) = (bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4);
    let mut lengths = [0u8; 19];
    for place in &ORDER[..codes] {
        lengths[*place] = bits.take(3) as u8;
    }
    let code = Huffman::new(&lengths);
    let mut lengths: Vec<u8> = Vec::new();
    while lengths.len() < literals + distances {
        let (value, repeat) = match code.decode(bits) {
            16 => (*lengths.last().unwrap(), 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (length as u8, 1),
        };
        lengths.extend(std::iter::repeat_n(value, repeat));
    }
    let (literals, distances) = lengths.split_at(literals);
    (Huffman::new(literals), Huffman::new(distances))
}

fn block(bits: &mut Bits<'_>, out: &mut Vec<u8>, literals: &Huffman, distances: &Huffman) {
    const LENGTHS: [usize; 29] =
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
    const LENGTH_BITS: [usize; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
    loop {
        match literals.decode(bits) {
            256 => return,
            literal if literal < 256 => out.push(literal as u8),
            symbol => {
                let length = LENGTHS[symbol - 257] + bits.take(LENGTH_BITS[symbol - 257]);
                let symbol = distances.decode(bits);
                let extra = (symbol / 2).saturating_sub(1);
                let base = if symbol < 4 { symbol + 1 } else { ((2 + symbol % 2) << extra) + 1 };
                let distance = base + bits.take(extra);
                for _ in 0..length {
                    out.push(out[out.len() - distance]);
                }
            }
        }
    }
}

#[test]
fn inflates_stored_and_fixed_blocks() {
    let stored = [0x78, 0x01, 1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c'];
    assert_eq!(zlib(&stored), b"abc");
    // zlib.compress(b"abcabcabcabc"): a fixed block with a back reference.
    let fixed = [0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x4e, 0x84, 0x21, 0x00, 0x1d, 0xe0, 0x04, 0x99];
    assert_eq!(zlib(&fixed), b"abcabcabcabc");
}
