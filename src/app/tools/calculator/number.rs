//! Numbers of the calculator: fractions of whole numbers as long as these fit, and what comes near
//! to the truth beyond. Pure. Invariant: a fraction is in lowest terms, with a positive denominator.

use std::fmt;

/// Digits behind the point of a fraction that does not end.
const DIGITS: usize = 20;
/// Largest argument of a factorial that is not too large for anything.
const MOST_FACTORS: i128 = 170;

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Fraction(i128, i128),
    About(f64),
}

impl Number {
    pub(super) const fn whole(number: i128) -> Self {
        Self::Fraction(number, 1)
    }

    /// Whether it is the true value, digit by digit.
    pub(super) fn is_exact(self) -> bool {
        match self {
            Self::Fraction(_, denominator) => ends(denominator),
            Self::About(_) => false,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "this is where what is exact becomes what is near"
    )]
    pub(super) fn about(self) -> f64 {
        match self {
            Self::Fraction(numerator, denominator) => numerator as f64 / denominator as f64,
            Self::About(value) => value,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let exact = |a: i128, b: i128, c: i128, d: i128| {
            let sum = a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?;
            fraction(sum, b.checked_mul(d)?)
        };
        self.with(other, exact, |a, b| a + b)
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Fraction(a, b) => match a.checked_neg() {
                Some(a) => Self::Fraction(a, b),
                None => Self::About(-self.about()),
            },
            Self::About(value) => Self::About(-value),
        }
    }

    pub(super) fn times(self, other: Self) -> Self {
        let exact = |a: i128, b: i128, c: i128, d: i128| {
            // Crosswise in lowest terms first, so that they stay as small as they can.
            let (left, right) = (divisor(a, d).max(1), divisor(c, b).max(1));
            let numerator = (a / left).checked_mul(c / right)?;
            fraction(numerator, (b / right).checked_mul(d / left)?)
        };
        self.with(other, exact, |a, b| a * b)
    }

    /// `None`: it divides by zero.
    pub(super) fn divided_by(self, other: Self) -> Option<Self> {
        match other {
            Self::Fraction(0, _) => None,
            Self::Fraction(c, d) => Some(match fraction(d, c) {
                Some(inverse) => self.times(inverse),
                None => Self::About(self.about() / other.about()),
            }),
            Self::About(value) => (value != 0.0).then(|| Self::About(self.about() / value)),
        }
    }

    /// What is left of a division whose result is whole, with the sign of the divisor; `None`: it
    /// divides by zero.
    pub(super) fn modulo(self, other: Self) -> Option<Self> {
        let times = self.divided_by(other)?.floor();
        Some(self.plus(times.times(other).negated()))
    }

    /// `None`: it divides by zero.
    pub(super) fn to_the(self, power: Self) -> Option<Self> {
        let near = || Self::About(self.about().powf(power.about()));
        let Self::Fraction(exponent, 1) = power else {
            return Some(near());
        };
        let Ok(times) = u32::try_from(exponent.unsigned_abs()) else {
            return Some(near());
        };
        let Self::Fraction(a, b) = self else {
            return Some(near());
        };
        if a == 0 && exponent < 0 {
            return None;
        }
        let (Some(a), Some(b)) = (a.checked_pow(times), b.checked_pow(times)) else {
            return Some(near());
        };
        let (a, b) = if exponent < 0 { (b, a) } else { (a, b) };
        Some(fraction(a, b).unwrap_or_else(near))
    }

    pub(super) fn factorial(self) -> Option<Self> {
        let Self::Fraction(of @ 0..=MOST_FACTORS, 1) = self else {
            return None;
        };
        let factors = (1..=of).map(Self::whole);
        Some(factors.fold(Self::whole(1), Self::times))
    }

    pub(super) fn floor(self) -> Self {
        match self {
            Self::Fraction(a, b) => Self::whole(a.div_euclid(b)),
            Self::About(value) => Self::About(value.floor()),
        }
    }

    pub(super) fn root(self) -> Self {
        match self {
            Self::Fraction(a, b) if a >= 0 => {
                let roots = (a.isqrt(), b.isqrt());
                if roots.0 * roots.0 == a && roots.1 * roots.1 == b {
                    Self::Fraction(roots.0, roots.1)
                } else {
                    Self::About(self.about().sqrt())
                }
            }
            Self::Fraction(..) | Self::About(_) => Self::About(self.about().sqrt()),
        }
    }

    fn with(
        self,
        other: Self,
        exact: impl Fn(i128, i128, i128, i128) -> Option<Self>,
        near: impl Fn(f64, f64) -> f64,
    ) -> Self {
        let found = match (self, other) {
            (Self::Fraction(a, b), Self::Fraction(c, d)) => exact(a, b, c, d),
            (Self::Fraction(..) | Self::About(_), _) => None,
        };
        found.unwrap_or_else(|| Self::About(near(self.about(), other.about())))
    }
}

/// In lowest terms; `None` where these do not fit.
pub(super) fn fraction(numerator: i128, denominator: i128) -> Option<Number> {
    let divisor = divisor(numerator, denominator);
    if denominator == 0 || divisor == 0 {
        return None;
    }
    let (a, b) = (numerator / divisor, denominator / divisor);
    if b > 0 {
        Some(Number::Fraction(a, b))
    } else {
        Some(Number::Fraction(a.checked_neg()?, b.checked_neg()?))
    }
}

/// The greatest common divisor; 0 where it does not fit.
fn divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(0)
}

/// Whether a fraction with this denominator ends within [`DIGITS`] digits.
fn ends(mut denominator: i128) -> bool {
    for _ in 0..DIGITS {
        denominator /= divisor(denominator, 10).max(1);
    }
    denominator == 1
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fraction(a, 1) => write!(f, "{a}"),
            Self::Fraction(a, b) => {
                let sign = if a < 0 { "-" } else { "" };
                let (a, b) = (a.unsigned_abs(), b.unsigned_abs());
                let (mut rest, mut digits) = (a % b, String::new());
                while rest != 0 && digits.len() < DIGITS {
                    let Some(next) = rest.checked_mul(10) else {
                        break;
                    };
                    digits.push_str(&(next / b).to_string());
                    rest = next % b;
                }
                write!(f, "{sign}{}.{digits}", a / b)
            }
            Self::About(value) if value != 0.0 && !(1e-6..1e21).contains(&value.abs()) => {
                write!(f, "{value:e}")
            }
            Self::About(value) => write!(f, "{value}"),
        }
    }
}
