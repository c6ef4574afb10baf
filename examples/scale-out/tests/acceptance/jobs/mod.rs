//! Jobs over many machines: what the README promises of `worker`, `enqueue` and `/jobs`, with a Redis for each test.

mod checksums;
mod enqueue;
mod http;
mod malformed;
mod metrics;
mod outages;
mod poison;
mod settings;
mod stop;
mod storm;
mod takeover;
mod throughput;
