import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { HTTPException } from "hono/http-exception";
import { type BodyOptions, RequestContext } from "../edge/mod.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A request with a body whose chunks the test sends. */
class SentRequest {
  readonly request: Request;
  /** Why the reader cancelled the body, if it did. */
  cancelled: unknown;
  /** The chunks that the reader has asked for. */
  pulls = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(headers: HeadersInit = {}) {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => void this.pulls++,
      cancel: (reason) => void (this.cancelled = reason),
    }, { highWaterMark: 0 });
    const init = { method: "POST", body, headers, duplex: "half" };
    this.request = new Request("http://localhost/", init);
  }

  send(chunk: string | Uint8Array): void {
    this.#controller.enqueue(typeof chunk === "string" ? encode(chunk) : chunk);
  }

  end(): void {
    this.#controller.close();
  }

  fail(error: unknown): void {
    this.#controller.error(error);
  }
}

/** A turn of the event loop, after which streams have moved on. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

const post = (body: BodyInit | null, headers: HeadersInit = {}) =>
  new Request("http://localhost/", { method: "POST", body, headers });

describe("RequestContext.body()", () => {
  it("reads a body after what the scratch holds", async () => {
    const context = new RequestContext();
    context.scratch.write("before ");
    assertEquals(decode(await context.body(post("grün"))), "grün");
    assertEquals(decode(context.scratch.view()), "before grün");
  });

  it("puts chunks together, and gives a view that stays while the scratch grows", async () => {
    const context = new RequestContext({ scratch: { initialBytes: 4 } });
    const sent = new SentRequest();
    const pending = context.body(sent.request);
    for (const chunk of ["ab", "", "cdefg", "h"]) sent.send(chunk);
    sent.end();
    const body = await pending;
    context.scratch.write("x".repeat(1000));
    assertEquals(decode(body), "abcdefgh");
  });

  it("gives an empty view of no body", async () => {
    const context = new RequestContext();
    context.scratch.write("before");
    assertEquals((await context.body(new Request("http://localhost/"))).length, 0);
    assertEquals((await context.body(post(null))).length, 0);
    assertEquals((await context.body(post(""), { maxBytes: 0 })).length, 0);
    assertEquals(context.scratch.length, 6);
  });

  it("reads exactly maxBytes, and one body after the other", async () => {
    const context = new RequestContext();
    for (const text of ["12345", "67890"]) {
      assertEquals(decode(await context.body(post(text), { maxBytes: 5 })), text);
    }
  });

  for (const length of ["1", "none", "-5", "5, 5"]) {
    it(`counts a body under a Content-Length of ${length}`, async () => {
      const context = new RequestContext();
      await refused(413, context, post("123456", { "Content-Length": length }), { maxBytes: 5 });
    });
  }

  it("refuses a length that is announced, without reading", async () => {
    for (const length of ["6", "9".repeat(400)]) {
      const sent = new SentRequest({ "Content-Length": length });
      await refused(413, new RequestContext(), sent.request, { maxBytes: 5 });
      assertEquals([sent.pulls, sent.cancelled, sent.request.body!.locked], [0, undefined, false]);
    }
  });

  it("stops reading once it is too large, and keeps nothing of it", async () => {
    const context = new RequestContext();
    context.scratch.write("before");
    const sent = new SentRequest();
    const pending = refused(413, context, sent.request, { maxBytes: 5 });
    sent.send("1234");
    await turn();
    assertEquals(context.scratch.length, 10);
    sent.send("56");
    const error = await pending;
    assertEquals(error.message, "Cannot read body: length must be at most 5 bytes: received more");
    assertStrictEquals(sent.cancelled, error);
    assert(sent.pulls <= 2, `${sent.pulls} pulls`);
    assertEquals(sent.request.body!.locked, false);
    assertEquals(decode(context.scratch.view()), "before");
  });

  it("refuses what the scratch cannot hold", async () => {
    const context = new RequestContext({ scratch: { maxBytes: 8, keepBytes: 8 } });
    context.scratch.write("123456");
    const error = await refused(413, context, post("789"));
    assertEquals(error.message, "Cannot read body: length must be at most 2 bytes: received more");
    assertEquals(decode(await context.body(post("78"))), "78");
  });

  it("lets go of a body that ends in the middle", async () => {
    const context = new RequestContext();
    const sent = new SentRequest();
    const pending = refused(400, context, sent.request);
    sent.send("1234");
    await turn();
    const cause = new Error("connection lost");
    sent.fail(cause);
    const error = await pending;
    const rule = "body must arrive whole: received 4 bytes and an error";
    assertEquals(error.message, `Cannot read body: ${rule}`);
    assertStrictEquals(error.cause, cause);
    assertEquals(sent.request.body!.locked, false);
    assertEquals(context.scratch.length, 0);
    assertEquals(decode(await context.body(post("next"))), "next");
  });

  it("never writes to the next request's scratch", async () => {
    const context = new RequestContext();
    const sent = new SentRequest();
    const pending = misused(context, sent.request);
    await turn();
    // Nobody waited for the body, and the context is another request's by now.
    context.reset();
    sent.send("theirs");
    await pending;
    assertEquals(context.scratch.length, 0);
    assertEquals(sent.request.body!.locked, false);
  });

  it("notices who else writes to the scratch, and leaves it to them", async () => {
    const context = new RequestContext();
    const sent = new SentRequest();
    const pending = misused(context, sent.request);
    await turn();
    context.scratch.write("other");
    sent.end();
    await pending;
    assertEquals(decode(context.scratch.view()), "other");
  });

  it("refuses a body that is used", async () => {
    const request = post("a");
    await request.text();
    const context = new RequestContext();
    const message = "Cannot read body: body must not be used yet: received a used one";
    await assertRejects(() => context.body(request), TypeError, message);
  });

  it("refuses chunks that are no bytes", async () => {
    // What a Request is made of is the runtime's to check; this is what a stream may hand on.
    let isCancelled = false;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue("text"),
      cancel: () => void (isCancelled = true),
    });
    const context = new RequestContext();
    await assertRejects(
      () => context.body({ body, bodyUsed: false, headers: new Headers() }),
      TypeError,
      'Cannot read body: chunk must be a Uint8Array: received "text"',
    );
    assertEquals([isCancelled, context.scratch.length], [true, 0]);
  });

  const BAD_OPTIONS: readonly [unknown, string][] = [
    [null, "Cannot read body: options must be an object: received null"],
    [{ maxBytes: -1 }, "Cannot read body: maxBytes must be an integer of at least 0: received -1"],
    [{ maxBytes: NaN }, "received NaN"],
  ];
  for (const [options, message] of BAD_OPTIONS) {
    it(message, async () => {
      const context = new RequestContext();
      await assertRejects(() => context.body(post("a"), options as BodyOptions), Error, message);
    });
  }
});

/** Expects a body to be refused with a status. */
async function refused(
  status: number,
  context: RequestContext,
  request: Request,
  options: BodyOptions = {},
): Promise<HTTPException> {
  const error = await assertRejects(() => context.body(request, options), HTTPException);
  assertEquals(error.status, status);
  return error;
}

/** Expects a body to be refused because the scratch was used meanwhile. */
async function misused(context: RequestContext, request: Request): Promise<void> {
  const rule = "scratch must be left alone meanwhile: received another use of it";
  await assertRejects(() => context.body(request), Error, `Cannot read body: ${rule}`);
}
