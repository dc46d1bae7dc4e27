import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { HTTPException } from "hono/http-exception";
import { contextPool, type Gateway, gateway, type GatewayOptions } from "../edge/mod.ts";
import { inertHost } from "../mod.ts";

/** A gateway whose pool nothing but the test moves. */
const newGateway = (options: GatewayOptions = {}) =>
  gateway({ pool: contextPool({ host: inertHost() }), ...options });

/** Posts a body to be transformed. */
const post = (service: Gateway, body: BodyInit, headers: HeadersInit = {}) =>
  service.request("/transform", { method: "POST", body, headers });

/** The status and the JSON body of a response. */
async function read(pending: Response | Promise<Response>): Promise<[number, unknown]> {
  const response = await pending;
  assertEquals(response.headers.get("content-type"), "application/json");
  return [response.status, await response.json()];
}

describe("gateway() POST /transform", () => {
  const CASES: readonly [string, unknown, unknown][] = [
    ["nothing", { text: " a " }, { text: " a ", bytes: 3 }],
    ["trim", { text: " a  b ", steps: ["trim"] }, { text: "a  b", bytes: 4 }],
    ["collapse", { text: " a \n b ", steps: ["collapse"] }, { text: "a b", bytes: 3 }],
    ["lowercase", { text: "ÄB", steps: ["lowercase"] }, { text: "äb", bytes: 3 }],
    ["normalize", { text: "e\u0301", steps: ["normalize"] }, { text: "é", bytes: 2 }],
    ["steps in order", { text: "ß", steps: ["uppercase", "lowercase"] }, { text: "ss", bytes: 2 }],
    ["astral text", { text: "😀", steps: [] }, { text: "😀", bytes: 4 }],
    ["control characters", { text: '\u0000"\\' }, { text: '\u0000"\\', bytes: 3 }],
  ];
  for (const [name, input, expected] of CASES) {
    it(`does ${name}`, async () => {
      const service = newGateway();
      assertEquals(await read(post(service, JSON.stringify(input))), [200, expected]);
      assertEquals(service.pool.stats().leased, 0);
    });
  }

  it("answers in turn from one context", async () => {
    const service = newGateway();
    for (const text of ["a long text first", "short"]) {
      const [, answer] = await read(post(service, JSON.stringify({ text })));
      assertEquals(answer, { text, bytes: text.length });
    }
    const { created, tags } = service.pool.stats();
    assertEquals([created, tags.map(({ name }) => name)], [1, ["/transform"]]);
  });

  it("writes an answer that grows the scratch beyond what is kept", async () => {
    const service = newGateway();
    const text = "ΐ".repeat(500_000);
    const [status, answer] = await read(
      post(service, JSON.stringify({ text, steps: ["uppercase"] })),
    );
    assertEquals([status, (answer as { bytes: number }).bytes], [200, 3_000_000]);
    assert(service.pool.stats().bytes < 1_048_576);
  });

  it("takes a transform, which may be asynchronous", async () => {
    const service = newGateway({
      transform: async ({ text }, context) => {
        context.states.set(0, text);
        await Promise.resolve();
        return [context.states.get(0)];
      },
    });
    assertEquals(await read(post(service, '{"text":"a"}')), [200, ["a"]]);
  });

  for (const headers of [{}, { "Content-Length": "12" }]) {
    const name = Object.keys(headers)[0] ?? "no length";
    it(`answers 400 where the body ends in the middle, with ${name}, and reports nothing`, async () => {
      const errors: unknown[] = [];
      const service = newGateway({ onError: (error) => void errors.push(error) });
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(new Error("connection lost")),
      });
      const init = { method: "POST", headers, body, duplex: "half" };
      assertEquals(await read(service.fetch(new Request("http://a/transform", init))), [400, {
        error: "Cannot transform: body must arrive whole: received an error",
      }]);
      assertEquals([service.pool.stats().created, errors], [0, []]);
    });
  }
});

