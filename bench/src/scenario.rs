//! What one scenario is made of: a call, what the upstream answers, and what a caller gets of it.
//!
//! The scenarios themselves are a table of their own, [`SCENARIOS`]. Nothing here knows who is
//! measured, or how.

pub use crate::scenarios::SCENARIOS;
use anyhow::{Result, bail};
use bytes::Bytes;
use std::net::SocketAddr;
use std::path::Path;

/// Where the upstream's address stands in a configuration.
const UPSTREAM: &str = "{upstream}";
/// Where the id of the request stands in an answer.
const REQUEST_ID: &str = "{request_id}";
/// What comes before that id in a request.
const ID_MEMBER: &[u8] = br#""request_id":""#;
/// The length of an id: a UUID in its usual spelling (RFC 9562, section 4).
const ID_LENGTH: usize = 36;

/// One thing to measure.
#[derive(Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What it is, for people.
    pub about: &'static str,
    /// What is aimed at.
    pub goal: Goal,
    /// Candor's configuration; `{upstream}` stands for the upstream's address.
    pub config: &'static str,
    /// The OpenAPI description that the configuration names as `api.yaml`, if it names one.
    pub description: Option<&'static str>,
    /// What Candor's log holds (`CANDOR_LOG`).
    pub log: &'static str,
    /// What a caller asks Candor for.
    pub call: Call,
    /// What Candor must refuse, so that one sees that it checks; `None` where it checks nothing.
    pub refused: Option<Refused>,
    /// The path at which Candor calls the upstream.
    pub path: &'static str,
    /// What the upstream answers.
    pub answer: Answer,
    /// What Candor answers in its place; `None` where it passes the answer on.
    pub translated: Option<Translated>,
    /// Requests a second, over all connections; as many as there can be where `None`.
    pub rate: Option<u32>,
}

/// The most time on a core that Candor may take for a request, as a multiple of nginx's.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// Missing it fails `--check`; `None` where the figure is for information.
    pub hard: Option<f64>,
    /// What we would like.
    pub stretch: f64,
}

/// A call with POST.
#[derive(Debug)]
pub struct Call {
    /// Path and query.
    pub target: &'static str,
    /// The body, JSON.
    pub payload: &'static str,
}

/// A payload that is not passed on.
#[derive(Debug)]
pub struct Refused {
    /// The body, JSON.
    pub payload: &'static str,
    /// What the body of Candor's answer must contain.
    pub says: &'static str,
}

/// The upstream's answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body, JSON; `{request_id}` stands for the id that the request has.
    pub text: &'static str,
    /// How often the text stands in the body: once, or in an array of so many.
    pub times: usize,
}

/// An answer in Candor's own words.
#[derive(Debug)]
pub struct Translated {
    /// Its status.
    pub status: u16,
    /// What its body must contain.
    pub says: &'static str,
}

/// What a caller must get.
#[derive(Debug)]
pub enum Expected {
    /// The upstream's answer as it came.
    AsItCame(u16, Body),
    /// Another answer in its place.
    Translated(&'static Translated),
}

/// An answer's body, taken apart once.
#[derive(Debug)]
pub struct Body {
    /// All of it, or what comes before the id.
    before: Bytes,
    /// What comes after the id, where it has one.
    after: Option<Bytes>,
}

/// Finds the scenario `name`.
///
/// # Errors
/// There is none.
pub fn named(name: &str) -> Result<&'static Scenario> {
    match SCENARIOS.iter().find(|scenario| scenario.name == name) {
        Some(scenario) => Ok(scenario),
        None => bail!("there is no scenario `{name}`"),
    }
}

// === impl Scenario ===

impl Scenario {
    /// Candor's configuration for an upstream at this address.
    pub fn config_for(&self, upstream: SocketAddr) -> String {
        config_for(self.config, upstream)
    }

    /// Puts what the configuration names into its folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn lay_out(&self, folder: &Path) -> Result<()> {
        if let Some(description) = self.description {
            std::fs::write(folder.join("api.yaml"), description)?;
        }
        Ok(())
    }

    /// The bytes with which a caller asks Candor, at `host`, to pass on `payload`.
    pub fn request(&self, host: SocketAddr, payload: &str) -> Vec<u8> {
        post(self.call.target, host, payload)
    }

    /// What a caller gets from whoever passes the answer on, or from whoever translates it.
    pub fn expected(&'static self, translates: bool) -> Expected {
        match &self.translated {
            Some(translated) if translates => Expected::Translated(translated),
            Some(_) | None => Expected::AsItCame(self.answer.status, self.answer.body()),
        }
    }
}

