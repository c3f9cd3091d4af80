//! The part of Amazon Web Services that customers' storages are in: roles and buckets that somebody
//! set up, rightly or wrongly.

use super::state::{Aws, Bucket, Storage};

impl Aws {
    /// Whether a role can be assumed with a principal tag.
    pub(super) fn assumes(&self, role: &str, principal_tag: &str) -> bool {
        self.roles.get(role).is_some_and(|tags| tags.contains(principal_tag))
    }

    /// Whether a bucket is in a region and can be written below a base path.
    pub(super) fn writes(&self, bucket: &str, region: &str, base_path: &str) -> bool {
        let bucket = self.buckets.get(bucket).filter(|bucket| bucket.region == region);
        bucket.is_some_and(|bucket| bucket.writes(base_path))
    }

    /// Whether a storage is still as it was when it was made.
    pub(super) fn reaches(&self, storage: &Storage) -> bool {
        self.assumes(&storage.role_identifier, &storage.principal_tag)
            && self.writes(&storage.name, &storage.region, &storage.prefix)
    }
}

impl Bucket {
    /// A base path can be written if it is one of the writable ones, or below one.
    fn writes(&self, base_path: &str) -> bool {
        let path = base_path.trim_matches('/');
        let below = |writable: &String| {
            let rest = path.strip_prefix(writable.trim_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.writable.iter().any(below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_covers_what_is_below_it() {
        let writable = ["jira", "shared/confluence"].map(str::to_owned).into();
        let bucket = Bucket { region: "eu-west-1".to_owned(), writable };
        for good in ["jira", "/jira/", "jira/2026", "shared/confluence"] {
            assert!(bucket.writes(good), "{good}");
        }
        for bad in ["jira2", "shared", "", "confluence"] {
            assert!(!bucket.writes(bad), "{bad}");
        }
    }
}