describe("gateway() GET /hello/:name", () => {
  const hello = async (service: Gateway, path: string, headers: HeadersInit = {}) => {
    const response = await service.request(path, { headers });
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
    assertEquals(response.headers.get("cache-control"), "no-store");
    return await response.text();
  };

  it("renders a page from parameters, headers and a cookie", async () => {
    const service = newGateway();
    const headers = { "User-Agent": "test/1", Cookie: "session=secret; theme=dark" };
    assertEquals(
      await hello(service, "/hello/Gr%C3%BCn", headers),
      `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="dark">
<title>Grün</title></head>
<body>
<h1>Hello, Grün</h1>
<dl>
<dt>accept-language</dt><dd>none</dd>
<dt>user-agent</dt><dd>test/1</dd>
</dl>
</body>
</html>
`,
    );
    const { leased, tags } = service.pool.stats();
    assertEquals([leased, tags.map(({ name }) => name)], [0, ["/hello/:name"]]);
  });

  it("leaves nothing of one page in the next", async () => {
    const service = newGateway();
    await hello(service, "/hello/Ada", { "Accept-Language": "xx", Cookie: "theme=dark" });
    const page = await hello(service, "/hello/Bob");
    for (const left of ["Ada", "xx", "dark"]) assertFalse(page.includes(left), page);
  });

  it("escapes what comes from the request, and takes no other theme", async () => {
    const attack = `"'><script>alert(1)</script>&amp;`;
    const headers = {
      "User-Agent": attack,
      "Accept-Language": attack,
      Cookie: `theme="><script>`,
    };
    const page = await hello(newGateway(), `/hello/${encodeURIComponent(attack)}`, headers);
    const escaped = "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;";
    assertEquals(page.split(escaped).length, 5, page);
    assertFalse(page.includes("<script"), page);
    assertStringIncludes(page, 'content="light"');
  });

  const TOO_MUCH: readonly [string, string, HeadersInit][] = [
    [
      "there must be at most 128: received one more",
      "header",
      Array.from({ length: 129 }, (_, i): [string, string] => [`x-${i}`, ""]),
    ],
    [
      "value must be a string of at most 65536 characters: received 70000",
      "header",
      { "X-Long": "a".repeat(70_000) },
    ],
  ];
  for (const [rule, noun, headers] of TOO_MUCH) {
    it(`answers 431 where of headers ${rule}`, async () => {
      const errors: unknown[] = [];
      const service = newGateway({ onError: (error) => void errors.push(error) });
      assertEquals(await read(service.request("/hello/a", { headers })), [431, {
        error: `Cannot read ${noun}: ${rule}`,
      }]);
      assertEquals([service.pool.stats().leased, errors.length], [0, 0]);
    });
  }

  it("answers 414 where a parameter is too long", async () => {
    const error = "Cannot read parameter: value must be a string of at most 65536 characters";
    assertEquals(await read(newGateway().request(`/hello/${"a".repeat(65_537)}`)), [414, {
      error: `${error}: received 65537`,
    }]);
  });
});

