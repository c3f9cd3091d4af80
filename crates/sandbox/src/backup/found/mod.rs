//! The world at the start: an organization with five sites, its backups and what became of them,
//! and a second organization that came too late for external storages.
//!
//! An id says what it belongs to by its first digit: 1 organizations, 2 sites, 3 policies, 4
//! backups, 5 restores, 6 exports, 7 imports, 8 storages, 9 migrations.

mod jobs;

use super::job::later;
use super::state::{
    Aws, Bucket, DAY, Durations, Encryption, Installed, Org, Product, Role, Site, Size, State,
    Storage, User,
};
use Product::{Confluence, Jira};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The role and the tag that the first organization's storages are reached with.
const ROLE: &str = "arn:aws:iam::123456789012:role/atlassian-backup";
const TAG: &str = "acme-backup";

/// The world at the start.
pub(super) fn found(now: Timestamp) -> State {
    State {
        orgs: orgs(),
        sites: sites(),
        users: users(now),
        aws: aws(),
        policies: jobs::policies(now),
        backups: jobs::backups(now),
        restores: jobs::restores(now),
        exports: jobs::exports(now),
        imports: jobs::imports(now),
        storages: [(id(8, 1), storage(now))].into(),
        durations: Durations {
            queue: 60,
            backup: 3_600,
            validation: 300,
            restore: 7_200,
            export: 1_800,
            import: 1_800,
        },
        limits: BTreeMap::new(),
    }
}

fn id(kind: u8, number: u8) -> String {
    format!("{kind}0000000-0000-4000-8000-{number:012}")
}

fn account(number: u8) -> String {
    format!("712020:{}", id(0, number))
}

fn words<const N: usize>(words: [&str; N]) -> BTreeSet<String> {
    words.map(str::to_owned).into()
}

fn orgs() -> BTreeMap<String, Org> {
    let org = |name: &str, external_storage| Org { name: name.to_owned(), external_storage };
    [(id(1, 1), org("Acme", true)), (id(1, 2), org("Newcomer", false))].into()
}

// === sites ===

fn sites() -> BTreeMap<String, Site> {
    [
        (id(2, 1), site(1, "acme", &[Jira, Confluence])),
        (id(2, 2), site(1, "acme-docs", &[Confluence])),
        (id(2, 3), with_empty_jira(site(1, "acme-test", &[Jira, Confluence]))),
        (id(2, 4), with_own_keys(site(1, "acme-vault", &[Jira]))),
        (id(2, 5), with_broken_jira(site(1, "acme-lab", &[Jira]))),
        (id(2, 6), site(2, "newcomer", &[Jira])),
    ]
    .into()
}

fn site(org: u8, name: &str, products: &[Product]) -> Site {
    let size = Size { users: 12, data: 2_048, attachments: 6_144 };
    let installed =
        |product: &Product| (*product, Installed { readable: true, empty: false, size });
    Site {
        org: id(1, org),
        name: name.to_owned(),
        url: format!("https://{name}.atlassian.net"),
        encryption: Encryption::AtlassianManaged,
        regions: words(["eu-west-1", "us-east-1"]),
        products: products.iter().map(installed).collect(),
    }
}

fn with_empty_jira(mut site: Site) -> Site {
    if let Some(jira) = site.products.get_mut(&Jira) {
        *jira = Installed { empty: true, size: Size::default(), ..jira.clone() };
    }
    site
}

fn with_broken_jira(mut site: Site) -> Site {
    if let Some(jira) = site.products.get_mut(&Jira) {
        jira.readable = false;
    }
    site
}

fn with_own_keys(site: Site) -> Site {
    Site { encryption: Encryption::Byok, ..site }
}

// === people ===

fn users(now: Timestamp) -> BTreeMap<String, User> {
    let user = |name: &str, role, days| User {
        email: format!("{name}@example.com"),
        api_token: format!("{name}-token"),
        token_expires_at: later(now, days * DAY),
        roles: [(id(1, 1), role)].into(),
    };
    let mut ada = user("ada", Role::OrgAdmin, 3_650);
    ada.roles.insert(id(1, 2), Role::OrgAdmin);
    [
        (account(1), ada),
        (account(2), user("ben", Role::Member, 3_650)),
        (account(3), user("cleo", Role::OrgAdmin, -1)),
        (account(4), user("dan", Role::OrgAdmin, 3_650)),
    ]
    .into()
}

// === storages ===

fn aws() -> Aws {
    let bucket =
        |region: &str, path: &str| Bucket { region: region.to_owned(), writable: words([path]) };
    Aws {
        buckets: [
            ("acme-backups".to_owned(), bucket("us-east-1", "atlassian")),
            ("acme-archive".to_owned(), bucket("eu-west-1", "jira")),
        ]
        .into(),
        roles: [(ROLE.to_owned(), words([TAG]))].into(),
    }
}

fn storage(now: Timestamp) -> Storage {
    Storage {
        org: id(1, 1),
        name: "acme-backups".to_owned(),
        region: "us-east-1".to_owned(),
        prefix: "atlassian".to_owned(),
        role_identifier: ROLE.to_owned(),
        principal_tag: TAG.to_owned(),
        cloud_id: id(2, 1),
        created_at: later(now, -60 * DAY),
        created_by: account(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_world_is_one_that_the_rules_allow() {
        for second in [0, 1_767_225_600] {
            let state = found(Timestamp::from_second(second).unwrap());
            assert_eq!(super::super::check::check(&state), Ok(()));
        }
    }
}
