//! Export: everything that a ledger holds for people, as lines of JSON.
//!
//! Bodies are written as JSON where they are JSON, else in Base64. What is only for the engine
//! (owners, leases, idempotency keys, quotas) is left out, and so are the bodies of documents, in
//! which secrets are kept.

use crate::{Cursor, Document, Engine, EngineError, Op, Rev};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{self, Write};

/// How many records are read at once.
const CHUNK: usize = 200;

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger could not be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The lines could not be written.
    #[error("the export could not be written")]
    Write(#[from] io::Error),
}

/// Writes every operation, in the order of their ids, and then every document, a line each. Returns
/// how many lines there were.
pub async fn export(engine: &dyn Engine, to: &mut (dyn Write + Send)) -> Result<u64, ExportError> {
    let mut lines = 0;
    let mut after = None;
    loop {
        let ops = engine.dump(after, CHUNK).await?;
        let Some(last) = ops.last() else { break };
        after = Some(Cursor(last.id));
        for op in &ops {
            writeln!(to, "{}", op_line(op))?;
            lines += 1;
        }
    }
    let mut since = Rev(0);
    loop {
        let documents = engine.changes(since, CHUNK).await?;
        let Some(last) = documents.last() else { break };
        since = last.rev;
        for document in documents.iter().filter(|document| document.body.is_some()) {
            writeln!(to, "{}", document_line(document))?;
            lines += 1;
        }
    }
    to.flush()?;
    Ok(lines)
}

fn op_line(op: &Op) -> Value {
    let error = op.error.as_ref();
    json!({
        "kind": "operation",
        "id": op.id,
        "tenant": op.tenant.as_str(),
        "queue": op.queue.as_str(),
        "resource_id": op.resource_id,
        "operation_type": op.operation_type,
        "created_by": op.created_by,
        "state": op.state.name(),
        "declared": op.declared,
        "created": op.created.to_string(),
        "started": op.started.map(|time| time.to_string()),
        "completed": op.completed.map(|time| time.to_string()),
        "expires": op.expires.map(|time| time.to_string()),
        "cancel_requested": op.cancel_requested,
        "error": error.map(|error| json!({ "message": error.message, "error_id": error.error_id })),
        "dead_letter": op.dead_letter,
        "redriven_as": op.redriven_as,
        "serial": op.serial,
        "attempts": op.attempts.iter().map(|json| body(json.as_bytes())).collect::<Vec<_>>(),
        "attempts_made": op.attempts_made,
        "request": body(&op.request),
        "progress": body(&op.progress),
        "result": body(&op.result),
    })
}

fn document_line(document: &Document) -> Value {
    json!({
        "kind": "document",
        "name": document.name.as_str(),
        "rev": document.rev.0,
        "changed": document.changed.to_string(),
        "bytes": document.body.as_ref().map_or(0, bytes::Bytes::len),
    })
}

/// A body as JSON: itself where it is JSON, nothing where it is empty, else in Base64.
fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!({ "base64": STANDARD.encode(bytes) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_or_base64() {
        assert_eq!(body(b""), Value::Null);
        assert_eq!(body(br#"{"a":1}"#), json!({ "a": 1 }));
        assert_eq!(body(b"\xff"), json!({ "base64": "/w==" }));
    }
}
