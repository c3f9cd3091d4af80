//! `candor explain`: what an answer, a status, a code or a text means.

use super::Format;
use anyhow::{Context, Result, bail};
use candor_contract::explain::{self, Explanation, Match, Sure};
use candor_contract::transcript::{self, Transcript};
use candor_contract::{Library, Table, Words};
use candor_facts::{Answer, Check, Ending, Exchange, Request};
use clap::Args;
use http::Method;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How many meanings of a status, a code or a text are shown.
const SHOWN: usize = 20;

/// Say what an answer means: paste a response, or give a status, a code or a text.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  curl -i https://… | candor explain -            what did this API just say?
  candor explain answer.txt --contract open2b     under a contract that you name
  candor explain --contract acronis-platform --code 1022
  candor explain --status 429
  candor explain --text 'Export Already in Progress'")]
pub(crate) struct Explain {
    /// A file with `curl -i` output, raw HTTP or a HAR entry; `-` for stdin
    #[arg(conflicts_with_all = ["status", "code", "text"])]
    file: Option<PathBuf>,
    /// The contract; without it the one that fits best is found
    #[arg(long, value_name = "NAME")]
    contract: Option<String>,
    /// A contract file of your own, besides those that come with Candor
    #[arg(long, value_name = "FILE")]
    contract_file: Vec<PathBuf>,
    /// An HTTP status
    #[arg(long, value_parser = clap::value_parser!(u16).range(100..=999))]
    status: Option<u16>,
    /// A vendor's error code
    #[arg(long)]
    code: Option<String>,
    /// A vendor's message, reason phrase or documented name of an error
    #[arg(long)]
    text: Option<String>,
    /// The method of the request, which decides whether a repeat is safe; from the file where it
    /// has one
    #[arg(long)]
    method: Option<Method>,
    /// The path of the request
    #[arg(long)]
    path: Option<String>,
    /// How the explanation is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Explain {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let Some(library) = super::library(&self.contract_file)? else {
            return Ok(ExitCode::FAILURE);
        };
        let found = match &self.file {
            Some(file) => vec![self.answer(&library, file)?],
            None => self.looked_up(&library)?,
        };
        if found.is_empty() { Ok(self.unknown(&library)) } else { self.print(&found) }
    }

    fn answer(&self, library: &Library, file: &Path) -> Result<Explanation> {
        let bytes = super::read_bytes(file)?;
        let name = file.display();
        let read = transcript::read(&bytes).with_context(|| format!("cannot read {name}"))?;
        let (method, path) = self.request(&read);
        let answer = Answer {
            status: read.status,
            reason: read.reason.as_deref().map(str::as_bytes),
            headers: &read.headers,
            body: &read.body,
            check: Check::NotMade,
        };
        let request = Request { method: &method, path: &path, ..Request::default() };
        let exchange = Exchange { request, ending: Ending::Answer(answer), ended_at: None };
        let words = Words::default();
        match &self.contract {
            Some(name) => {
                let table = super::table(library, name)?;
                Ok(explain::under(&table, &exchange, &words))
            }
            None => explain::guessed(library, &exchange, &words).context("there is no contract"),
        }
    }

    fn request(&self, read: &Transcript) -> (Method, String) {
        let (method, path) = read.request.clone().unwrap_or((Method::GET, "/".to_owned()));
        (self.method.clone().unwrap_or(method), self.path.clone().unwrap_or(path))
    }

    /// Rows by what was given; all of what was given must fit.
    fn looked_up(&self, library: &Library) -> Result<Vec<Explanation>> {
        if self.status.is_none() && self.code.is_none() && self.text.is_none() {
            bail!("give a file (or `-` for stdin), or one of --status, --code and --text");
        }
        let tables = match &self.contract {
            Some(name) => vec![super::table(library, name)?],
            None => library.tables().to_vec(),
        };
        let named = if self.contract.is_some() { Sure::Named } else { Sure::Possible };
        let rows = tables.iter().flat_map(|table| self.rows(table, named));
        let mut rows: Vec<_> = rows.take(SHOWN).collect();
        // A code or a wording that one row alone has leaves no doubt.
        if let ([only], true) = (rows.as_mut_slice(), self.code.is_some() || self.text.is_some()) {
            only.sure = named.max(Sure::Certain);
        }
        Ok(rows)
    }

    fn rows(&self, table: &Table, sure: Sure) -> Vec<Explanation> {
        let by_status = self.status.map(|status| explain::by_status(table, status));
        let by_code = self.code.as_deref().map(|code| explain::by_code(table, code));
        let by_text = self.text.as_deref().map(|text| explain::by_text(table, text));
        let mut lists = [by_code, by_text, by_status].into_iter().flatten();
        let mut found = lists.next().unwrap_or_default();
        for list in lists {
            found.retain(|m| list.iter().any(|other| std::ptr::eq(other.row, m.row)));
        }
        let method = self.method.clone().unwrap_or(Method::GET);
        let told = |m: &Match<'_>| explain::row(table, m, &method, &Words::default(), sure);
        if self.code.is_some() || self.text.is_some() {
            return found.iter().map(told).collect();
        }
        // A status alone is explained by the row that needs no more; the others are named.
        let mut first: Vec<Explanation> = found.iter().take(1).map(told).collect();
        if let (Some(first), Some(more)) = (first.first_mut(), also(found.get(1..))) {
            first.notes.push(more);
        }
        first
    }

    fn print(&self, found: &[Explanation]) -> Result<ExitCode> {
        let text = match (self.format, found) {
            // An answer means one thing; what was looked up is a list, however long.
            (Format::Json, [one]) if self.file.is_some() => {
                serde_json::to_string_pretty(one)? + "\n"
            }
            (Format::Json, all) => serde_json::to_string_pretty(all)? + "\n",
            (Format::Text, all) => {
                let screens: Vec<String> = all.iter().map(ToString::to_string).collect();
                super::harmless(&screens.join("\n"))
            }
        };
        super::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Says that nobody knows it, and what is near.
    fn unknown(&self, library: &Library) -> ExitCode {
        let tables = match self.contract.as_deref().and_then(|name| library.get(name)) {
            Some(table) => vec![table],
            None => library.tables().to_vec(),
        };
        let names: Vec<_> = tables.iter().map(|table| table.name()).collect();
        eprintln!("error: no row of {} has this", names.join(", "));
        for (table, code) in tables.iter().zip(self.code.iter().cycle()) {
            let near = explain::nearest_codes(table, code);
            if !near.is_empty() {
                eprintln!("  the nearest codes of {} are: {}", table.name(), near.join(", "));
            }
        }
        ExitCode::FAILURE
    }
}

/// The other rows with a status.
fn also(rows: Option<&[Match<'_>]>) -> Option<String> {
    let rows = rows.filter(|rows| !rows.is_empty())?;
    let ids: Vec<&str> = rows.iter().map(|m| m.row.id.as_str()).collect();
    Some(format!("with more in the answer it may be another row: {}", ids.join(", ")))
}
