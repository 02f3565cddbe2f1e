// What the machine tells: CPU time and memory of process trees (from /proc; elsewhere these figures are 0), and how
// fast it is just now.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Seconds of CPU used so far. A tree's sum includes its ended children, so it never falls. */
export type Usage = { server: number; postgres: number; own: number; whole: number; at: number };

export function usage(server: number, postgres: number | null): Usage {
  const processes = readProcesses();
  return {
    server: cpuOfTree(processes, server),
    postgres: postgres ? cpuOfTree(processes, postgres) : 0,
    own: processes.get(process.pid)?.cpu ?? 0, // includes wrk, once it has ended
    whole: wholeMachine(),
    at: performance.now(),
  };
}

/** CPU seconds between two readings; `others` is what nobody in the measurement used. */
export function spent(from: Usage, to: Usage) {
  const server = to.server - from.server;
  const postgres = to.postgres - from.postgres;
  const own = to.own - from.own;
  const capacity = ((to.at - from.at) / 1000) * cpus().length;
  const others = Math.max(0, to.whole - from.whole - server - postgres - own) / capacity;
  return { server, postgres, others };
}

/** Waits until the two trees are idle, so that one target's clearing up is not timed with the next one; 5 s at most. */
export async function settle(server: number, postgres: number | null) {
  for (const until = Date.now() + 5000; Date.now() < until; ) {
    const before = usage(server, postgres);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { server: busy, postgres: busyToo } = spent(before, usage(server, postgres));
    if (busy + busyToo <= 0.02) return;
  }
}

/** Resident memory, in MB, of the largest process below `root` or `root` itself: a launcher does not count. */
export function residentMemory(root: number) {
  const sizes = treeOf(readProcesses(), root).map((pid) => statusOf(pid, 'VmRSS'));
  return Math.max(0, ...sizes);
}

/** The most that the largest process of the tree has held so far, in MB. */
export function peakMemory(root: number) {
  return Math.max(0, ...treeOf(readProcesses(), root).map((pid) => statusOf(pid, 'VmHWM')));
}

export function parentOf(pid: number) {
  return readProcesses().get(pid)?.parent ?? null;
}

/** A fixed integer loop on one core, in million rounds a second: when it falls, distrust the figures beside it. */
export function machineSpeed() {
  const begin = performance.now();
  let x = 1;
  for (let i = 0; i < 2e7; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  if (x === 0.5) throw new Error('unreachable, but the loop must be kept');
  return Math.round(2e7 / (performance.now() - begin) / 1000);
}

const ticks = 100; // a second, in /proc, on every Linux Node runs on

type Process = { parent: number; cpu: number };

function readProcesses() {
  const found = new Map<number, Process>();
  if (!existsSync('/proc/self/stat')) return found;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [, parent, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const times = fields.slice(9, 13).map(Number); // utime, stime and those of children that were waited for
      found.set(Number(name), { parent: Number(parent), cpu: times.reduce((sum, time) => sum + time, 0) / ticks });
    } catch {
      // ended meanwhile
    }
  }
  return found;
}

function treeOf(processes: Map<number, Process>, root: number): number[] {
  if (!processes.has(root)) return [];
  const children = [...processes].filter(([, { parent }]) => parent === root).map(([pid]) => pid);
  return [root, ...children.flatMap((pid) => treeOf(processes, pid))];
}

function cpuOfTree(processes: Map<number, Process>, root: number) {
  return treeOf(processes, root).reduce((sum, pid) => sum + processes.get(pid)!.cpu, 0);
}

function wholeMachine() {
  if (!existsSync('/proc/stat')) return 0;
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'latin1')
    .split('\n')[0]!
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softirq!) / ticks;
}

function statusOf(pid: number, field: 'VmRSS' | 'VmHWM') {
  try {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Math.round(Number(kilobytes ?? 0) / 102.4) / 10;
  } catch {
    return 0; // ended meanwhile
  }
}
