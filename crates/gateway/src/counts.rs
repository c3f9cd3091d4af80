//! What became of the calls, counted: one set of counters for each upstream, and one for calls that
//! never had an upstream.
//!
//! Counted by what the verdict says, not by status: an error inside a 200 is an error here too.
//! Adding takes a few nanoseconds and no lock. Written as Prometheus' text format (version 0.0.4).

use candor_contract::Reading;
use candor_facts::{Class, Origin, Outcome, Verdict};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of one upstream.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Ended calls by class, origin and outcome.
    endings: Vec<AtomicU64>,
    /// Sends, repeats among them.
    attempts: AtomicU64,
    /// Sends after the first of a call.
    repeats: AtomicU64,
    /// Requests that are not as described.
    requests_differ: AtomicU64,
    /// Answers that are not as described.
    answers_differ: AtomicU64,
}

impl Default for Counts {
    fn default() -> Self {
        let size = Class::ALL.len() * Origin::ALL.len() * Outcome::ALL.len();
        let endings = std::iter::repeat_with(AtomicU64::default).take(size).collect();
        Self {
            endings,
            attempts: AtomicU64::default(),
            repeats: AtomicU64::default(),
            requests_differ: AtomicU64::default(),
            answers_differ: AtomicU64::default(),
        }
    }
}

impl Counts {
    /// A call has succeeded.
    pub(crate) fn succeeded(&self, reading: &Reading<'_>) {
        self.ended(reading.row.class, reading.row.origin, reading.outcome);
    }

    /// A call has failed.
    pub(crate) fn failed(&self, verdict: &Verdict) {
        self.ended(verdict.class, verdict.origin, verdict.outcome);
    }

    fn ended(&self, class: Class, origin: Origin, outcome: Outcome) {
        let place = (class as usize * Origin::ALL.len() + origin as usize) * Outcome::ALL.len();
        if let Some(counter) = self.endings.get(place + outcome as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request was sent so often.
    pub(crate) fn attempts(&self, number: usize) {
        let number = number as u64;
        self.attempts.fetch_add(number, Ordering::Relaxed);
        if number > 1 {
            self.repeats.fetch_add(number - 1, Ordering::Relaxed);
        }
    }

    /// A request, or an answer, is not as its description says.
    pub(crate) fn differs(&self, request: bool) {
        let counter = if request { &self.requests_differ } else { &self.answers_differ };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters that are not zero.
    fn endings(&self) -> impl Iterator<Item = (Class, Origin, Outcome, u64)> {
        let all = Class::ALL.iter().flat_map(|class| {
            Origin::ALL.iter().flat_map(move |origin| {
                Outcome::ALL.iter().map(move |outcome| (*class, *origin, *outcome))
            })
        });
        let counted = self.endings.iter().map(|counter| counter.load(Ordering::Relaxed));
        let each =
            all.zip(counted).map(|((class, origin, outcome), n)| (class, origin, outcome, n));
        each.filter(|(_, _, _, number)| *number > 0)
    }
}

/// One upstream, as it is written.
pub(crate) struct Counted<'c> {
    pub(crate) name: &'c str,
    pub(crate) counts: &'c Counts,
    /// Whether it is given a rest; `None` where it has no circuit.
    pub(crate) rests: Option<bool>,
}

/// Writes the counters as Prometheus reads them.
pub(crate) fn write(all: &[Counted<'_>]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    family(&mut text, "candor_calls_total", "counter", "Calls that have ended, by their verdict.")?;
    for Counted { name, counts, .. } in all {
        for (class, origin, outcome, number) in counts.endings() {
            let name = Label(name);
            writeln!(
                text,
                "candor_calls_total{{upstream=\"{name}\",class=\"{class}\",origin=\"{origin}\",outcome=\"{outcome}\"}} {number}"
            )?;
        }
    }
    family(&mut text, "candor_attempts_total", "counter", "Requests sent, repeats among them.")?;
    for Counted { name, counts, .. } in all {
        let number = counts.attempts.load(Ordering::Relaxed);
        writeln!(text, "candor_attempts_total{{upstream=\"{}\"}} {number}", Label(name))?;
    }
    family(&mut text, "candor_repeats_total", "counter", "Requests sent again.")?;
    for Counted { name, counts, .. } in all {
        let number = counts.repeats.load(Ordering::Relaxed);
        writeln!(text, "candor_repeats_total{{upstream=\"{}\"}} {number}", Label(name))?;
    }
    let help = "Requests and answers that are not as described.";
    family(&mut text, "candor_differences_total", "counter", help)?;
    for Counted { name, counts, .. } in all {
        let both = [("request", &counts.requests_differ), ("answer", &counts.answers_differ)];
        for (what, number) in both.map(|(what, n)| (what, n.load(Ordering::Relaxed))) {
            if number > 0 {
                let name = Label(name);
                writeln!(
                    text,
                    "candor_differences_total{{upstream=\"{name}\",what=\"{what}\"}} {number}"
                )?;
            }
        }
    }
    family(&mut text, "candor_circuit_open", "gauge", "Whether an upstream is given a rest.")?;
    for Counted { name, rests, .. } in all {
        if let Some(rests) = rests {
            let open = u8::from(*rests);
            writeln!(text, "candor_circuit_open{{upstream=\"{}\"}} {open}", Label(name))?;
        }
    }
    Ok(text)
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// A label's value, with what would end it escaped.
struct Label<'l>(&'l str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_has_a_counter_of_its_own() {
        let counts = Counts::default();
        for class in Class::ALL {
            for origin in Origin::ALL {
                for outcome in Outcome::ALL {
                    counts.ended(*class, *origin, *outcome);
                }
            }
        }
        assert_eq!(counts.endings().count(), counts.endings.len());
        assert!(counts.endings().all(|(_, _, _, number)| number == 1));
    }

    #[test]
    fn what_was_counted_is_written_and_nothing_else() {
        let counts = Counts::default();
        counts.ended(Class::RateLimited, Origin::Upstream, Outcome::Refused);
        counts.ended(Class::RateLimited, Origin::Upstream, Outcome::Refused);
        counts.attempts(3);
        let text = write(&[Counted { name: "a\"b", counts: &counts, rests: Some(true) }]).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                r#"candor_calls_total{upstream="a\"b",class="rate_limited",origin="upstream",outcome="refused"} 2"#,
                r#"candor_attempts_total{upstream="a\"b"} 3"#,
                r#"candor_repeats_total{upstream="a\"b"} 2"#,
                r#"candor_circuit_open{upstream="a\"b"} 1"#,
            ]
        );
    }
}
