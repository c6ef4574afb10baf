//! What the groups measure, in words. A group that is not here is shown without any.

/// By how the group's name begins, the longer before the shorter; what follows is its own.
const WORDS: [(&str, &str); 24] = [
    ("burst", "100,000 empty jobs submitted, then all awaited"),
    ("round_trip_from_task", "one empty job after the other, each awaited by a task of tokio's"),
    ("round_trip", "one empty job after the other, each awaited by a thread"),
    ("producers_", "the burst, shared by so many threads that submit and await"),
    ("grain_10us_busy", "jobs of 10 µs of work, 100 ms in all, while other threads keep every core busy"),
    ("grain_", "jobs of so many microseconds of work, 100 ms in all, submitted, then all awaited"),
    ("uneven", "jobs of 10 µs, of which one in a hundred takes a hundred times longer"),
    ("bounded", "100,000 empty jobs, 1,024 of them in flight"),
    (
        "timings",
        "the same, by a pool that records nothing and by one that records how long jobs wait, run and have a CPU",
    ),
    ("depth_", "so many empty jobs, all queued before the first one runs"),
    ("oversubscribed_", "the burst, run by so many workers"),
    ("build", "from nothing to the first job's result"),
    ("shutdown", "ending an idle pool, until its threads are gone"),
    ("cancel", "10,000 jobs submitted while the only worker is busy, then cancelled"),
    ("nested", "4,095 jobs that submit and await each other"),
    ("closed_", "a call through a closed breaker, on so many threads at once"),
    (
        "rate_parts",
        "what a call costs that is timed, and looked after while it runs; and a look at the clock and a lock, alone",
    ),
    ("rate_", "a call counted in a rate window, on so many threads at once"),
    ("open_", "a call rejected by an open breaker, on so many threads at once"),
    ("half_open", "a call while half-open"),
    (
        "cycle",
        "four calls that open a breaker and close it again; ours asks the clock at each end of a probe, for its lease",
    ),
    ("allocations", "allocations a job, from submit to join"),
    ("queued_memory", "memory that a queued job of one word holds"),
    ("idle_", "processor time of an idle pool of so many workers in five seconds, in ticks of usually 10 ms"),
];

pub(crate) fn words(group: &str) -> Option<&'static str> {
    WORDS.iter().find(|(beginning, _)| group.starts_with(beginning)).map(|(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_beginning_counts() {
        assert_ne!(words("round_trip_from_task"), words("round_trip"));
        assert_ne!(words("rate_parts"), words("rate_1"));
        assert_eq!(words("grain_10us"), words("grain_1us"));
        assert_ne!(words("grain_10us_busy"), words("grain_1us"));
        assert_eq!(words("something_new"), None);
    }
}