/// A configuration for an upstream at this address.
pub fn config_for(config: &str, upstream: SocketAddr) -> String {
    config.replace(UPSTREAM, &upstream.to_string())
}

/// The bytes of a request.
pub fn post(target: &str, host: SocketAddr, payload: &str) -> Vec<u8> {
    let payload = payload.trim_end();
    let length = payload.len();
    format!(
        "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{payload}"
    )
    .into_bytes()
}

// === impl Answer, Expected, Body ===

impl Answer {
    /// Its body, ready to be written and recognised.
    pub fn body(&self) -> Body {
        let text = self.text.trim_end();
        if self.times > 1 {
            let all = vec![text; self.times].join(",");
            return Body { before: format!("[{all}]").into(), after: None };
        }
        match text.split_once(REQUEST_ID) {
            None => Body { before: text.into(), after: None },
            Some((before, after)) => Body { before: before.into(), after: Some(after.into()) },
        }
    }
}

impl Expected {
    /// Whether this is it.
    pub fn is(&self, status: u16, body: &[u8]) -> bool {
        match self {
            Self::AsItCame(expected, whole) => status == *expected && whole.is(body),
            Self::Translated(Translated { status: expected, says }) => {
                status == *expected && memchr::memmem::find(body, says.as_bytes()).is_some()
            }
        }
    }
}

impl Body {
    /// The body that answers `request`; `None` where that has no id although it must.
    pub fn write(&self, request: &[u8]) -> Option<Bytes> {
        let Some(after) = &self.after else { return Some(self.before.clone()) };
        let start = memchr::memmem::find(request, ID_MEMBER)? + ID_MEMBER.len();
        let id = request.get(start..start + ID_LENGTH)?;
        Some([&self.before, id, after].concat().into())
    }

    /// Whether `body` is this one, with any id.
    pub fn is(&self, body: &[u8]) -> bool {
        let Some(after) = &self.after else { return body == self.before };
        body.len() == self.before.len() + ID_LENGTH + after.len()
            && body.starts_with(&self.before)
            && body.ends_with(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190d5a2-8c40-7cc1-8f0e-3d9f6a1b2c4d";

    fn answer(text: &'static str, times: usize) -> Body {
        Answer { status: 200, text, times }.body()
    }

    #[test]
    fn an_answer_has_the_id_of_its_request_and_is_recognised() {
        let body = answer("{\"id\":\"{request_id}\",\"n\":1}\n", 1);
        let written = body.write(format!("{{\"request_id\":\"{ID}\"}}").as_bytes()).unwrap();
        assert_eq!(written, format!("{{\"id\":\"{ID}\",\"n\":1}}"));
        assert!(body.is(&written));
        assert!(!body.is(&written[1..]));
        assert!(!body.is(b"{}"));
        assert_eq!(body.write(b"{}"), None);
    }

    #[test]
    fn an_answer_without_an_id_is_the_same_for_all() {
        let body = answer("{}", 1);
        assert_eq!(body.write(b"anything").unwrap(), "{}");
        assert!(body.is(b"{}") && !body.is(b"{ }"));
        assert!(answer("{}\n", 3).is(b"[{},{},{}]"));
    }

    #[test]
    fn a_translation_is_known_by_its_status_and_what_it_says() {
        static SAYS: Translated = Translated { status: 409, says: r#""code":7"# };
        let expected = Expected::Translated(&SAYS);
        assert!(expected.is(409, br#"{"code":7}"#));
        assert!(!expected.is(400, br#"{"code":7}"#));
        assert!(!expected.is(409, br#"{"code":8}"#));
    }

    #[test]
    fn payloads_and_answers_have_the_size_that_is_told() {
        for scenario in &SCENARIOS {
            let payload: serde_json::Value = serde_json::from_str(scenario.call.payload).unwrap();
            let text: serde_json::Value = serde_json::from_str(scenario.answer.text).unwrap();
            let inner = text.get("payload").unwrap_or(&text).to_string();
            for json in [payload.to_string(), inner] {
                let length = json.len();
                assert!((1000..=1048).contains(&length), "{}: {length} bytes", scenario.name);
            }
        }
    }

    #[test]
    fn every_name_and_every_path_is_used_once() {
        for (position, one) in SCENARIOS.iter().enumerate() {
            for other in SCENARIOS.iter().skip(position + 1) {
                assert!(one.name != other.name && one.path != other.path);
            }
        }
    }
}
