//! Reads an expression and works it out on the way. Pure. Invariants: an expression that is not wholly
//! one has no value; however it is made, it ends soon.

use std::iter::Peekable;
use std::str::Chars;

use super::number::{Number, fraction};

/// Longest expression, in characters.
const LONGEST: usize = 500;
/// Deepest nesting of parentheses, signs and powers.
const DEEPEST: usize = 32;

const UNREADABLE: &str = "that is not an expression the calculator can read";
const BY_ZERO: &str = "that divides by zero";
const NO_NUMBER: &str = "that has no real value, or too large a one";

type Found = Result<Number, &'static str>;

/// The value of an expression, or why it has none.
pub(super) fn value_of(expression: &str) -> Found {
    let plain: String = expression.chars().filter_map(plain).collect();
    if plain.chars().count() > LONGEST {
        return Err("that expression is too long");
    }
    let mut reader = Reader {
        rest: plain.chars().peekable(),
    };
    let value = reader.sum(0)?;
    if reader.rest.peek().is_some() {
        return Err(UNREADABLE);
    }
    if value.about().is_finite() {
        Ok(value)
    } else {
        Err(NO_NUMBER)
    }
}

/// The sign as a keyboard has it; blanks and the commas between thousands are none, and `;` parts
/// arguments as a comma that is followed by a blank does.
fn plain(c: char) -> Option<char> {
    match c {
        '×' | '·' | '⋅' => Some('*'),
        '÷' | '／' => Some('/'),
        '−' | '–' | '－' => Some('-'),
        '＋' => Some('+'),
        '（' => Some('('),
        '）' => Some(')'),
        '％' => Some('%'),
        '_' => None,
        c if c.is_whitespace() => None,
        c => Some(c.to_ascii_lowercase()),
    }
}

/// An expression being read, character by character.
struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn sum(&mut self, depth: usize) -> Found {
        let mut value = self.product(depth)?;
        while let Some(sign) = self.rest.next_if(|c| matches!(c, '+' | '-')) {
            let right = self.product(depth)?;
            value = value.plus(if sign == '+' { right } else { right.negated() });
        }
        Ok(value)
    }

    fn product(&mut self, depth: usize) -> Found {
        let mut value = self.signed(depth)?;
        loop {
            if self.rest.next_if_eq(&'*').is_some() {
                value = value.times(self.signed(depth)?);
            } else if self.rest.next_if_eq(&'/').is_some() {
                value = value.divided_by(self.signed(depth)?).ok_or(BY_ZERO)?;
            } else if self.rest.next_if_eq(&'m').is_some() {
                self.word("od")?;
                value = value.modulo(self.signed(depth)?).ok_or(BY_ZERO)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn signed(&mut self, depth: usize) -> Found {
        if depth > DEEPEST {
            return Err("that expression is nested too deep");
        }
        if self.rest.next_if_eq(&'-').is_some() {
            return Ok(self.signed(depth + 1)?.negated());
        }
        if self.rest.next_if_eq(&'+').is_some() {
            return self.signed(depth + 1);
        }
        let base = self.operand(depth)?;
        let is_power = self.rest.next_if_eq(&'^').is_some() || self.stars();
        if is_power {
            let power = self.signed(depth + 1)?;
            return base.to_the(power).ok_or(BY_ZERO);
        }
        Ok(base)
    }

    /// `**`, as some write a power.
    fn stars(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        let is_power = ahead.next() == Some('*') && ahead.next() == Some('*');
        if is_power {
            self.rest = ahead;
        }
        is_power
    }

    /// A number, a name or parentheses, and what stands behind them.
    fn operand(&mut self, depth: usize) -> Found {
        let mut value = match self.rest.peek() {
            Some('(') => self.inside(depth)?,
            Some(c) if c.is_ascii_digit() || *c == '.' => self.number()?,
            Some('π') => {
                self.rest.next();
                Number::About(std::f64::consts::PI)
            }
            Some('√') => {
                self.rest.next();
                self.operand(depth + 1)?.root()
            }
            Some(c) if c.is_ascii_lowercase() => self.named(depth)?,
            Some(_) | None => return Err(UNREADABLE),
        };
        loop {
            if self.rest.next_if_eq(&'!').is_some() {
                value = value.factorial().ok_or(NO_NUMBER)?;
            } else if self.rest.next_if_eq(&'%').is_some() {
                value = value.divided_by(Number::whole(100)).ok_or(BY_ZERO)?;
            } else {
                return Ok(value);
            }
        }
    }

    fn inside(&mut self, depth: usize) -> Found {
        self.rest.next_if_eq(&'(').ok_or(UNREADABLE)?;
        let value = self.sum(depth + 1)?;
        self.rest.next_if_eq(&')').ok_or(UNREADABLE)?;
        Ok(value)
    }

    fn number(&mut self) -> Found {
        let (mut digits, mut behind) = (String::new(), None);
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_digit() || *c == '.') {
            match (c, &mut behind) {
                ('.', None) => behind = Some(0),
                ('.', Some(_)) => return Err(UNREADABLE),
                (c, count) => {
                    digits.push(c);
                    *count = count.map(|count: u32| count + 1);
                }
            }
        }
        let behind = behind.unwrap_or(0);
        let exact = digits.parse::<i128>().ok();
        let scale = 10_i128.checked_pow(behind);
        let exact = exact.zip(scale).and_then(|(a, b)| fraction(a, b));
        let power = i32::try_from(behind).map_err(|_huge| UNREADABLE)?;
        let near = || {
            digits
                .parse::<f64>()
                .map(|digits| digits / 10_f64.powi(power))
        };
        match exact {
            Some(number) => Ok(number),
            None => near().map(Number::About).map_err(|_none| UNREADABLE),
        }
    }

    fn word(&mut self, rest: &str) -> Result<(), &'static str> {
        for c in rest.chars() {
            self.rest.next_if_eq(&c).ok_or(UNREADABLE)?;
        }
        Ok(())
    }

    fn named(&mut self, depth: usize) -> Found {
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(char::is_ascii_alphanumeric) {
            name.push(c);
        }
        match name.as_str() {
            "pi" => return Ok(Number::About(std::f64::consts::PI)),
            "e" => return Ok(Number::About(std::f64::consts::E)),
            "min" | "max" => return self.extreme(depth, name == "max"),
            _ => {}
        }
        let of = self.inside(depth)?;
        let near = |value: f64| Ok(Number::About(value));
        match name.as_str() {
            "sqrt" => Ok(of.root()),
            "abs" if of.about() < 0.0 => Ok(of.negated()),
            "abs" => Ok(of),
            "floor" => Ok(of.floor()),
            "ceil" => Ok(of.negated().floor().negated()),
            "round" => Ok(rounded(of)),
            "cbrt" => near(of.about().cbrt()),
            "ln" => near(of.about().ln()),
            "log" | "log10" => near(of.about().log10()),
            "log2" => near(of.about().log2()),
            "exp" => near(of.about().exp()),
            "sin" => near(of.about().sin()),
            "cos" => near(of.about().cos()),
            "tan" => near(of.about().tan()),
            "asin" => near(of.about().asin()),
            "acos" => near(of.about().acos()),
            "atan" => near(of.about().atan()),
            _ => Err(UNREADABLE),
        }
    }

    fn extreme(&mut self, depth: usize, is_largest: bool) -> Found {
        self.rest.next_if_eq(&'(').ok_or(UNREADABLE)?;
        let mut found = self.sum(depth + 1)?;
        while self.rest.next_if(|c| matches!(c, ',' | ';')).is_some() {
            let next = self.sum(depth + 1)?;
            if (next.about() > found.about()) == is_largest {
                found = next;
            }
        }
        self.rest.next_if_eq(&')').ok_or(UNREADABLE)?;
        Ok(found)
    }
}