describe("gateway() POST /hash", () => {
  const hashOf = (service: Gateway, body: BodyInit | null) =>
    read(service.request("/hash", { method: "POST", body }));

  it("answers the SHA-256 of a body", async () => {
    const service = newGateway();
    // Of FIPS 180-4's examples, and of nothing.
    const CASES: readonly [string | null, string][] = [
      ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
      [null, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ];
    for (const [body, sha256] of CASES) {
      assertEquals(await hashOf(service, body), [200, { sha256, bytes: body?.length ?? 0 }]);
    }
    const { leased, created } = service.pool.stats();
    assertEquals([leased, created], [0, 1]);
  });

  it("answers that of a stream that grows the scratch", async () => {
    const chunk = new Uint8Array(10_000).fill(97);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < 100) controller.enqueue(chunk.slice());
        else controller.close();
      },
    });
    const service = newGateway();
    const init = { method: "POST", body, duplex: "half" };
    // FIPS 180-4's million of "a".
    const sha256 = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    assertEquals(await read(service.fetch(new Request("http://a/hash", init))), [200, {
      sha256,
      bytes: 1_000_000,
    }]);
  });

  it("answers 413 beyond maxBodyBytes, and reads exactly that", async () => {
    const service = newGateway({ maxBodyBytes: 20 });
    assertEquals((await hashOf(service, "a".repeat(20)))[0], 200);
    assertEquals(await hashOf(service, "a".repeat(21)), [413, {
      error: "Cannot read body: length must be at most 20 bytes: received more",
    }]);
    assertEquals(service.pool.stats().leased, 0);
  });

  it("answers 400 where the body ends in the middle", async () => {
    const errors: unknown[] = [];
    const service = newGateway({ onError: (error) => void errors.push(error) });
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("connection lost")),
    });
    const init = { method: "POST", body, duplex: "half" };
    assertEquals(await read(service.fetch(new Request("http://a/hash", init))), [400, {
      error: "Cannot read body: body must arrive whole: received 0 bytes and an error",
    }]);
    assertEquals([service.pool.stats().leased, errors.length], [0, 0]);
  });
});

/** The time between two events, which no other timer here has: pools of other tests may tick meanwhile. */
const EVENT_MS = 997;

/** Asserts that no timer of an event is left. */
function assertNoEvents(time: FakeTime): void {
  const { now } = time;
  while (time.next() && time.now - now <= EVENT_MS) {
    assert(time.now - now !== EVENT_MS, "the timer of an event");
  }
}

describe("gateway() GET /events", () => {
  const event = (tick: number, of: number) =>
    `event: tick\ndata: {"of":${of},"tick":${tick}}\nid: ${tick}\n\n`;

  it("streams events from one context, which it holds until the last", async () => {
    const service = newGateway();
    const response = await service.request("/events?count=3&intervalMs=0");
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    assertEquals(service.pool.stats().leased, 1);
    assertEquals(await response.text(), event(1, 3) + event(2, 3) + event(3, 3));
    const { leased, created, tags } = service.pool.stats();
    assertEquals([leased, created, tags.map(({ name }) => name)], [0, 1, ["/events"]]);
  });

  it("keeps two streams apart", async () => {
    const service = newGateway();
    const texts = await Promise.all([2, 3].map(async (count) => {
      const response = await service.request(`/events?count=${count}&intervalMs=1`);
      return await response.text();
    }));
    assertEquals(texts[0], event(1, 2) + event(2, 2));
    assertEquals(texts[1], event(1, 3) + event(2, 3) + event(3, 3));
    assertEquals([service.pool.stats().leased, service.pool.stats().created], [0, 2]);
  });

  it("goes on where a client has stopped, and says when there is no more", async () => {
    const service = newGateway();
    const since = (id: string) =>
      service.request("/events?count=3&intervalMs=0", { headers: { "Last-Event-ID": id } });
    assertEquals(await (await since("2")).text(), event(3, 3));
    for (const id of ["3", "99"]) {
      const response = await since(id);
      assertEquals([response.status, await response.text()], [204, ""]);
    }
  });

  it("leaves no timer when the client goes away in the middle of a wait", async () => {
    using time = new FakeTime();
    const service = newGateway();
    const response = await service.request(`/events?count=100&intervalMs=${EVENT_MS}`);
    const reader = response.body!.getReader();
    for (const tick of [1, 2]) {
      const { value } = await reader.read();
      assertEquals(new TextDecoder().decode(value), event(tick, 100));
      await time.runMicrotasks();
      if (tick === 1) assertEquals(time.next(), true, "it waits before the second");
    }
    await reader.cancel();
    await time.runMicrotasks();
    assertEquals(service.pool.stats().leased, 0);
    assertNoEvents(time);
  });

  it("leaves no timer when the client goes away in the middle of an event", async () => {
    using time = new FakeTime();
    const service = newGateway();
    const response = await service.request(`/events?count=100&intervalMs=${EVENT_MS}`);
    await time.runMicrotasks();
    // Nobody reads, so that before long an event waits to be written.
    for (let i = 0; i < 99; i++) await time.tickAsync(EVENT_MS);
    assertEquals(service.pool.stats().leased, 1);
    await response.body!.cancel();
    await time.runMicrotasks();
    assertEquals(service.pool.stats().leased, 0);
    assertNoEvents(time);
  });

  it("does not begin for HEAD", async () => {
    const service = newGateway();
    const response = await service.request("/events", { method: "HEAD" });
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    assertEquals([response.status, await response.text()], [200, ""]);
    assertEquals(service.pool.stats().created, 0);
  });

  const BAD_QUERIES: readonly [string, HeadersInit, string][] = [
    ["count=0", {}, 'count must be an integer from 1 to 100: received "0"'],
    ["count=101", {}, 'count must be an integer from 1 to 100: received "101"'],
    ["count=1e1", {}, 'count must be an integer from 1 to 100: received "1e1"'],
    ["count=", {}, 'count must be an integer from 1 to 100: received ""'],
    ["intervalMs=-1", {}, 'intervalMs must be an integer from 0 to 1000: received "-1"'],
    ["intervalMs=1001", {}, 'intervalMs must be an integer from 0 to 1000: received "1001"'],
    [
      "",
      { "Last-Event-ID": "x" },
      'Last-Event-ID must be an integer from 0 to 100: received "x"',
    ],
  ];
  for (const [query, headers, message] of BAD_QUERIES) {
    it(`answers 400: ${message}`, async () => {
      const service = newGateway();
      const error = `Cannot stream events: ${message}`;
      assertEquals(await read(service.request(`/events?${query}`, { headers })), [400, { error }]);
      assertEquals(service.pool.stats().created, 0);
    });
  }
});

