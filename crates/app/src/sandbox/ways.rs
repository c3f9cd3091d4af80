//! How each documented row is reached, told as commands and as requests.

use super::Place;
use anyhow::{Context, Result};
use candor_contract::Library;
use candor_sandbox::reach::{self, Scene, Step};
use serde::Serialize;
use std::fmt;

/// How a row is reached.
#[derive(Debug, Serialize)]
pub(crate) struct Way {
    api: &'static str,
    /// The row of the contract.
    pub(crate) row: String,
    /// What the row is called.
    title: String,
    /// Why it happens.
    why: String,
    /// Starts the world anew: what the rows before have left behind may stand in the way.
    reset: String,
    /// For a shell, one after the other; the last one shows the row's answer.
    commands: Vec<String>,
    /// The same for any client: what each command sends.
    requests: Vec<Step>,
}

/// The ways to all rows of these APIs.
pub(crate) fn tell(places: &[Place], library: &Library) -> Result<Vec<Way>> {
    let mut ways = Vec::new();
    for place in places {
        let (name, given) = (place.api.name, place.given());
        let given: Vec<(&str, &str)> = given.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let scenes = reach::read(place.api.reach, &given);
        let scenes = scenes.with_context(|| format!("the scenes of {name} have a mistake"))?;
        let table = library.get(name).with_context(|| format!("there is no contract {name}"))?;
        ways.extend(scenes.into_iter().map(|scene| {
            let title = table.row(&scene.row).map(|row| row.title.clone()).unwrap_or_default();
            Way::new(place, title, scene)
        }));
    }
    Ok(ways)
}

impl Way {
    fn new(place: &Place, title: String, scene: Scene) -> Self {
        let reset = format!("curl -s -o /dev/null -X DELETE {}/sandbox/world", place.root);
        let (commands, requests) = (scene.commands(), scene.requests());
        let Scene { row, why, steps: _ } = scene;
        Self { api: place.api.name, row, title, why, reset, commands, requests }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# {} {}: {}", self.api, self.row, self.title)?;
        writeln!(f, "# {}", self.why)?;
        writeln!(f, "# anew: {}", self.reset)?;
        self.commands.iter().try_for_each(|command| writeln!(f, "{command}"))?;
        writeln!(f)
    }
}
