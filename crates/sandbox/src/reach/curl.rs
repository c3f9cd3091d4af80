//! A step as a `curl` command for a shell.

use super::{Scene, Step};
use candor_contract::json::Document;

impl Scene {
    /// The commands, in their order. Only the answer to the last one is shown, with its head.
    pub fn commands(&self) -> Vec<String> {
        let last = self.steps.len().saturating_sub(1);
        let steps = self.steps.iter().enumerate();
        steps.map(|(at, step)| step.command(at == last)).collect()
    }
}

impl Step {
    fn command(&self, shown: bool) -> String {
        let mut words = vec!["curl".to_owned()];
        let hidden = ["-s", "-o", "/dev/null"];
        let how: &[&str] = if shown { &["-s", "-i"] } else { &hidden };
        words.extend(how.iter().map(|word| (*word).to_owned()));
        words.extend(self.method_option());
        for (name, value) in self.sent_headers() {
            let header =
                if value.is_empty() { format!("{name}:") } else { format!("{name}: {value}") };
            words.extend(["-H".to_owned(), quoted(&header)]);
        }
        if !self.body.is_empty() {
            words.extend(["--data-raw".to_owned(), quoted(&compact(&self.body))]);
        }
        words.push(quoted(&self.target()));
        words.join(" ")
    }

    /// curl chooses GET, and POST where there is a body.
    fn method_option(&self) -> Vec<String> {
        let chosen = if self.body.is_empty() { "GET" } else { "POST" };
        match self.method.as_str() {
            method if method == chosen => Vec::new(),
            "HEAD" => vec!["-I".to_owned()],
            method => vec!["-X".to_owned(), method.to_owned()],
        }
    }

    /// The header fields; a `Content-Type` that is not asked for is taken off.
    fn sent_headers(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let typed = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let none = (!typed && !self.body.is_empty()).then_some(("Content-Type", ""));
        headers.chain(none).collect()
    }

    /// The URL. A range in its fragment, which is never sent, makes curl repeat the request.
    fn target(&self) -> String {
        match self.times {
            0 | 1 => self.url.clone(),
            times => format!("{}#[1-{times}]", self.url),
        }
    }
}

/// The body on one line, where it is JSON.
pub(super) fn compact(body: &str) -> String {
    match Document::parse(body.as_bytes()) {
        Ok(document) => document.root().to_value().to_string(),
        Err(_) => body.to_owned(),
    }
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(method: &str, headers: &[(&str, &str)], body: &str) -> Step {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let (method, url) = (method.to_owned(), "http://h/p?a=b".to_owned());
        Step { method, url, headers, body: body.to_owned(), times: 1 }
    }

    #[test]
    fn a_command_says_what_curl_would_not_do_by_itself() {
        let get = step("GET", &[], "");
        assert_eq!(get.command(true), "curl -s -i 'http://h/p?a=b'");
        let put = step("PUT", &[("Content-Type", "application/json")], "{\n\"a\": \"it's\"}");
        let expected = r#"curl -s -o /dev/null -X PUT -H 'Content-Type: application/json' --data-raw '{"a":"it'\''s"}' 'http://h/p?a=b'"#;
        assert_eq!(put.command(false), expected);
        let post = step("POST", &[], "x");
        assert!(post.command(true).contains("-H Content-Type: --data-raw x"));
    }

    #[test]
    fn many_times_is_one_command() {
        let many = Step { times: 1000, ..step("GET", &[], "") };
        assert_eq!(many.command(false), "curl -s -o /dev/null 'http://h/p?a=b#[1-1000]'");
    }

    #[test]
    fn the_requests_send_what_the_commands_send() {
        let step = step("PUT", &[("A", "b")], "{\n\"a\": 1\n}");
        let scene = Scene { row: "1".to_owned(), why: String::new(), steps: vec![step] };
        let [sent] = &*scene.requests() else { panic!("one step is one request") };
        assert_eq!(sent.body, r#"{"a":1}"#);
        assert!(scene.commands()[0].contains(&sent.body));
    }
}
