-- Counts the answers that wrk gets by status, each thread for itself, and prints the sums as JSON on the last line.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

-- From here to `response` in each thread. Globals, as only these can be read from outside.
function init()
  statuses = {}
end

function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

function done(summary)
  local sums = {}
  for _, thread in ipairs(threads) do
    for status, number in pairs(thread:get("statuses")) do
      sums[status] = (sums[status] or 0) + number
    end
  end
  local parts = {}
  for status, number in pairs(sums) do
    table.insert(parts, string.format('"%d":%d', status, number))
  end
  local errors = summary.errors
  local unanswered = errors.connect + errors.read + errors.write + errors.timeout
  local line = '{"seconds":%.3f,"statuses":{%s},"unanswered":%d}\n'
  io.write(line:format(summary.duration / 1e6, table.concat(parts, ","), unanswered))
end
