import { describe, it } from "node:test";
import { assertEquals, assertGreaterOrEqual, assertLessOrEqual, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { NameStore, RequestContext, type RequestContextOptions, Scratch } from "../edge/mod.ts";

/** A context that a request of a tenant has used to the full. */
function usedContext(): RequestContext {
  const context = new RequestContext();
  for (let i = 0; i < 20; i++) context.headers.set(`X-Secret-${i}`, `secret ${i}`);
  for (let i = 0; i < 4; i++) context.params.set(`id${i}`, `secret ${i}`);
  for (let i = 0; i < 32; i++) context.states.set(i, { secret: i });
  context.scratch.write("secret ".repeat(500));
  return context;
}

describe("RequestContext.reset()", () => {
  it("leaves nothing of the former request", () => {
    const context = usedContext();
    context.reset();

    const { headers, params, states, scratch } = context;
    assertEquals([headers.size, params.size, states.size, scratch.length], [0, 0, 0, 0]);
    assertEquals(headers.get("x-secret-0"), undefined);
    assertEquals(headers.has("x-secret-0"), false);
    assertEquals(params.get("id0"), undefined);
    assertEquals(states.get(0), undefined);
    const seen: string[] = [];
    headers.forEach((name, value) => seen.push(name, value));
    assertEquals(seen, []);
    // The next tenant takes all there is, and reads before it writes.
    assertEquals(scratch.take(scratch.capacity).every((byte) => byte === 0), true);
  });

  it("leaves no reference behind a later index", () => {
    const context = usedContext();
    context.reset();
    context.states.set(5, "mine");
    assertEquals(Array.from({ length: 7 }, (_, i) => context.states.get(i)), [
      ...Array(5).fill(undefined),
      "mine",
      undefined,
    ]);
  });

  it("keeps the capacity", () => {
    const context = usedContext();
    const { headers, params, states, scratch } = context;
    const capacities = () => [
      headers.capacity,
      params.capacity,
      states.capacity,
      scratch.capacity,
      context.byteLength,
    ];
    const before = capacities();
    context.reset();
    assertEquals(capacities(), before);
    assertEquals(before.slice(0, 3), [20, 4, 32]);
  });

  it("lets go of what a request kept", { skip: !("gc" in globalThis) }, async () => {
    const context = new RequestContext();
    const states = keep(context);
    context.reset();
    // A deref in this turn would keep the object alive: collect in later ones.
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      (globalThis as unknown as { gc(): void }).gc();
    }
    // A conservative collector may take a stale word on the stack for one of them.
    assertLessOrEqual(states.filter((state) => state.deref() !== undefined).length, 3);
    assertEquals(context.states.get(0), undefined);
  });
});

/** In a function of its own, so that no local variable keeps a state. */
function keep({ states }: RequestContext): WeakRef<object>[] {
  return Array.from({ length: 30 }, (_, index) => {
    const state = { large: new Uint8Array(1000) };
    states.set(index, state);
    return new WeakRef(state);
  });
}

describe("RequestContext.headers", () => {
  it("ignores case and overwrites in place", () => {
    const { headers } = new RequestContext();
    headers.set("Accept", "text/plain");
    headers.set("X-Id", "7");
    headers.set("ACCEPT", "text/html");
    assertEquals(headers.get("accept"), "text/html");
    assertEquals(headers.size, 2);
    const seen: string[] = [];
    headers.forEach((name, value) => seen.push(`${name}=${value}`));
    assertEquals(seen, ["accept=text/html", "x-id=7"]);
  });

  it("ignores case beyond ASCII as well", () => {
    const { headers } = new RequestContext();
    headers.set("É", "accented");
    headers.set("\u212A", "Kelvin");
    assertEquals([headers.get("é"), headers.get("k")], ["accented", "Kelvin"]);
  });

  it("tells names apart that an object would confuse", () => {
    const { headers } = new RequestContext();
    for (const name of ["__proto__", "constructor", "toString"]) {
      assertEquals(headers.get(name), undefined);
      headers.set(name, name);
      assertEquals(headers.get(name), name.toString());
    }
  });

  it("keeps the case of parameters", () => {
    const { params } = new RequestContext();
    params.set("id", "1");
    assertEquals(params.get("ID"), undefined);
  });
});

