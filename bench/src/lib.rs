//! The load benchmark: what a call costs through Candor, next to nginx in the same run.
//!
//! Three programs share this library: `bench`, the driver; `load`, the load generator; `upstream`,
//! what is called. What is measured is a table, [`scenarios`]; who is measured is another,
//! [`contender`]. It measures processes from outside and uses no crate of the product.
//!
//! How to read the figures stands in `README.md`.

pub mod contender;
pub mod daemon;
pub mod idle;
pub mod message;
pub mod record;
pub mod report;
pub mod round;
pub mod scenario;
pub mod scenarios;
pub mod spread;
pub mod stage;
pub mod table;
pub mod usage;