describe("gateway() answers 400 to", () => {
  const BAD_BODIES: readonly [BodyInit, string][] = [
    ["", "body must be JSON in UTF-8: received 0 bytes that are not"],
    ["{", "body must be JSON in UTF-8: received 1 bytes that are not"],
    ["hello", "body must be JSON in UTF-8: received 5 bytes that are not"],
    ["[".repeat(100_000), "body must be JSON in UTF-8: received 100000 bytes that are not"],
    [
      new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      "body must be JSON in UTF-8: received 7 bytes that are not",
    ],
    ["null", "body must be an object: received null"],
    ["[1,2]", "body must be an object: received an array of 2"],
    ['"text"', 'body must be an object: received "text"'],
    ["{}", "text must be a string: received undefined"],
    ['{"text":1}', "text must be a string: received 1"],
    ['{"text":{"a":"secret"}}', "text must be a string: received an object"],
    ['{"text":"","steps":"trim"}', 'steps must be an array of at most 16: received "trim"'],
    [
      JSON.stringify({ text: "", steps: Array(17).fill("trim") }),
      "steps must be an array of at most 16: received an array of 17",
    ],
    [
      '{"text":"","steps":["toString"]}',
      'steps must be among trim, collapse, lowercase, uppercase, normalize: received "toString"',
    ],
    [
      '{"text":"","steps":[null]}',
      "steps must be among trim, collapse, lowercase, uppercase, normalize: received null",
    ],
    ['{"text":"","more":1}', 'body must have text and steps only: received "more"'],
    ['{"text":"","__proto__":{}}', 'body must have text and steps only: received "__proto__"'],
  ];
  for (const [body, message] of BAD_BODIES) {
    it(message, async () => {
      const service = newGateway();
      const error = `Cannot transform: ${message}`;
      assertEquals(await read(post(service, body)), [400, { error }]);
      assertEquals(service.pool.stats().created, 0);
    });
  }
});

