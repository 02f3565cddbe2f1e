// Values told apart by 96 bits of hash: of 20 million, two that differ are taken for equal once in 10¹⁴ files.
import { getRandomValues } from 'node:crypto';

/**
 * Puts the hash of a value into `words`. Each of the three has random multipliers of its own, so that what one takes for
 * equal the others do not, and no file can be made to fill one part or to have equal hashes.
 */
export function openHash(): { words: Uint32Array; of(value: string): void } {
  const words = new Uint32Array(3);
  const [start1, start2, start3, ...multipliers] = getRandomValues(new Uint32Array(9));
  const [mix1, mix2, mix3, spread1, spread2, spread3] = multipliers.map((word) => word | 1);
  return {
    words,
    of(value) {
      let first = start1! ^ value.length;
      let second = start2! ^ value.length;
      let third = start3! ^ value.length;
      for (let at = 0; at < value.length; at += 2) {
        const units = value.charCodeAt(at) | (value.charCodeAt(at + 1) << 16); // NaN, at the end, is 0 here
        first = Math.imul(turned(first ^ Math.imul(units, mix1!)), spread1!);
        second = Math.imul(turned(second ^ Math.imul(units, mix2!)), spread2!);
        third = Math.imul(turned(third ^ Math.imul(units, mix3!)), spread3!);
      }
      words[0] = first;
      words[1] = second;
      words[2] = third;
    },
  };
}

const turned = (word: number) => (word << 15) | (word >>> 17);

const WORDS = 4;

type FirstLines = {
  /** The line on which the hash was first seen: this one, where it is new. */
  of(one: number, two: number, three: number, line: number): number;
  clear(): void;
};

/** Hashes with the line that each was first seen on. Grows with the values that differ, and keeps its room when cleared. */
export function openFirstLines(): FirstLines {
  let bits = 12;
  let slots = new Uint32Array(WORDS << bits);
  let used = 0;
  return {
    of(one, two, three, line) {
      if (used * 4 > 3 << bits) grow();
      const at = find(one, two, three);
      if (slots[at + 3] !== 0) return slots[at + 3]!;
      slots[at] = one;
      slots[at + 1] = two;
      slots[at + 2] = three;
      slots[at + 3] = line;
      used++;
      return line;
    },
    clear() {
      slots.fill(0);
      used = 0;
    },
  };

  /** Its slot, or the free one where it belongs. The first word has chosen the part already. */
  function find(one: number, two: number, three: number): number {
    for (let slot = two >>> (32 - bits); ; slot = (slot + 1) & ((1 << bits) - 1)) {
      const at = slot * WORDS;
      if (slots[at + 3] === 0) return at;
      if (slots[at] === one && slots[at + 1] === two && slots[at + 2] === three) return at;
    }
  }

  function grow(): void {
    const before = slots;
    bits++;
    slots = new Uint32Array(WORDS << bits);
    for (let at = 0; at < before.length; at += WORDS)
      if (before[at + 3] !== 0)
        slots.set(before.subarray(at, at + WORDS), find(before[at]!, before[at + 1]!, before[at + 2]!));
  }
}