describe("NameStore.read()", () => {
  it("takes over headers, in addition to what is set", () => {
    const { headers } = new RequestContext();
    headers.set("X-Id", "6");
    headers.set("X-Own", "mine");
    headers.read(new Headers([["Accept", "a"], ["accept", "b"], ["X-ID", "7"]]));
    assertEquals(headers.get("accept"), "a, b");
    assertEquals([headers.get("x-id"), headers.get("x-own"), headers.size], ["7", "mine", 3]);
  });

  it("takes over a record's own entries that have a value", () => {
    const { params } = new RequestContext();
    const record = Object.assign(Object.create({ inherited: "1" }), {
      forEach: "2",
      none: undefined,
      ["__proto__x"]: "3",
    });
    params.read(record);
    const seen: string[] = [];
    params.forEach((name, value) => seen.push(`${name}=${value}`));
    assertEquals(seen, ["forEach=2", "__proto__x=3"]);
  });

  it("takes over what Hono gives", async () => {
    const { params } = new RequestContext();
    const app = new Hono();
    app.get("/users/:user/files/:file?", (c) => {
      params.read(c.req.param());
      return c.body(null);
    });
    await app.request("/users/Gr%C3%BCn/files");
    assertEquals([params.size, params.get("user")], [1, "Grün"]);
  });

  const HEADERS = (count: number) =>
    new Headers(Array.from({ length: count }, (_, i) => [`x-${i}`, ""] as [string, string]));
  const TOO_MUCH: readonly [string, number, (context: RequestContext) => void][] = [
    ["Cannot read header: there must be at most 128: received one more", 431, ({ headers }) => {
      headers.read(HEADERS(129));
    }],
    [
      "Cannot read header: value must be a string of at most 65536 characters: received 65537",
      431,
      ({ headers }) => headers.read(new Headers({ a: "s".repeat(65_537) })),
    ],
    [
      "Cannot read header: name must be a string of 1 to 256 characters: " +
      "received a string of 257 characters",
      431,
      ({ headers }) => headers.read(new Headers({ ["a".repeat(257)]: "" })),
    ],
    ["Cannot read parameter: there must be at most 64: received one more", 414, ({ params }) => {
      params.read(Object.fromEntries(HEADERS(65)));
    }],
  ];
  for (const [message, status, use] of TOO_MUCH) {
    it(`answers ${status}: ${message}`, async () => {
      const context = new RequestContext();
      const error = assertThrows(() => use(context), HTTPException);
      assertEquals([error.message, error.status], [message, status]);
      const app = new Hono();
      app.get("/", () => {
        throw error;
      });
      assertEquals((await app.request("/")).status, status, "Hono knows it");
      context.reset();
      context.headers.read(HEADERS(128));
      assertEquals(context.headers.size, 128);
    });
  }

  it("refuses a status that is no error's", () => {
    const options = { status: 200 } as unknown as { status: 400 };
    const message = "Cannot create NameStore: status must be an integer of at least 400";
    assertThrows(() => new NameStore(options), RangeError, message);
  });

  const BAD_SOURCES: readonly [unknown, string][] = [
    [null, "Cannot read entry: source must be Headers or a record: received null"],
    ["a=1", 'Cannot read entry: source must be Headers or a record: received "a=1"'],
    [{ a: 1 }, "Cannot read entry: value must be a string of at most 65536 characters"],
    [{ "": "1" }, 'Cannot read entry: name must be a string of 1 to 256 characters: received ""'],
  ];
  for (const [source, message] of BAD_SOURCES) {
    it(message, () => {
      const store = new NameStore();
      assertThrows(() => store.read(source as Record<string, string>), TypeError, message);
    });
  }
});

describe("RequestContext.cookie()", () => {
  it("finds what the headers have", () => {
    const context = new RequestContext();
    assertEquals(context.cookie("a"), undefined);
    context.headers.read(new Headers({ cookie: "b=1; a=%20" }));
    assertEquals([context.cookie("a"), context.cookie("c")], [" ", undefined]);
    context.reset();
    assertEquals(context.cookie("a"), undefined);
  });
});