describe("gateway() answers 413 to", () => {
  const tooLarge: [number, unknown] = [413, {
    error: "Cannot transform: body must be at most 20 bytes: received more",
  }];

  it("a body beyond maxBodyBytes, and reads one of exactly that", async () => {
    const service = newGateway({ maxBodyBytes: 20 });
    assertEquals((await post(service, '{"text":"123456789"}')).status, 200);
    assertEquals(await read(post(service, '{"text":"1234567890"}')), tooLarge);
    assertEquals(service.pool.stats().leased, 0);
  });

  it("a stream without a length", async () => {
    const service = newGateway({ maxBodyBytes: 20 });
    const chunks = ['{"text":"', "1234", "567890", '"}'].map((c) => new TextEncoder().encode(c));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
    const init = { method: "POST", body, duplex: "half" };
    assertEquals(await read(service.fetch(new Request("http://a/transform", init))), tooLarge);
  });

  for (const length of ["1", "none", "-5"]) {
    it(`a body under a Content-Length of ${length}`, async () => {
      const service = newGateway({ maxBodyBytes: 20 });
      const body = '{"text":"1234567890"}';
      assertEquals(await read(post(service, body, { "Content-Length": length })), tooLarge);
    });
  }

  it("a length that is announced, without reading", async () => {
    const service = newGateway({ maxBodyBytes: 20 });
    assertEquals(await read(post(service, "{}", { "Content-Length": "21" })), tooLarge);
  });
});

describe("gateway() answers 500 to", () => {
  const secret = new Error("the password is swordfish");
  const FAULTS: readonly [string, NonNullable<GatewayOptions["transform"]>, unknown][] = [
    ["a transform that throws", () => {
      throw secret;
    }, secret],
    ["one that rejects", () => Promise.reject(secret), secret],
    ["one that throws no Error", () => Promise.reject("swordfish"), "swordfish"],
    ["one that gives nothing", () => undefined, undefined],
    ["one that gives what JSON cannot say", () => 1n, undefined],
  ];
  for (const [name, transform, cause] of FAULTS) {
    it(name, async () => {
      const errors: unknown[] = [];
      const service = newGateway({ transform, onError: (error) => void errors.push(error) });
      const response = await post(service, '{"text":"a"}');
      const text = await response.clone().text();
      for (const leak of ["swordfish", " at ", ".ts"]) assertFalse(text.includes(leak), text);
      const error = "Cannot answer: handler must not fail: received an internal error";
      assertEquals(await read(response), [500, { error }]);
      assertEquals(errors.length, 1);
      if (cause !== undefined) {
        assert(errors[0] === cause || (errors[0] as Error).cause === cause);
      }
      // A middleware lies between, which might have failed in its place.
      const { leased, discarded } = service.pool.stats();
      assertEquals([leased, discarded.expired], [0, 1]);
    });
  }

  it("an HTTPException of its own status, where that is no failure", async () => {
    const errors: unknown[] = [];
    const answerTo = (status: 422 | 503) =>
      post(
        newGateway({
          transform: () => {
            throw new HTTPException(status, { message: "swordfish" });
          },
          onError: (error) => void errors.push(error),
        }),
        '{"text":"a"}',
      );
    assertEquals(await read(answerTo(422)), [422, { error: "swordfish" }]);
    assertEquals(errors.length, 0);
    const error = "Cannot answer: handler must not fail: received an internal error";
    assertEquals(await read(answerTo(503)), [500, { error }]);
    assertEquals(errors.length, 1);
  });

  it("a pool that is closed, without telling more", async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => {
      errors.push(error);
      throw new Error("worse");
    };
    const service = newGateway({ onError });
    service.pool.close();
    assertEquals((await read(post(service, '{"text":"a"}')))[0], 500);
    assertEquals(errors.length, 1);
  });
});

