//! What people and tests do to a world: look at it, change its weather, its time or its state.
//!
//! The routes are below `/sandbox`, beside the API's own. They never say which error an API should
//! answer; they bring about its causes.

use super::{Api, Call, Conditions, NoJson, Reply, Stage, Time, World};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// What is changed about the time: one of these, or several.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ClockChange {
    /// By how many seconds it is moved.
    advance_seconds: i64,
    /// To which moment it is set.
    now: Option<Timestamp>,
    /// Whether it stands.
    standing: Option<bool>,
}

/// Why a control call is refused.
struct Wrong {
    status: StatusCode,
    detail: String,
    allow: &'static str,
}

/// A world that people and tests may look at and change. All of it is told as JSON.
pub(crate) trait Controlled {
    /// The name and the contract of the API.
    fn named(&self) -> (&'static str, String);
    /// The weather.
    fn conditions(&self) -> Value;
    /// Changes the weather.
    fn set_conditions(&self, conditions: &Value) -> Result<(), String>;
    /// The time.
    fn time(&self) -> Time;
    /// Moves the time.
    fn set_time(&self, time: Time);
    /// All of it.
    fn save(&self) -> Value;
    /// Takes a saved world over.
    fn restore(&self, saved: &Value) -> Result<(), String>;
    /// Starts anew.
    fn reset(&self);
}

/// Answers a call below `/sandbox`.
pub(crate) fn answer(world: &dyn Controlled, call: &Call) -> Reply {
    controlled(world, call).unwrap_or_else(|wrong| {
        let Wrong { status, detail, allow } = wrong;
        let title = status.canonical_reason();
        let problem = json!({ "status": status.as_u16(), "title": title, "detail": detail });
        let reply = Reply::json(status, &problem).with(CONTENT_TYPE, "application/problem+json");
        if allow.is_empty() { reply } else { reply.with(ALLOW, allow) }
    })
}

fn controlled(world: &dyn Controlled, call: &Call) -> Result<Reply, Wrong> {
    let what = call.path().strip_prefix("/sandbox").unwrap_or_default().trim_matches('/');
    match (what, &call.method) {
        ("" | "conditions" | "clock" | "world", &Method::GET) => {}
        ("conditions", &Method::PUT) => world.set_conditions(&body(call)?).map_err(bad)?,
        ("conditions", &Method::PATCH) => {
            let changed = merged(world.conditions(), &body(call)?);
            world.set_conditions(&changed).map_err(bad)?;
        }
        ("clock", &Method::PUT) => move_clock(world, &body(call)?)?,
        ("world", &Method::PUT) => world.restore(&body(call)?).map_err(bad)?,
        ("world", &Method::PATCH) => {
            world.restore(&merged(world.save(), &body(call)?)).map_err(bad)?;
        }
        ("world", &Method::DELETE) => world.reset(),
        (other, _) => return Err(unknown(other)),
    }
    Ok(Reply::json(StatusCode::OK, &shown(world, what)))
}

fn shown(world: &dyn Controlled, what: &str) -> Value {
    let now = world.time().now();
    match what {
        "conditions" => world.conditions(),
        "clock" => json!({ "now": now, "time": world.time() }),
        "world" => world.save(),
        _ => {
            let (api, contract) = world.named();
            let controls = ["/sandbox/conditions", "/sandbox/clock", "/sandbox/world"];
            json!({
                "api": api, "contract": contract, "now": now,
                "conditions": world.conditions(), "controls": controls,
            })
        }
    }
}

fn move_clock(world: &dyn Controlled, change: &Value) -> Result<(), Wrong> {
    let change = ClockChange::deserialize(change).map_err(|error| bad(error.to_string()))?;
    let time = world.time();
    let set = change.now.map_or(time, |to| time.set(to)).advanced(change.advance_seconds);
    world.set_time(change.standing.map_or(set, |still| set.standing(still)));
    Ok(())
}

impl<A: Api> Controlled for Stage<A> {
    fn named(&self) -> (&'static str, String) {
        (A::NAME, self.table.label())
    }

    fn conditions(&self) -> Value {
        json!(self.world().conditions)
    }

    fn set_conditions(&self, conditions: &Value) -> Result<(), String> {
        let conditions = Conditions::deserialize(conditions).map_err(|error| error.to_string())?;
        let mut world = self.world();
        world.conditions_since = world.time.now();
        world.conditions = conditions;
        self.note_change();
        Ok(())
    }

    fn time(&self) -> Time {
        self.world().time
    }

    fn set_time(&self, time: Time) {
        self.world().time = time;
        self.note_change();
    }

    fn save(&self) -> Value {
        json!(*self.world())
    }

    fn restore(&self, saved: &Value) -> Result<(), String> {
        let world = World::deserialize(saved).map_err(|error| error.to_string())?;
        A::check(&world.state).map_err(|why| format!("no rule leads to this world: {why}"))?;
        *self.world() = world;
        self.note_change();
        Ok(())
    }

    fn reset(&self) {
        *self.world() = World::begin(self.seed, A::found);
        self.note_change();
    }
}

impl<A: Api> Stage<A> {
    /// Answers a call below `/sandbox`: to look at the world, or to change it.
    pub fn control(&self, call: &Call) -> Reply {
        answer(self, call)
    }
}

fn body(call: &Call) -> Result<Value, Wrong> {
    call.json().map_err(|why| match why {
        NoJson::Empty => bad("a JSON object is expected, and there is no body"),
        NoJson::TooLarge => bad("the body is larger than a control takes"),
        NoJson::Malformed => bad("a JSON object is expected, and the body is not JSON"),
    })
}

/// `target` with a JSON Merge Patch (RFC 7396) applied.
fn merged(mut target: Value, patch: &Value) -> Value {
    merge(&mut target, patch);
    target
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(members) = target else { return };
    for (name, change) in patch {
        if change.is_null() {
            members.shift_remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

fn bad(detail: impl Into<String>) -> Wrong {
    Wrong { status: StatusCode::BAD_REQUEST, detail: detail.into(), allow: "" }
}

fn unknown(what: &str) -> Wrong {
    let allow = match what {
        "" => "GET",
        "conditions" => "GET, PUT, PATCH",
        "clock" => "GET, PUT",
        "world" => "GET, PUT, PATCH, DELETE",
        _ => {
            let detail =
                "there are /sandbox, /sandbox/conditions, /sandbox/clock and /sandbox/world";
            return Wrong { status: StatusCode::NOT_FOUND, detail: detail.to_owned(), allow: "" };
        }
    };
    let detail = format!("this control takes {allow}");
    Wrong { status: StatusCode::METHOD_NOT_ALLOWED, detail, allow }
}
