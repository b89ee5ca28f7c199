// PouchDB as judge of revision trees. Each line asked is a list of documents' questions:
//   {"pieces": [[["3-c", "2-b", "1-a"], deleted], …], "asked": ["2-b", …], "depth": 1000}
// and each line answered a list of
//   {"winner", "leaves", "conflicts", "deleted" (is the winner?), "missing" (as _revs_diff would), "held" (all known)}
// after the pieces were merged in their order, and stemmed once at the end. Holds no rule of its own.
'use strict';

const readline = require('node:readline');
const {
  collectConflicts, collectLeaves, isDeleted, merge, revExists, traverseRevTree, winningRev,
} = require('pouchdb-merge');

/** A path as PouchDB keeps it: a tree with one branch, its newest revision available. */
function branch(path, deleted) {
  const newest = path[0];
  let ids = [newest.slice(newest.indexOf('-') + 1), { status: 'available', ...(deleted ? { deleted: true } : {}) }, []];
  for (const rev of path.slice(1)) {
    ids = [rev.slice(rev.indexOf('-') + 1), { status: 'missing' }, [ids]];
  }
  return { pos: parseInt(path[path.length - 1], 10), ids };
}

function judge({ pieces, asked, depth }) {
  let tree = [];
  pieces.forEach(([path, deleted], n) => {
    tree = merge(tree, branch(path, deleted), n === pieces.length - 1 ? depth : Infinity).tree;
  });
  const held = new Set();
  traverseRevTree(tree, (leaf, pos, id) => { held.add(`${pos}-${id}`); });
  const metadata = { rev_tree: tree };
  return {
    winner: winningRev(metadata),
    leaves: collectLeaves(tree).map((leaf) => leaf.rev),
    conflicts: collectConflicts(metadata),
    deleted: isDeleted(metadata),
    missing: asked.filter((rev) => !revExists(tree, rev)),
    held: [...held],
  };
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(JSON.parse(line).map(judge))}\n`);
});