describe("RequestContext.json()", () => {
  it("gives a view of that JSON alone, after what was written", () => {
    const context = new RequestContext({ scratch: { initialBytes: 0 } });
    context.scratch.write("before ");
    const views = [{ a: "ü" }, null, [1]].map((value) => context.json(value));
    const texts = views.map((view) => new TextDecoder().decode(view));
    assertEquals(texts, ['{"a":"ü"}', "null", "[1]"]);
    assertEquals(new TextDecoder().decode(context.scratch.view()), `before ${texts.join("")}`);
  });

  it("takes a toJSON that writes to the scratch itself", () => {
    const context = new RequestContext();
    const value = { toJSON: () => context.scratch.write("own") };
    assertEquals(new TextDecoder().decode(context.json(value)), "3");
  });

  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  for (const value of [undefined, () => {}, Symbol.iterator, 1n, cyclic]) {
    it(`refuses ${typeof value}, and writes nothing`, () => {
      const context = new RequestContext();
      assertThrows(() => context.json(value), TypeError);
      assertEquals(context.scratch.length, 0);
    });
  }

  it("writes nothing of what is too long", () => {
    const context = new RequestContext({
      scratch: { maxBytes: 8, keepBytes: 8, initialBytes: 4 },
    });
    assertThrows(() => context.json("éééé"), RangeError, "Cannot grow scratch");
    assertEquals(context.scratch.length, 0);
    assertEquals(context.scratch.take(8), new Uint8Array(8));
  });
});

describe("RequestContext.byteLength", () => {
  it("counts the scratch and what the stores have grown to", () => {
    const context = new RequestContext();
    const empty = context.byteLength;
    context.scratch.take(100_000);
    context.headers.set("a", "b");
    assertGreaterOrEqual(context.byteLength, empty + 100_000 - 4096 + 16);
  });
});

describe("RequestContext.scratch", () => {
  const MIB = 1024 * 1024;

  it("does not let a giant body pin memory", () => {
    const context = new RequestContext();
    context.scratch.take(8 * MIB);
    context.reset();
    assertLessOrEqual(context.byteLength, MIB);
    assertEquals(context.scratch.capacity, 4096);
  });

  it("grows, and keeps what was written", () => {
    const { scratch } = new RequestContext({ scratch: { initialBytes: 4 } });
    scratch.write("ab");
    scratch.write(new Uint8Array([99, 100, 101]));
    scratch.take(1)[0] = 102;
    assertEquals(new TextDecoder().decode(scratch.view()), "abcdef");
  });

  it("takes back what was written, and leaves nothing of it", () => {
    const scratch = new Scratch({ initialBytes: 4, maxBytes: 64, keepBytes: 64 });
    scratch.write("keep");
    const kept = scratch.view();
    const { length } = scratch;
    scratch.write("secret");
    assertEquals(new TextDecoder().decode(scratch.view(length)), "secret");
    assertEquals(scratch.room, 54);
    scratch.rewind(length);
    assertEquals([scratch.length, scratch.room, scratch.view(length).length], [4, 60, 0]);
    assertEquals(scratch.take(60), new Uint8Array(60));
    assertEquals(new TextDecoder().decode(kept), "keep");
  });

  it("leaves nothing that is written to a view after it was rewound", () => {
    for (const grows of [false, true]) {
      const { scratch } = new RequestContext({ scratch: { initialBytes: 64, keepBytes: 64 } });
      const view = scratch.take(64);
      scratch.rewind(0);
      scratch.write("x");
      if (grows) scratch.rewind(0);
      view.fill(7);
      scratch.reset();
      assertEquals(scratch.take(64), new Uint8Array(64));
    }
  });

  it("counts its resets", () => {
    const context = new RequestContext();
    context.reset();
    context.scratch.reset();
    assertEquals(context.scratch.resets, 2);
  });

  it("encodes as TextEncoder does, and touches nothing beyond", () => {
    const texts = [
      "",
      "a",
      "grün",
      "日本語",
      "😀😀",
      "a\ud800b",
      "é".repeat(5000),
      "😀".repeat(3000),
    ];
    for (const text of texts) {
      const expected = new TextEncoder().encode(text);
      const context = new RequestContext({ scratch: { initialBytes: 16 } });
      assertEquals(context.scratch.write(text), expected.length);
      assertEquals(context.scratch.view(), expected);
      context.reset();
      assertEquals(
        context.scratch.take(context.scratch.capacity).every((byte) => byte === 0),
        true,
      );
    }
  });

  it("fits a text of exactly its limit, and no larger one", () => {
    const options = { scratch: { maxBytes: 12, keepBytes: 12, initialBytes: 0 } };
    for (const text of ["ééééé", "日本語日", "😀😀😀", "abcdefghijkl"]) {
      const context = new RequestContext(options);
      context.scratch.write(text);
      assertEquals(new TextDecoder().decode(context.scratch.view()), text);
      const { scratch } = context;
      assertThrows(
        () => scratch.write("ééé"),
        RangeError,
        "Cannot grow scratch: length must be at most 12 bytes: received",
      );
      context.reset();
      assertEquals(scratch.take(12), new Uint8Array(12));
    }
  });
});

