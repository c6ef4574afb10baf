//! `report()` is all that can be seen of a pool, as one value and as text.

use crate::common::{EXPECTED, finish, silence_expected_panics};
use crate::{builder, hold, timed_inline};
use corepool::{Pool, Priority};

#[test]
fn it_has_what_the_single_calls_tell() {
    let pool = builder(2).thread_name("re-all").queue_capacity(7).build().unwrap();
    pool.job().name("a").run(|| ()).unwrap();
    let report = pool.report();
    assert_eq!((report.name.as_str(), report.name.as_str(), report.capacity), ("re-all", pool.name(), Some(7)));
    assert_eq!((report.stats, &report.workers), (pool.stats(), &pool.worker_stats()));
    assert_eq!(report.running, pool.running());
    let mut timings = pool.timings().unwrap();
    timings.elapsed = report.timings.as_ref().unwrap().elapsed;
    assert_eq!(report.timings, Some(timings));
    let plain = Pool::builder().workers(1).unbounded_queue().build().unwrap().report();
    assert_eq!((plain.capacity, plain.timings), (None, None));
    assert_eq!(timed_inline().report().running.workers, 0);
}

#[test]
fn its_text_tells_the_counts_the_times_and_what_runs() {
    silence_expected_panics();
    let pool = builder(1).thread_name("re\ntext").queue_capacity(7).build().unwrap();
    pool.job().name("two\nlines").run(|| ()).unwrap();
    assert!(pool.run(|| panic!("{EXPECTED}")).is_err());
    let (gate, held) = hold(&pool, "held");
    let queued = pool.job().priority(Priority::Low).name("queued").submit(|| ()).unwrap();
    let text = pool.report().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "re\\ntext: 1 workers, 1 busy; 1 queued of 7 (0 high, 0 normal, 1 low), 0 waiting for room",
            "submitted 4: completed 1, panicked 1, cancelled 0, expired 0, aborted 0; rejected 0",
        ]
    );
    assert!(lines[2].starts_with("normal: 2 ran; waited p50 "), "{text}");
    assert!(lines[3].starts_with("job two\\nlines: 1 ran; waited p50 "), "{text}");
    assert!(lines[4].starts_with("worker  priority"), "{text}");
    assert!(lines[5].contains("held (") && lines[6].contains("queued ("), "{text}");
    assert_eq!(lines.len(), 7, "{text}");
    gate.open();
    finish(held);
    finish(queued);
}
