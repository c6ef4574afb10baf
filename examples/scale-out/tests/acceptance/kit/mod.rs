//! What the tests stand on: programs and deployments that end with their test, load, and conditions to wait for.

pub mod client;
pub mod deployment;
pub mod files;
pub mod instances;
pub mod jobs;
pub mod measure;
pub mod metrics;
pub mod process;
pub mod program;
pub mod redis;
pub mod traffic;
pub mod upgrade;
pub mod visitor;
pub mod wait;
pub mod worker;
