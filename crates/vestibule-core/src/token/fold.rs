//! Look-alikes of a token's characters: what they stand for, and which characters show nothing at all.
//!
//! Deliberately generous: a character listed here never makes text a token, it only makes a near-token an error instead of passing.
//! After Unicode UTS #39 (confusables) and the compatibility forms of UAX #15, cut down to letters and digits of ASCII.

use std::sync::LazyLock;

/// The lower-case ASCII letter or digit that `c`, not ASCII itself, looks like.
pub(crate) fn look_alike(c: char) -> Option<char> {
    let ascii = match c {
        '\u{FF10}'..='\u{FF19}' => from_range(c, 0xFF10, b'0'),
        '\u{FF21}'..='\u{FF3A}' => from_range(c, 0xFF21, b'a'),
        '\u{FF41}'..='\u{FF5A}' => from_range(c, 0xFF41, b'a'),
        '\u{24B6}'..='\u{24CF}' => from_range(c, 0x24B6, b'a'),
        '\u{24D0}'..='\u{24E9}' => from_range(c, 0x24D0, b'a'),
        '\u{249C}'..='\u{24B5}' => from_range(c, 0x249C, b'a'),
        '\u{2460}'..='\u{2468}' => from_range(c, 0x2460, b'1'),
        '\u{2474}'..='\u{247C}' => from_range(c, 0x2474, b'1'),
        '\u{2776}'..='\u{277E}' => from_range(c, 0x2776, b'1'),
        '\u{2780}'..='\u{2788}' => from_range(c, 0x2780, b'1'),
        '\u{278A}'..='\u{2792}' => from_range(c, 0x278A, b'1'),
        '\u{2080}'..='\u{2089}' => from_range(c, 0x2080, b'0'),
        '\u{2074}'..='\u{2079}' => from_range(c, 0x2074, b'4'),
        '\u{1F130}'..='\u{1F149}' => from_range(c, 0x1F130, b'a'),
        '\u{1F150}'..='\u{1F169}' => from_range(c, 0x1F150, b'a'),
        '\u{1F170}'..='\u{1F189}' => from_range(c, 0x1F170, b'a'),
        '\u{1F1E6}'..='\u{1F1FF}' => from_range(c, 0x1F1E6, b'a'),
        '\u{1FBF0}'..='\u{1FBF9}' => from_range(c, 0x1FBF0, b'0'),
        '\u{1D400}'..='\u{1D7FF}' => mathematical(c),
        _ => decimal_digit(c).or_else(|| listed(c)),
    };
    ascii.map(char::from)
}

/// Characters that show nothing, or only change the one before: they may hide inside a token without anybody seeing them.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{3164}' | '\u{FFA0}' | '\u{FEFF}' |
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{180B}'..='\u{180F}' |
        '\u{FE00}'..='\u{FE0F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}' |
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' |
        '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}' |
        '\u{1}'..='\u{8}' | '\u{B}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}')
}

/// Look-alikes of `@`.
pub(super) fn is_odd_at(c: char) -> bool {
    matches!(c, '\u{FF20}' | '\u{FE6B}')
}

fn from_range(c: char, start: u32, first: u8) -> Option<u8> {
    first.checked_add(u8::try_from((c as u32).checked_sub(start)?).ok()?)
}

/// Mathematical letters come in thirteen alphabets of 52, then Greek, then five rows of digits.
fn mathematical(c: char) -> Option<u8> {
    let at = c as u32 - 0x1D400;
    match at {
        0..676 => Some(b'a' + (at % 26) as u8),
        974..1024 => Some(b'0' + ((at - 974) % 10) as u8),
        // Greek small nu and both taus of each style stand for v and t; the styles repeat every 58 characters
        680..974 => match (at - 680) % 58 {
            38 => Some(b'v'),
            19 | 45 => Some(b't'),
            _ => None,
        },
        _ => None,
    }
}

