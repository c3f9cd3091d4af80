//! Decimals, counted exactly: prices, amounts, quantities and factors.

use super::fault::Fault;
use serde_json::Value;
use std::fmt;

/// How many units make one: four digits behind the point are the most that any field has.
const ONE: i128 = 10_000;
/// The digits of [`ONE`].
const DIGITS: u32 = 4;
/// The most digits before the point that are counted at all; no field has as many.
const MOST_DIGITS: usize = 18;

/// A number with up to four digits behind the point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal(i128);

impl Decimal {
    /// Nothing.
    pub(super) const ZERO: Self = Self(0);

    /// Reads `decimal[precision,digits]`, as a number or as text.
    ///
    /// # Errors
    /// It is no decimal or has more digits behind the point, or it has more before it.
    pub(super) fn read(given: &Value, precision: u32, digits: u32) -> Result<Self, Fault> {
        let text = match given {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err(Fault::Malformed);
            }
        };
        if given.is_number() && text.contains('e') {
            return Err(beyond(given));
        }
        let read = Self::parse(&text, digits)?;
        if read.fits(precision, digits) { Ok(read) } else { Err(Fault::InvalidValue) }
    }

    /// Whether `decimal[precision,digits]` has that many digits before the point.
    pub(super) fn fits(self, precision: u32, digits: u32) -> bool {
        self.0.abs() < 10_i128.saturating_pow(precision.saturating_sub(digits)).saturating_mul(ONE)
    }

    /// What a record has stored, which is a number; anything else counts as nothing.
    pub(super) fn of(stored: Option<&Value>) -> Self {
        let read = stored.and_then(|value| Self::read(value, 18, DIGITS).ok());
        read.unwrap_or_default()
    }

    fn parse(text: &str, digits: u32) -> Result<Self, Fault> {
        let (negative, unsigned) =
            text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let fraction_fits = fraction.trim_end_matches('0').len() <= digits as usize;
        if !number(whole) || !number(fraction) || !fraction_fits {
            return Err(Fault::Malformed);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > MOST_DIGITS {
            return Err(Fault::InvalidValue);
        }
        let padded = format!("{:0<4}", fraction.trim_end_matches('0'));
        let units = format!("0{whole}{padded}").parse::<i128>().map_err(|_| Fault::Malformed)?;
        Ok(Self(if negative { -units } else { units }))
    }

    /// As JSON has it: a number, without zeros at its end.
    pub(super) fn to_value(self) -> Value {
        self.to_string().parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
    }

    /// Whether it is below nothing.
    pub(super) fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of it.
    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// So many times `other`, rounded to `digits` behind the point.
    pub(super) fn times(self, other: Self, digits: u32) -> Self {
        let step = 10_i128.pow(DIGITS.saturating_sub(digits));
        let product = self.0.saturating_mul(other.0) / ONE;
        Self((product + step / 2).div_euclid(step) * step)
    }
}

/// A number so large or small that it is written with an exponent.
fn beyond(given: &Value) -> Fault {
    let small = given.as_f64().is_some_and(|number| number.abs() < 1.0);
    if small { Fault::Malformed } else { Fault::InvalidValue }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        let (whole, fraction) = (self.0.abs() / ONE, self.0.abs() % ONE);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = format!("{fraction:04}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(given: &Value) -> Result<String, Fault> {
        Decimal::read(given, 10, 3).map(|decimal| decimal.to_string())
    }

    #[test]
    fn numbers_and_texts_are_read_alike() {
        for (given, expected) in [
            (json!(10.5), "10.5"),
            (json!("10.500"), "10.5"),
            (json!(7), "7"),
            (json!("-0.001"), "-0.001"),
            (json!("0007.1000"), "7.1"),
            (json!(9_999_999.999), "9999999.999"),
        ] {
            assert_eq!(read(&given).as_deref(), Ok(expected), "{given}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_malformed_and_too_much_is_invalid() {
        for given in [
            json!("1,5"),
            json!(""),
            json!("."),
            json!("1e3"),
            json!(true),
            json!(null),
            json!("5 "),
        ] {
            assert_eq!(read(&given), Err(Fault::Malformed), "{given}");
        }
        assert_eq!(read(&json!(1.2345)), Err(Fault::Malformed));
        assert_eq!(read(&json!(1e-9)), Err(Fault::Malformed));
        for given in [json!(10_000_000), json!(1e300), json!("9".repeat(400))] {
            assert_eq!(read(&given), Err(Fault::InvalidValue), "{given}");
        }
    }

    #[test]
    fn a_product_is_rounded_to_its_digits() {
        let of = |value: Value| Decimal::of(Some(&value));
        assert_eq!(of(json!(19.99)).times(of(json!(1.22)), 3).to_string(), "24.388");
        assert_eq!(of(json!(0.001)).times(of(json!(0.5)), 3).to_string(), "0.001");
        assert_eq!(of(json!(2)).minus(of(json!(2.5))).to_value(), json!(-0.5));
        assert!(!of(json!("text")).is_negative());
    }
}
