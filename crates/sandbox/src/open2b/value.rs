//! Reading values by their kind. What is read is written as it is kept: numbers as numbers.

use super::areas::Area;
use super::decimal::Decimal;
use super::fault::{Fault, Path, Wrong};
use super::field::{Field, Kind, PRICE};
use super::object::{Purpose, Reader, named};
use super::state::{Record, State};
use jiff::civil;
use serde_json::Value;

/// The most elements of a list.
pub(super) const LONGEST_LIST: usize = 1_000;
/// The largest id of a price list, by which prices are listed.
const LARGEST_LIST: i64 = 255;

impl Reader<'_> {
    /// A value of this kind.
    ///
    /// # Errors
    /// It is written otherwise, or is none that is taken; said of it, or of the part of it.
    pub(super) fn value(
        &self,
        kind: &Kind,
        given: &Value,
        path: &Path<'_>,
        purpose: Purpose,
    ) -> Result<Value, Wrong> {
        let state = self.state;
        let anything = |_: &str| true;
        let read = match kind {
            Kind::List(element) => return self.list(element, given, path, purpose),
            Kind::Object(fields) => return self.part(fields, given, path, purpose),
            Kind::Conditions => {
                return self.part(self.area.table().conditions, given, path, purpose);
            }
            Kind::Texts(most) => return self.texts(*most, given, path),
            Kind::Prices => return self.prices(given, path),
            Kind::FieldName => return self.field_name(given, path),
            Kind::OrderName => return self.order_name(given, path),
            // What may be written of a record depends on the method, which reads it on its own.
            Kind::Record => given.is_object().then(|| given.clone()).ok_or(Fault::Malformed),
            Kind::Bool => given.is_boolean().then(|| given.clone()).ok_or(Fault::Malformed),
            Kind::Int(min, max) => integer(given, *min, *max).map(Value::from),
            Kind::Decimal { precision, digits, positive } => {
                decimal(given, *precision, *digits, *positive)
            }
            Kind::Id(area) => self.existing(*area, given),
            Kind::Text(min, max) => word(given, |text| is_text(text, *min, *max), anything),
            Kind::Date => word(given, is_date, anything),
            Kind::Time => word(given, is_time, anything),
            Kind::Choice(known) => word(given, anything, |text| known.contains(&text)),
            Kind::Language => {
                word(given, |text| is_text(text, 2, 2), |text| has_language(state, text))
            }
            // What is kept may be about an item that is gone by now.
            Kind::Sku => {
                let known = |sku: &str| purpose == Purpose::Kept || state.item(sku).is_some();
                word(given, |text| is_text(text, 1, 40), known)
            }
        };
        read.map_err(|fault| fault.at(path))
    }

    /// The fields of an object, where a field is one.
    pub(super) fn members_of(&self, field: &Field) -> &'static [Field] {
        if let Kind::Object(fields) = field.kind {
            return fields;
        }
        let conditions = matches!(field.kind, Kind::Conditions);
        if conditions { self.area.table().conditions } else { &[] }
    }

    /// An object within another one; within a record that is changed, it is changed as a whole.
    fn part(
        &self,
        fields: &[Field],
        given: &Value,
        path: &Path<'_>,
        purpose: Purpose,
    ) -> Result<Value, Wrong> {
        let members = given.as_object().ok_or_else(|| Fault::Malformed.at(path))?;
        let purpose = if purpose == Purpose::Update { Purpose::Create } else { purpose };
        self.object(fields, members, path, purpose).map(Value::Object)
    }

    /// The id of a record that there is.
    fn existing(&self, area: Area, given: &Value) -> Result<Value, Fault> {
        let id = integer(given, 1, area.table().largest.into())?;
        let known = u32::try_from(id).ok().and_then(|id| self.state.record(area, id));
        if known.is_some() { Ok(id.into()) } else { Err(Fault::InvalidValue) }
    }

    /// The name of a field that may be read. One that is withheld is told by its own name, and not
    /// by where it stands.
    fn field_name(&self, given: &Value, path: &Path<'_>) -> Result<Value, Wrong> {
        let name = given.as_str().ok_or_else(|| Fault::Malformed.at(path))?;
        self.readable(name, path)?;
        Ok(given.clone())
    }

    /// The name of a field by which records are sorted, with a `-` before it for downwards.
    fn order_name(&self, given: &Value, path: &Path<'_>) -> Result<Value, Wrong> {
        let order = given.as_str().ok_or_else(|| Fault::Malformed.at(path))?;
        let name = order.strip_prefix('-').unwrap_or(order);
        if !self.area.table().order.contains(&name) {
            return Err(Fault::InvalidValue.at(path));
        }
        self.readable(name, path)?;
        Ok(given.clone())
    }

    fn readable(&self, name: &str, path: &Path<'_>) -> Result<(), Wrong> {
        let field = named(self.area.table().fields, name);
        let field = field.ok_or_else(|| Fault::InvalidValue.at(path))?;
        let allowed = self.rights.allow(self.area, field.name, field.private);
        if allowed { Ok(()) } else { Err(Fault::AccessDenied.at(field.name)) }
    }

    fn list(
        &self,
        kind: &Kind,
        given: &Value,
        path: &Path<'_>,
        purpose: Purpose,
    ) -> Result<Value, Wrong> {
        let elements = given.as_array().ok_or_else(|| Fault::Malformed.at(path))?;
        if elements.len() > LONGEST_LIST {
            return Err(Fault::InvalidValue.at(path));
        }
        let elements = elements.iter().enumerate();
        let read = elements.map(|(at, value)| self.value(kind, value, &path.element(at), purpose));
        read.collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    fn texts(&self, most: usize, given: &Value, path: &Path<'_>) -> Result<Value, Wrong> {
        let texts = given.as_object().ok_or_else(|| Fault::Malformed.at(path))?;
        for (language, text) in texts {
            let path = path.member(language);
            if !has_language(self.state, language) {
                return Err(Fault::InvalidValue.at(path));
            }
            let good = text.as_str().is_some_and(|text| is_text(text, 0, most));
            good.then_some(()).ok_or_else(|| Fault::Malformed.at(path))?;
        }
        Ok(given.clone())
    }

    fn prices(&self, given: &Value, path: &Path<'_>) -> Result<Value, Wrong> {
        let prices = given.as_object().ok_or_else(|| Fault::Malformed.at(path))?;
        let mut read = Record::new();
        for (list, price) in prices {
            let path = path.member(list);
            let known = integer(&Value::from(list.as_str()), 1, LARGEST_LIST);
            let known = known.and_then(|id| self.existing(Area::PriceLists, &id.into()));
            let list = known.map_err(|fault| fault.at(path))?;
            let price = self.value(&PRICE, price, &path, Purpose::Request)?;
            read.insert(list.to_string(), price);
        }
        Ok(Value::Object(read))
    }
}