/// Decimal digits of other scripts: their blocks of ten.
fn decimal_digit(c: char) -> Option<u8> {
    const ZEROS: [u32; 34] = [
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20, 0x1040,
        0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0,
        0xAA50, 0xABF0,
    ];
    let code = c as u32;
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    from_range(c, *zero, b'0')
}

/// Each ASCII character with the letters that pass for it.
const LISTED: [(u8, &str); 34] = [
    (b'0', "\u{2070}\u{24EA}\u{24FF}\u{3007}"),
    (
        b'1',
        "\u{B9}\u{2160}\u{2170}\u{217C}\u{2081}\u{24F5}\u{4C0}\u{4CF}\u{406}\u{456}\u{399}\u{3B9}\u{131}\u{2113}\u{2223}\u{5C0}\u{7CA}\u{1C0}",
    ),
    (b'2', "\u{B2}\u{24F6}\u{1A7}"),
    (b'3', "\u{B3}\u{24F7}\u{417}\u{437}\u{4E0}\u{1B7}\u{21C}"),
    (b'4', "\u{24F8}"),
    (b'5', "\u{24F9}\u{1BC}"),
    (b'6', "\u{24FA}\u{431}"),
    (b'7', "\u{24FB}"),
    (b'8', "\u{24FC}\u{222}\u{223}"),
    (b'9', "\u{24FD}"),
    (
        b'a',
        "\u{430}\u{410}\u{3B1}\u{391}\u{251}\u{1D00}\u{AA}\u{2090}\u{1D43}\u{1D2C}\u{E0}\u{E1}\u{E2}\u{E3}\u{E4}\u{E5}\u{C0}\u{C1}\u{C2}\u{C3}\u{C4}\u{C5}\u{101}\u{100}\u{103}\u{102}\u{105}\u{104}\u{1CE}",
    ),
    (b'b', "\u{412}\u{432}\u{42C}\u{44C}\u{392}\u{3B2}\u{DF}\u{299}\u{1D47}\u{1D2E}\u{13CF}\u{253}\u{1E03}"),
    (
        b'c',
        "\u{441}\u{421}\u{3F2}\u{3F9}\u{1D04}\u{1D9C}\u{2102}\u{212D}\u{216D}\u{217D}\u{E7}\u{C7}\u{107}\u{106}\u{10D}\u{10C}\u{109}\u{10B}",
    ),
    (b'd', "\u{501}\u{500}\u{1D05}\u{1D48}\u{1D30}\u{2145}\u{2146}\u{216E}\u{217E}\u{10F}\u{10E}\u{111}\u{110}\u{F0}"),
    (
        b'e',
        "\u{435}\u{415}\u{451}\u{401}\u{3B5}\u{395}\u{1D07}\u{1D49}\u{1D31}\u{2091}\u{212F}\u{2130}\u{212E}\u{2147}\u{E8}\u{E9}\u{EA}\u{EB}\u{C8}\u{C9}\u{CA}\u{CB}\u{113}\u{112}\u{115}\u{117}\u{119}\u{118}\u{11B}\u{11A}\u{4BD}",
    ),
    (b'f', "\u{192}\u{A730}\u{1DA0}\u{2131}\u{3DD}\u{3DC}\u{1E1F}"),
    (b'g', "\u{261}\u{262}\u{210A}\u{1D4D}\u{1D33}\u{581}\u{50C}\u{11F}\u{11E}\u{121}\u{11D}\u{123}"),
    (
        b'h',
        "\u{4BB}\u{4BA}\u{43D}\u{41D}\u{397}\u{29C}\u{2B0}\u{1D34}\u{2095}\u{210B}\u{210C}\u{210D}\u{210E}\u{570}\u{13BB}\u{127}\u{125}",
    ),
    (b'j', "\u{458}\u{408}\u{3F3}\u{37F}\u{1D0A}\u{2B2}\u{1D36}\u{2149}\u{2C7C}\u{135}"),
    (b'k', "\u{43A}\u{41A}\u{3BA}\u{39A}\u{1D0B}\u{1D4F}\u{1D37}\u{2096}\u{212A}\u{199}\u{137}"),
    (b'm', "\u{43C}\u{41C}\u{39C}\u{3FA}\u{1D0D}\u{1D50}\u{1D39}\u{2098}\u{2133}\u{216F}\u{217F}\u{271}"),
    (b'n', "\u{43F}\u{274}\u{207F}\u{1D3A}\u{2099}\u{2115}\u{39D}\u{3B7}\u{578}\u{57C}\u{F1}\u{D1}\u{144}\u{143}\u{148}\u{147}"),
    (b'p', "\u{440}\u{420}\u{3C1}\u{3A1}\u{1D18}\u{1D56}\u{1D3E}\u{209A}\u{2119}\u{2C63}\u{FE}\u{DE}"),
    (b'q', "\u{51B}\u{51A}\u{211A}\u{566}\u{2C6D}\u{A757}"),
    (b'r', "\u{433}\u{280}\u{2B3}\u{1D3F}\u{1D63}\u{211B}\u{211C}\u{211D}\u{155}\u{159}\u{158}\u{1D26}"),
    (b's', "\u{455}\u{405}\u{A731}\u{2E2}\u{209B}\u{17F}\u{282}\u{54F}\u{15B}\u{15A}\u{161}\u{160}\u{15F}\u{15E}\u{219}\u{13DA}"),
    (
        b't',
        "\u{442}\u{422}\u{3C4}\u{3A4}\u{1D1B}\u{1D57}\u{1D40}\u{209C}\u{163}\u{162}\u{165}\u{164}\u{167}\u{21B}\u{21A}\u{3EF}\u{13A2}\u{1E6B}\u{27D9}",
    ),
    (
        b'v',
        "\u{475}\u{474}\u{3BD}\u{1D20}\u{1D5B}\u{2C7D}\u{1D65}\u{2164}\u{2174}\u{5D8}\u{2228}\u{22C1}\u{28B}\u{1E7D}\u{1E7F}\u{477}\u{13D9}\u{667}\u{6F7}\u{A4E6}",
    ),
    (b'w', "\u{461}\u{460}\u{51D}\u{51C}\u{1D21}\u{2B7}\u{1D42}\u{26F}\u{3C9}\u{175}\u{174}\u{1E81}\u{1E83}\u{1E85}\u{13B3}"),
    (b'x', "\u{445}\u{425}\u{3C7}\u{3A7}\u{2E3}\u{2093}\u{D7}\u{2169}\u{2179}\u{157D}\u{2573}"),
    (b'y', "\u{443}\u{423}\u{4AF}\u{4AE}\u{3B3}\u{3A5}\u{3C5}\u{28F}\u{2B8}\u{FD}\u{FF}\u{DD}\u{177}\u{176}\u{178}\u{13A9}"),
    (b'z', "\u{396}\u{1D22}\u{1DBB}\u{2124}\u{2128}\u{17A}\u{179}\u{17C}\u{17B}\u{17E}\u{17D}\u{290}\u{13C3}"),
    (b'o', "\u{43E}\u{41E}\u{3BF}\u{39F}\u{F8}\u{D8}\u{F2}\u{F3}\u{F4}\u{F5}\u{F6}\u{D2}\u{D3}\u{D4}\u{D5}\u{D6}"),
    (b'u', "\u{3C5}\u{57D}\u{F9}\u{FA}\u{FB}\u{FC}\u{D9}\u{DA}\u{DB}\u{DC}"),
];

fn listed(c: char) -> Option<u8> {
    static SORTED: LazyLock<Vec<(char, u8)>> = LazyLock::new(|| {
        let mut pairs: Vec<_> = LISTED.iter().flat_map(|(ascii, odd)| odd.chars().map(|c| (c, *ascii))).collect();
        pairs.sort_by_key(|(odd, _)| *odd);
        pairs
    });
    let found = SORTED.binary_search_by_key(&c, |(odd, _)| *odd);
    SORTED.get(found.ok()?).map(|(_, ascii)| *ascii)
}
