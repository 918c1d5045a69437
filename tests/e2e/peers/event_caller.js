// The caller of events.py, over Node's http; event_caller.py is the same over Python's.
//
//     node event_caller.js COUNT EVERY DIRECT_PORT THROUGH_PORT      prints one JSON object
'use strict';
const http = require('http');

const [COUNT, EVERY, DIRECT, THROUGH] = process.argv.slice(2).map(Number);

// Milliseconds from the app's clock to ours, for each event in turn.
function delays(port) {
  return new Promise((resolve, reject) => {
    const result = [];
    let text = '';
    const request = http.get({port, path: `/events?count=${COUNT}&every=${EVERY}`, agent: false}, response => {
      response.setEncoding('utf8');
      response.on('data', piece => {
        const now = process.hrtime.bigint();
        const events = (text + piece).split('\n\n');
        text = events.pop();
        for (const event of events) {
          const [number, sent] = event.slice('data: '.length).split(' ');
          if (Number(number) !== result.length) reject(new Error(`event ${number} in place of ${result.length}`));
          result.push(Number(now - BigInt(sent)) / 1e6);
        }
      });
      response.on('end', () => resolve(result));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

// Milliseconds until the app has seen that we left.
function leave(port) {
  const id = `${process.pid}`;
  return new Promise((resolve, reject) => {
    const request = http.get({port, path: `/quiet?id=${id}`, agent: false}, response => {
      response.on('error', () => {});
      response.once('data', () => {
        const start = performance.now();
        request.destroy();
        http.get({port, path: `/left?id=${id}`, agent: false}, answer => {
          answer.resume();
          answer.on('end', () => resolve(performance.now() - start));
        }).on('error', reject);
      });
    });
    request.on('error', reject);
  });
}

async function main() {
  const [direct, through] = await Promise.all([delays(DIRECT), delays(THROUGH)]);
  console.log(JSON.stringify({direct, through, left: await leave(THROUGH)}));
}

main();
