//! What the architecture says, held over Cargo.toml and the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The longest source file, in lines.
const LONGEST: usize = 600;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path.as_ref())
        .unwrap_or_else(|e| panic!("{}: {e}", path.as_ref().display()))
}

/// All files below `folder` with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The names under `[dependencies]` of a crate.
fn dependencies(name: &str) -> BTreeSet<String> {
    let text = read(root().join("crates").join(name).join("Cargo.toml"));
    let section = text.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty() && !name.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn the_arrows_of_the_house_hold() {
    let arrows: [(&str, &[&str]); 8] = [
        ("facts", &[]),
        ("contract", &["facts"]),
        ("wire", &["facts"]),
        ("ledger", &["facts"]),
        ("gateway", &["facts", "contract", "wire", "ledger"]),
        ("sandbox", &["contract"]),
        ("app", &["facts", "contract", "wire", "ledger", "gateway", "sandbox"]),
        ("hostile", &[]),
    ];
    for (name, allowed) in arrows {
        for dependency in dependencies(name) {
            if let Some(of) = dependency.strip_prefix("candor-") {
                assert!(allowed.contains(&of), "{name} must not use {of}");
            }
        }
    }
}

#[test]
fn facts_and_contract_are_pure() {
    for name in ["facts", "contract"] {
        for crate_ in ["tokio", "hyper", "hyper-util", "rustls", "tracing", "fastrand"] {
            assert!(!dependencies(name).contains(crate_), "{name} must not use {crate_}");
        }
        for path in files(&root().join("crates").join(name).join("src"), "rs") {
            let text = read(&path);
            for word in
                ["std::fs", "std::net", "std::env", "SystemTime", "Instant::now", "std::thread"]
            {
                assert!(!text.contains(word), "{}: {word}", path.display());
            }
        }
    }
}

#[test]
fn only_the_ledger_names_a_store_and_it_speaks_no_http() {
    for name in ["facts", "contract", "wire", "gateway", "sandbox", "app", "hostile"] {
        for store in ["rusqlite", "tokio-postgres"] {
            assert!(!dependencies(name).contains(store), "{name} must not use {store}");
        }
    }
    for crate_ in ["http", "hyper", "hyper-util", "url"] {
        assert!(!dependencies("ledger").contains(crate_), "ledger must not use {crate_}");
    }
}

/// The files of a crate whose code names `word`.
fn naming(name: &str, word: &str) -> Vec<String> {
    let source = root().join("crates").join(name).join("src");
    let named = |path: &PathBuf| {
        // Tests of a module may name what it wraps.
        let text = if path.ends_with("tests.rs") { String::new() } else { read(path) };
        text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word))
    };
    let files = files(&source, "rs").into_iter().filter(named);
    files.map(|path| path.strip_prefix(&source).unwrap().display().to_string()).collect()
}

#[test]
fn each_wrapped_crate_is_named_in_one_file() {
    let table: [(&str, &str, &[&str]); 18] = [
        ("contract", "jsonschema::", &["schema.rs"]),
        ("contract", "granit_parser", &["notation/syntax.rs", "notation/yaml.rs"]),
        ("contract", "annotate_snippets", &["notation/diagnostic.rs"]),
        ("wire", " rustls::", &["tls.rs"]),
        ("wire", "tokio_rustls", &["tls.rs"]),
        ("wire", "hickory_resolver", &["resolve.rs"]),
        ("wire", "h2::", &["http2/cause.rs"]),
        ("wire", "flate2", &["decode.rs"]),
        ("wire", "brotli_decompressor", &["decode.rs"]),
        ("wire", "ruzstd", &["decode.rs"]),
        ("ledger", " rustls::", &["postgres/tls.rs"]),
        ("ledger", "tokio_rustls", &["postgres/tls.rs"]),
        ("gateway", "rustls::", &["listen/tls.rs"]),
        ("gateway", "tokio_rustls", &["listen/tls.rs"]),
        ("sandbox", "rustls::", &["callback/tls.rs"]),
        ("sandbox", "tokio_rustls", &["callback/tls.rs"]),
        ("sandbox", "rcgen", &["callback/tls.rs"]),
        ("app", "granit_parser", &[]),
    ];
    for (name, word, expected) in table {
        assert_eq!(naming(name, word), expected, "{name}: {word}");
    }
}

#[test]
fn source_files_stay_small() {
    for path in files(&root().join("crates"), "rs") {
        let lines = read(&path).lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for path in files(&root().join("crates"), "rs") {
        if path.ends_with("tests.rs") {
            continue;
        }
        let text = read(&path);
        assert!(text.starts_with("//!"), "{} has no module text", path.display());
    }
}

#[test]
fn nothing_names_a_machine() {
    let mut all = files(&root().join("crates"), "rs");
    for (folder, ending) in [("contracts", "yaml"), ("stories", "md"), ("decisions", "md")] {
        all.extend(files(&root().join(folder), ending));
    }
    let forbidden = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    for path in all {
        let text = read(&path);
        for word in forbidden {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
    }
}
