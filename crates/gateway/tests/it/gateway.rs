//! A gateway with one callback, one application and one tenant, and a caller.

use crate::handler::{NAME, ca};
use candor_contract::Library;
use candor_contract::schema::{Draft, Schema};
use candor_contract::transcript::{self, Transcript};
use candor_gateway::callers::Callers;
use candor_gateway::limits::UpstreamLimits;
use candor_gateway::{
    Access, AnswerAs, BreakerSettings, BudgetSettings, Callback, Clock, Company, CyberApp,
    Declared, DoorLimits, Durability, KeySettings, Limits, ListenError, NamedTargets, Operations,
    Replaced, Response, RetryPolicy, Route, Routes, Running, Setup, SigningKeys, Tenant,
    TlsSettings, TokenSettings, Upstream, View,
};
use candor_wire::{Guard, ProxySettings, Resolve, ResolveError, Target, TargetPolicy, TlsVersion};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The callback's id.
pub(crate) const ID: &str = "cti.a.p.acgw.callback.v1.0~test.app.echo.v1.0";

/// How a test's gateway is made: change what the test is about.
pub(crate) struct Made {
    pub(crate) listen: SocketAddr,
    pub(crate) url: String,
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) own_resolver: bool,
    pub(crate) responses: Vec<Response>,
    pub(crate) timeout: Duration,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) shows_err_message: bool,
    pub(crate) durability: Durability,
    pub(crate) operations: Option<Operations>,
    pub(crate) tenants: Vec<&'static str>,
    pub(crate) message_set: &'static str,
    pub(crate) answer_as: Option<&'static str>,
    pub(crate) routes: Vec<Route>,
    pub(crate) named_targets: Option<NamedTargets>,
    pub(crate) callers: Callers,
    pub(crate) anybody: bool,
    pub(crate) limits: Limits,
    pub(crate) tls: Option<TlsSettings>,
    pub(crate) door: DoorLimits,
    pub(crate) workers: usize,
    /// In place of what `url` and `allow` make.
    pub(crate) target: Option<Target>,
    pub(crate) allow: Vec<&'static str>,
    pub(crate) breaker: Option<BreakerSettings>,
    pub(crate) budget: Option<BudgetSettings>,
    pub(crate) guard: Guard,
    pub(crate) proxy: Option<ProxySettings>,
}

/// A gateway in front of the handler at `url`.
pub(crate) fn before(url: impl Into<String>) -> Made {
    Made {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        url: url.into(),
        roots: vec![ca().der().to_vec()],
        own_resolver: true,
        responses: vec![response(200, "response.ok", Some(json!({"type": "object"})))],
        timeout: Duration::from_secs(5),
        retry: None,
        shows_err_message: false,
        durability: Durability::default(),
        operations: None,
        tenants: vec!["acme"],
        message_set: "",
        answer_as: None,
        routes: Vec::new(),
        named_targets: None,
        callers: Callers::default(),
        anybody: true,
        limits: Limits::default(),
        tls: None,
        door: DoorLimits::default(),
        workers: 2,
        target: None,
        allow: vec!["127.0.0.0/8"],
        breaker: Some(BreakerSettings::default()),
        budget: Some(BudgetSettings::default()),
        guard: Guard::default(),
        proxy: None,
    }
}

pub(crate) fn response(status: u16, of: &str, schema: Option<Value>) -> Response {
    let schema = schema.map(|schema| Schema::compile(&schema, Draft::D4).unwrap());
    Response { status, response_type: of.to_owned(), schema }
}

/// A running gateway.
pub(crate) struct Started {
    running: Running,
}

impl Made {
    pub(crate) fn start(self) -> Started {
        self.try_start().unwrap()
    }

    pub(crate) fn try_start(self) -> Result<Started, ListenError> {
        candor_gateway::start(self.setup()).map(|running| Started { running })
    }

