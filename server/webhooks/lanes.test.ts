// The cursor over lanes: whatever ends in whatever order, nothing behind it is still on its way, and no lane runs ahead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogEvent } from '#contract/events.ts';
import { laneOf, openLanes } from './lanes.ts';

const eventAt = (position: number, customer_id: string | null) => ({ position, customer_id }) as LogEvent;

test('each event is given once, in the order of its lane, and the cursor stands before the first that is on its way', () => {
  const customer = fc.option(fc.constantFrom('a', 'b', 'c', 'd'));
  const wish = fc.record({ customer, wanted: fc.boolean() });
  const step = fc.oneof(fc.constant('next' as const), fc.record({ end: fc.nat(), drop: fc.boolean() }));
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 40 }), fc.array(step, { maxLength: 120 }), (wishes, steps) => {
      const events = wishes.map((one, at) => eventAt(at + 11, one.customer));
      const wanted = ({ position }: LogEvent) => wishes[position - 11]!.wanted;
      const lanes = openLanes(10);
      const half = Math.floor(events.length / 2);
      lanes.add(events.slice(0, half), wanted);
      const left = new Set(events.slice(0, half).filter(wanted));
      const running: LogEvent[] = [];
      const given: LogEvent[] = [];
      const check = () => {
        const first = Math.min(...[...left].map(({ position }) => position));
        assert.equal(lanes.position, left.size === 0 ? lanes.read : first - 1);
        assert.equal(lanes.size, left.size);
      };
      for (const [at, one] of steps.entries()) {
        if (at === Math.floor(steps.length / 2)) {
          lanes.add(events.slice(half), wanted);
          for (const event of events.slice(half).filter(wanted)) left.add(event);
        }
        if (one === 'next') {
          const event = lanes.next();
          if (!event) continue;
          assert.ok(!running.some((other) => laneOf(other) === laneOf(event)), 'one of a lane at a time');
          assert.ok(!given.some((other) => laneOf(other) === laneOf(event) && other.position >= event.position));
          given.push(event);
          running.push(event);
        } else if (running.length > 0) {
          const [event] = running.splice(one.end % running.length, 1);
          if (one.drop) {
            lanes.drop(event!);
            for (const other of left) if (laneOf(other) === laneOf(event!)) left.delete(other);
          } else {
            lanes.done(event!);
            left.delete(event!);
          }
        }
        check();
      }
    }),
  );
});
