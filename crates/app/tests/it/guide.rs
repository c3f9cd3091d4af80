//! The guide's configuration is one that the gateway takes as it is printed.

use crate::tidy::root;
use std::process::Command;

/// What the guide's files are made of.
fn lay_out(folder: &std::path::Path) {
    let made = rcgen::generate_simple_self_signed(["gateway.example".to_owned()]).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("gateway.pem", &made.cert.pem());
    write("gateway.key", &made.signing_key.serialize_pem());
    write("callers-ca.pem", &made.cert.pem());
    write("shop.yaml", "openapi: 3.1.0\ninfo: { title: Shop, version: '1' }\npaths: {}\n");
}

#[test]
fn the_guides_configuration_is_taken_as_it_is_printed() {
    let guide = std::fs::read_to_string(root().join("docs/gateway.md")).unwrap();
    let block = guide.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    // The guide shows where a digest stands, not one.
    let block = block.replace("sha256:...", &format!("sha256:{}", "ab".repeat(32)));
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    std::fs::write(folder.path().join("candor.yaml"), block).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_candor"))
        .args(["serve", "candor.yaml", "--check"])
        .current_dir(folder.path())
        .envs([
            ("CANDOR_ADMIN_KEY", "operator"),
            ("SHOP_SECRET", "secret"),
            ("PROXY_PASSWORD", "secret"),
            ("NO_COLOR", "1"),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
