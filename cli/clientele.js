#!/usr/bin/env node
// Starts Clientele under Node 24. This file alone is plain JavaScript, which an old Node can read: such a Node is only
// used to find the one that came with "npm ci" and to run the same command again under it.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;

if (majorOf(process.version) >= NEEDED) {
  // What was compiled once is kept in the temporary folder: later starts take half the time and 25 MB less.
  module.enableCompileCache();
  await import('./main.ts');
} else runAgain();

function runAgain() {
  const node = findNode();
  if (!node) {
    return fail(
      `Clientele needs Node ${NEEDED} or newer, and this is ${process.version}. ` +
        `Run "npm ci" again without leaving out optional packages, or install Node ${NEEDED} from https://nodejs.org.`,
    );
  }
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  const forward = (signal) => child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) =>
    fail(`Node ${NEEDED} could not be started (${error.message}): install it from https://nodejs.org.`),
  );
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : code;
    // Ended by a signal, this ends by the same, so that whoever waits for it hears the truth.
    for (const each of signals) process.off(each, forward);
    if (signal) process.kill(process.pid, signal);
  });
}

function findNode() {
  const { platform, arch } = process;
  const names = { linux: `node-linux-${arch}`, win32: `node-win-${arch}`, darwin: `node-bin-darwin-${arch}` };
  try {
    const manifest = createRequire(import.meta.url).resolve(`${names[platform]}/package.json`);
    const node = join(dirname(manifest), 'bin', platform === 'win32' ? 'node.exe' : 'node');
    // One that is too old would only start itself again, and again.
    if (existsSync(node) && majorOf(JSON.parse(readFileSync(manifest, 'utf8')).version) >= NEEDED) return node;
  } catch {
    // not installed
  }
}

function majorOf(version) {
  return Number.parseInt(version.replace('v', ''), 10);
}

function fail(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}
