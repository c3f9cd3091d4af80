//! The keys as a whole: signed by us, verified as a handler would, with moved time.

use super::*;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread;

const T: i64 = 1_795_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const ENDPOINT: &str = "cti.a.p.acgw.endpoint.v1.0~acme.backup.endpoint.v1.0";

/// A directory of its own, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("candor-keys-{}", uuid::Uuid::new_v4())))
    }

    fn open(&self, now: i64) -> Result<SigningKeys, KeyError> {
        SigningKeys::open(&self.0, KeySettings::default(), now)
    }

    fn key_files(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.extension().is_some_and(|is| is == "pem")).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn claims(now: i64) -> Claims {
    Claims {
        aud: "acronis.cloud".into(),
        exp: now + HOUR,
        iat: now,
        iss: "https://acronis.cloud".into(),
        jti: "d5ab5dfe-6d3a-4b53-9c92-1e1f4e3b7a55".into(),
        sub: "gateway".into(),
        scope: vec![Scope { role: ENDPOINT.into() }],
        ver: Claims::VERSION,
        sub_type: Claims::SUB_TYPE.into(),
    }
}

/// What a handler does: it knows the published set and nothing else.
fn verify(token: &str, jwks: &[u8]) -> Option<Claims> {
    let set: JwkSet = serde_json::from_slice(jwks).unwrap();
    let jwk = set.find(&decode_header(token).unwrap().kid?)?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&["acronis.cloud"]);
    rules.set_issuer(&["https://acronis.cloud"]);
    rules.validate_exp = false;
    decode(token, &DecodingKey::from_jwk(jwk).unwrap(), &rules).ok().map(|data| data.claims)
}

fn kids(jwks: &[u8]) -> Vec<String> {
    let set: JwkSet = serde_json::from_slice(jwks).unwrap();
    set.keys.into_iter().map(|jwk| jwk.common.key_id.unwrap()).collect()
}

#[test]
fn a_token_verifies_through_the_published_set_alone() {
    let keys = SigningKeys::in_memory(KeySettings::default(), T).unwrap();
    let token = keys.sign(&claims(T)).unwrap();
    assert_eq!(verify(&token, &keys.jwks()).unwrap(), claims(T));
}

#[test]
fn the_header_has_the_documented_members() {
    let keys = SigningKeys::in_memory(KeySettings::default(), T).unwrap();
    let header = decode_header(keys.sign(&claims(T)).unwrap()).unwrap();
    assert_eq!(header.alg, Algorithm::RS256);
    assert_eq!(header.kid.unwrap(), keys.kid());
    assert_eq!(header.extras.get::<String>("iri").unwrap().unwrap(), claims(T).jti);
}

#[test]
fn the_published_set_has_the_documented_members_and_nothing_secret() {
    let keys = SigningKeys::in_memory(KeySettings::default(), T).unwrap();
    let set: serde_json::Value = serde_json::from_slice(&keys.jwks()).unwrap();
    let jwk = set["keys"][0].as_object().unwrap();
    let mut members: Vec<_> = jwk.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(
        (&jwk["kty"], &jwk["alg"], &jwk["use"]),
        (&"RSA".into(), &"RS256".into(), &"sig".into())
    );
}

#[test]
fn a_key_never_signs_before_it_was_published_for_the_lead() {
    let keys = SigningKeys::in_memory(KeySettings::default(), T).unwrap();
    let mut first_seen = vec![(keys.kid(), i64::MIN)];
    let mut signers = vec![keys.kid()];
    for now in (T..T + 80 * HOUR).step_by(usize::try_from(10 * MINUTE).unwrap()) {
        keys.tend(now).unwrap();
        for kid in kids(&keys.jwks()) {
            if !first_seen.iter().any(|(seen, _)| *seen == kid) {
                first_seen.push((kid, now));
            }
        }
        let (_, since) = first_seen.iter().find(|(kid, _)| *kid == keys.kid()).unwrap();
        assert!(since.saturating_add(HOUR) <= now, "{} signs at {now}", keys.kid());
        signers.push(keys.kid());
        assert!(kids(&keys.jwks()).len() <= 2);
    }
    signers.dedup();
    assert_eq!(signers.len(), 4, "it rotates every day: {signers:?}");
}

#[test]
fn a_token_signed_just_before_a_rotation_verifies_while_it_lives() {
    let keys = SigningKeys::in_memory(KeySettings::default(), T).unwrap();
    assert!(keys.tend(T + 24 * HOUR).unwrap(), "a new key is published");
    let (kid, token) = (keys.kid(), keys.sign(&claims(T + 25 * HOUR - 1)).unwrap());
    assert!(keys.tend(T + 25 * HOUR).unwrap(), "and signs an hour later");
    assert_ne!(keys.kid(), kid);
    assert!(!keys.tend(T + 26 * HOUR).unwrap(), "nothing is due");
    assert!(verify(&token, &keys.jwks()).is_some(), "the token's last second");
    assert!(keys.tend(T + 27 * HOUR).unwrap(), "the old key is withdrawn");
    assert!(verify(&token, &keys.jwks()).is_none());
}

