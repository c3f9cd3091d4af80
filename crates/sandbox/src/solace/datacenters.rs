//! Datacenters. They are the vendor's: whether one is full or down is a matter of the world.

use super::act::{Act, Answer};
use super::classes::CLASSES;
use super::page::{LARGEST_PAGE, Page, sorted};
use super::refuse::{missing, parameter};
use super::world::{Datacenter, State};
use super::write::{moment, ok};
use serde_json::{Value, json};

/// Whose a datacenter can be.
pub(super) const TYPES: [&str; 5] =
    ["Unknown", "SolacePublic", "SolaceDedicated", "CustomerCloud", "CustomerOnPrem"];
/// The providers of clouds.
pub(super) const PROVIDERS: [&str; 6] = ["aks", "aws", "azure", "eks", "gcp", "k8s"];

/// `GET .../datacenters`
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let page = Page::read(act.call, LARGEST_PAGE)?;
    let kind = filter(act, "datacenterType", &TYPES)?;
    let provider = filter(act, "provider", &PROVIDERS)?;
    let state = &act.world.state;
    let fits = |datacenter: &Datacenter| {
        kind.as_ref().is_none_or(|kind| *kind == datacenter.datacenter_type)
            && provider.as_ref().is_none_or(|provider| *provider == datacenter.provider)
    };
    let datacenters = state.datacenters.iter().filter(|(_, datacenter)| fits(datacenter));
    let items = datacenters.map(|(id, datacenter)| view(state, id, datacenter)).collect();
    Ok(page.answer(sorted(act.call, items, &["name", "datacenterType", "provider", "id"])?))
}

/// `GET .../datacenters/{id}`
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let id = act.segment(0);
    let state = &act.world.state;
    let datacenter = state.datacenters.get(id).ok_or_else(|| missing("datacenter", id))?;
    Ok(ok(&view(state, id, datacenter)))
}

/// A parameter that takes one of some values.
fn filter(
    act: &Act<'_>,
    name: &str,
    known: &[&str],
) -> Result<Option<String>, crate::stage::Refusal> {
    let Some(asked) = act.call.query(name) else { return Ok(None) };
    if known.contains(&&*asked) {
        return Ok(Some(asked.into_owned()));
    }
    Err(parameter(name, format!("must be one of {}", known.join(", "))))
}

fn view(state: &State, id: &str, datacenter: &Datacenter) -> Value {
    let classes: Vec<&str> = CLASSES.iter().map(|class| class.id).collect();
    let up = !datacenter.maintenance;
    json!({
        "id": id,
        "type": "datacenter",
        "name": datacenter.name,
        "datacenterType": datacenter.datacenter_type,
        "provider": datacenter.provider,
        "operState": if up { "up" } else { "down" },
        "available": up && state.hosted(id) < datacenter.capacity,
        "location": { "continent": datacenter.continent },
        "supportedServiceClasses": classes,
        "createdTime": moment(datacenter.created_time),
        "organizationId": state.organization.id,
        "spoolScaleUpCapabilityInfo": { "spoolScaleUpCapabilityState": "SUPPORTED" },
    })
}
