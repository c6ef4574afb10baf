//! No wait hangs: what user code may wait for where the pool calls it, and what waits for whom between pools, handles and
//! threads. A file for each place in which such a wait may stand.

#[path = "../common/mod.rs"]
mod common;

mod destructors;
mod join_all;
mod letting_go;
mod parked;
mod pools;
mod unwaited;
mod wakers;