#[test]
fn a_restart_keeps_the_keys() {
    let place = Place::new();
    let (kid, token) = {
        let keys = place.open(T).unwrap();
        (keys.kid(), keys.sign(&claims(T)).unwrap())
    };
    let keys = place.open(T + HOUR).unwrap();
    assert_eq!(keys.kid(), kid);
    assert!(verify(&token, &keys.jwks()).is_some());
}

#[test]
fn files_and_directory_are_the_owners_alone() {
    let place = Place::new();
    place.open(T).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.0), 0o700);
    assert_eq!(place.key_files().iter().map(|path| mode(path)).collect::<Vec<_>>(), [0o600]);
}

#[test]
fn a_corrupt_file_is_a_clear_error_and_is_not_replaced() {
    let place = Place::new();
    place.open(T).unwrap();
    let file = place.key_files().remove(0);
    fs::write(
        &file,
        "published-at: 5\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    let error = place.open(T).unwrap_err();
    assert!(matches!(error, KeyError::Corrupt { flaw: Flaw::NotRsa, .. }), "{error}");
    assert!(error.to_string().starts_with(&file.display().to_string()), "{error}");
    assert_eq!(place.key_files(), [file]);
}

#[test]
fn a_file_under_another_name_is_refused() {
    let place = Place::new();
    place.open(T).unwrap();
    fs::rename(&place.key_files()[0], place.0.join("other.pem")).unwrap();
    let error = place.open(T).unwrap_err();
    assert!(matches!(error, KeyError::Corrupt { flaw: Flaw::WrongName, .. }), "{error}");
}

#[test]
fn a_file_or_directory_open_to_others_is_refused() {
    let place = Place::new();
    place.open(T).unwrap();
    let file = place.key_files().remove(0);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = place.open(T).unwrap_err();
    assert!(matches!(error, KeyError::TooOpen { mode: 0o640, wanted: 0o600, .. }), "{error}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&place.0, fs::Permissions::from_mode(0o770)).unwrap();
    let error = place.open(T).unwrap_err();
    assert!(matches!(error, KeyError::TooOpen { mode: 0o770, wanted: 0o700, .. }), "{error}");
}

#[test]
fn a_place_that_is_no_directory_is_a_clear_error() {
    let place = Place::new();
    fs::create_dir(&place.0).unwrap();
    let file = place.0.join("keys");
    fs::write(&file, "").unwrap();
    let error = SigningKeys::open(&file, KeySettings::default(), T).unwrap_err();
    assert!(matches!(error, KeyError::Io { .. }), "{error}");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
}

#[test]
fn after_an_error_signing_goes_on() {
    let place = Place::new();
    let keys = place.open(T).unwrap();
    fs::write(place.0.join("intruder.pem"), "no key").unwrap();
    fs::set_permissions(place.0.join("intruder.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(keys.tend(T + MINUTE).is_err());
    assert!(verify(&keys.sign(&claims(T)).unwrap(), &keys.jwks()).is_some());
}

#[test]
fn what_a_dead_process_left_unfinished_is_swept() {
    let place = Place::new();
    place.open(T).unwrap();
    let left = place.0.join("half.unfinished");
    fs::write(&left, "-----BEGIN").unwrap();
    place.open(T).unwrap();
    assert!(!left.exists());
}

#[test]
fn processes_that_open_one_directory_at_once_agree_on_one_key() {
    let place = Place::new();
    let opened = thread::scope(|scope| {
        let openers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| place.open(T).unwrap().kid())).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(place.key_files().len(), 1);
    assert!(opened.iter().all(|kid| *kid == opened[0]), "{opened:?}");
}

#[test]
fn processes_that_tend_one_directory_rotate_together() {
    let place = Place::new();
    let gateways = [place.open(T).unwrap(), place.open(T).unwrap(), place.open(T).unwrap()];
    for now in [24 * HOUR, 24 * HOUR + MINUTE, 25 * HOUR, 27 * HOUR].map(|after| T + after) {
        thread::scope(|scope| {
            for gateway in &gateways {
                scope.spawn(|| gateway.tend(now).unwrap());
            }
        });
        assert!(place.key_files().len() <= 2);
    }
    // Who did not get the lock takes over what the others did when it is tended the next time.
    for gateway in &gateways {
        gateway.tend(T + 27 * HOUR + MINUTE).unwrap();
    }
    let kid = gateways[0].kid();
    assert!(
        gateways.iter().all(|gateway| gateway.kid() == kid && kids(&gateway.jwks()) == [&*kid])
    );
    assert_eq!(place.key_files().len(), 1);
}

#[test]
fn a_key_that_the_operator_removed_signs_no_more() {
    let place = Place::new();
    let keys = place.open(T).unwrap();
    let kid = keys.kid();
    fs::remove_file(&place.key_files()[0]).unwrap();
    assert!(keys.tend(T + MINUTE).unwrap());
    assert_ne!(keys.kid(), kid);
    assert_eq!(kids(&keys.jwks()), [keys.kid()]);
}
