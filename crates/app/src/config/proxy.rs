//! Outbound proxies: the site's, and those of single upstreams.

use super::Reading;
use super::entities::{chain, is_off};
use candor_contract::notation::{self, Map, Node};
use candor_wire::{
    NoProxy, ProxyCredentials, ProxyError, ProxySettings, Target, TargetError, TargetPolicy, WayOut,
};
use secrecy::ExposeSecret;

impl Reading<'_> {
    /// The site's proxy; none where it is `off`.
    pub(super) fn site_proxy(&mut self, node: Option<&Node>) -> Option<ProxySettings> {
        node.filter(|node| !is_off(node)).and_then(|node| self.proxy(node))
    }

    /// How the calls to an upstream leave the site: by the site's way, straight (`off`), or through a
    /// proxy of its own.
    pub(super) fn way_out(&mut self, node: Option<&Node>) -> WayOut {
        match node {
            None => WayOut::Sites,
            Some(node) if is_off(node) => WayOut::Straight,
            Some(node) => self.proxy(node).map_or(WayOut::Sites, |p| WayOut::Through(Box::new(p))),
        }
    }

    /// Ranges of addresses mean nothing for a name that only a proxy resolves.
    pub(super) fn is_judged_here(&mut self, map: &Map<'_>, policy: &TargetPolicy, to: &Target) {
        let proxy = match &policy.way_out {
            WayOut::Sites => self.proxy.as_ref(),
            WayOut::Straight => None,
            WayOut::Through(own) => Some(&**own),
        };
        if proxy.is_some_and(|proxy| proxy.resolves(to)) && !policy.allow_cidrs.is_empty() {
            self.problems
                .add(
                    map.place("allow_addresses"),
                    "`allow_addresses` cannot be held: the proxy resolves the upstream's name",
                    "no address is seen here",
                )
                .help("remove it, write `resolve: here`, or name the upstream in `no_proxy`");
        }
    }

    /// `{ url, credentials, no_proxy, resolve, platform_roots, extra_roots }`.
    fn proxy(&mut self, node: &Node) -> Option<ProxySettings> {
        let map = Map::open(node, "`proxy`", &mut self.problems)?;
        let at = map.required("url");
        let url = at.and_then(|node| notation::text(node, &mut self.problems));
        let credentials = map.get("credentials").map(|node| self.shown_to_proxy(node));
        let spared = map.get("no_proxy").map_or(&[][..], notation::list);
        let no_proxy = spared.iter().filter_map(|node| self.spared(node)).collect();
        let resolve_locally = map.get("resolve").and_then(|node| self.resolved_where(node));
        let platform = map.get("platform_roots");
        let platform = platform.and_then(|n| notation::boolean(n, &mut self.problems));
        let roots = map.get("extra_roots");
        let extra_roots = self.pem(roots, "certificate", candor_wire::certificates);
        self.has_use_for_roots(&map, url.as_deref().unwrap_or_default());
        map.close(&mut self.problems);
        let settings = ProxySettings {
            no_proxy,
            resolve_locally: resolve_locally.unwrap_or(true),
            platform_roots: platform.unwrap_or(true),
            extra_roots,
            ..ProxySettings::new(url?)
        };
        if let Err(error) = settings.check() {
            let help = help(&error);
            self.problems.add(at?.span.clone(), "this cannot be a proxy", chain(&error)).help(help);
            return None;
        }
        match credentials {
            None => Some(settings),
            Some(credentials) => {
                Some(ProxySettings { credentials: Some(credentials?), ..settings })
            }
        }
    }

    /// Roots are for a proxy that is spoken to under TLS.
    fn has_use_for_roots(&mut self, map: &Map<'_>, url: &str) {
        let named =
            ["platform_roots", "extra_roots"].into_iter().find(|key| map.get(key).is_some());
        if let Some(key) = named.filter(|_| url.starts_with("http://")) {
            let title = format!("`{key}` counts for nothing: the proxy is not spoken to under TLS");
            self.problems
                .add(map.place(key), title, "this one")
                .help("write https:// in `url`, or remove it; upstreams have roots of their own");
        }
    }

    fn shown_to_proxy(&mut self, node: &Node) -> Option<ProxyCredentials> {
        let map = Map::open(node, "`credentials`", &mut self.problems)?;
        let user = map.required("user").and_then(|node| self.secret(node));
        let password = map.required("password").and_then(|node| self.secret(node));
        map.close(&mut self.problems);
        match ProxyCredentials::basic(user?.expose_secret(), password?.expose_secret()) {
            Ok(credentials) => Some(credentials),
            Err(error) => {
                self.problems.add(node.span.clone(), chain(&error), "these");
                None
            }
        }
    }

    fn spared(&mut self, node: &Node) -> Option<NoProxy> {
        let text = notation::scalar(node, &mut self.problems)?;
        let spared = text.parse();
        if let Err(error) = &spared {
            self.problems
                .add(node.span.clone(), chain(error), "this one")
                .help("write internal.example, which takes all names below it, or 10.0.0.0/8");
        }
        spared.ok()
    }

    /// Whether names are resolved here.
    fn resolved_where(&mut self, node: &Node) -> Option<bool> {
        let from = |text: &str| match text {
            "here" => Some(true),
            "proxy" => Some(false),
            _ => None,
        };
        let names = ["here", "proxy"];
        notation::name_of(node, "who resolves names", &names, from, &mut self.problems)
    }
}

fn help(error: &ProxyError) -> &'static str {
    match error {
        ProxyError::Url(TargetError::Userinfo) => {
            "write `credentials: { user: …, password: { env: NAME } }` beside `url`"
        }
        ProxyError::Path
        | ProxyError::Url(_)
        | ProxyError::Credentials
        | ProxyError::NoProxy(_) => "write http://proxy.example:3128, or https://",
    }
}
