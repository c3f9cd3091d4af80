//! Opening: the schema's version, and the settings without which nothing would be durable.

use super::error::Kind;
use super::ground::Ground;
use super::link::Session;
use super::row::get;
use super::settings::{Road, Settings};
use crate::{EngineError, OpenError, schema};

/// Held while a schema is made or upgraded, so that two nodes do not both do it ("Cndr").
const LOCK: i64 = 0x436e_6472;

/// Checks the server, and makes the tables where there are none and `settings` say so.
pub(super) async fn prepare(road: &Road, settings: &Settings) -> Result<(), OpenError> {
    let session = Session::connect(road).await?;
    durable(&session, settings).await?;
    match version(&session, &settings.schema).await? {
        Some(found) => schema::admit(found),
        None if settings.create => step(&session, &settings.schema).await.map(drop),
        None => Err(missing(settings)),
    }
}

/// Brings the ledger on a server to the current version of the schema, as a whole or not at all.
/// Returns the version that was found.
pub async fn upgrade(settings: &Settings) -> Result<u32, OpenError> {
    let ground = Ground::start()?;
    let session = Session::connect(&settings.road(&ground)?).await?;
    let found = version(&session, &settings.schema).await?.ok_or_else(|| missing(settings))?;
    if found > schema::SCHEMA_VERSION {
        schema::admit(found)?;
    }
    step(&session, &settings.schema).await
}

fn missing(settings: &Settings) -> OpenError {
    OpenError::Missing { place: format!("the schema {} of the server", settings.schema) }
}

/// The schema's version; none where there are no tables.
async fn version(session: &Session, name: &str) -> Result<Option<u32>, OpenError> {
    let sql = "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'schema_version'";
    if session.query(Kind::Read, sql, &[&name]).await?.is_empty() {
        return Ok(None);
    }
    let rows = session.query(Kind::Read, "SELECT version FROM schema_version", &[]).await?;
    let found = rows.first().map_or(Ok(0), |row| get::<i32>(row, 0))?;
    let corrupt = |_| EngineError::corrupt(format!("{found} is no version of a schema"));
    Ok(Some(u32::try_from(found).map_err(corrupt)?))
}

/// Takes the steps that are missing. Returns the version that was found.
async fn step(session: &Session, name: &str) -> Result<u32, OpenError> {
    session.run(Kind::Read, &format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})")).await?;
    // Another node may have been faster.
    let found = version(session, name).await?;
    if found.is_none() {
        let sql = format!(
            "CREATE SCHEMA IF NOT EXISTS {name}; CREATE TABLE schema_version (version integer NOT NULL); \
             INSERT INTO schema_version VALUES (0)"
        );
        session.run(Kind::Read, &sql).await?;
    }
    for (version, step) in schema::missing(found.unwrap_or(0)) {
        session.run(Kind::Read, step.postgres).await?;
        let sql = format!("UPDATE schema_version SET version = {version}");
        session.run(Kind::Read, &sql).await?;
    }
    session.run(Kind::Write, "COMMIT").await?;
    Ok(found.unwrap_or(0))
}

/// Refuses a server that would lose what it acknowledged.
async fn durable(session: &Session, settings: &Settings) -> Result<(), OpenError> {
    for (setting, refused, needed) in [
        ("fsync", "off", "on"),
        ("full_page_writes", "off", "on"),
        ("synchronous_commit", "off", "on, remote_write, remote_apply or local"),
    ] {
        let found = shown(session, setting).await?;
        if found == refused {
            let setting = setting.to_owned();
            return Err(OpenError::NotDurable { setting, found, needed: needed.to_owned() });
        }
    }
    if settings.require_sync_standby && synchronous_standbys(session).await? == 0 {
        return Err(OpenError::NotDurable {
            setting: "the number of synchronous standbys".to_owned(),
            found: "0".to_owned(),
            needed: "1 or more".to_owned(),
        });
    }
    Ok(())
}

pub(super) async fn shown(session: &Session, setting: &str) -> Result<String, EngineError> {
    let sql = "SELECT current_setting($1)";
    let rows = session.query(Kind::Read, sql, &[&setting]).await?;
    rows.first().map_or_else(|| Ok(String::new()), |row| get(row, 0))
}

/// How many standbys have what was acknowledged.
pub(super) async fn synchronous_standbys(session: &Session) -> Result<u32, EngineError> {
    let sql =
        "SELECT count(*)::int FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')";
    let rows = session.query(Kind::Read, sql, &[]).await?;
    rows.first().map_or(Ok(0), |row| super::row::unsigned32(get(row, 0)?))
}