describe("RequestContext refuses", () => {
  const BAD_OPTIONS: readonly [unknown, string][] = [
    [null, "Cannot create RequestContext: options must be an object: received null"],
    [{ maxHeaders: -1 }, "maxHeaders must be an integer of at least 0: received -1"],
    [{ maxParams: 1.5 }, "maxParams must be an integer of at least 0: received 1.5"],
    [{ maxStates: NaN }, "maxStates must be an integer of at least 0: received NaN"],
    [{ scratch: 1 }, "Cannot create RequestContext: scratch must be an object: received 1"],
    [{ scratch: { maxBytes: Infinity } }, "maxBytes must be an integer of at least 0"],
    [
      { scratch: { initialBytes: "1" } },
      'initialBytes must be an integer of at least 0: received "1"',
    ],
    [{ scratch: { keepBytes: 1, initialBytes: 2 } }, "keepBytes must be an integer of at least 2"],
    [{ scratch: { maxBytes: 1, keepBytes: 2 } }, "maxBytes must be an integer of at least 2"],
  ];
  for (const [options, message] of BAD_OPTIONS) {
    it(message, () => {
      const error = assertThrows(() => new RequestContext(options as RequestContextOptions), Error);
      assertEquals(error.message.includes(message), true, error.message);
    });
  }

  const context = () => new RequestContext({ maxHeaders: 1, maxParams: 1, maxStates: 2 });
  const BAD_USE: readonly [string, (context: RequestContext) => void][] = [
    ["Cannot set header: there must be at most 1: received one more", ({ headers }) => {
      headers.set("a", "1");
      headers.set("b", "2");
    }],
    ['name must be a string of 1 to 256 characters: received ""', (c) => c.headers.set("", "")],
    ["received a string of 257 characters", (c) => c.params.set("a".repeat(257), "")],
    ["received 7", (c) => c.params.set(7 as unknown as string, "")],
    ["value must be a string of at most 65536 characters: received 65537", (c) => {
      c.params.set("a", "a".repeat(65537));
    }],
    ["Cannot set header: value must be a string", (c) => {
      c.headers.set("a", undefined as unknown as string);
    }],
    ["Cannot set state: index must be an integer from 0 to below 2: received 2", (c) => {
      c.states.set(2, 0);
    }],
    ["received -1", (c) => c.states.set(-1, 0)],
    ["received 0.5", (c) => c.states.set(0.5, 0)],
    ["Cannot take scratch: byteLength must be an integer of at least 0: received -1", (c) => {
      c.scratch.take(-1);
    }],
    ["Cannot view scratch: start must be an integer from 0 to 0: received 1", (c) => {
      c.scratch.view(1);
    }],
    ["Cannot rewind scratch: length must be an integer from 0 to 2: received 3", (c) => {
      c.scratch.write("ab");
      c.scratch.rewind(3);
    }],
    ["Cannot rewind scratch: length must be an integer from 0 to 0: received -1", (c) => {
      c.scratch.rewind(-1);
    }],
    ["chunk must be a string or a Uint8Array: received an array of 1", (c) => {
      c.scratch.write([1] as unknown as Uint8Array);
    }],
    ["Cannot grow scratch: length must be at most 16777216 bytes: received 16777217", (c) => {
      c.scratch.take(16777217);
    }],
  ];
  for (const [message, use] of BAD_USE) {
    it(message, () => {
      const target = context();
      const error = assertThrows(() => use(target), Error);
      assertEquals(error.message.includes(message), true, error.message);
      target.reset();
      assertEquals(target.scratch.take(10), new Uint8Array(10));
    });
  }
});
