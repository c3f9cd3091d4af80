//! The contracts that are at hand: those that come with Candor, and those that were added.

use crate::check;
use crate::document::{self, Document};
use crate::notation::{self, Diagnosis, Problems};
use crate::table::Table;
use std::sync::{Arc, OnceLock};

/// The contracts that come with Candor: file name and text. A base stands before what extends it.
const SHIPPED: [(&str, &str); 7] = [
    ("http.yaml", include_str!("../../../contracts/http.yaml")),
    ("problem.yaml", include_str!("../../../contracts/problem.yaml")),
    ("acronis-callback.yaml", include_str!("../../../contracts/acronis-callback.yaml")),
    ("acronis-platform.yaml", include_str!("../../../contracts/acronis-platform.yaml")),
    ("atlassian-backup.yaml", include_str!("../../../contracts/atlassian-backup.yaml")),
    ("solace-cloud.yaml", include_str!("../../../contracts/solace-cloud.yaml")),
    ("open2b.yaml", include_str!("../../../contracts/open2b.yaml")),
];

/// Compiled contracts by name.
#[derive(Debug, Clone, Default)]
pub struct Library {
    tables: Vec<Arc<Table>>,
}

impl Library {
    /// The contracts that come with Candor. They are compiled once in a process.
    ///
    /// # Errors
    /// None for the contracts as they are shipped: a test reads them all.
    pub fn shipped() -> Result<Self, Diagnosis> {
        static COMPILED: OnceLock<Library> = OnceLock::new();
        if let Some(library) = COMPILED.get() {
            return Ok(library.clone());
        }
        let library = Self::compile_shipped()?;
        Ok(COMPILED.get_or_init(|| library).clone())
    }

    fn compile_shipped() -> Result<Self, Diagnosis> {
        let mut library = Self::default();
        for (name, source) in SHIPPED {
            library.add(name, source)?;
        }
        Ok(library)
    }

    /// The text of a shipped contract.
    pub fn shipped_source(name: &str) -> Option<&'static str> {
        let is = |file: &str| file.strip_suffix(".yaml") == Some(name);
        SHIPPED.iter().find(|(file, _)| is(file)).map(|(_, source)| *source)
    }

    /// Reads, checks and compiles the contract `source` of the file `name`. It replaces one with the
    /// same name and version.
    ///
    /// # Errors
    /// All mistakes of the file.
    pub fn add(&mut self, name: &str, source: &str) -> Result<Arc<Table>, Diagnosis> {
        let document = document::read(name, source)?;
        let mut problems = Problems::default();
        let base = document.extends.as_deref().map(|base| (base, self.get(base)));
        if let Some((base, None)) = base {
            self.unknown_base(base, &document, &mut problems);
        }
        let base = base.and_then(|(_, table)| table);
        check::check(&document, base.as_deref(), &mut problems);
        if let Some(diagnosis) = problems.into_diagnosis(name, source) {
            return Err(diagnosis);
        }
        let table = Arc::new(Table::build(document, base.as_deref()));
        self.tables.retain(|known| known.label() != table.label());
        self.tables.push(Arc::clone(&table));
        Ok(table)
    }

    fn unknown_base(&self, base: &str, document: &Document, problems: &mut Problems) {
        let known: Vec<_> = self.tables.iter().map(|table| table.name()).collect();
        let help = if base == document.name {
            "a contract cannot extend itself; `extends: none` makes it a root".to_owned()
        } else {
            format!("{} (`extends: none` makes it a root)", notation::hint(base, &known))
        };
        let at = document.extends_span.clone();
        problems.add(at, format!("there is no contract `{base}` to extend"), "this one").help(help);
    }

    /// The contract `name`, or one version of it: `name@version`. Of several versions the one that
    /// was added last.
    pub fn get(&self, name: &str) -> Option<Arc<Table>> {
        let is = |table: &&Arc<Table>| table.name() == name || table.label() == name;
        self.tables.iter().rev().find(is).cloned()
    }

    /// All contracts, in the order in which they were added.
    pub fn tables(&self) -> &[Arc<Table>] {
        &self.tables
    }
}
