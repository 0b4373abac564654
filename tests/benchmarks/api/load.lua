-- Requests made ahead by Python, a line each (method, path, token, body), sent in turn.
local requests, at = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, token, body = line:match("^(%S+)\t(%S+)\t(%S+)\t(.*)$")
    local headers = { ["Authorization"] = "Bearer " .. token, ["Accept"] = "application/json" }
    if body ~= "" then
      headers["Content-Type"] = "application/json"
      -- Without it PostgREST answers an insert without the row, which the peers always send.
      if not path:find("/rpc/", 1, true) then headers["Prefer"] = "return=representation" end
    end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "wrong": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    wrong.status + wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
