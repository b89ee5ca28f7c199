// Random live two-way replications between PouchDB in memory and databases at a server: while both follow each other,
// both are edited, into conflicts and out of them, deleted and written again; then both must be equal.
'use strict';

const assert = require('node:assert/strict');
const { isDeepStrictEqual } = require('node:util');
const { PouchDB, leaves, main, memory, until, whole } = require('./local');

const DOCUMENTS = 4;
const AT_ONCE = 10;

/** Mulberry32: the same edits for the same seed. */
function seeded(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

/** One random edit of one document; losing a race is part of the game, anything else is not. */
async function edit(db, any, tallied) {
  const id = `doc-${any(DOCUMENTS)}`;
  const [kind, pick] = [any(10), any(64)]; // drawn before waiting, so that races do not move the dice
  const body = { 文: `第${any(1000)}号`, n: any(1000) };
  try {
    const shown = await db.get(id, { conflicts: true }).catch((error) => {
      if (error.status !== 404) throw error;
      return null;
    });
    if (shown === null) {
      await db.put({ _id: id, ...body });
    } else if (kind < 2) {
      await db.remove(shown);
      tallied.deletions += 1;
    } else if (shown._conflicts && kind < 6) {
      const rev = shown._conflicts[pick % shown._conflicts.length];
      if (kind === 5) await db.put({ _id: id, _rev: rev, ...body });
      else await db.remove(id, rev);
      tallied.resolved += 1;
    } else {
      await db.put({ _id: id, _rev: shown._rev, ...body });
    }
  } catch (error) {
    if (error.status !== 409) throw error;
  }
  tallied.edits += 1;
}

async function one(base, seed, tallied) {
  const any = seeded(seed);
  const here = memory();
  const there = new PouchDB(`${base}/live-${seed}`);
  await there.info();
  // Half of them begin with two histories that never heard of each other.
  if (any(2)) for (let n = any(6); n >= 0; n -= 1) await edit(any(2) ? here : there, any, tallied);
  const failed = [];
  const sync = PouchDB.sync(here, there, { live: true, retry: true, heartbeat: 5000, batch_size: 1 + any(20) });
  sync.on('error', (error) => failed.push(error)).on('denied', (error) => failed.push(error));
  const ending = new Promise((resolve) => { sync.on('complete', resolve); });
  for (let n = 4 + any(8); n > 0; n -= 1) {
    if (any(2)) await Promise.all([edit(here, any, tallied), edit(there, any, tallied)]);
    else await edit(any(2) ? here : there, any, tallied);
  }
  await until(async () => isDeepStrictEqual(await leaves(here), await leaves(there)), `seed ${seed} to become equal`, 60);
  sync.cancel();
  await ending;
  assert.deepEqual(failed, [], `seed ${seed}`);
  const [mine, theirs] = await Promise.all([whole(here), whole(there)]);
  assert.deepEqual(mine, theirs, `seed ${seed}`);
  tallied.replications += 1;
  tallied.conflicts += Object.values(mine).filter((doc) => Object.values(doc.leaves).filter((leaf) => !leaf._deleted).length > 1).length;
  await here.destroy();
}

async function random(base, count, seed) {
  const tallied = { replications: 0, edits: 0, deletions: 0, resolved: 0, conflicts: 0 };
  let next = seed;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < seed + count) {
      next += 1;
      await one(base, next - 1, tallied);
    }
  }));
  return tallied;
}

main({ random });
