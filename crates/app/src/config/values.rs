//! Single values: sizes, secrets, address ranges, certificates.

use super::Reading;
use candor_contract::notation::{self, Map, Node, Problems, Value};
use secrecy::SecretString;

/// A size in bytes: a number, with `KiB` or `MiB` where it is one of those. From 1 byte to 1 GiB.
pub(super) fn bytes(node: Option<&Node>, default: usize) -> impl FnOnce(&mut Problems) -> usize {
    let node = node.cloned();
    move |problems| {
        let Some(node) = node else { return default };
        let Some(text) = notation::scalar(&node, problems) else { return default };
        size(text).unwrap_or_else(|| {
            problems
                .add(node.span.clone(), "a size is needed", format!("`{text}` is not one"))
                .help("write 65536, 64KiB or 1MiB; at most 1024MiB");
            default
        })
    }
}

fn size(text: &str) -> Option<usize> {
    let (number, unit) = match text.strip_suffix("KiB") {
        Some(number) => (number, 1024),
        None => text.strip_suffix("MiB").map_or((text, 1), |number| (number, 1024 * 1024)),
    };
    let size = number.trim().parse::<usize>().ok()?.checked_mul(unit)?;
    (1..=1024 * 1024 * 1024).contains(&size).then_some(size)
}

impl Reading<'_> {
    /// A secret: `{ env: NAME }`, `{ file: path }`, or (for examples) the text itself.
    pub(super) fn secret(&mut self, node: &Node) -> Option<SecretString> {
        if let Value::Scalar { .. } = node.value {
            return notation::scalar(node, &mut self.problems).map(SecretString::from);
        }
        let map = Map::open(node, "a secret", &mut self.problems)?;
        let (env, file) = (map.get("env"), map.get("file"));
        let secret = match (env, file) {
            (Some(env), None) => self.environment(env),
            (None, Some(file)) => self.file(file).map(|(_, text)| text.trim_end().to_owned()),
            _ => {
                self.problems
                    .add(map.start(), "a secret is one of `env` and `file`", "here")
                    .help("write { env: NAME } or { file: path }");
                None
            }
        };
        map.close(&mut self.problems);
        secret.map(SecretString::from)
    }

    fn environment(&mut self, node: &Node) -> Option<String> {
        let name = notation::text(node, &mut self.problems)?;
        let value = std::env::var(&name).ok().filter(|value| !value.is_empty());
        if value.is_none() {
            self.problems
                .add(node.span.clone(), format!("the environment has no `{name}`"), "named here")
                .help(format!("set it before the start: export {name}=…"));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_kib_or_mib() {
        assert_eq!(size("65536"), Some(65536));
        assert_eq!(size("64KiB"), Some(65536));
        assert_eq!(size("1 MiB"), Some(1024 * 1024));
        for text in ["", "0", "1GB", "-1", "9999999MiB", "99999999999999999999KiB"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