/// Halves go away from zero.
fn rounded(number: Number) -> Number {
    let Some(half) = fraction(1, 2) else {
        return number;
    };
    if number.about() < 0.0 {
        number.negated().plus(half).floor().negated()
    } else {
        number.plus(half).floor()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn expressions_are_worked_out_exactly_where_that_can_be() {
        for (expression, value, is_exact) in [
            ("1+2", "3", true),
            ("0.1 + 0.2", "0.3", true),
            ("2 + 3 * 4", "14", true),
            ("(2+3)×4", "20", true),
            ("-2^2", "-4", true),
            ("2^-2", "0.25", true),
            ("2**10", "1024", true),
            ("2^3^2", "512", true),
            ("2^100", "1267650600228229401496703205376", true),
            ("12345678901234567890*3", "37037036703703703670", true),
            ("1/3", "0.33333333333333333333", false),
            ("1/3*3", "1", true),
            ("-7/4", "-1.75", true),
            ("15% * 80", "12", true),
            ("200 * (1 + 8%)", "216", true),
            ("7 mod 3", "1", true),
            ("-7 mod 3", "2", true),
            ("20!", "2432902008176640000", true),
            ("sqrt(144)", "12", true),
            ("√2.25", "1.5", true),
            ("sqrt(2)", "1.4142135623730951", false),
            ("round(2.5) + round(-2.5)", "0", true),
            ("floor(-0.5) + ceil(0.5)", "0", true),
            ("max(1, 3; 2) - min(4,5)", "-1", true),
            ("abs(-3)", "3", true),
            ("log(1000)", "3", false),
            ("1_000 * 3", "3000", true),
            (".5+1.", "1.5", true),
            ("10^30 / 10^28", "100", true),
        ] {
            let found = value_of(expression).map(|it| (it.to_string(), it.is_exact()));
            assert_eq!(found, Ok((value.to_owned(), is_exact)), "{expression}");
        }
    }

    #[test]
    fn what_has_no_value_says_why() {
        let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
        let long = "1+".repeat(400);
        for (expression, why) in [
            ("", UNREADABLE),
            ("1+", UNREADABLE),
            ("two", UNREADABLE),
            ("1..2", UNREADABLE),
            ("2(3)", UNREADABLE),
            ("rm -rf", UNREADABLE),
            ("1/0", BY_ZERO),
            ("1/(2-2)", BY_ZERO),
            ("0^-1", BY_ZERO),
            ("5 mod 0", BY_ZERO),
            ("sqrt(-1)", NO_NUMBER),
            ("ln(0)", NO_NUMBER),
            ("171!", NO_NUMBER),
            ("9^9^9^9", NO_NUMBER),
            (&deep, "that expression is nested too deep"),
            (&long, "that expression is too long"),
        ] {
            assert_eq!(value_of(expression), Err(why), "{expression}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_ends(text in "[0-9a-z+*/^!%().,√π -]{0,80}") {
            if let Ok(value) = value_of(&text) {
                prop_assert!(value.about().is_finite());
            }
        }

        #[test]
        fn whole_numbers_are_as_whole_numbers_are(a in -1_000_000_i64..1_000_000, b in 1_i64..1_000_000) {
            let text = |expression: &str| value_of(expression).unwrap().to_string();
            prop_assert_eq!(text(&format!("({a})+{b}")), (a + b).to_string());
            prop_assert_eq!(text(&format!("({a})*{b}")), (a * b).to_string());
            prop_assert_eq!(text(&format!("({a})*{b}/{b}")), a.to_string());
            prop_assert_eq!(text(&format!("({a}) mod {b}")), a.rem_euclid(b).to_string());
        }
    }
}
