// The caller of websockets.py, over ws; websocket_caller.py is the same over Python's websockets.
//
//     node websocket_caller.js PORT SLOWNESS      prints one JSON object a case
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const WebSocket = require('ws');

const PORT = Number(process.argv[2]);
const SLOWNESS = Number(process.argv[3]);
const LIMIT = 20_000 * SLOWNESS;  // milliseconds for one case
const PROMPT = 1000 * SLOWNESS;   // milliseconds until the other end has seen an abrupt end
const SOCKETS = 500;
const LARGE = 16 << 20;

// A socket whose messages and end are kept until they are asked for.
class Caller {
  constructor(path, protocols = [], options = {}) {
    this.ws = new WebSocket(`ws://127.0.0.1:${PORT}${path}`, protocols,
                            {perMessageDeflate: false, maxPayload: 2 * LARGE, ...options});
    this.messages = [];
    this.wake = () => {};
    this.opened = new Promise((resolve, reject) => {
      this.ws.on('open', resolve);
      this.ws.on('error', reject);
    });
    this.ended = new Promise(resolve => {
      this.ws.on('close', (code, reason) => resolve({how: `${code} ${reason}`.trimEnd(), at: performance.now()}));
    });
    this.ws.on('message', (data, binary) => {
      this.messages.push(binary ? data : data.toString());
      this.wake();
    });
  }

  static async dial(...parameters) {
    const caller = new Caller(...parameters);
    await caller.opened;
    return caller;
  }

  async next() {
    while (this.messages.length === 0) {
      const ended = await Promise.race([this.ended, new Promise(resolve => { this.wake = resolve; })]);
      if (ended && this.messages.length === 0) throw new Error(`ended with ${ended.how} in place of a message`);
    }
    return this.messages.shift();
  }

  async expect(message) {
    const got = await this.next();
    assert.strictEqual(typeof got, typeof message);
    assert(Buffer.from(got).equals(Buffer.from(message)), `another message: ${String(got).slice(0, 200)}`);
  }

  async close() {
    this.ws.close();
    await this.ended;
  }
}

async function echo(...messages) {
  const caller = await Caller.dial('/echo');
  for (const message of messages) caller.ws.send(message);
  for (const message of messages) await caller.expect(message);
  await caller.close();
}

// As the app saw it, and when we learned of it.
async function endedAtApp(id) {
  const caller = await Caller.dial(`/ended?id=${id}`);
  const how = (await caller.next()).trimEnd();
  const at = performance.now();
  await caller.close();
  return {how, at};
}

function expectPrompt(since, until) {
  const ms = until - since;
  assert(ms <= PROMPT, `seen after ${ms.toFixed(0)} ms`);
  return `seen after ${ms.toFixed(0)} ms`;
}

async function appGoes(path) {
  const caller = await Caller.dial(path);
  caller.ws.on('error', () => {});
  const start = performance.now();
  caller.ws.send('go');
  const {how, at} = await caller.ended;
  assert.strictEqual(how, '1006');
  return expectPrompt(start, at);
}

async function callerGoes(go) {
  const id = crypto.randomUUID();
  const caller = await Caller.dial(`/echo?id=${id}`);
  caller.ws.send('here');
  await caller.expect('here');
  const seen = endedAtApp(id);
  const start = performance.now();
  go(caller.ws);
  const {how, at} = await seen;
  assert.strictEqual(how, '1006');
  return expectPrompt(start, at);
}

