//! What the groups measure, in words. A group that is not here is shown without any.

/// By how the group's name begins, the longer before the shorter; what follows is its own.
const WORDS: [(&str, &str); 53] = [
    ("burst", "100,000 empty jobs submitted, then all awaited"),
    ("options_name", "100,000 empty jobs, 1,024 of them in flight, with a name and a priority, and without"),
    ("options_token", "the same, all with one token, and without"),
    ("options_all", "the same, with a name, a priority and the token, and without"),
    ("options_deadline", "the same, with a timeout of a minute, and without"),
    (
        "round_trip_p",
        "the part in a hundred of 20,000 round trips that took no longer, each awaited by a thread, the pools after each other",
    ),
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
    (
        "job_set",
        "a million empty jobs submitted into a set, then taken out as they come; and submitted and joined one by one",
    ),
    ("as_completed", "a million empty jobs submitted, then joined as they come, or one by one"),
    (
        "map_unordered_",
        "a million empty items of an iterator, so many of them in flight, as they come; and as many jobs submitted and joined",
    ),
    ("nested", "4,095 jobs that submit and await each other, and the same computation by 4,095 joins"),
    ("fib_cut_off_", "the same, by plain recursion from the cut-off downwards"),
    ("fib_oversubscribed_", "fib, run by so many workers"),
    ("fib_mix_1_worker", "the same as fib_mix, by one worker"),
    ("fib_mix", "the calls of fib, with a hash of the two results instead of their sum"),
    ("fib", "the 32nd Fibonacci number by recursion, with a join in every call: 3.5 million joins"),
    ("queens", "the ways to place 12 queens on a board of 12 by 12, with 314,729 joins"),
    ("sort", "ten million numbers, by a merge sort with joins, by rayon's own sort, and by std's on one thread"),
    (
        "spine_items_offered",
        "a tree of 10,000 levels, with a leaf at each: one leaf in 50 takes 20 µs, the others 30 ns; the leaves may be \
         taken by other threads",
    ),
    ("spine_rest_offered", "the same tree; what is below each leaf may be taken by other threads"),
    (
        "list_items_offered",
        "a list of 100,000 items of 100 ns each, by recursion; the items may be taken by other threads",
    ),
    ("list_rest_offered", "the same list; the rest of the list after each item may be taken by other threads"),
    ("halves_20ms", "one join of two halves of 20 ms each, on an idle pool"),
    ("map_slice_spread", "a slice of 1,000 items of 1 to 100 µs, mixed"),
    ("map_slice_tail", "a slice of 1,000 items of 10 µs, but the last ten take 1 ms"),
    ("map_slice_few", "a slice of ten items of 2 ms"),
    ("map_slice_", "a slice of so many items that take next to nothing, to a vector"),
    ("scope_2_outside", "a scope of two empty jobs, called by a thread that does not belong to the pool"),
    ("scope_2_inside", "100 scopes of two empty jobs, one after the other, in a job"),
    ("scope_", "a scope of so many empty jobs, called outside of the pool or in a job"),
    (
        "map_",
        "a million empty items of an iterator, so many of them in flight, in order; and as many jobs submitted and joined",
    ),
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
    (
        "idle_after_joins",
        "processor time of an idle pool of two workers after a million joins, in five seconds, in ticks of usually 10 ms",
    ),
    ("idle_", "processor time of an idle pool of so many workers in five seconds, in ticks of usually 10 ms"),
];

/// Why a group costs ours more than the best peer, or than its bar, where that is known: what is promised for it.
const COSTS: [(&str, &str); 11] = [
    (
        "scope_",
        "a job of a scope is a job of the pool. It is queued behind what came before, counts in the statistics, can be \
         cancelled, waits in a handle for whoever joins it, and its panic says where it was spawned. rayon's goes on the \
         worker's own deque, last in, first out, and is none of that; called from outside, that costs it more than all of \
         it costs here. For parts that need none of it there are `join` and `map_slice`",
    ),
    (
        "cycle",
        "a probe has a lease, so that one which never returns does not leave the breaker half-open for good. That takes a \
         look at the clock when it goes out and one when it comes back; failsafe lets all calls through when half-open",
    ),
    (
        "closed_",
        "a permit is a value: it may be held across an `await` and sent to another thread, and one that is dropped without a \
         report tells the breaker so. An owned one holds the breaker by a count, written twice for each call. recloser takes a closure",
    ),
    (
        "queued_memory",
        "72 bytes are the job's one allocation: both ends' counts, where it was submitted, its state and place, a lock, \
         the closure or the result, and 16 for whoever awaits it, so that awaiting allocates nothing. 16 are its place in \
         the queue, by which it is cancelled in constant time. threadpool's two allocations hold neither, and what the \
         allocator adds to each is not counted here",
    ),
    (
        "build",
        "every worker runs when `build` returns, or it says why not. tokio starts its threads as jobs come, here one. To \
         wait for the second takes 8 µs",
    ),
    (
        "options_deadline",
        "the clock is read as the job is submitted and as it starts, as no job starts after its deadline, however late the \
         keeper is; and its alarm is set, and taken back as it starts, under a lock that submitter and workers share",
    ),
    (
        "options_token",
        "a token forgets a job as it starts, so that it may live as long as the program and cancelling takes as long as \
         jobs wait: a second lock that submitter and workers meet in, for each job",
    ),
    ("options_all", "its token, as above"),
    ("map_slice_4000000", "both wait for the memory that the results are written to"),
    ("map_slice_spread", "both keep two cores busy all the time"),
    (
        "open_",
        "a rejected call is counted, and told when to come again; recloser's is told that it was rejected. Both read the clock",
    ),
];

pub(crate) fn cost(group: &str) -> Option<&'static str> {
    look_up(&COSTS, group)
}

pub(crate) fn words(group: &str) -> Option<&'static str> {
    look_up(&WORDS, group)
}

fn look_up(table: &[(&str, &'static str)], group: &str) -> Option<&'static str> {
    table.iter().find(|(beginning, _)| group.starts_with(beginning)).map(|(_, words)| *words)
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
        assert_ne!(words("fib_cut_off_12"), words("fib"));
        assert_ne!(words("fib_mix_1_worker"), words("fib_mix_8_workers"));
        assert_eq!(words("something_new"), None);
    }
}