    fn setup(self) -> Setup {
        let library = Library::shipped().unwrap();
        let contract = library.get("acronis-callback").unwrap();
        let keys = Arc::clone(&KEYS);
        let policy = TargetPolicy {
            allow_http: true,
            allow_cidrs: self.allow.iter().map(|range| range.parse().unwrap()).collect(),
            min_tls: TlsVersion::V1_3,
            platform_roots: false,
            extra_roots: self.roots.iter().map(|der| der.clone().into()).collect(),
            ..TargetPolicy::default()
        };
        let cyberapp = CyberApp {
            name: "Example Backup".to_owned(),
            company: Company::default(),
            endpoint_id: "endpoint.test".to_owned(),
            target: self.target.unwrap_or_else(|| Target::parse(&self.url, &policy).unwrap()),
            upstream: Upstream::new(self.breaker, self.budget, UpstreamLimits::default()),
        };
        let access = Access {
            identity: "admin".to_owned(),
            secrets: SecretString::from(r#"{"password":"s3cret:planted"}"#),
            extra: "{}".to_owned(),
        };
        let payload = json!({
            "type": "object",
            "required": ["login"],
            "properties": { "login": { "type": "string" }, "age": { "type": "integer" } },
        });
        let declared = Declared {
            id: ID.to_owned(),
            request_type: "request.echo".to_owned(),
            request_schema: Some(Schema::compile(&payload, Draft::D4).unwrap()),
            responses: self.responses,
            timeout: self.timeout,
            retry: self.retry,
            shows_err_message: self.shows_err_message,
            durability: self.durability,
        };
        let callback = Callback::new(declared, &contract);
        let tenant = Tenant { access: HashMap::from([("example".to_owned(), access)]) };
        Setup {
            routes: Routes::new(self.routes),
            listen: self.listen,
            tls: self.tls,
            door: self.door,
            workers: self.workers,
            limits: self.limits,
            answer_as: self
                .answer_as
                .map_or(AnswerAs::Problem, |name| AnswerAs::Contract(library.get(name).unwrap())),
            dialects: library
                .tables()
                .iter()
                .map(|t| (t.name().to_owned(), Arc::clone(t)))
                .collect(),
            message_set: self.message_set.to_owned(),
            token: TokenSettings::default(),
            keys,
            datacenter_url: "https://dc.example".to_owned(),
            fallback: contract,
            named_targets: self.named_targets,
            callers: self.callers,
            anybody: self.anybody,
            callbacks: HashMap::from([(ID.to_owned(), callback)]),
            cyberapps: HashMap::from([("example".to_owned(), cyberapp)]),
            operations: self.operations,
            tenants: self.tenants.iter().map(|name| ((*name).to_owned(), tenant.clone())).collect(),
            guard: self.guard,
            proxy: self.proxy,
            resolver: self.own_resolver.then(|| Arc::new(Loopback) as Arc<dyn Resolve>),
            clock: Clock::default(),
        }
    }
}

/// Making a key takes long, and no test here is about it.
static KEYS: LazyLock<Arc<SigningKeys>> = LazyLock::new(|| {
    let now = Clock::default().now().as_second();
    Arc::new(SigningKeys::in_memory(KeySettings::default(), now).unwrap())
});

impl Started {
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Serves by another setup from now on.
    pub(crate) fn replace(&self, made: Made) -> Replaced {
        self.running.replace(made.setup()).unwrap()
    }

    /// What operators are shown.
    pub(crate) fn view(&self) -> Arc<dyn View> {
        self.running.view()
    }

    /// Lets the calls under way end.
    pub(crate) fn stop(self) {
        self.running.stop();
    }

    /// Calls the callback with `payload`.
    pub(crate) async fn call(&self, payload: &str) -> Called {
        self.send(&post(&format!("/callbacks/{ID}?tenant=acme"), "", payload)).await
    }

    /// Sends raw bytes and reads the answer.
    pub(crate) async fn send(&self, request: &str) -> Called {
        let (address, request) = (self.running.address(), request.to_owned());
        let exchange = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            answer
        };
        let answer = tokio::task::spawn_blocking(exchange).await.unwrap();
        Called(transcript::read(&answer).unwrap())
    }
}

/// A request that closes its connection.
pub(crate) fn post(target: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// What the caller got.
#[derive(Debug)]
pub(crate) struct Called(pub(crate) Transcript);

impl Called {
    pub(crate) fn status(&self) -> u16 {
        self.0.status.as_u16()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.0.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.0.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Every name but one under `.invalid` is this machine.
#[derive(Debug)]
struct Loopback;

#[candor_wire::async_trait]
impl Resolve for Loopback {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        assert_eq!(name, NAME);
        Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
    }
}
