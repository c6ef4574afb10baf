//! The bars: what corepool is held to, on a machine of two cores.

/// A row of ours in a group, and what it must do.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) group: &'static str,
    pub(crate) must: Must,
}

#[derive(Debug)]
pub(crate) enum Must {
    /// So many times as fast as the best peer.
    BeatBestPeer(f64),
    /// So many times as fast as each of these.
    BeatEach(&'static [&'static str], f64),
    /// Not more, in this unit; of times, those of an iteration.
    StayWithin(f64, &'static str),
    /// The part of both cores that does the jobs' work, measured by plain threads that do it.
    KeepBusy(f64),
    /// So many times as fast as this peer, or both take at most so many times half of what one thread takes: two cores can do no
    /// better.
    BeatOrShareLimit(&'static str, f64, f64),
    /// At most so many times what that row takes.
    TakeAtMost(f64, &'static str),
    /// A job takes at most so many times what it takes in that group.
    NotOutgrow(&'static str, f64),
}

const fn bar(group: &'static str, must: Must) -> Bar {
    Bar { group, must }
}

const MICROSECOND: f64 = 1_000.0;

pub(crate) const BARS: [Bar; 61] = [
    bar("burst", Must::BeatBestPeer(1.1)),
    bar("producers_4", Must::BeatBestPeer(1.1)),
    bar("bounded", Must::BeatBestPeer(1.1)),
    bar("options_name", Must::TakeAtMost(1.5, "corepool_plain")),
    bar("options_token", Must::TakeAtMost(1.5, "corepool_plain")),
    bar("options_all", Must::TakeAtMost(1.5, "corepool_plain")),
    bar("options_deadline", Must::TakeAtMost(2.0, "corepool_plain")),
    bar("round_trip", Must::StayWithin(0.5 * MICROSECOND, "ns")),
    bar("round_trip_p50", Must::StayWithin(0.5 * MICROSECOND, "ns")),
    bar("round_trip_p99", Must::StayWithin(5.0 * MICROSECOND, "ns")),
    bar("round_trip", Must::BeatEach(&["rayon+oneshot", "threadpool+oneshot", "tokio_spawn_blocking"], 10.0)),
    bar("round_trip_from_task", Must::BeatEach(&["tokio_spawn_blocking"], 2.0)),
    bar("grain_10us", Must::KeepBusy(0.95)),
    bar("grain_10us", Must::BeatBestPeer(1.2)),
    bar("grain_100us", Must::KeepBusy(0.98)),
    // Other threads are busy: spinning for work must not cost what it spares.
    bar("grain_10us_busy", Must::KeepBusy(0.95)),
    bar("grain_10us_busy", Must::BeatBestPeer(1.0)),
    bar("cancel", Must::BeatEach(&["tokio_spawn_blocking"], 1.0)),
    bar("uneven", Must::KeepBusy(0.95)),
    bar("depth_10000", Must::BeatBestPeer(1.0)),
    bar("depth_1000000", Must::NotOutgrow("depth_10000", 1.5)),
    bar("oversubscribed_64", Must::NotOutgrow("oversubscribed_2", 2.0)),
    bar("allocations", Must::StayWithin(1.0, "a job")),
    bar("queued_memory", Must::StayWithin(90.0, "bytes a job")),
    bar("idle_2", Must::StayWithin(0.0, "ticks")),
    bar("idle_64", Must::StayWithin(0.0, "ticks")),
    bar("idle_after_joins", Must::StayWithin(0.0, "ticks")),
    bar("build", Must::StayWithin(200.0 * MICROSECOND, "ns")),
    bar("build", Must::BeatBestPeer(1.0)),
    // At most 1.2 and 1.3 times as long.
    bar("job_set", Must::BeatEach(&["corepool_handles"], 0.83)),
    bar("job_set", Must::BeatEach(&["tokio_join_set"], 2.0)),
    bar("as_completed", Must::BeatEach(&["corepool_handles"], 0.83)),
    bar("map_1024", Must::BeatEach(&["corepool_handles"], 0.77)),
    bar("map_unordered_1024", Must::BeatEach(&["corepool_handles"], 0.77)),
    bar("fib_mix_1_worker", Must::TakeAtMost(1.1, "serial")),
    bar("fib", Must::TakeAtMost(1.2, "serial")),
    bar("fib", Must::BeatEach(&["chili"], 1.2)),
    bar("fib", Must::BeatEach(&["rayon"], 4.0)),
    bar("fib_cut_off_12", Must::BeatEach(&["serial"], 1.9)),
    bar("fib_cut_off_12", Must::BeatEach(&["rayon"], 0.98)),
    bar("fib_cut_off_20", Must::BeatEach(&["serial"], 1.9)),
    bar("fib_cut_off_20", Must::BeatEach(&["rayon"], 0.98)),
    bar("sort", Must::BeatEach(&["rayon", "rayon_par_sort_unstable"], 1.0)),
    bar("spine_items_offered", Must::BeatOrShareLimit("rayon", 1.5, 1.25)),
    bar("spine_rest_offered", Must::BeatOrShareLimit("rayon", 1.5, 1.25)),
    bar("list_items_offered", Must::BeatOrShareLimit("rayon", 1.5, 1.25)),
    bar("list_rest_offered", Must::BeatOrShareLimit("rayon", 1.5, 1.25)),
    bar("halves_20ms", Must::BeatEach(&["chili"], 1.0)),
    bar("map_slice_1000", Must::StayWithin(MICROSECOND, "ns")),
    bar("map_slice_100000", Must::BeatEach(&["rayon"], 1.2)),
    bar("map_slice_4000000", Must::BeatEach(&["rayon"], 1.2)),
    bar("map_slice_10000000", Must::BeatEach(&["rayon"], 0.97)),
    bar("map_slice_spread", Must::KeepBusy(0.97)),
    bar("map_slice_spread", Must::BeatEach(&["rayon"], 1.0)),
    bar("map_slice_tail", Must::KeepBusy(0.9)),
    bar("scope_2_outside", Must::StayWithin(2.0 * MICROSECOND, "ns")),
    bar("scope_2_outside", Must::BeatEach(&["rayon"], 1.0)),
    // A hundred of them.
    bar("scope_2_inside", Must::StayWithin(200.0 * MICROSECOND, "ns")),
    bar("fib_oversubscribed_4", Must::NotOutgrow("fib", 1.1)),
    bar("fib_oversubscribed_8", Must::NotOutgrow("fib", 1.15)),
    bar("fib_oversubscribed_64", Must::NotOutgrow("fib", 1.5)),
];
