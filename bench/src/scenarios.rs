//! The scenarios, a row each. Their texts are files below `scenarios/`.
//!
//! To add one, write its files and its row.

use crate::scenario::{Answer, Call, Goal, Refused, Scenario, Translated};

/// What Candor logs where nothing is said.
const USUAL_LOG: &str = "info";
/// A route to a vendor's API; no schemas.
const ROUTE: &str = include_str!("../scenarios/route/candor.yaml");
/// 1 KB.
const TENANT: &str = include_str!("../scenarios/route/payload.json");
/// 1 KB.
const TENANTS: &str = include_str!("../scenarios/route/answer.json");
/// A documented error in the vendor's envelope, 1 KB.
const CONFLICT: &str = include_str!("../scenarios/error/answer.json");
/// What stands for it in Candor's answer.
const CONFLICT_ROW: &str = r#""row":"1004""#;

/// All scenarios, in the order in which they run.
pub static SCENARIOS: [Scenario; 7] = [
    Scenario {
        name: "plain",
        about: "a route whose answers are classified; no schemas, 1 KB each way",
        goal: Goal { hard: Some(1.15), stretch: 1.05 },
        config: ROUTE,
        description: None,
        log: USUAL_LOG,
        call: Call { target: "/vendor/api/2/tenants", payload: TENANT },
        refused: None,
        path: "/api/2/tenants",
        answer: Answer { status: 200, text: TENANTS, times: 1 },
        translated: None,
        rate: None,
    },
    Scenario {
        name: "callback",
        about: "a callback whose payload and response, 1 KB each, are held against JSON Schemas",
        goal: Goal { hard: Some(1.45), stretch: 1.25 },
        config: include_str!("../scenarios/callback/candor.yaml"),
        description: None,
        log: USUAL_LOG,
        call: Call {
            target: "/callbacks/cti.a.p.acgw.callback.v1.0~example.backup.plans.v1.0?tenant=acme",
            payload: include_str!("../scenarios/callback/payload.json"),
        },
        refused: Some(Refused {
            payload: include_str!("../scenarios/callback/refused.json"),
            says: r#""class":"request_schema""#,
        }),
        path: "/callback",
        answer: Answer {
            status: 200,
            text: include_str!("../scenarios/callback/answer.json"),
            times: 1,
        },
        translated: None,
        rate: None,
    },
    Scenario {
        name: "described",
        about: "a route whose requests and answers, 1 KB each, are held against an OpenAPI description",
        goal: Goal { hard: Some(1.45), stretch: 1.25 },
        config: include_str!("../scenarios/described/candor.yaml"),
        description: Some(include_str!("../scenarios/described/api.yaml")),
        log: USUAL_LOG,
        call: Call { target: "/vendor/api/2/groups", payload: TENANT },
        refused: Some(Refused {
            payload: include_str!("../scenarios/described/refused.json"),
            says: r#""class":"request_schema""#,
        }),
        path: "/api/2/groups",
        answer: Answer { status: 200, text: TENANTS, times: 1 },
        translated: None,
        rate: None,
    },
    Scenario {
        name: "error",
        about: "a documented error of 1 KB becomes a problem document; failures are not logged",
        goal: Goal { hard: Some(1.25), stretch: 1.15 },
        config: ROUTE,
        description: None,
        log: "error",
        call: Call { target: "/vendor/api/2/users", payload: TENANT },
        refused: None,
        path: "/api/2/users",
        answer: Answer { status: 409, text: CONFLICT, times: 1 },
        translated: Some(Translated { status: 409, says: CONFLICT_ROW }),
        rate: None,
    },
    Scenario {
        name: "error-logged",
        about: "the same, with a line in the log for each, to a file",
        goal: Goal { hard: None, stretch: 1.25 },
        config: ROUTE,
        description: None,
        log: USUAL_LOG,
        call: Call { target: "/vendor/api/2/roles", payload: TENANT },
        refused: None,
        path: "/api/2/roles",
        answer: Answer { status: 409, text: CONFLICT, times: 1 },
        translated: Some(Translated { status: 409, says: CONFLICT_ROW }),
        rate: None,
    },
    Scenario {
        name: "body64k",
        about: "an answer of 64 KB, which is passed on as it comes",
        goal: Goal { hard: None, stretch: 1.0 },
        config: ROUTE,
        description: None,
        log: USUAL_LOG,
        call: Call { target: "/vendor/api/2/reports", payload: TENANT },
        refused: None,
        path: "/api/2/reports",
        answer: Answer { status: 200, text: TENANTS, times: 64 },
        translated: None,
        rate: None,
    },
    Scenario {
        name: "latency",
        about: "the plain call 2,000 times a second: what is added to the time of an answer",
        goal: Goal { hard: None, stretch: 1.25 },
        config: ROUTE,
        description: None,
        log: USUAL_LOG,
        call: Call { target: "/vendor/api/2/search", payload: TENANT },
        refused: None,
        path: "/api/2/search",
        answer: Answer { status: 200, text: TENANTS, times: 1 },
        translated: None,
        rate: Some(2000),
    },
];
