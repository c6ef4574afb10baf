//! What the README promises in numbers, under load.

mod crashes;
mod latency;
mod overload;
mod redis;
mod restart;
mod sessions;
mod shutdown;
