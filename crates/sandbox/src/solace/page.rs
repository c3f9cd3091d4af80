//! Lists: their pages, their order, and what is asked for on top.

use super::refuse::parameter;
use crate::stage::{Call, Refusal, Reply};
use http::StatusCode;
use serde_json::{Value, json};

/// The largest page.
pub(super) const LARGEST_PAGE: usize = 100;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads `pageNumber` and `pageSize`.
    pub(super) fn read(call: &Call, default_size: usize) -> Result<Self, Refusal> {
        let number = number(call, "pageNumber", usize::MAX)?.unwrap_or(1);
        let size = number_of_size(call)?.unwrap_or(default_size);
        Ok(Self { number, size })
    }

    /// The page of a list, with where it stands in it.
    pub(super) fn answer(self, items: Vec<Value>) -> Reply {
        let Self { number, size } = self;
        let count = items.len();
        let pages = count.div_ceil(size);
        let skipped = number.saturating_sub(1).saturating_mul(size);
        let data: Vec<Value> = items.into_iter().skip(skipped).take(size).collect();
        let pagination = json!({
            "pageNumber": number,
            "nextPage": (number < pages).then(|| number.saturating_add(1)),
            "count": count,
            "totalPages": pages,
            "pageSize": size,
        });
        Reply::json(StatusCode::OK, &json!({ "data": data, "meta": { "pagination": pagination } }))
    }
}

fn number_of_size(call: &Call) -> Result<Option<usize>, Refusal> {
    number(call, "pageSize", LARGEST_PAGE)
}

/// A parameter that is a number from 1 to `most`.
fn number(call: &Call, name: &str, most: usize) -> Result<Option<usize>, Refusal> {
    let Some(text) = call.query(name) else { return Ok(None) };
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match text.parse::<usize>() {
        Ok(0) => Err(parameter(name, "must be greater than or equal to 1")),
        Ok(number) if number <= most => Ok(Some(number)),
        Ok(_) => Err(parameter(name, format!("must be less than or equal to {most}"))),
        Err(_) if digits => Err(parameter(name, "is out of range")),
        Err(_) => Err(parameter(name, "must be a number greater than or equal to 1")),
    }
}

/// Sorts items by `sort=<key>[:asc|desc]`; without it, by the first of `keys`. Several pairs are
/// taken apart at commas, the first one counting most.
pub(super) fn sorted(
    call: &Call,
    mut items: Vec<Value>,
    keys: &[&str],
) -> Result<Vec<Value>, Refusal> {
    let asked = call.query("sort").unwrap_or_else(|| keys.first().copied().unwrap_or("id").into());
    for pair in asked.split(',').rev() {
        let (key, order) = pair.split_once(':').unwrap_or((pair, "asc"));
        let descending = order.eq_ignore_ascii_case("desc");
        if !keys.contains(&key) || !(descending || order.eq_ignore_ascii_case("asc")) {
            let text = format!("must be one of {}, with :asc or :desc", keys.join(", "));
            return Err(parameter("sort", text));
        }
        let text = |item: &Value| item.get(key).and_then(Value::as_str).map(str::to_owned);
        items.sort_by(|one, other| {
            let order = text(one).cmp(&text(other));
            if descending { order.reverse() } else { order }
        });
    }
    Ok(items)
}

/// What `expand` asks for, where it is known.
pub(super) fn expanded(call: &Call, known: &[&str]) -> Result<Vec<String>, Refusal> {
    let asked = call.queries().filter(|(name, _)| name == "expand");
    let parts: Vec<String> = asked
        .flat_map(|(_, value)| {
            value.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>()
        })
        .filter(|part| !part.is_empty())
        .collect();
    let foreign = parts.iter().any(|part| !known.contains(&part.as_str()));
    if foreign {
        return Err(parameter("expand", format!("must be one of {}", known.join(", "))));
    }
    Ok(parts)
}

/// The name that `customAttributes=name=="..."` asks for.
pub(super) fn custom_name(call: &Call) -> Result<Option<String>, Refusal> {
    let Some(text) = call.query("customAttributes") else { return Ok(None) };
    let name = text.strip_prefix("name==").map(|name| name.trim_matches('"').to_owned());
    let name = name.filter(|name| !name.is_empty());
    name.map(Some)
        .ok_or_else(|| parameter("customAttributes", r#"must be of the form name=="value""#))
}