/// An integer within bounds; as a number, or as text, as older documents print it.
fn integer(given: &Value, min: i64, max: i64) -> Result<i64, Fault> {
    let number = match given {
        Value::Number(number) if number.is_f64() => return Err(Fault::Malformed),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            number.then_some(text.parse().ok()).ok_or(Fault::Malformed)?
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(Fault::Malformed);
        }
    };
    number.filter(|number| (min..=max).contains(number)).ok_or(Fault::InvalidValue)
}

/// A decimal, as a number or as text.
fn decimal(given: &Value, precision: u32, digits: u32, positive: bool) -> Result<Value, Fault> {
    let read = Decimal::read(given, precision, digits)?;
    if positive && read.is_negative() { Err(Fault::InvalidValue) } else { Ok(read.to_value()) }
}

/// A text that is written rightly, and one that is known.
fn word(
    given: &Value,
    written: impl Fn(&str) -> bool,
    known: impl Fn(&str) -> bool,
) -> Result<Value, Fault> {
    let text = given.as_str().filter(|text| written(text)).ok_or(Fault::Malformed)?;
    if known(text) { Ok(given.clone()) } else { Err(Fault::InvalidValue) }
}

/// Whether a text has its length, and none of the characters that are never typed.
fn is_text(text: &str, min: usize, max: usize) -> bool {
    let typed = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    (min..=max).contains(&text.chars().count()) && text.chars().all(typed)
}

fn is_date(text: &str) -> bool {
    has_shape(text, "0000-00-00") && text.parse::<civil::Date>().is_ok()
}

fn is_time(text: &str) -> bool {
    has_shape(text, "0000-00-00 00:00:00") && text.parse::<civil::DateTime>().is_ok()
}

/// Whether a text has a digit where `shape` has a 0, and is the same elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(c, s): (u8, u8)| if s == b'0' { c.is_ascii_digit() } else { c == s };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

fn has_language(state: &State, language: &str) -> bool {
    state.store.languages.iter().any(|known| known == language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn integers_may_be_texts_and_have_bounds() {
        for (given, expected) in [
            (json!(5), Ok(5)),
            (json!("5"), Ok(5)),
            (json!("005"), Ok(5)),
            (json!(101), Err(Fault::InvalidValue)),
            (json!(-1), Err(Fault::InvalidValue)),
            (json!("99999999999999999999"), Err(Fault::InvalidValue)),
            (json!(u64::MAX), Err(Fault::InvalidValue)),
            (json!(5.0), Err(Fault::Malformed)),
            (json!(1e20), Err(Fault::Malformed)),
            (json!("5.0"), Err(Fault::Malformed)),
            (json!("+5"), Err(Fault::Malformed)),
            (json!("-"), Err(Fault::Malformed)),
            (json!(true), Err(Fault::Malformed)),
            (json!([5]), Err(Fault::Malformed)),
        ] {
            assert_eq!(integer(&given, 1, 100), expected, "{given}");
        }
    }

    #[test]
    fn texts_are_counted_in_characters() {
        assert!(is_text("àè", 2, 2) && is_text("a\nb", 1, 3));
        assert!(!is_text("a\0", 1, 3) && !is_text("", 1, 3));
    }

    #[test]
    fn dates_are_days_that_there_are() {
        assert!(is_date("2024-02-29") && is_time("2020-09-01 12:05:38"));
        for wrong in ["2026-02-29", "2026-2-01", "26-02-01", "2026-02-01 00:00:00", ""] {
            assert!(!is_date(wrong), "{wrong}");
        }
        for wrong in ["2020-09-01T12:05:38", "2020-09-01 25:00:00", "2020-09-01 12:05:3é"] {
            assert!(!is_time(wrong), "{wrong}");
        }
    }
}
