//! The steps that Redis takes in one go. Each is alone while it runs, so what it has looked at holds until it has written.
//!
//! Those that end something remove first and write then. A Redis that is full refuses what takes memory, unless the script has
//! written before: so the workers make room in it.

use std::sync::LazyLock;

use redis::Script;

/// Keys: record, stream. Arguments: id, kind, input, most entries, group.
///
/// Answers `added`, `known` or `full`. The stream has its group from the beginning: one that is full of jobs takes none.
pub(super) static ADD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        if redis.call('EXISTS', KEYS[1]) == 1 then return 'known' end
        if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[4]) then return 'full' end
        if redis.call('EXISTS', KEYS[2]) == 0 then
            redis.call('XGROUP', 'CREATE', KEYS[2], ARGV[5], '0', 'MKSTREAM')
        end
        redis.call('XADD', KEYS[2], '*', 'id', ARGV[1], 'kind', ARGV[2], 'input', ARGV[3])
        redis.call('HSET', KEYS[1], 'status', 'queued')
        return 'added'
        ",
    )
});

/// Keys: stream. Arguments: group, worker, entries.
///
/// Answers the entries that are no longer this worker's.
pub(super) static EXTEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local lost = {}
        for i = 3, #ARGV do
            local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
            if #mine == 1 then
                redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
            else
                lost[#lost + 1] = ARGV[i]
            end
        end
        return lost
        ",
    )
});

/// Keys: stream. Arguments: group, worker, entry, milliseconds that it must have been pending, tries that a job has.
///
/// Answers nothing if it is not to be had; else `counted` or `last`, the number of deliveries of the entry with this one, and the
/// entry. A last one is not counted: see `BEGIN`. Whoever had nothing else is forgotten.
pub(super) static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local pending = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[4], ARGV[3], ARGV[3], 1)[1]
        local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
        if pending and not entry then redis.call('XACK', KEYS[1], ARGV[1], ARGV[3]) end
        if not pending or not entry then return false end
        local deliveries, before, tries = pending[4] + 1, 0, tonumber(ARGV[5])
        for i = 1, #entry[2], 2 do
            if entry[2][i] == 'deliveries' then before = tonumber(entry[2][i + 1]) or 0 end
        end
        local is_last = tries > 1 and before + deliveries == tries
        redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', is_last and pending[4] or deliveries, 'JUSTID')
        if pending[2] ~= ARGV[2] and #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, pending[2]) == 0 then
            redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], pending[2])
        end
        return {is_last and 'last' or 'counted', deliveries, entry}
        ",
    )
});

/// Keys: stream. Arguments: group, worker, entry.
///
/// Counts one more delivery. Answers whether it is this worker's.
pub(super) static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])[1]
        if not mine then return false end
        redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', mine[4] + 1, 'JUSTID')
        return true
        ",
    )
});

/// Keys: record, stream. Arguments: group, entry, value, worker, deliveries, milliseconds to keep the record.
///
/// Answers whether the result is this one.
pub(super) static FINISH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local status = redis.call('HGET', KEYS[1], 'status')
        local first = status ~= 'done' and status ~= 'dead'
        redis.call('XACK', KEYS[2], ARGV[1], ARGV[2])
        redis.call('XDEL', KEYS[2], ARGV[2])
        if first then
            redis.call('HSET', KEYS[1], 'status', 'done', 'value', ARGV[3], 'worker', ARGV[4], 'deliveries', ARGV[5])
            redis.call('PEXPIRE', KEYS[1], ARGV[6])
        end
        return first
        ",
    )
});

/// Keys: stream, dead letters, and the record if there is one. Arguments: group, worker, entry, reason, deliveries, most dead
/// letters, milliseconds to keep the record.
///
/// Answers whether it was this worker's to bury.
pub(super) static BURY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
        if #mine == 0 then return false end
        local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])
        local fields = entry[1] and entry[1][2] or {}
        -- Lua hands on some thousands of values at once, and no job has so many.
        local letter = {unpack(fields, 1, math.min(#fields, 1000))}
        for _, text in ipairs({'reason', ARGV[4], 'delivered', ARGV[5]}) do letter[#letter + 1] = text end
        redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
        redis.call('XDEL', KEYS[1], ARGV[3])
        redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], '*', unpack(letter))
        if KEYS[3] then
            local status = redis.call('HGET', KEYS[3], 'status')
            if status ~= 'done' and status ~= 'dead' then
                redis.call('HSET', KEYS[3], 'status', 'dead', 'reason', ARGV[4], 'deliveries', ARGV[5])
                redis.call('PEXPIRE', KEYS[3], ARGV[7])
            end
        end
        return true
        ",
    )
});

/// Keys: stream. Arguments: group, worker, entry, id, kind, input, deliveries before.
///
/// Answers whether it was this worker's to hand back.
pub(super) static HAND_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
        if #mine == 0 then return false end
        redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
        redis.call('XDEL', KEYS[1], ARGV[3])
        redis.call('XADD', KEYS[1], '*', 'id', ARGV[4], 'kind', ARGV[5], 'input', ARGV[6], 'deliveries', ARGV[7])
        return true
        ",
    )
});

/// Keys: stream. Arguments: group, worker, to whom they go, how many at most.
///
/// Answers how many went. If there were fewer than that, the worker is forgotten.
pub(super) static LEAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[4], ARGV[2])
        for _, one in ipairs(pending) do
            redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, one[1], 'IDLE', one[3], 'RETRYCOUNT', one[4], 'JUSTID')
        end
        if #pending < tonumber(ARGV[4]) then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end
        return #pending
        ",
    )
});
