-- What wrk sends and what it tells: requests of twenty headers, and one line for `wrk.ts`.

wrk.headers["Accept"] = "application/json"
wrk.headers["Accept-Encoding"] = "identity"
wrk.headers["Accept-Language"] = "en-GB,en;q=0.8"
wrk.headers["Authorization"] = "Bearer 0123456789abcdef0123456789abcdef"
wrk.headers["Cache-Control"] = "no-cache"
wrk.headers["Cookie"] = "session=0123456789abcdef; theme=dark"
wrk.headers["Origin"] = "https://app.example.com"
wrk.headers["Referer"] = "https://app.example.com/orders?page=2"
wrk.headers["Traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
wrk.headers["Tracestate"] = "vendor=00f067aa0ba902b7"
wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
wrk.headers["X-Client-Version"] = "7.12.3"
wrk.headers["X-Correlation-Id"] = "3d1c4a52-7b40-4f0e-9f6b-5b8f0e2a9c11"
wrk.headers["X-Forwarded-For"] = "203.0.113.7, 198.51.100.2"
wrk.headers["X-Forwarded-Host"] = "api.example.com"
wrk.headers["X-Forwarded-Proto"] = "https"
wrk.headers["X-Real-Ip"] = "203.0.113.7"
wrk.headers["X-Request-Id"] = "8f14e45f-ceea-467f-a9b2-0d3c2f5e7a10"
wrk.headers["X-Tenant"] = "acme"

function done(summary, latency)
  -- Every latency there was, so that those of several runs can be put together.
  local counts = {}
  for i = 1, #latency do
    counts[i] = string.format("[%d,%d]", latency(i))
  end
  local errors = summary.errors
  io.write(string.format(
    '@@wrk {"requests":%d,"bytes":%d,"us":%d,',
    summary.requests, summary.bytes, summary.duration
  ))
  io.write(string.format(
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d},',
    errors.connect, errors.read, errors.write, errors.status, errors.timeout
  ))
  io.write('"latencies":[', table.concat(counts, ","), "]}\n")
end
