//! Finding and unpacking gzip streams in bytes that may be anything. Damaged streams give what could be read of them.

/// Most bytes that one stream is unpacked to.
const MOST: usize = 1 << 20;

/// The contents of every gzip stream that seems to begin in `bytes`.
pub fn gzip_streams(bytes: &[u8]) -> Vec<Vec<u8>> {
    memchr::memmem::find_iter(bytes, b"\x1f\x8b\x08")
        .filter_map(|at| gzip(&bytes[at..]))
        .filter(|plain| plain.len() >= 8)
        .collect()
}

/// A gzip stream of one block with the fixed code, literals only: compressed enough to be unreadable.
pub fn gzip_of(plain: &[u8]) -> Vec<u8> {
    let mut bits = Vec::new();
    let mut put = |code: u32, length: u32| bits.extend((0..length).rev().map(|bit| code >> bit & 1 == 1));
    put(1, 1);
    // the block's type comes with its low bit first
    put(0b10, 2);
    for byte in plain {
        match u32::from(*byte) {
            low @ 0..144 => put(0x30 + low, 8),
            high => put(0x190 + high - 144, 9),
        }
    }
    put(0, 7);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(bits.chunks(8).map(|eight| eight.iter().enumerate().fold(0u8, |byte, (at, bit)| byte | u8::from(*bit) << at)));
    out.extend([0; 8]);
    out
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let flags = *bytes.get(3)?;
    // the fields that streams found in files have: none, or a name that ends with NUL
    let start = match flags {
        0 => 10,
        8 => 11 + bytes.get(10..)?.iter().position(|byte| *byte == 0)?,
        _ => return None,
    };
    let mut out = Vec::new();
    let mut bits = Bits { bytes: bytes.get(start..)?, at: 0 };
    while let Some(false) = block(&mut bits, &mut out) {}
    Some(out)
}

/// One block; whether it was the last, none if it cannot be read on.
fn block(bits: &mut Bits<'_>, out: &mut Vec<u8>) -> Option<bool> {
    let last = bits.take(1)? == 1;
    match bits.take(2)? {
        0 => {
            bits.at = bits.at.div_ceil(8) * 8;
            let length = bits.take(16)?;
            bits.take(16)?;
            for _ in 0..length {
                out.push(u8::try_from(bits.take(8)?).ok()?);
            }
        }
        1 => {
            let mut lengths = [8u8; 288];
            lengths[144..256].fill(9);
            lengths[256..280].fill(7);
            codes(bits, out, &Huffman::new(&lengths), &Huffman::new(&[5; 30]))?;
        }
        2 => {
            let (literals, distances) = tables(bits)?;
            codes(bits, out, &literals, &distances)?;
        }
        _ => return None,
    }
    Some(last)
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<usize> {
        let mut value = 0;
        for place in 0..count {
            let bit = self.bytes.get(self.at / 8)? >> (self.at % 8) & 1;
            self.at += 1;
            value |= usize::from(bit) << place;
        }
        Some(value)
    }
}

struct Huffman {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Huffman {
    fn new(lengths: &[u8]) -> Huffman {
        let mut counts = [0; 16];
        lengths.iter().for_each(|length| counts[usize::from(*length)] += 1);
        counts[0] = 0;
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| (lengths[*symbol], *symbol));
        Huffman { counts, symbols }
    }

    fn read(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let (mut code, mut first, mut index) = (0usize, 0usize, 0usize);
        for length in 1..16 {
            code |= bits.take(1)?;
            let count = self.counts[length];
            if code < first + count {
                return self.symbols.get(index + code.checked_sub(first)?).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

fn tables(bits: &mut Bits<'_>) -> Option<(Huffman, Huffman)> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (literals, distances, lengths) = (bits.take(5)? + 257, bits.take(5)? + 1, bits.take(4)? + 4);
    let mut code_lengths = [0u8; 19];
    for place in ORDER.iter().take(lengths) {
        code_lengths[*place] = u8::try_from(bits.take(3)?).ok()?;
    }
    let code = Huffman::new(&code_lengths);
    let mut all: Vec<u8> = Vec::new();
    while all.len() < literals + distances {
        let (value, times) = match code.read(bits)? {
            16 => (*all.last()?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (u8::try_from(length).ok()?, 1),
        };
        all.extend(std::iter::repeat_n(value, times));
    }
    let (literals, distances) = all.get(..literals + distances)?.split_at(literals);
    Some((Huffman::new(literals), Huffman::new(distances)))
}

fn codes(bits: &mut Bits<'_>, out: &mut Vec<u8>, literals: &Huffman, distances: &Huffman) -> Option<()> {
    while out.len() < MOST {
        match literals.read(bits)? {
            literal @ 0..256 => out.push(u8::try_from(literal).ok()?),
            256 => return Some(()),
            symbol => {
                let length = extra(bits, symbol - 257, 4, &[3, 258], 28)?;
                let symbol = distances.read(bits)?;
                let distance = extra(bits, symbol, 2, &[1], usize::MAX)?;
                let start = out.len().checked_sub(distance)?;
                for place in start..start + length {
                    out.push(*out.get(place)?);
                }
            }
        }
    }
    None
}

/// The value of a length or distance symbol: `group` symbols share each number of extra bits.
fn extra(bits: &mut Bits<'_>, symbol: usize, group: usize, base: &[usize], last: usize) -> Option<usize> {
    if symbol == last {
        return base.get(1).copied();
    }
    let count = (symbol / group).saturating_sub(1);
    let start = if symbol < group { symbol } else { (group + symbol % group) << count };
    Some(base.first()? + start + bits.take(count)?)
}
