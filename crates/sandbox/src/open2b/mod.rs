//! The Open2b API of a store, release 7.8: `POST /api/v<N>/<method>` with a JSON object, and one
//! kind of answer.
//!
//! Everything that a method takes is a row of a table (`field`): a name, a type with its bounds as
//! the documents note them, who may read and write it, and which other fields it requires or
//! excludes. One validator (`object`, `value`) reads a request by those rows and says what is wrong
//! as one of the eight field errors. The areas (`areas`) add the rules that no table can say, such
//! as that a stock does not fall below nothing. So a new field is a new row, and every field is
//! refused alike.
//!
//! The walk of a call: the weather in front, HTTP method, path, key, `Content-Length`,
//! `Content-Type`, the call limit, JSON, module, fields, rules, the store's disk, and then the
//! change. One error is told, the first one found. The order is inferred; the documents give none.
//!
//! Also inferred: integers and decimals may be sent as text, as older documents print them, while
//! booleans may not; a text of the wrong length is malformed, and a number out of bounds is no
//! valid value; what is named in an update and does not exist is no valid value, while what is
//! asked for with `get` and does not exist is `null`, which is documented. An update replaces what
//! it names as a whole, lists and texts included. What a deleted record was needed for keeps it;
//! what could do without goes on without it.
//!
//! Not here: product attributes, promotions, taxes, shipping and pages; differences between the
//! versions of the API other than which methods there are. Times are in UTC.

mod areas;
mod body;
mod check;
mod decimal;
mod fault;
mod field;
mod find;
mod found;
mod front;
mod keys;
mod method;
mod object;
mod record;
mod refer;
mod state;
mod value;
mod view;
mod write;

pub use areas::Area;
pub use keys::{Key, KeyKind, Window};
pub use state::{Limit, Record, State, Store};

use crate::stage::{Api, Call, Refusal, Reply, World};
use http::StatusCode;
use jiff::Timestamp;
use object::Reader;
use serde_json::Value;
use write::Draft;

/// The Open2b API.
#[derive(Debug)]
pub struct Open2b;

impl Api for Open2b {
    const NAME: &'static str = "open2b";
    const BASE: &'static str = "";
    const REACH: &'static str = include_str!("../../reach/open2b.http");
    type State = State;

    fn found(now: Timestamp) -> State {
        found::state(now)
    }

    fn answer(world: &mut World<State>, call: &Call) -> Result<Reply, Refusal> {
        if let Some(page) = front::passed(world, call)? {
            return Ok(page);
        }
        let method = method::called(&world.state.store, call)?;
        let key = keys::admitted(&mut world.state, call, method)?;
        body::framed(call)?;
        body::typed(call)?;
        keys::counted(&mut world.state, &key, call.now)?;
        let request = body::request(call)?;
        method.installed(&world.state.store)?;
        let reader = Reader::new(&world.state, method.area, key.rights());
        let request = reader.request(&method.fields(), &request)?;
        let done = method.perform(&reader, &request, call.now)?;
        let answer = done.answer;
        if let Some(draft) = done.draft {
            let changes = draft.changes();
            front::writable(&world.conditions)?;
            world.state.commit(changes);
        }
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    fn check(state: &State) -> Result<(), String> {
        check::whole(state)
    }
}

/// What a method has come to: its answer, and what is to be changed for it.
struct Done<'s> {
    answer: Value,
    draft: Option<Draft<'s>>,
}
