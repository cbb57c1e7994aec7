//! Letters that Unicode has in other shapes: small and raised or lowered, of other alphabets, with
//! accents; and fractions of one character. Pure.

const RAISED: [&str; 2] = [
    "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ′",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ′",
];
const LOWERED: [&str; 2] = [
    "0123456789+-−=()aehijklmnoprstuvxβγρφχ",
    "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
];

const FRACTIONS: [(&str, &str, &str); 18] = [
    ("1", "2", "½"),
    ("1", "3", "⅓"),
    ("2", "3", "⅔"),
    ("1", "4", "¼"),
    ("3", "4", "¾"),
    ("1", "5", "⅕"),
    ("2", "5", "⅖"),
    ("3", "5", "⅗"),
    ("4", "5", "⅘"),
    ("1", "6", "⅙"),
    ("5", "6", "⅚"),
    ("1", "7", "⅐"),
    ("1", "8", "⅛"),
    ("3", "8", "⅜"),
    ("5", "8", "⅝"),
    ("7", "8", "⅞"),
    ("1", "9", "⅑"),
    ("1", "10", "⅒"),
];

/// The text small, raised or lowered; nothing when a character has no such shape.
pub(in crate::render) fn script(text: &str, raised: bool) -> Option<String> {
    let [from, to] = if raised { RAISED } else { LOWERED };
    let small = |c: char| {
        let mut shapes = from.chars().zip(to.chars());
        shapes
            .find(|(plain, _)| *plain == c)
            .map(|(_, small)| small)
    };
    let small: String = text.chars().map(small).collect::<Option<_>>()?;
    (!small.is_empty()).then_some(small)
}

/// Whether a character is small, raised or lowered.
pub(super) fn is_script(c: char) -> bool {
    [RAISED, LOWERED].iter().any(|[_, small]| small.contains(c))
}

/// The character that is this fraction.
pub(super) fn fraction(above: &str, below: &str) -> Option<&'static str> {
    let found = FRACTIONS
        .iter()
        .find(|(a, b, _)| *a == above && *b == below);
    found.map(|(_, _, fraction)| *fraction)
}

/// The text in an alphabet of mathematics, as far as that has its letters.
pub(super) fn alphabet(command: &str, text: &str) -> Option<String> {
    // First capital, first small letter, first digit, and the letters that stood in Unicode
    // before.
    let (capital, small, digit, earlier) = match command {
        "mathbb" | "Bbb" => (0x1d538, 0x1d552, Some(0x1d7d8), "CℂHℍNℕPℙQℚRℝZℤ"),
        "mathcal" | "mathscr" => (0x1d49c, 0x1d4b6, None, "BℬEℰFℱHℋIℐLℒMℳRℛeℯgℊoℴ"),
        "mathfrak" => (0x1d504, 0x1d51e, None, "CℭHℌIℑRℜZℨ"),
        "mathbf" | "boldsymbol" | "bm" | "pmb" => (0x1d400, 0x1d41a, Some(0x1d7ce), ""),
        _ => return None,
    };
    let shape = |c: char| {
        let known = earlier.chars().skip_while(|known| *known != c).nth(1);
        let shifted = |first: char, base: u32| {
            u32::from(c)
                .checked_sub(u32::from(first))
                .and_then(|nth| char::from_u32(base + nth))
        };
        let found = match c {
            'A'..='Z' => known.or_else(|| shifted('A', capital)),
            'a'..='z' => known.or_else(|| shifted('a', small)),
            '0'..='9' => digit.and_then(|base| shifted('0', base)),
            _ => None,
        };
        found.unwrap_or(c)
    };
    Some(text.chars().map(shape).collect())
}

/// The character that an accent's command puts over, under or through the one before it.
pub(super) const fn accent(command: &str) -> Option<char> {
    Some(match command.as_bytes() {
        b"hat" | b"widehat" => '\u{302}',
        b"tilde" | b"widetilde" => '\u{303}',
        b"bar" => '\u{304}',
        b"overline" => '\u{305}',
        b"underline" => '\u{332}',
        b"vec" | b"overrightarrow" => '\u{20d7}',
        b"dot" => '\u{307}',
        b"ddot" => '\u{308}',
        b"check" => '\u{30c}',
        b"breve" => '\u{306}',
        b"acute" => '\u{301}',
        b"grave" => '\u{300}',
        b"mathring" => '\u{30a}',
        b"cancel" => '\u{338}',
        _ => return None,
    })
}

pub(super) const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}')
}
