//! How long this thread has had a CPU.

/// In nanoseconds; `None` where the platform does not tell.
pub(crate) fn thread_cpu_nanos() -> Option<u64> {
    #[cfg(any(unix, windows))]
    {
        let time = cpu_time::ThreadTime::try_now().ok()?;
        Some(crate::base::tick::nanos(time.as_duration()))
    }
    #[cfg(not(any(unix, windows)))]
    None
}
