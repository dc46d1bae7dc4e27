import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Account, noTotals } from "../src/account.ts";
import type { PoolError } from "../src/error.ts";
import { Shelf } from "../src/shelf.ts";
import { addSlot, DISCARDED, type Slot } from "../src/slot.ts";

/** An account over an empty shelf, what it disposed of, and what it reported. */
function account(dispose?: (object: object) => void) {
  const shelf = new Shelf<object>();
  shelf.room = 100;
  const errors: unknown[] = [];
  const totals = noTotals();
  return {
    shelf,
    errors,
    totals,
    account: new Account<object>(shelf, totals, dispose, (error) => void errors.push(error)),
  };
}

function slot(): Slot<object> {
  return addSlot({}, "pool");
}

describe("Account", () => {
  it("Account tells that an object in use has gone, after its dispose", () => {
    const shelf = new Shelf<object>();
    const events: string[] = [];
    const dispose = () => void events.push("dispose");
    const freed = () => void events.push("freed");
    const subject = new Account<object>(shelf, noTotals(), dispose, () => {}, freed);
    for (let i = 0; i < 2; i++) subject.add();
    shelf.push(slot(), 0);
    subject.discard(slot(), "invalid");
    assertEquals(events, ["dispose", "freed"]);
    subject.evict(1, "cold");
    assertEquals(events, ["dispose", "freed", "dispose"]);
  });

  it("Account.inUse is what lives and is not idle", () => {
    const { account: subject, shelf, totals } = account();
    for (let i = 0; i < 3; i++) subject.add();
    shelf.push(slot(), 0);
    assertEquals([totals.created, subject.live, subject.inUse], [3, 3, 2]);
  });

  it("Account.peak is the most in use since the last tick, through discards and evictions", () => {
    const { account: subject, shelf } = account();
    for (let i = 0; i < 5; i++) subject.add();
    for (let i = 0; i < 5; i++) shelf.push(slot(), 0);
    assertEquals(subject.peak, 5);
    shelf.settle(1, 0);
    subject.restartPeak();
    assertEquals(subject.peak, 0);
    const [a, b] = [shelf.pop(), shelf.pop()];
    assertEquals(subject.peak, 2);
    subject.discard(a, "invalid");
    shelf.push(b, 0);
    assertEquals(subject.evict(4, "cold"), 4);
    assertEquals([subject.peak, subject.inUse, subject.live], [2, 0, 0]);
    shelf.settle(2, 0);
    subject.restartPeak();
    assertEquals(subject.peak, 0);
  });

  it("Account.evict() takes the oldest, no more than there are", () => {
    const gone: object[] = [];
    const { account: subject, shelf, totals } = account((object) => void gone.push(object));
    const slots = [slot(), slot(), slot()];
    for (const one of slots) {
      subject.add();
      shelf.push(one, 0);
    }
    assertEquals([subject.evict(0, "cold"), subject.evict(-1, "cold")], [0, 0]);
    assertEquals(subject.evict(2, "ttl"), 2);
    assertEquals(subject.evict(2, "cold"), 1);
    assertEquals(gone, slots.map(({ object }) => object));
    assertEquals(slots.map(({ holder }) => holder), [DISCARDED, DISCARDED, DISCARDED]);
    assertEquals([totals.discarded.ttl, totals.discarded.cold, subject.live], [2, 1, 0]);
  });

  it("Account.discard() counts as error what dispose throws on, and reports it", () => {
    const cause = new Error("stuck");
    const { account: subject, errors, totals } = account(() => {
      throw cause;
    });
    subject.add();
    subject.discard(slot(), "full");
    assertEquals([totals.discarded.full, totals.discarded.error, subject.live], [0, 1, 0]);
    const [error] = errors as PoolError[];
    assertEquals([error!.code, error!.cause], ["dispose", cause]);
  });

  it("Account.discard() does not dispose of what left through a full limbo", () => {
    const gone: object[] = [];
    const { account: subject, totals } = account((object) => void gone.push(object));
    subject.add();
    subject.discard(slot(), "limbo");
    assertEquals([totals.discarded.limbo, gone.length], [1, 0]);
  });

  it("Account.lose() counts an object that was collected, disposes of nothing, keeps the peak", () => {
    const gone: object[] = [];
    const { account: subject, totals } = account((object) => void gone.push(object));
    subject.add();
    subject.add();
    subject.lose();
    assertEquals([totals.discarded.leaked, subject.live, subject.peak], [1, 1, 2]);
    assertEquals(gone, []);
  });

  it("Account.move() hands over what lives, no more than there is, and keeps both peaks", () => {
    const [from, to] = [account(), account()];
    for (let i = 0; i < 3; i++) from.account.add();
    from.account.move(2, to.account);
    assertEquals([from.account.live, to.account.live], [1, 2]);
    from.account.move(9, to.account);
    from.account.move(-1, to.account);
    assertEquals([from.account.live, to.account.live], [0, 3]);
    assertEquals([from.account.peak, to.account.peak], [3, 3]);
  });
});