const cases = {
  text: () => echo('hello', 'grüße 😀\0', 'x'.repeat(100_000)),
  binary: () => echo(Buffer.from([...Array(256).keys()]), crypto.randomBytes(100_000)),
  empty: () => echo('', Buffer.alloc(0), 'after'),

  async fragments() {
    const data = crypto.randomBytes(300_000);
    const caller = await Caller.dial('/pieces');
    caller.ws.send(data.subarray(0, 100_000), {fin: false});
    caller.ws.ping();
    caller.ws.send(Buffer.alloc(0), {fin: false});
    caller.ws.send(data.subarray(100_000), {fin: true});
    await caller.expect(data);
    for (const piece of ['te', 'x', 't']) caller.ws.send(piece, {fin: piece === 't'});
    await caller.expect('text');
    await caller.close();
  },

  large: () => echo(crypto.randomBytes(LARGE)),

  async ping() {
    const caller = await Caller.dial('/ping');
    const pong = new Promise(resolve => caller.ws.once('pong', resolve));
    caller.ws.ping('from the caller');
    assert.strictEqual(String(await pong), 'from the caller');
    caller.ws.send('from the app');
    await caller.expect('pong from the app');
    await caller.close();
  },

  async app_closes() {
    for (const close of ['4321 enough for today', '1000', '1011 grüße']) {
      const caller = await Caller.dial('/close');
      caller.ws.send(close);
      assert.strictEqual((await caller.ended).how, close);
    }
  },

  async caller_closes() {
    for (const close of ['4321 enough for today', '1000', '3000 grüße']) {
      const id = crypto.randomUUID();
      const caller = await Caller.dial(`/echo?id=${id}`);
      caller.ws.close(Number(close.slice(0, 4)), close.slice(5));
      await caller.ended;
      assert.strictEqual((await endedAtApp(id)).how, close);
    }
  },

  app_vanishes: () => appGoes('/vanish'),
  app_resets: () => appGoes('/reset'),
  caller_vanishes: () => callerGoes(ws => ws.terminate()),
  caller_resets: () => callerGoes(ws => ws._socket.resetAndDestroy()),

  async message_with_the_101() {
    const caller = await Caller.dial('/hello');
    await caller.expect('hello');
    caller.ws.send('and on');
    await caller.expect('and on');
    await caller.close();
  },

  async subprotocol() {
    const caller = await Caller.dial('/about', ['v1.tunnel', 'v2.tunnel']);
    assert.strictEqual(caller.ws.protocol, 'v2.tunnel');
    await caller.expect('v2.tunnel ');
    await caller.close();
  },

  async deflate() {
    const caller = await Caller.dial('/about', [], {perMessageDeflate: true});
    assert.strictEqual(caller.ws.extensions, 'permessage-deflate');
    await caller.expect(' permessage-deflate');
    for (const message of ['a word '.repeat(100_000), crypto.randomBytes(100_000)]) {
      caller.ws.send(message);
      await caller.expect(message);
    }
    await caller.close();
  },

  async refused() {
    const caller = new Caller('/refused');
    caller.opened.catch(() => {});
    const answer = await new Promise(resolve => {
      caller.ws.on('unexpected-response', (_, response) => resolve(response));
    });
    const pieces = [];
    for await (const piece of answer) pieces.push(piece);
    assert.strictEqual(answer.statusCode, 401);
    assert.strictEqual(answer.headers['www-authenticate'], 'Basic realm="app"');
    assert(Buffer.concat(pieces).equals(Buffer.from('no entry\n'.repeat(20_000))), 'another body');
  },

  async many() {
    const callers = await Promise.all(Array.from({length: SOCKETS}, () => Caller.dial('/echo')));
    await Promise.all(callers.map(async (caller, n) => {
      for (const message of [`first of ${n}`, crypto.randomBytes(5000)]) {
        caller.ws.send(message);
        await caller.expect(message);
      }
      await caller.close();
    }));
    return `${callers.length} at a time`;
  },
};

async function main() {
  for (const [name, run] of Object.entries(cases)) {
    const start = performance.now();
    let failure = null, note = null, timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done in ${LIMIT} ms`)), LIMIT);
    });
    try {
      note = await Promise.race([run(), late]) ?? null;
    } catch (error) {
      failure = String(error);
    }
    clearTimeout(timer);
    console.log(JSON.stringify({case: name, seconds: (performance.now() - start) / 1000, failure, note}));
  }
  process.exit();  // what a failed case left open would keep us here
}

main();
