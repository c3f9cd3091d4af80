//! The form that the identity provider is sent.

use crate::platform::errors::{self, oauth};
use crate::stage::{Body, Call, Refusal};

/// The fields of a form, in their order.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The form in the body of a call.
    ///
    /// # Errors
    /// 413: too large. `oauth.invalid_request`: something else than a form.
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        if call.body == Body::TooLarge {
            return Err(errors::http(413));
        }
        let form = call.media_type().as_deref() == Some("application/x-www-form-urlencoded");
        if !form || call.body == Body::Broken {
            return Err(invalid("The body is not a form."));
        }
        Ok(Self(call.form()))
    }

    /// A field.
    ///
    /// # Errors
    /// `oauth.invalid_request`: it is there more than once (RFC 6749, 3.2).
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(invalid(&format!("`{name}` is there more than once.")));
        }
        // A field without a value counts as left out (RFC 6749, 3.2).
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// `oauth.invalid_request`: it is not, or more than once.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.one(name)?.ok_or_else(|| invalid(&format!("`{name}` is missing.")))
    }

    /// What a client proves itself with: Basic authentication, or two fields.
    ///
    /// # Errors
    /// `oauth.invalid_request`: both, or nothing that can be read.
    pub(super) fn credentials(&self, call: &Call) -> Result<(String, String), Refusal> {
        let fields = (self.one("client_id")?, self.one("client_secret")?);
        if call.header("authorization").is_some() {
            if fields.1.is_some() {
                return Err(invalid("The secret is in the header and in the form."));
            }
            return call.basic().ok_or_else(|| invalid("The header is not Basic authentication."));
        }
        match fields {
            (Some(id), Some(secret)) => Ok((id.to_owned(), secret.to_owned())),
            _ => Err(invalid("The client's credentials are missing.")),
        }
    }
}

fn invalid(why: &str) -> Refusal {
    oauth("oauth.invalid_request", why)
}