describe("gateway() routes", () => {
  it("GET /healthz", async () => {
    const service = newGateway();
    assertEquals(await read(service.request("/healthz")), [200, { status: "ok" }]);
    assertEquals((await service.request("/healthz", { method: "HEAD" })).status, 200);
    assertEquals(service.pool.stats().created, 0);
  });

  it("nothing else", async () => {
    const error = "Cannot answer: route must exist: received an unknown one";
    for (
      const path of [
        "/",
        "/hello",
        "/hello/",
        "/hello/a/b",
        "/transform/",
        "/transform/x",
        "/_pool/stats",
        "/%00",
        "/a?b=<c>",
      ]
    ) {
      assertEquals(await read(newGateway().request(path)), [404, { error }]);
    }
  });

  it("no other method", async () => {
    const service = newGateway({ stats: true });
    const CASES: readonly [string, string, string][] = [
      ["GET", "/transform", "POST"],
      ["DELETE", "/transform", "POST"],
      ["POST", "/healthz", "GET, HEAD"],
      ["GET", "/hash", "POST"],
      ["POST", "/hello/Ada", "GET, HEAD"],
      ["POST", "/events", "GET, HEAD"],
      ["PUT", "/_pool/stats", "GET, HEAD"],
    ];
    for (const [method, path, allowed] of CASES) {
      const response = await service.request(path, { method });
      assertEquals(response.headers.get("allow"), allowed);
      const error = `Cannot answer: method must be ${allowed}: received "${method}"`;
      assertEquals(await read(response), [405, { error }]);
    }
  });
});

describe("gateway() GET /_pool/stats", () => {
  const TOKEN = "abc.DEF-123";

  it("answers where it is enabled", async () => {
    const service = newGateway({ stats: true });
    await post(service, '{"text":"a"}');
    const [status, stats] = await read(service.request("/_pool/stats"));
    assertEquals(status, 200);
    assertEquals(stats, JSON.parse(JSON.stringify(service.pool.stats())));
    const { leased, created } = stats as { leased: number; created: number };
    assertEquals([leased, created], [0, 1]);
  });

  it("asks for the token, if there is one", async () => {
    const service = newGateway({ stats: { token: TOKEN } });
    const CASES: readonly [string | undefined, number][] = [
      [undefined, 401],
      ["Bearer wrong", 401],
      [`Bearer ${TOKEN}x`, 401],
      ["Basic abc", 400],
      [`Bearer ${TOKEN}`, 200],
    ];
    for (const [authorization, status] of CASES) {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      const response = await service.request("/_pool/stats", { headers });
      assertEquals(response.status, status, authorization);
      assertStringIncludes(response.headers.get("content-type") ?? "", "application/json");
      const body = await response.text();
      assertFalse(body.includes(TOKEN));
      if (status !== 200) {
        assertStringIncludes(body, '{"error":"Cannot read stats: ');
        assert(response.headers.has("www-authenticate"));
      }
    }
  });
});

describe("gateway() refuses", () => {
  const BAD_OPTIONS: readonly [unknown, string][] = [
    [null, "Cannot create gateway: options must be an object: received null"],
    [{ maxBodyBytes: 0 }, "maxBodyBytes must be an integer of at least 1: received 0"],
    [{ maxBodyBytes: 1.5 }, "maxBodyBytes must be an integer of at least 1: received 1.5"],
    [{ maxBodyBytes: Infinity }, "received Infinity"],
    [{ transform: 1 }, "Cannot create gateway: transform must be a function: received 1"],
    [{ onError: {} }, "Cannot create gateway: onError must be a function: received an object"],
    [{ stats: "yes" }, 'stats must be a boolean or an object: received "yes"'],
    [{ stats: null }, "stats must be a boolean or an object: received null"],
    [{ stats: { token: "" } }, "a bearer token may have: received 0 characters"],
    [{ stats: { token: "two words" } }, "a bearer token may have: received 9 characters"],
    [{ stats: { token: 1 } }, "a bearer token may have: received number"],
    [{ pool: 1 }, "pool must be an object: received 1"],
  ];
  for (const [options, message] of BAD_OPTIONS) {
    it(message, () => {
      const error = assertThrows(() => gateway(options as GatewayOptions), Error);
      assertStringIncludes(error.message, message);
    });
  }
});
