//! Pages of a list, and which of its entries are asked for.
//!
//! Documented are `start` (the page, from 0), `pageSize`, `sortOrder` (`DESC` by default) and
//! `sortBy` (the time of creation). The bounds of a page are inferred, and so are the filters
//! `cloudId` and `product`, which the reference has for storages.

use super::fields::choice;
use super::job::Work;
use super::refusals::{bad, not_found};
use super::state::{Product, State};
use super::visit::{Visit, id_like};
use crate::stage::{Call, Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Entries of a page where nothing else is asked for.
const PAGE: usize = 20;
/// Entries of a page at most.
const LARGEST_PAGE: usize = 100;

/// Which part of a list is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    start: usize,
    size: usize,
    order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Order {
    Asc,
    Desc,
}

/// Which entries are asked for.
pub(super) struct Filter {
    cloud_id: Option<String>,
    product: Option<Product>,
}

/// An entry of a list: when it was made, its id, and what is shown of it.
pub(super) type Entry = (Timestamp, String, Value);

/// A list, as far as it is asked for.
///
/// # Errors
/// A parameter of the page is wrong.
pub(super) fn listed(
    call: &Call,
    name: &'static str,
    mut entries: Vec<Entry>,
) -> Result<Reply, Refusal> {
    let page = Page::read(call)?;
    entries.sort_by(|(a, a_id, _), (b, b_id, _)| (a, a_id).cmp(&(b, b_id)));
    if page.order == Order::Desc {
        entries.reverse();
    }
    let total = entries.len();
    let before = page.start.saturating_mul(page.size);
    Ok(reply(name, entries.into_iter().skip(before).take(page.size), total))
}

/// A whole list, the newest first.
pub(super) fn whole(name: &'static str, mut entries: Vec<Entry>) -> Reply {
    entries.sort_by(|(a, a_id, _), (b, b_id, _)| (b, b_id).cmp(&(a, a_id)));
    let total = entries.len();
    reply(name, entries.into_iter(), total)
}

fn reply(name: &'static str, entries: impl Iterator<Item = Entry>, total: usize) -> Reply {
    let mut body = Map::new();
    body.insert(name.to_owned(), entries.map(|(_, _, value)| value).collect());
    body.insert("totalItems".to_owned(), total.into());
    Reply::json(StatusCode::OK, &body)
}

/// The jobs of an organization, as far as they are asked for.
///
/// # Errors
/// The filter, or a parameter of the page, is wrong.
pub(super) fn jobs<W: Work>(
    visit: &Visit<'_>,
    name: &'static str,
    jobs: &BTreeMap<String, W>,
    shown: fn(&str, &W, Timestamp) -> Value,
) -> Result<Reply, Refusal> {
    let filter = Filter::read(visit)?;
    let ours = jobs.iter().filter(|(_, work)| {
        visit.state().site(&visit.org, work.cloud_id()).is_some()
            && filter.fits(work.cloud_id(), work.product())
    });
    let entry = |(id, work): (&String, &W)| {
        (work.job().created_at, id.clone(), shown(id, work, visit.now()))
    };
    listed(visit.call, name, ours.map(entry).collect())
}

impl Page {
    fn read(call: &Call) -> Result<Self, Refusal> {
        let start = number(call, "start")?.unwrap_or(0);
        let size = number(call, "pageSize")?.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&size) {
            return Err(bad("pageSize", "must be from 1 to 100"));
        }
        let order = call.query("sortOrder").map(|text| choice("sortOrder", &text)).transpose()?;
        if call.query("sortBy").is_some_and(|by| by != "createdAt") {
            return Err(bad("sortBy", "must be createdAt"));
        }
        Ok(Self { start, size, order: order.unwrap_or(Order::Desc) })
    }
}

/// A number that is not negative. One that no list is long enough for is as good as the largest.
fn number(call: &Call, name: &str) -> Result<Option<usize>, Refusal> {
    let Some(text) = call.query(name) else { return Ok(None) };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad(name, "must be a whole number that is not negative"));
    }
    Ok(Some(text.parse().unwrap_or(usize::MAX)))
}

impl Filter {
    /// The filter of a call.
    ///
    /// # Errors
    /// It names a site that the organization does not have, or no product.
    pub(super) fn read(visit: &Visit<'_>) -> Result<Self, Refusal> {
        let cloud_id = cloud_id(visit.call)?;
        if cloud_id.as_ref().is_some_and(|id| visit.state().site(&visit.org, id).is_none()) {
            return Err(not_found("site"));
        }
        let product = visit.call.query("product");
        let product = product.map(|text| choice("product", &text)).transpose()?;
        Ok(Self { cloud_id, product })
    }

    /// Whether it lets a product of a site through.
    pub(super) fn fits(&self, cloud_id: &str, product: Product) -> bool {
        self.fits_site(cloud_id) && self.product.is_none_or(|asked| asked == product)
    }

    /// Whether it lets something of a site through: where a product is asked for, the site has it.
    pub(super) fn fits_any_of(&self, state: &State, cloud_id: &str) -> bool {
        let site = state.sites.get(cloud_id);
        let has = |product| site.is_some_and(|site| site.products.contains_key(&product));
        self.fits_site(cloud_id) && self.product.is_none_or(has)
    }

    fn fits_site(&self, cloud_id: &str) -> bool {
        self.cloud_id.as_ref().is_none_or(|asked| asked == cloud_id)
    }
}

/// The site that is asked for.
///
/// # Errors
/// It is not an id.
pub(super) fn cloud_id(call: &Call) -> Result<Option<String>, Refusal> {
    let id = call.query("cloudId");
    id.map(|id| id_like("cloudId", &id).map(|()| id.into_owned())).transpose()
}

/// A parameter that is true where it stands without a value, as the reference writes it.
///
/// # Errors
/// It is neither true nor false.
pub(super) fn flag(call: &Call, name: &str) -> Result<bool, Refusal> {
    match call.query(name).as_deref() {
        None | Some("false") => Ok(false),
        Some("" | "true") => Ok(true),
        Some(_) => Err(bad(name, "must be true or false")),
    }
}
