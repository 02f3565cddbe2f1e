-- Replays the requests of the file $CALLS in turn. Lines: H<tab>name<tab>value | METHOD<tab>path[<tab>body]
-- {N} in a body becomes a running number of seven digits. Ends with one line of JSON.
local threads = {}
function setup(thread) table.insert(threads, thread) end

function init()
  calls, at, bad = {}, 0, 0
  serial, expected = tonumber(os.getenv("SERIAL")), {}
  for status in os.getenv("EXPECT"):gmatch("%d+") do expected[tonumber(status)] = true end
  local headers = {}
  for line in io.lines(os.getenv("CALLS")) do
    local method, path, body = line:match("^(%u+)\t([^\t]*)\t?(.*)$")
    if method == "H" then
      headers[path] = body
    else
      local own = {}
      for name, value in pairs(headers) do own[name] = value end
      if body == "" then body = nil else own["Content-Type"] = "application/json" end
      -- formatted here where it never changes: formatting costs more than sending
      if body and body:find("{N}", 1, true) then table.insert(calls, { method, path, own, body })
      else table.insert(calls, wrk.format(method, path, own, body)) end
    end
  end
end

function request()
  at = at % #calls + 1
  local call = calls[at]
  if type(call) == "string" then return call end
  serial = serial + 1
  return wrk.format(call[1], call[2], call[3], (call[4]:gsub("{N}", string.format("%07d", serial))))
end

function response(status) -- wrk by itself counts only 4xx and 5xx
  if not expected[status] then bad = bad + 1 end
end

function done(summary, latency)
  local unexpected = 0
  for _, thread in ipairs(threads) do unexpected = unexpected + thread:get("bad") end
  local e = summary.errors
  io.write(string.format('\nJSON{"requests":%d,"us":%d,"bytes":%d,"errors":%d,"p50":%.0f,"p99":%.0f,"max":%.0f}\n',
    summary.requests, summary.duration, summary.bytes, unexpected + e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
